-- One row per large project: did owner and contractors pay as much tax as the work done would bring?
with land as (
    -- land that the owner was granted for it: in the years before it began, or since
    select j.record_id, sum(g.price)::decimal(24, 2) as price, list(g.record_id order by g.record_id) as grants
    from project_tax j
    join party_enterprise p on p.master_id = j.owner
    join "natural_resources.land_grant" g
        on p.number is not distinct from upper(trim(coalesce(g.grantee_uscc, g.grantee_uscc_raw)))
        and p.name is not distinct from g.grantee_name
    where g.price > 0 and g.signed_on between j.started_on - to_years($land_years::integer) and $as_of
    group by j.record_id
),
project as (
    select
        t.*,
        coalesce(l.price, 0) as land_price,
        coalesce(l.grants, []) as grants,
        (t.completed_investment::decimal(24, 2) * $low_rate)::decimal(24, 2) as low_tax,
        (t.completed_investment::decimal(24, 2) * $high_rate)::decimal(24, 2) as high_tax,
        (greatest(t.completed_investment - coalesce(l.price, 0), 0)::decimal(24, 2) * $low_rate)::decimal(24, 2) as built_tax
    from project_tax t
    left join land l using (record_id)
    where t.total_investment >= $least_investment
),
judged as (
    select
        p.*,
        x.records,
        case
            when completed_investment is null then 'no_completed'
            when started_on is null then 'no_date'
            when date_diff('day', started_on, $as_of) <= $days_lag then 'not_due'
            when paid >= $least_share * low_tax or low_tax - paid <= $least_gap then 'paid'
            when not owner_known then 'owner_unresolved'
            when contractors_unknown > 0 then 'contractor_unresolved'
            when possible >= $least_share * low_tax or low_tax - possible <= $least_gap then 'number_shared'
            when paid >= $least_share * built_tax or built_tax - paid <= $least_gap then 'land_included'
            else 'gap'
        end as reason
    from project p
    left join (
        select j.record_id, flatten(list(e.records order by e.master_id)) as records
        from (select record_id, unnest(masters) as master_id from project_tax) j
        join enterprise_record e using (master_id)
        group by j.record_id
    ) x using (record_id)
)
select
    'enterprise' as subject_kind,
    owner as master_id,
    'project:' || record_id as identity,
    null::varchar as period,
    case
        when reason in ('gap', 'land_included') then 'hit'
        when reason in ('paid', 'not_due') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(outcome = 'hit', reason, 'not_comparable') as grade,
    if(outcome = 'hit', low_tax - paid, null)::decimal(18, 2) as estimate_low,
    if(outcome = 'hit', (low_tax + high_tax) / 2 - paid, null)::decimal(18, 2) as estimate_likely,
    if(outcome = 'hit', high_tax - paid, null)::decimal(18, 2) as estimate_high,
    {
        total: total_investment, completed: completed_investment, started_on: started_on, paid: paid, low_tax: low_tax,
        gap: low_tax - paid, contractors: contractors, contractors_unknown: contractors_unknown, seen_from: strftime(seen_from, '%Y-%m'), land_price: land_price,
        days: date_diff('day', started_on, $as_of)
    } as figures,
    [
        {source: 'development_reform', dataset: 'project', record_id: record_id, role: 'subject'}
    ] || coalesce(records, []) || [
        {source: 'natural_resources', dataset: 'land_grant', record_id: r, role: 'support'}
        for r in grants if reason = 'land_included'
    ] || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in declarations || if(reason = 'number_shared', doubtful, []) if outcome <> 'clear'
    ] as evidence
from judged
