-- One row per wage record: had the person died in an earlier year?
with wage as (
    select w.record_id, w.person_record_id, w.tax_year, w.wages, w.person, w.number from wage_link w
),
police as (
    select master_id as person, record_id
    from person_crosswalk
    where source = 'police' and dataset = 'resident'
),
known as (select distinct person from police semi join wage using (person)),
said_dead as (
    -- by the police record, death as the other rules understand it; few, so only their wages are looked at closely
    select distinct p.person
    from police p
    join "police.resident" r using (record_id)
    where r.status = '2' or (r.status is distinct from '1' and r.death_date is not null)
),
suspect as (
    select w.*, n.id_number as number_paid
    from wage w
    semi join said_dead using (person)
    left join "tax.natural_person" n on n.record_id = w.person_record_id
),
registered as (
    select p.person, p.record_id, r.id_number, r.status, r.death_date
    from (from police semi join suspect using (person)) p
    join "police.resident" r using (record_id)
),
compared as (
    -- police records that bear the payee's own number count before others of the person
    select
        s.record_id as wage_record,
        r.record_id,
        r.status,
        r.death_date,
        coalesce(r.id_number = s.number_paid, false) as bears_number
    from suspect s
    join registered r using (person)
    qualify bears_number or not bool_or(bears_number) over (partition by s.record_id)
),
death as (
    select
        wage_record as record_id,
        bool_or(status = '2' or (status is distinct from '1' and death_date is not null)) as dead,
        max(death_date) filter (status is distinct from '1') as death_date,
        list(record_id order by record_id) as police_records
    from compared
    group by wage_record
),
judged as (
    select
        w.*,
        d.death_date,
        d.police_records,
        r.records as registrations,
        case
            when w.person is null then 'unlinked'
            when l.person is null then 'no_police_record'
            when d.record_id is null or not coalesce(d.dead, false) then 'alive'
            when d.death_date is null then 'no_death_date'
            when w.tax_year is null then 'no_year'
            when w.tax_year <= year(d.death_date) then 'before_death'
            when w.wages is null then 'amount_missing'
            when w.wages <= 0 then 'no_wages'
            else 'deceased'
        end as reason
    from wage w
    left join known l using (person)
    left join death d using (record_id)
    left join taxpayer_enterprise r using (number)
)
select
    'person' as subject_kind,
    person as master_id,
    'wage ' || record_id as identity,
    tax_year::varchar as period,
    case
        when reason = 'deceased' then 'hit'
        when reason in ('alive', 'before_death', 'no_wages') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(reason = 'deceased', 'deceased', 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    if(reason in ('alive', 'before_death'), null, {
        tax_year: tax_year, wages: wages, death_date: death_date, death_year: year(death_date)
    }) as figures,
    if(reason in ('alive', 'before_death', 'no_wages'), [], [
        {source: 'tax', dataset: 'wage', record_id: record_id, role: 'subject'}
    ] || [
        {source: 'tax', dataset: 'natural_person', record_id: r, role: 'support'}
        for r in [person_record_id] if person is not null
    ] || [
        {source: 'police', dataset: 'resident', record_id: r, role: 'support'} for r in coalesce(police_records, [])
    ] || [
        {source: 'tax', dataset: 'taxpayer', record_id: r, role: 'support'}
        for r in coalesce(registrations, []) if reason = 'deceased'
    ]) as evidence
from judged
