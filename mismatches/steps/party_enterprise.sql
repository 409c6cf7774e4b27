-- One row per number and name of `named_party`: the enterprise of the base that is meant, or why it cannot be said.
-- By the organisation code in the number; a code on several enterprises, or none, is resolved by the exact name
-- (folded), and an unknown or ambiguous one stays unresolved. A present name counts before one of the past.
with party as (
    select p.number, p.name, organisation_code(p.number) as code, f.folded
    from named_party p
    left join folded_company f using (name)
),
bearer as (
    select f.folded, r.master_id, bool_and(r.former) as former
    from registered_name r
    join folded_company f using (name)
    semi join party on party.folded = f.folded
    group by all
),
by_name as (
    select
        folded,
        list_sort(list(master_id)) as bearers,
        list_sort(coalesce(list(master_id) filter (not former), list(master_id))) as present
    from bearer
    group by folded
),
by_code as (
    select code, list_sort(list(distinct master_id)) as holders
    from enterprise_code
    semi join party using (code)
    group by code
),
resolved as (
    select
        p.*,
        coalesce(c.holders, []) as holders,
        coalesce(n.present, []) as present,
        list_intersect(coalesce(c.holders, []), coalesce(n.bearers, [])) as agreed
    from party p
    left join by_code c using (code)
    left join by_name n using (folded)
)
select
    number,
    name,
    code,
    case
        when len(holders) = 1 and len(agreed) = 0 and len(present) = 1 then 'contradictory'
        when len(holders) = 1 then 'known'
        when len(holders) > 1 then if(len(agreed) = 1, 'known', 'shared')
        when len(present) = 1 then 'known'
        when len(present) > 1 then 'ambiguous'
        else 'unknown'
    end as resolution,
    case
        when resolution <> 'known' then null
        when len(holders) = 1 then holders[1]
        when len(holders) > 1 then agreed[1]
        else present[1]
    end as master_id
from resolved
