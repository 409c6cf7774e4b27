-- One row per employer and person with wages of the latest tax year and a paying insurance, and one per record that
-- could belong to such a pair but does not lead to a person or an employer. All amounts are exact decimals.
with setting as (
    select
        ($floor_share::decimal(6, 4) * $city_mean_wage::decimal(12, 2))::decimal(18, 4) as floor_base,
        ($ceiling_share::decimal(6, 4) * $city_mean_wage::decimal(12, 2))::decimal(18, 4) as ceiling_base
),
pair as (
    -- yearly amounts instead of monthly means: nothing is divided, so that exactly 0.9 stays exactly 0.9
    select
        p.employer,
        p.person,
        p.wages,
        p.months,
        p.declared_base,
        s.floor_base,
        s.ceiling_base,
        greatest(least(p.wages, s.ceiling_base * p.months), s.floor_base * p.months)::decimal(22, 4) as fair_year,
        (p.declared_base * p.months)::decimal(22, 4) as declared_year,
        b.wages as wages_before,
        b.months as months_before,
        -- the base is set anew in July by the wages of the year before, and holds for a year
        b.months > 0 and p.declared_base * b.months >= $tolerated_share::decimal(6, 4)
            * greatest(least(b.wages, s.ceiling_base * b.months), s.floor_base * b.months) as fits_year_before
    from contribution_pair p
    cross join setting s
    left join contribution_pair b
        on b.employer = p.employer and b.person = p.person and b.tax_year = p.tax_year - 1
    where p.tax_year = $year
),
judged as (
    select
        *,
        case
            when wages is null or declared_base is null or coalesce(months, 0) = 0 then 'amounts_missing'
            when declared_year < $tolerated_share::decimal(6, 4) * fair_year
                then if(coalesce(fits_year_before, false), 'july_reset', 'underdeclared')
            else 'enough'
        end as reason
    from pair
),
wage as (select * from wage_link where tax_year = $year),
cited_wage as (
    select
        w.employer,
        w.person,
        list(w.record_id order by w.record_id) as wage_records,
        list_sort(list(distinct w.person_record_id)) as persons,
        list_sort(list_distinct(flatten(list(n.records)))) as registrations
    from wage_link w
    left join taxpayer_enterprise n using (number)
    join (from judged where reason <> 'enough') j using (employer, person)
    where w.tax_year = $year or (w.tax_year = $year - 1 and j.reason = 'july_reset')
    group by all
),
cited_insured as (
    select
        i.employer,
        i.person,
        list(i.record_id order by i.record_id) as insurances,
        list_sort(list(distinct i.employer_no)) as employers
    from insured_link i
    semi join (from judged where reason <> 'enough') j using (employer, person)
    group by all
),
loose_wage as (
    -- people whose wages and insurance do not meet: only there can an unresolved record hide a pair
    select
        person,
        arg_min(record_id, record_id, 10) as wage_records,
        arg_min(person_record_id, record_id, 10) as persons
    from wage anti join contribution_pair using (employer, person)
    where person is not null
    group by person
),
loose_insured as (
    select i.person, arg_min(i.record_id, i.record_id, 10) as insurances
    from insured_link i
    anti join (from contribution_pair where tax_year = $year) p using (employer, person)
    where i.person is not null
    group by i.person
)
select
    'person' as subject_kind,
    person as master_id,
    person || ' ' || employer || ' ' || $year as identity,
    $year::varchar as period,
    case when reason in ('underdeclared', 'july_reset') then 'hit' when reason = 'enough' then 'clear' else 'not_comparable' end
        as outcome,
    reason,
    case reason when 'underdeclared' then 'underdeclared' when 'july_reset' then 'explicable' else 'not_comparable' end as grade,
    if(
        outcome = 'hit',
        round(($tolerated_share::decimal(6, 4) * fair_year - declared_year) * $contribution_rate::decimal(6, 4), 2),
        null
    )::decimal(18, 2) as estimate_low,
    if(
        outcome = 'hit',
        round(($likely_share::decimal(6, 4) * fair_year - declared_year) * $contribution_rate::decimal(6, 4), 2),
        null
    )::decimal(18, 2) as estimate_likely,
    if(
        outcome = 'hit',
        round(($full_share::decimal(6, 4) * fair_year - declared_year) * $contribution_rate::decimal(6, 4), 2),
        null
    )::decimal(18, 2) as estimate_high,
    {
        wages: wages,
        months: months,
        monthly_wage: round(wages / nullif(months, 0), 2)::decimal(18, 2),
        floor_base: floor_base::decimal(18, 2),
        ceiling_base: ceiling_base::decimal(18, 2),
        fair_base: round(fair_year / nullif(months, 0), 2)::decimal(18, 2),
        tolerated_base: round($tolerated_share::decimal(6, 4) * fair_year / nullif(months, 0), 2)::decimal(18, 2),
        declared_base: declared_base,
        wage_before: round(wages_before / nullif(months_before, 0), 2)::decimal(18, 2)
    } as figures,
    [
        {source: 'social_security', dataset: 'insured', record_id: r, role: 'subject'} for r in insurances
    ] || [
        {source: 'tax', dataset: 'wage', record_id: r, role: 'support'} for r in wage_records
    ] || [
        {source: 'tax', dataset: 'natural_person', record_id: r, role: 'support'} for r in persons
    ] || [
        {source: 'social_security', dataset: 'employer', record_id: r, role: 'support'} for r in employers
    ] || [
        {source: 'tax', dataset: 'taxpayer', record_id: r, role: 'support'} for r in registrations
    ] as evidence
from judged
left join cited_wage using (employer, person)
left join cited_insured using (employer, person)
union all by name
select
    if(w.person is null and w.employer is not null, 'enterprise', 'person') as subject_kind,
    coalesce(w.person, w.employer) as master_id,
    'wage ' || w.record_id as identity,
    $year::varchar as period,
    'not_comparable' as outcome,
    if(w.person is null, 'person_unresolved', 'payer_unresolved') as reason,
    'not_comparable' as grade,
    [
        {source: 'tax', dataset: 'wage', record_id: w.record_id, role: 'subject'}
    ] || [
        {source: 'tax', dataset: 'natural_person', record_id: w.person_record_id, role: 'support'}
        for x in [1] if w.person is not null
    ] || [
        {source: 'social_security', dataset: 'insured', record_id: r, role: 'support'} for r in coalesce(i.insurances, [])
    ] as evidence
from wage w
left join loose_insured i using (person)
where w.person is null or (w.employer is null and i.person is not null)
union all by name
select
    'person' as subject_kind,
    i.person as master_id,
    'insured ' || i.record_id as identity,
    $year::varchar as period,
    'not_comparable' as outcome,
    'employer_unresolved' as reason,
    'not_comparable' as grade,
    [
        {source: 'social_security', dataset: 'insured', record_id: i.record_id, role: 'subject'}
    ] || [
        {source: 'tax', dataset: 'wage', record_id: r, role: 'support'} for r in w.wage_records
    ] || [
        {source: 'tax', dataset: 'natural_person', record_id: r, role: 'support'} for r in list_sort(list_distinct(w.persons))
    ] as evidence
from insured_link i
join loose_wage w using (person)
where i.employer is null
