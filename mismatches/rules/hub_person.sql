-- One row per legal representative of active enterprises: were the given number of them licensed within the given days?
with office as (
    select
        r.enterprise,
        r.record_id,
        r.established_on,
        r.number,
        r.resolution,
        if(r.resolution = 'known', r.person, null) as person,
        if(r.resolution = 'known', 'person ' || r.person, 'number ' || r.number) as holder
    from representative_person r
    where r.enterprise is not null and (r.resolution = 'known' or r.number is not null)
),
firm as (
    -- one row per holder and enterprise; an enterprise with several licences counts from the first
    select
        holder,
        enterprise,
        any_value(person) as person,
        any_value(number) as number,
        min(established_on) as licensed_on,
        list(record_id order by record_id) as records
    from office
    group by holder, enterprise
),
counted as (
    select
        *,
        count(licensed_on) over ahead as ahead,
        count(licensed_on) over behind as behind
    from firm
    where licensed_on is not null
    window
        ahead as (partition by holder order by (licensed_on - date '1970-01-01')
            range between current row and $window_days::integer following),
        behind as (partition by holder order by (licensed_on - date '1970-01-01')
            range between $window_days::integer preceding and current row)
),
clustered as (
    -- in a hub: some window that begins within the days before holds enough
    select
        *,
        max(ahead) over (partition by holder order by (licensed_on - date '1970-01-01')
            range between $window_days::integer preceding and current row) >= $least_enterprises as in_hub
    from counted
),
hub as (
    select
        holder,
        count(*) filter (in_hub) as enterprises,
        min(licensed_on) filter (in_hub) as first_on,
        max(licensed_on) filter (in_hub) as last_on,
        min(licensed_on) filter (behind >= $least_enterprises) as reached_on,
        coalesce(max(ahead), 0) as most,
        list_sort(flatten(list(records) filter (in_hub))) as hub_records,
        list_sort(flatten(list(records) filter (not in_hub))) as other_records
    from clustered
    group by holder
),
holder as (
    select
        holder,
        any_value(person) as person,
        any_value(number) as number,
        count(*) filter (licensed_on is null) as undated,
        list_sort(flatten(list(records) filter (licensed_on is null))) as undated_records,
        list_sort(flatten(list(records))) as records
    from firm
    group by holder
),
resident as (
    -- the holder's own records that bear the number: how the link is known
    select h.holder, list(p.record_id order by p.record_id) as records
    from holder h
    join hub u on u.holder = h.holder and u.enterprises > 0
    join person_crosswalk x on x.master_id = h.person and x.source = 'police' and x.dataset = 'resident'
    join "police.resident" p on p.record_id = x.record_id
    group by h.holder
),
judged as (
    select
        h.*,
        u.* exclude (holder),
        r.records as residents,
        case
            when u.enterprises > 0 and h.person is null then 'person_unresolved'
            when u.enterprises > 0 then 'hub'
            when h.undated > 0 and coalesce(u.most, 0) + h.undated >= $least_enterprises then 'no_date'
            else 'few'
        end as reason
    from holder h
    left join hub u using (holder)
    left join resident r using (holder)
)
select
    'person' as subject_kind,
    person as master_id,
    coalesce(person, 'record ' || records[1]) as identity,
    if(reason = 'hub', strftime(reached_on, '%Y-%m'), null) as period,
    case reason when 'hub' then 'hit' when 'few' then 'clear' else 'not_comparable' end as outcome,
    reason,
    if(reason = 'hub', 'hub', 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {enterprises: enterprises, first_on: first_on, last_on: last_on} as figures,
    [
        {source: 'commerce', dataset: 'enterprise', record_id: r, role: 'subject'}
        for r in if(enterprises > 0, hub_records, records)
    ] || [
        {source: 'commerce', dataset: 'enterprise', record_id: r, role: 'support'}
        for r in if(enterprises > 0, coalesce(other_records, []) || coalesce(undated_records, []), [])
    ] || [
        {source: 'police', dataset: 'resident', record_id: r, role: 'support'} for r in coalesce(residents, [])
    ] as evidence
from judged
where person is not null or reason = 'person_unresolved'
