-- One row per transfer of shares: was the price far below the share in the net assets?
with judged as (
    select
        t.*,
        x.records,
        (t.share_ratio::decimal(28, 8) * t.net_assets)::decimal(24, 2) as worth,
        case
            when t.share_ratio is null or t.net_assets is null or t.price is null then 'amount_missing'
            when t.share_ratio <= 0 or t.share_ratio > 1 then 'share_impossible'
            when t.net_assets <= 0 or t.price >= $least_share * worth then 'priced'
            when t.master_id is null then 'enterprise_unresolved'
            when t.kin then 'kin'
            when t.staff_plan then 'staff_plan'
            else 'underpriced'
        end as reason
    from transfer_party t
    left join enterprise_record x using (master_id)
)
select
    'enterprise' as subject_kind,
    master_id,
    'equity_transfer:' || record_id as identity,
    strftime(changed_on, '%Y-%m') as period,
    case
        when reason in ('underpriced', 'kin', 'staff_plan') then 'hit'
        when reason = 'priced' then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    case
        when outcome = 'not_comparable' then 'not_comparable'
        when reason = 'underpriced' then 'underpriced'
        else 'justifiable'
    end as grade,
    if(outcome = 'hit', (worth - price) * $income_tax_rate, null)::decimal(18, 2) as estimate_low,
    if(outcome = 'hit', (worth - price) * $income_tax_rate, null)::decimal(18, 2) as estimate_likely,
    if(outcome = 'hit', (worth - price) * $income_tax_rate, null)::decimal(18, 2) as estimate_high,
    {
        changed_on: changed_on, share_ratio: share_ratio::decimal(9, 6), net_assets: net_assets, worth: worth, price: price,
        part: if(worth > 0, round(price / worth, 4), null)::decimal(18, 4)
    } as figures,
    [
        {source: 'commerce', dataset: 'equity_transfer', record_id: record_id, role: 'subject'}
    ] || coalesce(records, []) || [
        {source: 'police', dataset: 'resident', record_id: r, role: 'support'} for r in residents if reason = 'kin'
    ] as evidence
from judged
