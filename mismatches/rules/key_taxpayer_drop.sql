-- One row per key taxpayer of the year before: did its tax fall while it insures as many people as before?
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
        sum(t.paid) filter (t.month <= l.month - to_years(1)) as before,
        coalesce(sum(t.refunded) filter (t.month > l.month - to_years(1)), 0) as refunded,
        flatten(list(t.records)) as declarations,
        any_value(l.month) as last_month,
        any_value(l.reaches_back) as reaches_back
    from tax_paid_month t
    cross join last l
    where t.month > l.month - to_years(2) and t.month <= l.month
    group by t.master_id, t.tax_type
),
enterprise as (
    select
        master_id,
        coalesce(sum(now), 0)::decimal(24, 2) as now,
        coalesce(sum(before), 0)::decimal(24, 2) as before,
        sum(refunded)::decimal(24, 2) as refunded,
        flatten(list(declarations)) as declarations,
        any_value(last_month) as last_month,
        any_value(reaches_back) as reaches_back
    from yearly
    group by master_id
),
ranked as (
    select
        *,
        sum(before) over (order by before desc, master_id rows unbounded preceding) - before as ahead,
        sum(before) over () as together
    from enterprise
    where before > 0
),
key as (
    -- the smallest set that carried the given share of the year before
    select * from ranked where ahead < $key_share * together
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
),
judged as (
    select
        k.*,
        x.records,
        d.records as doubtful,
        i.heads_now,
        i.heads_before,
        i.employer_records,
        1 - k.now::double / k.before::double as fall,
        abs(i.heads_now - i.heads_before) / i.heads_before as heads_change,
        case
            when not coalesce(k.reaches_back, false) then 'year_missing'
            when k.now > (1 - $least_fall) * k.before then 'steady'
            when i.master_id is null or i.heads_before = 0 then 'no_heads'
            when heads_change > $most_heads_change then 'heads_changed'
            when d.master_id is not null then 'number_shared'
            when k.now - k.refunded > (1 - $least_fall) * k.before then 'refund'
            when k.now > (1 - $least_fall) * e.tax then 'policy'
            else 'fell'
        end as reason
    from key k
    left join expected e using (master_id)
    left join insured i using (master_id)
    left join enterprise_record x using (master_id)
    left join (
        select master_id, list_sort(flatten(list(records))) as records
        from doubtful_declarant
        group by master_id
    ) d using (master_id)
)
select
    'enterprise' as subject_kind,
    master_id,
    master_id as identity,
    if(reason in ('fell', 'refund', 'policy'), strftime(last_month, '%Y-%m'), null) as period,
    case
        when reason in ('fell', 'refund', 'policy') then 'hit'
        when reason in ('steady', 'heads_changed') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    case
        when outcome = 'not_comparable' then 'not_comparable'
        when reason = 'fell' then 'fell'
        else 'explicable'
    end as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {
        last_month: strftime(last_month, '%Y-%m'), now: now, before: before, refunded: -refunded,
        fall: round(fall, 4)::decimal(18, 4), heads_now: heads_now, heads_before: heads_before
    } as figures,
    if(outcome = 'clear', [], [
        {source: r.source, dataset: r.dataset, record_id: r.record_id, role: 'subject'} for r in records
    ] || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in list_sort(declarations || if(reason = 'number_shared', doubtful, []))
    ] || [
        {source: 'social_security', dataset: 'employer', record_id: r, role: 'support'} for r in coalesce(employer_records, [])
    ]) as evidence
from judged
