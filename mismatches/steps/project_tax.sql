-- One row per project: what owner and contractors, as far as they are known, paid in tax since it began.
-- A party to several projects counts with all it paid in each of them, so a gap is the least that is missing.
-- `seen_from`: the month from which the declarations at hand can show it, later than the beginning where they begin later
-- (they begin with the first sales tax, which is declared all the year round; single rows of other taxes may be older).
-- `possible` adds what was paid under a taxpayer id that a party shares with other enterprises.
with project as (
    select record_id, total_investment, completed_investment, started_on, date_trunc('month', started_on) as since
    from "development_reform.project"
),
party as (
    select distinct record_id, master_id
    from project_party
    where master_id is not null
),
paid as (
    select
        p.record_id,
        sum(d.tax_paid) as paid,
        list(d.record_id order by d.record_id) as declarations
    from project p
    join party using (record_id)
    join declared d using (master_id)
    where d.first_day <= $as_of and (p.since is null or d.first_day >= p.since)
    group by p.record_id
),
doubtful as (
    select p.record_id, sum(d.tax_paid) as paid, list(distinct d.record_id order by d.record_id) as declarations
    from project p
    join party using (record_id)
    join (select master_id, unnest(records) as declaration from doubtful_declarant) m using (master_id)
    join declared d on d.record_id = m.declaration
    where d.first_day <= $as_of and (p.since is null or d.first_day >= p.since)
    group by p.record_id
),
parties as (
    select
        record_id,
        any_value(master_id) filter (role = 'owner') as owner,
        bool_or(role = 'owner' and master_id is not null) as owner_known,
        count(*) filter (role = 'contractor') as contractors,
        count(*) filter (role = 'contractor' and master_id is null) as contractors_unknown,
        list(distinct master_id order by master_id) filter (master_id is not null) as masters
    from project_party
    group by record_id
)
select
    p.* exclude (since),
    greatest(p.since, (select coalesce(min(first_day) filter (tax_type = 'VAT'), min(first_day)) from declared))::date as seen_from,
    q.* exclude (record_id),
    coalesce(t.paid, 0)::decimal(24, 2) as paid,
    (coalesce(t.paid, 0) + coalesce(d.paid, 0))::decimal(24, 2) as possible,
    coalesce(t.declarations, []) as declarations,
    coalesce(d.declarations, []) as doubtful
from project p
join parties q using (record_id)
left join paid t using (record_id)
left join doubtful d using (record_id)
