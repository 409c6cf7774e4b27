-- One row per enterprise whose id stands on wages of the year: how many it paid, how many of them whom it does not insure
-- may rightly be uninsured here, and how many nobody knows.
with worker as (
    select employer as master_id, person, least(sum(greatest(months, 0)), 12) as months
    from wage_link
    where tax_year = $year and employer is not null and person is not null
    group by all
),
paid as (
    select master_id, count(*) as paid, round(sum(months) / count(*), 2)::decimal(6, 2) as mean_months
    from worker
    group by master_id
),
loose as (
    -- wages of people whom the base does not know
    select employer as master_id, person_record_id, record_id
    from wage_link
    where tax_year = $year and employer is not null and person is null
    union all
    -- wages under an id that several enterprises hold; one that more than 50 hold is a placeholder
    select unnest(n.candidates), w.person_record_id, w.record_id
    from wage_link w
    join taxpayer_enterprise n using (number)
    where w.tax_year = $year and n.masters between 2 and 50
),
unresolved as (
    select master_id, count(distinct person_record_id) as unknown, arg_min(record_id, record_id, 10) as loose_records
    from loose
    group by master_id
),
uninsured as (
    -- people paid and not insured here
    select w.master_id, w.person
    from worker w
    anti join insured_link i on i.employer = w.master_id and i.person = w.person
),
retired as (
    select x.master_id as person
    from "tax.natural_person" n
    join person_crosswalk x on x.source = 'tax' and x.dataset = 'natural_person' and x.record_id = n.record_id
    where n.birth_date < make_date($year::bigint - $retirement_age::bigint, 1, 1)
),
aside as (
    -- those of them whom another employer insures, or who were of retirement age before the year began
    select master_id, count(*) as aside
    from uninsured
    where person in (select person from retired) or person in (select person from insured_link)
    group by master_id
)
select
    master_id,
    p.paid,
    p.mean_months,
    coalesce(u.unknown, 0) as unknown,
    u.loose_records,
    coalesce(a.aside, 0) as aside
from paid p
full join unresolved u using (master_id)
left join aside a using (master_id)
