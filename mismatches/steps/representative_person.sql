-- One row per active licence: who is its legal representative in the population base?
-- `resolution`: known, or why the person cannot be told. A number that several persons hold is settled by the name.
with representative as (
    select
        x.master_id as enterprise,
        coalesce(x.master_id, 'record:' || e.record_id) as subject,
        e.record_id,
        e.established_on,
        e.legal_representative_id_number as number,
        f.folded as name
    from "commerce.enterprise" e
    left join enterprise_crosswalk x
        on x.source = 'commerce' and x.dataset = 'enterprise' and x.record_id = e.record_id
    left join folded_name f on f.name = e.legal_representative
    where e.status = '1'
),
likeness as (
    -- 2: a holder bears the name; 1: a name of the same length with one character of difference, or no name to compare
    select
        r.record_id,
        h.master_id as person,
        max(case
            when f.folded = r.name then 2
            when r.name is null then 1
            when length(f.folded) = length(r.name)
                and len(list_filter(range(1, length(r.name) + 1), lambda i: substr(f.folded, i, 1) <> substr(r.name, i, 1))) <= 1
                then 1
            else 0
        end) as likeness
    from representative r
    join representative_holder h using (number)
    join holder_name n using (master_id)
    join folded_name f on f.name = n.name
    group by all
),
candidates as (
    select
        record_id,
        count(*) as holders,
        count(*) filter (likeness = 2) as same,
        count(*) filter (likeness = 1) as near,
        arg_max(person, likeness) as person
    from likeness
    group by record_id
)
select
    r.*,
    case
        when r.enterprise is null then 'unlinked'
        when r.number is null then 'no_number'
        when c.holders is null then 'unknown_person'
        when c.holders = 1 and c.same + c.near = 0 then 'other_name'
        when c.holders = 1 or c.same = 1 or (c.same = 0 and c.near = 1 and r.name is not null) then 'known'
        else 'shared_number'
    end as resolution,
    c.person
from representative r
left join candidates c using (record_id)
