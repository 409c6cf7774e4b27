-- One row per key taxpayer of the year before: did its tax fall while it insures as many people as before?
with own as (
    select
        t.master_id,
        coalesce(sum(t.paid) filter (t.month > o.last_month - to_years(1)), 0)::decimal(24, 2) as now,
        coalesce(sum(t.paid) filter (t.month <= o.last_month - to_years(1)), 0)::decimal(24, 2) as before,
        coalesce(sum(t.refunded) filter (t.month > o.last_month - to_years(1)), 0)::decimal(24, 2) as refunded,
        flatten(list(t.records)) as declarations
    from tax_paid_month t
    join "key_taxpayer_drop.others" o using (master_id)
    where t.month > o.last_month - to_years(2) and t.month <= o.last_month
    group by t.master_id
),
judged as (
    select
        k.*,
        o.* exclude (master_id),
        x.records,
        d.records as doubtful,
        1 - k.now::double / k.before::double as fall,
        abs(o.heads_now - o.heads_before) / o.heads_before as heads_change,
        case
            when not o.reaches_back then 'year_missing'
            when k.now > (1 - $least_fall) * k.before then 'steady'
            when coalesce(o.heads_before, 0) = 0 then 'no_heads'
            when heads_change > $most_heads_change then 'heads_changed'
            when d.master_id is not null then 'number_shared'
            when k.now - k.refunded > (1 - $least_fall) * k.before then 'refund'
            when k.now > (1 - $least_fall) * o.expected_tax then 'policy'
            else 'fell'
        end as reason
    from own k
    join "key_taxpayer_drop.others" o using (master_id)
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
