-- One row per enterprise whose every tax registration is cancelled: does it still insure people who pay?
with registration as (
    select x.master_id, coalesce(x.master_id, 'record:' || t.record_id) as subject, t.record_id, t.status, t.cancelled_on
    from "tax.taxpayer" t
    left join enterprise_crosswalk x on x.source = 'tax' and x.dataset = 'taxpayer' and x.record_id = t.record_id
),
cancelled as (
    -- a registration in force beside a cancelled one: the business went on under it
    select
        subject,
        any_value(master_id) as master_id,
        max(cancelled_on) as cancelled_on,
        list(record_id order by record_id) as records
    from registration
    group by subject
    having bool_and(coalesce(status = '3', false))
),
judged as (
    select
        c.*,
        i.heads,
        i.latest_insured_from,
        i.employer_records,
        i.paying_records,
        case
            when c.master_id is null then 'unlinked'
            when i.master_id is null then 'not_insuring'
            when i.heads is null then 'count_missing'
            when i.heads <= 0 then 'nobody'
            when i.latest_insured_from > c.cancelled_on then 'joined_after'
            else 'insuring'
        end as reason
    from cancelled c
    left join insuring i using (master_id)
)
select
    'enterprise' as subject_kind,
    master_id,
    subject as identity,
    strftime(cancelled_on, '%Y-%m') as period,
    case
        when reason in ('insuring', 'joined_after') then 'hit'
        when reason in ('not_insuring', 'nobody') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(reason in ('insuring', 'joined_after'), reason, 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {cancelled_on: cancelled_on, heads: heads, latest_insured_from: latest_insured_from} as figures,
    [
        {source: 'tax', dataset: 'taxpayer', record_id: r, role: 'subject'} for r in records
    ] || [
        {source: 'social_security', dataset: 'employer', record_id: r, role: 'support'} for r in coalesce(employer_records, [])
    ] || [
        {source: 'social_security', dataset: 'insured', record_id: r, role: 'support'} for r in coalesce(paying_records, [])
    ] as evidence
from judged
