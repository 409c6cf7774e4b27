-- One row per transfer of shares: did the enterprise or the seller file individual income tax around it?
with near as (
    select
        t.record_id,
        count(*) filter (not d.shared) as filings,
        list(d.declaration order by d.declaration) filter (d.shared) as doubtful
    from transfer_party t
    join seller_declaration d using (record_id)
    where d.tax_type = 'IIT' and abs(date_diff('day', t.changed_on, d.declared_on)) <= $days_around
    group by t.record_id
),
judged as (
    select
        t.*,
        x.records,
        n.doubtful,
        b.first_day,
        case
            when t.changed_on is null then 'no_date'
            when t.company_seller then 'company_seller'
            when date_diff('day', t.changed_on, $as_of) <= $days_around then 'not_due'
            when n.filings > 0 then 'filed'
            when t.master_id is null then 'enterprise_unresolved'
            when n.doubtful is not null then 'number_shared'
            when t.kin then 'kin'
            when t.price <= $nominal_price then 'nominee'
            when t.changed_on + $days_around::integer < b.first_day then 'before_data'
            else 'no_filing'
        end as reason
    from transfer_party t
    left join near n using (record_id)
    left join declarations_begin b on true
    left join enterprise_record x using (master_id)
)
select
    'enterprise' as subject_kind,
    master_id,
    'equity_transfer:' || record_id as identity,
    strftime(changed_on, '%Y-%m') as period,
    case
        when reason in ('no_filing', 'before_data', 'kin', 'nominee') then 'hit'
        when reason in ('filed', 'not_due', 'company_seller') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    case
        when outcome = 'not_comparable' then 'not_comparable'
        when reason = 'no_filing' then 'no_filing'
        else 'justifiable'
    end as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {
        changed_on: changed_on, price: price, days: date_diff('day', changed_on, $as_of), first_day: first_day
    } as figures,
    [
        {source: 'commerce', dataset: 'equity_transfer', record_id: record_id, role: 'subject'}
    ] || coalesce(records, []) || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in coalesce(doubtful, []) if reason = 'number_shared'
    ] || [
        {source: 'police', dataset: 'resident', record_id: r, role: 'support'} for r in residents if reason = 'kin'
    ] as evidence
from judged
