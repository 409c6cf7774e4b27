-- One row per enterprise that declared corporate income tax for a past year: is the revenue that of value-added tax?
-- The latest of the years looked back on in which it is not; the latest past year where there is none.
with told as (
    -- one row per enterprise and period of income tax, with the sales of its quarter and of the year up to its end
    select
        c.master_id,
        year(c.first_day) as year,
        c.first_day,
        c.amount,
        c.records,
        sum(v.amount) filter (v.month > c.first_day - to_months(3)) as sold_in_quarter,
        sum(v.amount) as sold_so_far
    from (
        select
            master_id,
            first_day,
            if(count(taxable_amount) = count(*), sum(taxable_amount), null)::decimal(24, 2) as amount,
            list(record_id order by record_id) as records
        from declared
        where tax_type = 'CIT' and stands and master_id is not null and year(first_day) < year($as_of)
        group by all
    ) c
    left join vat_month v
        on v.master_id = c.master_id and v.month <= c.first_day and v.month >= date_trunc('year', c.first_day)
    group by all
),
course as (
    -- from the first period to December: how much more was told, beside how much more was sold by either reading
    select
        master_id,
        year,
        count(*) as periods,
        bool_or(amount is null) as unsaid,
        sum(amount) as together,
        list_sort(flatten(list(records))) as all_records,
        max(amount) filter (month(first_day) = 12) as december,
        flatten(list(records) filter (month(first_day) = 12)) as december_records,
        count(*) filter (month(first_day) = 12) as decembers,
        (december / nullif(arg_min(amount, first_day), 0))::double as rise,
        (
            max(sold_in_quarter) filter (month(first_day) = 12) / nullif(arg_min(sold_in_quarter, first_day), 0)
        )::double as rise_of_quarter,
        (
            max(sold_so_far) filter (month(first_day) = 12) / nullif(arg_min(sold_so_far, first_day), 0)
        )::double as rise_of_year
    from told
    group by all
),
annual as (
    -- the row of December states the year, as the sums of the quarters run on through it; only where the course of the
    -- periods is more like that of the quarters' sales does each stand for itself. Unlike by as much, it runs on.
    select
        *,
        periods > 1 and decembers > 0 and not unsaid and case
            when rise > 0 and rise_of_quarter > 0 and rise_of_year > 0
                then abs(ln(rise) - ln(rise_of_quarter)) < abs(ln(rise) - ln(rise_of_year))
            else coalesce(rise < 1, false)
        end as by_quarter,
        if(by_quarter, together, december)::decimal(24, 2) as cit,
        if(by_quarter, all_records, december_records) as cit_records
    from course
),
sales as (
    select
        v.master_id,
        year(v.month) as year,
        if(count(v.amount) = count(*), sum(v.amount), null)::decimal(24, 2) as vat,
        -- who declares in the last months of quarters only declares by the quarter
        bool_and(month(v.month) % 3 = 0) as quarterly,
        count(*) as declared,
        -- the part of a year in which it could declare: one that began in it has fewer months
        if(year(any_value(s.started_on)) = year(any_value(v.month)), month(any_value(s.started_on)), 1) as first_month,
        max(v.amount) as largest,
        median(v.amount)::decimal(24, 2) as usual,
        flatten(list(v.records order by v.month)) as vat_records
    from vat_month v
    left join enterprise_start s using (master_id)
    group by v.master_id, year(v.month)
),
paired as (
    select
        a.*,
        s.* exclude (master_id, year),
        if(s.quarterly, 4 - (s.first_month - 1) // 3, 13 - s.first_month) as expected,
        coalesce(s.declared, 0) as months_sold,
        -- a quarter of which nothing was told leaves a gap that nobody can fill
        a.by_quarter and a.periods < 4 - (coalesce(s.first_month, 1) - 1) // 3 as quarter_missing,
        coalesce(months_sold >= expected and s.vat is not null and a.cit is not null, false) and not quarter_missing as whole
    from annual a
    left join sales s using (master_id, year)
),
followed as (
    select
        *,
        if(lag(year) over years = year - 1 and lag(whole) over years, lag(vat) over years, null) as vat_before,
        if(lag(year) over years = year - 1 and lag(whole) over years, lag(cit) over years, null) as cit_before,
        lag(vat_records) over years as vat_records_before,
        lag(cit_records) over years as cit_records_before,
        if(lead(year) over years = year + 1 and lead(whole) over years, lead(vat) over years, null) as vat_after,
        if(lead(year) over years = year + 1 and lead(whole) over years, lead(cit) over years, null) as cit_after,
        lead(vat_records) over years as vat_records_after,
        lead(cit_records) over years as cit_records_after
    from paired
    window years as (partition by master_id order by year)
),
measured as (
    select
        *,
        abs(vat - cit) as gap,
        greatest(vat, cit) as larger,
        vat - greatest(largest - usual, 0) as vat_usual
    from followed
),
judged as (
    select
        m.*,
        x.records,
        d.records as doubtful,
        case
            when m.decembers = 0 then 'no_annual'
            when m.cit is null or (m.declared > 0 and m.vat is null) then 'amount_missing'
            when d.master_id is not null then 'number_shared'
            when m.months_sold = 0 then 'no_vat'
            when m.months_sold < m.expected then 'months_missing'
            when m.quarter_missing then 'quarter_missing'
            when m.larger <= 0 or m.gap < $least_share * m.larger then 'agree'
            when abs(m.vat + m.vat_before - m.cit - m.cit_before)
                < $least_share * greatest(m.vat + m.vat_before, m.cit + m.cit_before) then 'timing'
            when abs(m.vat + m.vat_after - m.cit - m.cit_after)
                < $least_share * greatest(m.vat + m.vat_after, m.cit + m.cit_after) then 'timing_after'
            when m.vat > m.cit and abs(m.vat_usual - m.cit) < $least_share * greatest(m.vat_usual, m.cit) then 'one_period'
            when m.vat > m.cit then 'vat_more'
            else 'cit_more'
        end as reason
    from measured m
    left join enterprise_record x using (master_id)
    left join (
        select master_id, list_sort(flatten(list(records))) as records
        from doubtful_declarant
        where tax_type in ('VAT', 'CIT')
        group by master_id
    ) d using (master_id)
    qualify row_number() over (
        partition by master_id
        order by
            reason in ('vat_more', 'cit_more', 'timing', 'timing_after', 'one_period')
                and year >= year($as_of) - $years_back::bigint desc,
            year desc
    ) = 1
)
select
    'enterprise' as subject_kind,
    master_id,
    master_id as identity,
    year::varchar as period,
    case
        when reason in ('vat_more', 'cit_more', 'timing', 'timing_after', 'one_period') then 'hit'
        when reason = 'agree' then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    case
        when outcome = 'not_comparable' then 'not_comparable'
        when reason in ('timing', 'timing_after', 'one_period') then 'explicable'
        else 'gap'
    end as grade,
    if(outcome = 'hit', gap * $income_share, null)::decimal(18, 2) as estimate_low,
    if(outcome = 'hit', gap * $income_share, null)::decimal(18, 2) as estimate_likely,
    if(outcome = 'hit', gap * $income_share, null)::decimal(18, 2) as estimate_high,
    {
        of_year: year::varchar, vat: vat, cit: cit, gap: gap,
        part: if(larger > 0, round(gap / larger, 4), null)::decimal(18, 4), periods: months_sold, expected: expected,
        vat_before: vat_before, cit_before: cit_before, vat_after: vat_after, cit_after: cit_after, largest: largest
    } as figures,
    if(outcome = 'clear', [], [
        {source: r.source, dataset: r.dataset, record_id: r.record_id, role: 'subject'} for r in records
    ] || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in list_sort(list_distinct(
            coalesce(cit_records, []) || coalesce(vat_records, [])
            || if(reason = 'timing' or cit_before is not null, vat_records_before || cit_records_before, [])
            || if(cit_after is not null, vat_records_after || cit_records_after, [])
            || if(reason = 'number_shared', doubtful, [])
            || if(reason = 'no_annual', all_records, [])
        ))
    ]) as evidence
from judged
