-- One row per enterprise that both registers know: do the divisions (two digits) of its industries differ?
with spelled as (
    select 'commerce' as source, 'enterprise' as dataset, record_id, industry_code from "commerce.enterprise"
    union all
    select 'tax', 'taxpayer', record_id, industry_code from "tax.taxpayer"
),
coded as (
    select s.source, s.record_id, x.master_id, d.division, d.successors
    from spelled s
    join enterprise_crosswalk x using (source, dataset, record_id)
    left join industry_division d on d.division = regexp_extract(upper(trim(s.industry_code)), '^[A-T]?([0-9]{2})', 1)
),
enterprise as (
    select
        master_id,
        list_sort(list(distinct division) filter (source = 'commerce' and division is not null)) as commerce_divisions,
        list_sort(list(distinct division) filter (source = 'tax' and division is not null)) as tax_divisions,
        flatten(list(successors) filter (source = 'commerce' and successors is not null)) as commerce_successors,
        flatten(list(successors) filter (source = 'tax' and successors is not null)) as tax_successors,
        list(record_id order by record_id) filter (source = 'commerce') as records,
        list(record_id order by record_id) filter (source = 'tax') as registrations
    from coded
    group by master_id
    having count(*) filter (source = 'commerce') > 0 and count(*) filter (source = 'tax') > 0
),
judged as (
    -- mixed business: registers that share one of several divisions agree
    select
        *,
        case
            when commerce_divisions is null then 'no_commerce_industry'
            when tax_divisions is null then 'no_tax_industry'
            when list_has_any(commerce_divisions, tax_divisions) then 'same'
            when coalesce(list_has_any(commerce_successors, tax_divisions), false)
                or coalesce(list_has_any(tax_successors, commerce_divisions), false) then 'old_edition'
            else 'differ'
        end as reason
    from enterprise
)
select
    'enterprise' as subject_kind,
    master_id,
    master_id as identity,
    null::varchar as period,
    case when reason in ('differ', 'old_edition') then 'hit' when reason = 'same' then 'clear' else 'not_comparable' end
        as outcome,
    reason,
    if(reason in ('differ', 'old_edition'), reason, 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {
        commerce_division: array_to_string(commerce_divisions, '、'), tax_division: array_to_string(tax_divisions, '、')
    } as figures,
    [
        {source: 'commerce', dataset: 'enterprise', record_id: r, role: 'subject'} for r in records
    ] || [
        {source: 'tax', dataset: 'taxpayer', record_id: r, role: 'support'} for r in registrations
    ] as evidence
from judged
