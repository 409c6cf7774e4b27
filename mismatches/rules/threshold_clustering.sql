-- One row per enterprise that declared value-added tax: do its months crowd just below the threshold?
with series as (
    select
        master_id,
        month,
        amount,
        records,
        year(month) * 12 + month(month) as position,
        coalesce(amount between $band_low and $threshold, false) as near,
        amount is null as unknown,
        coalesce(amount > $threshold, false) as above
    from vat_month
),
half_year as (
    select
        *,
        count(*) filter (near) over ahead as months_near,
        count(*) filter (near or unknown) over ahead as months_possible,
        count(*) filter (above) over ahead as months_above,
        count(distinct amount) filter (near) over ahead as amounts,
        sum(amount) filter (near) over ahead as together,
        flatten(list(records) over ahead) as declarations
    from series
    window ahead as (
        partition by master_id order by position
        range between current row and ($window_months::integer - 1) following
    )
),
enterprise as (
    -- the first window that is full enough, else any
    select
        master_id,
        max(months_near) as most_near,
        max(months_possible) as most_possible,
        arg_min(
            {
                month: month, months_near: months_near, months_above: months_above, amounts: amounts,
                together: together, declarations: declarations
            },
            (months_near < $least_months, position)
        ) as first
    from half_year
    group by master_id
),
judged as (
    select
        coalesce(e.master_id, d.master_id) as master_id,
        e.first,
        x.records,
        d.records as doubtful,
        case
            when e.most_near >= $least_months then
                case
                    when e.first.amounts = 1 then 'fixed'
                    when e.first.months_above > 0 then 'also_above'
                    else 'crowded'
                end
            when d.master_id is not null then 'number_shared'
            when e.most_possible >= $least_months then 'amount_missing'
            else 'spread'
        end as reason
    from enterprise e
    full join (select * from doubtful_declarant where tax_type = 'VAT') d using (master_id)
    left join enterprise_record x on x.master_id = coalesce(e.master_id, d.master_id)
)
select
    'enterprise' as subject_kind,
    master_id,
    master_id as identity,
    if(reason in ('crowded', 'fixed', 'also_above'), strftime(first.month, '%Y-%m'), null) as period,
    case
        when reason in ('crowded', 'fixed', 'also_above') then 'hit'
        when reason = 'spread' then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(outcome = 'hit', reason, 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    if(outcome = 'hit', {
        first_month: strftime(first.month, '%Y-%m'), months: first.months_near, above: first.months_above,
        mean: (first.together / first.months_near)::decimal(18, 2)
    }, null) as figures,
    if(outcome = 'clear', [], [
        {source: r.source, dataset: r.dataset, record_id: r.record_id, role: 'subject'} for r in records
    ] || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in list_sort(if(reason = 'number_shared', doubtful, first.declarations))
    ]) as evidence
from judged
