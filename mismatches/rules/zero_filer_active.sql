-- One row per enterprise that declares value-added tax: has it declared nothing but zeros lately, and is it active?
with latest as (
    select *, max(month) over (partition by master_id) as last_month
    from vat_month
),
window_of as (
    -- the months up to the last one declared; who declares in the last months of quarters only declares by the quarter
    select
        master_id,
        any_value(last_month) as last_month,
        min(month) as first_month,
        count(*) as declared,
        if(bool_and(month(month) % 3 = 0), $zero_months // 3, $zero_months)::integer as expected,
        bool_or(amount is null) as unknown,
        bool_and(coalesce(amount = 0, true)) as all_zero,
        flatten(list(records order by month)) as declarations
    from latest
    where month > last_month - to_months($zero_months::integer)
    group by master_id
),
project as (
    select
        p.master_id,
        bool_or(p.role = 'contractor') as builds,
        list(distinct p.record_id order by p.record_id) as projects
    from project_party p
    join "development_reform.project" j using (record_id)
    where p.master_id is not null
        and coalesce(j.started_on <= $as_of, true)
        and not regexp_matches(coalesce(j.status, ''), '竣工|完工|建成|终止|取消|停建')
    group by p.master_id
),
judged as (
    select
        w.*,
        x.records,
        d.records as doubtful,
        i.heads,
        i.employer_records,
        i.paying_records,
        p.builds,
        coalesce(p.projects, []) as projects,
        case
            when not w.all_zero then 'sells'
            when w.last_month < date_trunc('month', $as_of) - to_months($months_old::integer) then 'silent'
            when coalesce(i.heads, 0) <= 0 and p.master_id is null then 'inactive'
            when d.master_id is not null then 'number_shared'
            when w.unknown then 'amount_missing'
            when w.declared < w.expected then 'months_missing'
            when p.builds then 'builds'
            when p.master_id is not null then 'construction'
            else 'insures'
        end as reason
    from window_of w
    left join enterprise_record x using (master_id)
    left join insuring i using (master_id)
    left join project p using (master_id)
    left join (select * from doubtful_declarant where tax_type = 'VAT') d using (master_id)
)
select
    'enterprise' as subject_kind,
    master_id,
    master_id as identity,
    if(reason in ('insures', 'builds', 'construction'), strftime(first_month, '%Y-%m'), null) as period,
    case
        when reason in ('insures', 'builds', 'construction') then 'hit'
        when reason in ('sells', 'silent', 'inactive') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(outcome = 'hit', reason, 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {
        first_month: strftime(first_month, '%Y-%m'), last_month: strftime(last_month, '%Y-%m'), declared: declared,
        heads: coalesce(heads, 0), projects: len(projects)
    } as figures,
    if(outcome = 'clear', [], [
        {source: r.source, dataset: r.dataset, record_id: r.record_id, role: 'subject'} for r in records
    ] || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in list_sort(declarations || if(reason = 'number_shared', doubtful, []))
    ] || [
        {source: 'social_security', dataset: 'employer', record_id: r, role: 'support'} for r in coalesce(employer_records, [])
    ] || [
        {source: 'social_security', dataset: 'insured', record_id: r, role: 'support'} for r in coalesce(paying_records, [])
    ] || [
        {source: 'development_reform', dataset: 'project', record_id: r, role: 'support'} for r in projects
    ]) as evidence
from judged
