-- One row per key taxpayer of the year before: what it takes to judge its fall that its own declarations do not tell.
with last as (
    -- the last month that anybody declared, before the month of the day that is judged; the year before the latest one
    -- is there where sales tax, which is declared all the year round, was declared for its first quarter or earlier
    select
        max(month) as month,
        min(month) filter (tax_type = 'VAT') <= max(month) - to_months(21) as reaches_back
    from tax_paid_month
    where month < date_trunc('month', $as_of)
),
yearly as (
    select
        t.master_id,
        t.tax_type,
        sum(t.paid) filter (t.month > l.month - to_years(1)) as now,
        sum(t.paid) filter (t.month <= l.month - to_years(1)) as before
    from tax_paid_month t
    cross join last l
    where t.month > l.month - to_years(2) and t.month <= l.month
    group by t.master_id, t.tax_type
),
enterprise as (
    select master_id, sum(before)::decimal(24, 2) as before
    from yearly
    group by master_id
    having sum(before) > 0
),
key as (
    -- the smallest set that carried the given share of the year before
    select
        master_id,
        sum(before) over (order by before desc, master_id rows unbounded preceding) - before as ahead,
        sum(before) over () as together
    from enterprise
    qualify ahead < $key_share * together
),
trend as (
    -- per tax, what the key taxpayers paid in all
    select y.tax_type, sum(coalesce(y.now, 0)) as now, sum(coalesce(y.before, 0)) as before
    from yearly y
    semi join key using (master_id)
    group by y.tax_type
),
expected as (
    -- what an enterprise would pay had each of its taxes gone the way of all the other key taxpayers
    select
        y.master_id,
        sum(
            y.before * if(
                t.before - y.before > 0,
                greatest((t.now - coalesce(y.now, 0))::double / (t.before - y.before)::double, 0),
                1
            )
        ) as tax
    from yearly y
    join trend t using (tax_type)
    where y.before > 0
    group by y.master_id
),
insured as (
    -- who is insured now, and who was a year ago: insured by then, and not ended or suspended since before then
    select
        x.master_id,
        count(*) filter (i.status = '1') as heads_now,
        count(*) filter (
            i.insured_from <= $as_of - to_years(1)
            and (i.status = '1' or i.updated_at >= $as_of - to_years(1))
        ) as heads_before,
        list(distinct x.record_id order by x.record_id) as employer_records
    from "social_security.insured" i
    join enterprise_crosswalk x
        on x.source = 'social_security' and x.dataset = 'employer' and x.record_id = i.employer_no
    semi join key using (master_id)
    group by x.master_id
)
select
    k.master_id,
    l.month::date as last_month,
    coalesce(l.reaches_back, false) as reaches_back,
    e.tax as expected_tax,
    i.heads_now,
    i.heads_before,
    i.employer_records
from key k
cross join last l
left join expected e using (master_id)
left join insured i using (master_id)
