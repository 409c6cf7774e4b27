-- One row per person with wages in the latest tax year: do enough unrelated payers each stay below the amount?
with recursive paid as (
    select *, coalesce(employer, 'number ' || number, 'record ' || record_id) as payer
    from wage_link
    where tax_year = $year and person is not null
),
payer as (
    select person, payer, coalesce(sum(wages) > 0, true) as pays from paid group by person, payer
),
crowded as (
    -- only here is there anything to look at closely
    select person from payer where pays group by person having count(*) >= $least_payers
),
payment as (
    select
        person,
        payer,
        any_value(employer) as employer,
        if(count(wages) = count(*), sum(wages), null)::decimal(18, 2) as wages,
        list(record_id order by record_id) as wage_records,
        list(distinct person_record_id) as persons,
        min(number) as number
    from paid
    semi join crowded using (person)
    group by person, payer
    having coalesce(sum(wages) > 0, true)
),
small as (
    -- only persons with enough payers can be hit, whatever is related: few, so that relations are looked up for these
    select *
    from payment
    where wages is null or wages < $highest_wages
    qualify count(*) over (partition by person) >= $least_payers
),
tied as (
    select s.person, s.payer, t.tie
    from small s
    join enterprise_tie t on t.master_id = s.employer
),
related as (
    -- every payer that a chain of ties leads to, whatever its length
    select person, payer, payer as other from small
    union
    select r.person, r.payer, t.payer as other
    from related r
    join tied f on f.person = r.person and f.payer = r.other
    join tied t on t.person = f.person and t.tie = f.tie
),
party as (select person, payer, min(other) as party from related group by all),
grouped as (
    select *
    from small
    join party using (person, payer)
),
person as (
    select
        person,
        count(*) as payers,
        count(distinct party) as all_parties,
        count(distinct party) filter (employer is not null and wages is not null) as parties,
        max(wages) as highest,
        sum(wages)::decimal(18, 2) as wages,
        bool_or(employer is null) as unresolved,
        list_sort(flatten(list(wage_records))) as wage_records,
        list_sort(list_distinct(flatten(list(persons)))) as persons,
        list(distinct number) as numbers
    from grouped
    group by person
),
registration as (
    select p.person, list_sort(list_distinct(flatten(list(n.records)))) as registrations
    from (select person, unnest(numbers) as number from person where all_parties >= $least_payers) p
    join taxpayer_enterprise n using (number)
    group by p.person
),
judged as (
    select
        p.*,
        r.registrations,
        case
            when parties >= $least_payers then 'many'
            when all_parties < $least_payers then 'related'
            when unresolved then 'payer_unresolved'
            else 'amount_missing'
        end as reason
    from person p
    left join registration r using (person)
)
select
    'person' as subject_kind,
    person as master_id,
    person as identity,
    $year::varchar as period,
    case reason when 'many' then 'hit' when 'related' then 'clear' else 'not_comparable' end as outcome,
    reason,
    if(reason = 'many', 'many', 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {payers: payers, parties: parties, highest: highest, wages: wages} as figures,
    [
        {source: 'tax', dataset: 'wage', record_id: r, role: 'subject'} for r in wage_records
    ] || [
        {source: 'tax', dataset: 'natural_person', record_id: r, role: 'support'} for r in persons
    ] || [
        {source: 'tax', dataset: 'taxpayer', record_id: r, role: 'support'} for r in coalesce(registrations, [])
    ] as evidence
from judged
union all by name
select 'person' as subject_kind, p.person as master_id, p.person as identity, 'clear' as outcome, 'few' as reason
from (select distinct person from payer where pays) p
anti join small s using (person)
