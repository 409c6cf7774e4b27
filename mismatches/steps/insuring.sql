-- One row per enterprise with a record among the insuring employers: how many people it insures.
-- `insured_count` is the largest that a record states, so that a record sent twice counts once. `paying` counts the
-- insurances that are being paid now; it is null where none of any status names the employer, and the stated count is
-- all that is known.
with employer as (
    select s.record_id, x.master_id, s.insured_count
    from "social_security.employer" s
    join enterprise_crosswalk x
        on x.source = 'social_security' and x.dataset = 'employer' and x.record_id = s.record_id
),
person as (
    select
        employer_no as record_id,
        count(*) filter (status = '1') as paying,
        max(insured_from) filter (status = '1') as latest_insured_from,
        -- some of them, and who was insured last
        list_sort(list_distinct(
            arg_min(record_id, record_id, 20) filter (status = '1')
            || coalesce(arg_max(record_id, (insured_from, record_id), 1) filter (status = '1' and insured_from is not null), [])
        )) as paying_records
    from "social_security.insured"
    where employer_no is not null
    group by employer_no
)
select
    e.master_id,
    max(e.insured_count) as insured_count,
    sum(p.paying)::bigint as paying,
    if(count(p.paying) > 0, sum(p.paying)::bigint, max(e.insured_count)) as heads,
    max(p.latest_insured_from) as latest_insured_from,
    list(e.record_id order by e.record_id) as employer_records,
    flatten(list(coalesce(p.paying_records, []) order by e.record_id)) as paying_records
from employer e
left join person p using (record_id)
group by e.master_id
