-- One row per active enterprise: has its legal representative died?
with registered as (
    -- the person's police records; those that bear the number itself count before the others
    select
        v.record_id as enterprise_record,
        p.record_id,
        p.death_date,
        p.status,
        coalesce(p.id_number = v.number, false) as bears_number
    from representative_person v
    join person_crosswalk x on x.master_id = v.person and x.source = 'police' and x.dataset = 'resident'
    join "police.resident" p on p.record_id = x.record_id
    where v.resolution = 'known'
    qualify bears_number or not bool_or(bears_number) over (partition by v.record_id)
),
death as (
    select
        enterprise_record as record_id,
        bool_or(status = '2' or (status is distinct from '1' and death_date is not null)) as dead,
        max(death_date) filter (status is distinct from '1') as death_date,
        list(record_id order by record_id) filter (status is distinct from '1') as police_records
    from registered
    group by enterprise_record
),
judged as (
    select
        v.subject,
        v.enterprise,
        v.record_id,
        if(v.resolution = 'known', v.person, null) as person,
        d.death_date,
        d.police_records,
        case
            when v.resolution <> 'known' then v.resolution
            when d.record_id is null then 'no_police_record'
            when not coalesce(d.dead, false) then 'alive'
            when d.death_date is null then 'no_death_date'
            when date_diff('day', d.death_date, $as_of) >= $days_since_death then 'deceased'
            else 'recent'
        end as reason
    from representative_person v
    left join death d using (record_id)
),
ranked as (
    select
        *,
        case reason when 'deceased' then 3 when 'alive' then 1 when 'recent' then 1 else 2 end as gravity,
        max(gravity) over (partition by subject) as worst
    from judged
),
identified as (
    -- the records of others that say who bears the number and the name, so that the finding stands by what it cites
    select
        j.record_id,
        list({source: x.source, dataset: x.dataset, record_id: x.record_id, role: 'support'}
            order by x.source, x.dataset, x.record_id) as records
    from ranked j
    join person_crosswalk x on x.master_id = j.person
    where j.gravity = j.worst and j.gravity >= 2 and x.dataset <> 'resident'
    group by j.record_id
),
enterprise as (
    select
        subject,
        any_value(enterprise) as master_id,
        any_value(worst) as gravity,
        min(reason) as reason,
        min(death_date) as death_date,
        list(record_id order by record_id) as records,
        list_sort(list_distinct(flatten(list(coalesce(police_records, []))))) as police_records,
        list_sort(list_distinct(flatten(list(coalesce(i.records, []))))) as others
    from ranked
    left join identified i using (record_id)
    where gravity = worst
    group by subject
)
select
    'enterprise' as subject_kind,
    master_id,
    subject as identity,
    if(gravity = 3, strftime(death_date + $days_since_death::integer, '%Y-%m'), null) as period,
    case gravity when 3 then 'hit' when 2 then 'not_comparable' else 'clear' end as outcome,
    reason,
    if(gravity = 3, 'deceased', 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {death_date: death_date, days: date_diff('day', death_date, $as_of)} as figures,
    [
        {source: 'commerce', dataset: 'enterprise', record_id: r, role: 'subject'} for r in records
    ] || [
        {source: 'police', dataset: 'resident', record_id: r, role: 'support'} for r in police_records if gravity >= 2
    ] || others as evidence
from enterprise
