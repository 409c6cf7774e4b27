-- One row per enterprise whose every licence has ended: did it declare anything for a later period?
with licence as (
    select
        x.master_id,
        coalesce(x.master_id, 'record:' || e.record_id) as subject,
        e.record_id,
        e.status,
        e.ended_on
    from "commerce.enterprise" e
    left join enterprise_crosswalk x
        on x.source = 'commerce' and x.dataset = 'enterprise' and x.record_id = e.record_id
),
ended as (
    -- an active licence beside an ended one: the end was withdrawn, or the business went on under a new licence
    select
        subject,
        any_value(master_id) as master_id,
        max(ended_on) as ended_on,
        bool_or(ended_on is null) as undated,
        bool_or(status = '3') as cancelled,
        list(record_id order by record_id) as records
    from licence
    group by subject
    having bool_and(status in ('2', '3'))
),
declared as (
    select
        n.master_id,
        n.candidates,
        n.masters,
        n.records as registrations,
        d.record_id,
        d.period,
        d.taxable_amount,
        try_strptime(d.period || '-01', '%Y-%m-%d')::date as first_day
    from "tax.declaration" d
    join taxpayer_enterprise n on n.number = coalesce(d.taxpayer_id, upper(trim(d.taxpayer_id_raw)))
    where d.taxable_amount > 0
),
later as (
    select
        e.subject,
        count(*) as declarations,
        min(d.period) as first_period,
        max(d.period) as last_period,
        sum(d.taxable_amount)::decimal(24, 2) as taxable_amount,
        list(d.record_id order by d.period, d.record_id) as declaration_records,
        list_sort(list_distinct(flatten(list(d.registrations)))) as registration_records
    from ended e
    join declared d using (master_id)
    where e.undated or d.first_day > e.ended_on
    group by e.subject
),
doubtful as (
    -- an id that more than 50 enterprises hold is a placeholder and casts doubt on none of them
    select e.subject, list(distinct d.record_id order by d.record_id) as declaration_records
    from (select record_id, first_day, unnest(candidates) as candidate from declared where masters between 2 and 50) d
    join ended e on e.master_id = d.candidate
    where e.undated or d.first_day > e.ended_on
    group by e.subject
),
judged as (
    select
        e.*,
        l.* exclude (subject, declaration_records),
        coalesce(l.declaration_records, d.declaration_records) as declaration_records,
        case
            when e.master_id is null then 'unlinked'
            when l.subject is not null and e.undated then 'no_end_date'
            when l.subject is not null then if(e.cancelled, 'cancelled_declaring', 'revoked_declaring')
            when d.subject is not null then 'number_shared'
            else 'silent'
        end as reason
    from ended e
    left join later l using (subject)
    left join doubtful d using (subject)
)
select
    'enterprise' as subject_kind,
    master_id,
    subject as identity,
    if(reason in ('cancelled_declaring', 'revoked_declaring'), first_period, null) as period,
    case
        when reason in ('cancelled_declaring', 'revoked_declaring') then 'hit'
        when reason = 'silent' then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    case reason
        when 'cancelled_declaring' then 'cancelled'
        when 'revoked_declaring' then 'revoked'
        else 'not_comparable'
    end as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {
        ended_on: ended_on, declarations: declarations, first_period: first_period, last_period: last_period,
        taxable_amount: taxable_amount
    } as figures,
    [
        {source: 'commerce', dataset: 'enterprise', record_id: r, role: 'subject'} for r in records
    ] || [
        {source: 'tax', dataset: 'taxpayer', record_id: r, role: 'support'} for r in coalesce(registration_records, [])
    ] || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'} for r in coalesce(declaration_records, [])
    ] as evidence
from judged
