-- One row per person and employer with a provident fund account that pays: is its base or its rate above the cap?
-- An account that was sent twice counts once: the greatest base and rate of the pair are judged, not their sums.
with account as (
    select
        a.record_id,
        x.master_id as person,
        coalesce(substr(a.employer_uscc, 9, 9), a.employer_name, '') as employer,
        a.contribution_base,
        -- a rate above 1 is written in percent: nobody pays more than the whole base
        try_cast(
            if(a.contribution_rate > 1, a.contribution_rate / 100, a.contribution_rate) as decimal(18, 6)
        ) as contribution_rate  -- null where it is no number
    from "provident_fund.account" a
    left join person_crosswalk x
        on x.source = 'provident_fund' and x.dataset = 'account' and x.record_id = a.record_id
    where a.status is null or not regexp_matches(a.status, '^(0*[23]|.*(封存|销户|注销|停缴|转出|提取).*)$')
),
setting as (
    select
        ($cap_share::decimal(6, 4) * $city_mean_wage::decimal(12, 2))::decimal(18, 4) as cap,
        $highest_rate::decimal(6, 4) as highest_rate
),
judged as (
    select
        coalesce(a.person || ' ' || a.employer, 'record ' || a.record_id) as identity,
        a.*,
        s.cap,
        case
            when a.person is null then 'unlinked'
            when a.contribution_base > s.cap and a.contribution_rate > s.highest_rate then 'both_above'
            when a.contribution_base > s.cap then 'base_above'
            when a.contribution_rate > s.highest_rate then 'rate_above'
            when a.contribution_base is null or a.contribution_base < 0 or a.contribution_rate is null
                or a.contribution_rate < 0 then 'amounts_missing'
            else 'within'
        end as reason,
        reason in ('both_above', 'base_above', 'rate_above') as above
    from account a
    cross join setting s
),
pair as (
    select
        identity,
        any_value(person) as person,
        case
            when bool_or(above)
                then if(
                    min(reason) filter (above) <> max(reason) filter (above), 'both_above', min(reason) filter (above)
                )
            when bool_or(reason = 'within') then 'within'
            else any_value(reason)
        end as reason,
        any_value(cap) as cap,
        max(contribution_base) as base,
        max(contribution_rate) as rate
    from judged
    group by identity
),
cited_account as (
    select
        identity,
        list(record_id order by record_id) as every_record,
        list(record_id order by record_id) filter (above) as records
    from judged
    semi join (from pair where reason <> 'within') using (identity)
    group by identity
),
cited_wage as (
    select
        w.person,
        arg_min(w.record_id, w.record_id, 20) as wage_records,
        sum(w.wages)::decimal(18, 2) as wages
    from wage_link w
    semi join (from pair where reason in ('both_above', 'base_above', 'rate_above')) using (person)
    where w.tax_year = $year
    group by w.person
)
select
    'person' as subject_kind,
    person as master_id,
    p.identity,
    $year::varchar as period,
    case
        when reason in ('both_above', 'base_above', 'rate_above') then 'hit'
        when reason = 'within' then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(reason in ('both_above', 'base_above', 'rate_above'), 'above', 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {base: base, cap: cap::decimal(18, 2), rate: rate, wages: wages} as figures,
    [
        {source: 'provident_fund', dataset: 'account', record_id: r, role: 'subject'}
        for r in coalesce(records, every_record)
    ] || [
        {source: 'tax', dataset: 'wage', record_id: r, role: 'support'} for r in coalesce(wage_records, [])
    ] as evidence
from pair p
left join cited_account using (identity)
left join cited_wage using (person)
