-- One row per employer and person with wages of the latest tax year and a paying insurance.
-- Yearly amounts instead of monthly means: nothing is divided, so that exactly 1.2 stays exactly 1.2.
with judged as (
    select
        employer,
        person,
        wages,
        months,
        declared_base,
        case
            when wages is null or declared_base is null or coalesce(months, 0) = 0 then 'amounts_missing'
            when months < $least_months then 'few_months'
            when declared_base * months > $tolerated_share::decimal(6, 4) * wages then 'overdeclared'
            else 'in_order'
        end as reason
    from contribution_pair
    where tax_year = $year
),
told as (from judged where reason in ('amounts_missing', 'overdeclared')),
cited_wage as (
    select
        w.employer,
        w.person,
        list(w.record_id order by w.record_id) as wage_records,
        list_sort(list(distinct w.person_record_id)) as persons,
        list_sort(list_distinct(flatten(list(n.records)))) as registrations
    from wage_link w
    left join taxpayer_enterprise n using (number)
    semi join told using (employer, person)
    where w.tax_year = $year
    group by all
),
cited_insured as (
    select
        i.employer,
        i.person,
        list(i.record_id order by i.record_id) as insurances,
        list_sort(list(distinct i.employer_no)) as employers
    from insured_link i
    semi join told using (employer, person)
    group by all
)
select
    'person' as subject_kind,
    person as master_id,
    person || ' ' || employer || ' ' || $year as identity,
    $year::varchar as period,
    case reason when 'overdeclared' then 'hit' when 'amounts_missing' then 'not_comparable' else 'clear' end as outcome,
    reason,
    if(reason = 'overdeclared', 'overdeclared', 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {
        wages: wages,
        months: months,
        monthly_wage: round(wages / nullif(months, 0), 2)::decimal(18, 2),
        tolerated_base: round($tolerated_share::decimal(6, 4) * wages / nullif(months, 0), 2)::decimal(18, 2),
        declared_base: declared_base
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
