-- One row per enterprise that both registers know: do they place it in different districts of today?
-- The division code says where; the district that the address names, where there is no code that leads to one.
with placed as (
    select source, record_id, master_id, coalesce(code_district, address_district) as district
    from enterprise_place
    where master_id is not null
),
enterprise as (
    select
        master_id,
        list_sort(list(distinct district) filter (source = 'commerce' and district is not null)) as commerce_districts,
        list_sort(list(distinct district) filter (source = 'tax' and district is not null)) as tax_districts,
        list(record_id order by record_id) filter (source = 'commerce') as records,
        list(record_id order by record_id) filter (source = 'tax') as registrations
    from placed
    group by master_id
    having count(*) filter (source = 'commerce') > 0 and count(*) filter (source = 'tax') > 0
),
judged as (
    -- several sites: an enterprise that both registers have in one common district is clear
    select
        *,
        case
            when commerce_districts is null then 'no_commerce_district'
            when tax_districts is null then 'no_tax_district'
            when list_has_any(commerce_districts, tax_districts) then 'same'
            else 'differ'
        end as reason
    from enterprise
)
select
    'enterprise' as subject_kind,
    master_id,
    master_id as identity,
    null::varchar as period,
    case reason when 'differ' then 'hit' when 'same' then 'clear' else 'not_comparable' end as outcome,
    reason,
    if(reason = 'differ', 'differ', 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {
        commerce_district: array_to_string(commerce_districts, '、'), tax_district: array_to_string(tax_districts, '、')
    } as figures,
    [
        {source: 'commerce', dataset: 'enterprise', record_id: r, role: 'subject'} for r in records
    ] || [
        {source: 'tax', dataset: 'taxpayer', record_id: r, role: 'support'} for r in registrations
    ] as evidence
from judged
