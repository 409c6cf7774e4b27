-- One row per enterprise of the commercial register: how many enterprises share the house its address names?
with licence as (
    select
        e.record_id,
        e.status,
        p.master_id,
        coalesce(p.master_id, 'record:' || e.record_id) as subject,
        p.has_address,
        p.house,
        coalesce(p.address_district, p.code_district) as district
    from "commerce.enterprise" e
    join enterprise_place p on p.source = 'commerce' and p.dataset = 'enterprise' and p.record_id = e.record_id
),
housed as (
    -- one row per enterprise and house
    select district, house, subject, min(record_id) as record_id
    from licence
    where house is not null and master_id is not null
    group by all
),
site as (
    -- a finding cites just as many of its neighbours as make a hub, not all the thousands of a large one
    select
        district,
        house,
        count(*) as enterprises,
        arg_min(record_id, record_id, $least_enterprises::integer) as some_records
    from housed
    group by all
),
placed as (
    select
        l.*,
        s.enterprises,
        s.some_records
    from licence l
    left join site s on s.house = l.house and s.district is not distinct from l.district and l.master_id is not null
),
enterprise as (
    select
        subject,
        any_value(master_id) as master_id,
        bool_or(status = '1') as active,
        bool_or(has_address) as has_address,
        max(enterprises) as enterprises,
        arg_max(some_records, enterprises) as some_records,
        list(record_id order by record_id) as records
    from placed
    group by subject
),
judged as (
    select
        *,
        case
            when master_id is null then 'unlinked'
            when enterprises >= $least_enterprises then if(active, 'hub', 'hub_ended')
            when enterprises is not null then 'few'
            when has_address then 'no_house'
            else 'no_address'
        end as reason
    from enterprise
)
select
    'enterprise' as subject_kind,
    master_id,
    subject as identity,
    null::varchar as period,
    case when reason in ('hub', 'hub_ended') then 'hit' when reason = 'few' then 'clear' else 'not_comparable' end as outcome,
    reason,
    case reason when 'hub' then 'active' when 'hub_ended' then 'ended' else 'not_comparable' end as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {enterprises: enterprises} as figures,
    [
        {source: 'commerce', dataset: 'enterprise', record_id: r, role: 'subject'} for r in records
    ] || [
        {source: 'commerce', dataset: 'enterprise', record_id: r, role: 'support'}
        for r in if(reason in ('hub', 'hub_ended'), some_records, [])
        if not list_contains(records, r)
    ] as evidence
from judged
