-- One row per enterprise with a tax registration that is not cancelled: has it filed lately, and if not, is it active?
with registration as (
    select
        x.master_id,
        coalesce(x.master_id, 'record:' || t.record_id) as subject,
        t.record_id,
        t.status,
        t.registered_on
    from "tax.taxpayer" t
    left join enterprise_crosswalk x on x.source = 'tax' and x.dataset = 'taxpayer' and x.record_id = t.record_id
),
taxpayer as (
    select
        subject,
        any_value(master_id) as master_id,
        max(registered_on) as registered_on,
        list(record_id order by record_id) as records
    from registration
    group by subject
    having not bool_and(coalesce(status = '3', false))
),
filed as (
    select
        n.candidates,
        n.masters,
        n.master_id,
        d.record_id,
        coalesce(d.declared_on, (try_strptime(d.period || '-01', '%Y-%m-%d') + to_months(1))::date) as filed_on
    from "tax.declaration" d
    join taxpayer_enterprise n on n.number = coalesce(d.taxpayer_id, upper(trim(d.taxpayer_id_raw)))
),
latest as (
    select master_id, max(filed_on) as last_filed_on, arg_max(record_id, (filed_on, record_id)) as last_record
    from filed
    where master_id is not null
    group by master_id
),
doubtful as (
    -- a recent filing under an id that several enterprises hold; one that more than 50 hold is a placeholder
    select candidate as master_id, min(record_id) as record_id
    from (select record_id, filed_on, unnest(candidates) as candidate from filed where masters between 2 and 50)
    where filed_on > ($as_of - to_months($quiet_months::integer))::date
    group by candidate
),
award as (
    select master_id, list(record_id order by record_id) as awards
    from project_award
    group by master_id
),
judged as (
    select
        t.*,
        l.last_filed_on,
        l.last_record,
        d.record_id as doubtful_record,
        i.heads,
        i.employer_records,
        a.awards,
        len(coalesce(a.awards, [])) as projects,
        ($as_of - to_months($quiet_months::integer))::date as since,
        case
            when t.master_id is null then 'unlinked'
            when l.last_filed_on > since or t.registered_on > since then 'filing'
            when coalesce(i.heads, 0) <= 0 and a.awards is null then 'inactive'
            when d.record_id is not null then 'number_shared'
            when l.last_filed_on is null then 'never_filed'
            else 'silent'
        end as reason
    from taxpayer t
    left join latest l using (master_id)
    left join doubtful d using (master_id)
    left join insuring i using (master_id)
    left join award a using (master_id)
)
select
    'enterprise' as subject_kind,
    master_id,
    subject as identity,
    if(reason in ('silent', 'never_filed'), strftime(last_filed_on + to_months($quiet_months::integer), '%Y-%m'), null) as period,
    case
        when reason in ('silent', 'never_filed') then 'hit'
        when reason in ('filing', 'inactive') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(reason in ('silent', 'never_filed'), 'silent', 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {last_filed_on: last_filed_on, since: since, heads: coalesce(heads, 0), projects: projects} as figures,
    [
        {source: 'tax', dataset: 'taxpayer', record_id: r, role: 'subject'} for r in records
    ] || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in [last_record, doubtful_record] if r is not null
    ] || [
        {source: 'social_security', dataset: 'employer', record_id: r, role: 'support'} for r in coalesce(employer_records, [])
    ] || [
        {source: 'development_reform', dataset: 'project', record_id: r, role: 'support'} for r in coalesce(awards, [])
    ] as evidence
from judged
