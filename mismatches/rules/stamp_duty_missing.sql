-- One row per transfer of shares and per increase of capital: was stamp duty filed around it?
with capital as (
    -- the register sends the capital of today: a change shows where it holds an older record of the same enterprise
    select
        e.record_id,
        x.master_id,
        e.registered_capital as after,
        e.updated_at::date as changed_on,
        lag(e.registered_capital) over earlier as before,
        lag(e.record_id) over earlier as earlier_record
    from "commerce.enterprise" e
    join enterprise_crosswalk x on x.source = 'commerce' and x.dataset = 'enterprise' and x.record_id = e.record_id
    where e.registered_capital is not null
    window earlier as (partition by x.master_id order by e.updated_at, e.record_id)
),
raised as (
    select *
    from capital
    where after > before
),
change as (
    select record_id, 'equity_transfer' as dataset, master_id, changed_on, price as amount, null::decimal(18, 2) as before,
        null::decimal(18, 2) as after, null::varchar as earlier_record
    from transfer_party
    union all
    select record_id, 'enterprise', master_id, changed_on, after - before, before, after, earlier_record
    from raised
),
declaration as (
    select 'equity_transfer' as dataset, record_id, declaration, declared_on, shared
    from seller_declaration
    where tax_type = 'STAMP'
    union all
    select 'enterprise', r.record_id, d.record_id, d.declared_on, false
    from raised r
    join declared d using (master_id)
    where d.tax_type = 'STAMP'
    union all
    select 'enterprise', r.record_id, d.record_id, d.declared_on, true
    from raised r
    join (select master_id, unnest(records) as declaration from doubtful_declarant where tax_type = 'STAMP') m
        using (master_id)
    join declared d on d.record_id = m.declaration
),
near as (
    select
        c.dataset,
        c.record_id,
        count(*) filter (not d.shared) as filings,
        list(d.declaration order by d.declaration) filter (d.shared) as doubtful
    from change c
    join declaration d using (dataset, record_id)
    where date_diff('day', c.changed_on, d.declared_on) between -$days_before and $days_after
    group by all
),
judged as (
    select
        c.*,
        x.records,
        n.doubtful,
        b.first_day,
        case
            when c.changed_on is null then 'no_date'
            when date_diff('day', c.changed_on, $as_of) <= $days_after then 'not_due'
            when n.filings > 0 then 'filed'
            when c.master_id is null then 'enterprise_unresolved'
            when n.doubtful is not null then 'number_shared'
            when c.changed_on + $days_after::integer < b.first_day then 'before_data'
            when c.dataset = 'enterprise' then 'capital_raised'
            else 'shares_sold'
        end as reason
    from change c
    left join near n using (dataset, record_id)
    left join declarations_begin b on true
    left join enterprise_record x using (master_id)
)
select
    'enterprise' as subject_kind,
    master_id,
    dataset || ':' || record_id as identity,
    strftime(changed_on, '%Y-%m') as period,
    case
        when reason in ('shares_sold', 'capital_raised', 'before_data') then 'hit'
        when reason in ('filed', 'not_due') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    case
        when outcome = 'not_comparable' then 'not_comparable'
        when reason = 'shares_sold' then 'shares_sold'
        else 'uncertain'
    end as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {
        changed_on: changed_on, amount: amount, before: before, after: after,
        days: date_diff('day', changed_on, $as_of), first_day: first_day
    } as figures,
    [
        {source: 'commerce', dataset: dataset, record_id: record_id, role: 'subject'}
    ] || [
        {source: 'commerce', dataset: 'enterprise', record_id: r, role: 'support'}
        for r in [earlier_record] if r is not null
    ] || [
        r for r in coalesce(records, [])
        if dataset = 'equity_transfer' or (r.record_id is distinct from record_id and r.record_id is distinct from earlier_record)
    ] || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in coalesce(doubtful, []) if reason = 'number_shared'
    ] as evidence
from judged
