-- One row per enterprise that insures or pays people: do the heads of social security and of wage tax differ?
-- A finding cites some of the wages only; what the whole payroll comes to is kept with it.
with cited as (
    -- some of the wages; all of them would be the whole payroll
    select w.employer as master_id, arg_min(w.record_id, w.record_id, 50) as wage_records
    from wage_link w
    where w.tax_year = $year and w.employer is not null
    group by w.employer
),
registration as (
    select
        x.master_id,
        list(x.record_id order by x.record_id) as registrations,
        bool_or(length(coalesce(t.taxpayer_id, trim(t.taxpayer_id_raw))) >= 15) as numbered
    from enterprise_crosswalk x
    join "tax.taxpayer" t on t.record_id = x.record_id
    where x.source = 'tax' and x.dataset = 'taxpayer'
    group by x.master_id
),
pair as (
    select
        master_id,
        i.insured_count as insured,
        i.employer_records,
        coalesce(p.paid, 0) as paid,
        p.mean_months,
        coalesce(p.unknown, 0) as unknown,
        p.loose_records,
        coalesce(p.aside, 0) as aside
    from insuring i
    full join "headcount_gap.payroll" p using (master_id)
    where i.master_id is not null or p.paid is not null
),
ranged as (
    -- as many were paid as are known, or as many more as are not: the difference is greatest at one of the two ends
    select
        *,
        paid + unknown as most_paid,
        abs(insured - paid) as gap,
        abs(insured - paid) >= $least_heads and abs(insured - paid) > $least_share * greatest(insured, paid) as far,
        abs(insured - most_paid) >= $least_heads
            and abs(insured - most_paid) > $least_share * greatest(insured, most_paid) as far_at_most
    from pair
),
judged as (
    select
        r.*,
        g.registrations,
        case
            when employer_records is null then if(most_paid >= $least_heads, 'not_insuring', 'few')
            when insured is null or insured < 0 then 'count_missing'
            when not far and not far_at_most then 'few'
            -- without a taxpayer id no wage could have led here
            when most_paid = 0 and not coalesce(g.numbered, false) then 'no_wages'
            when paid > insured and far
                then if(
                    paid - aside - insured >= $least_heads
                        and paid - aside - insured > $least_share * (paid - aside),
                    'uninsured', 'explained'
                )
            when most_paid < insured and far_at_most then 'unpaid'
            else 'unresolved'
        end as reason
    from ranged r
    left join registration g using (master_id)
)
select
    'enterprise' as subject_kind,
    master_id,
    master_id as identity,
    $year::varchar as period,
    case
        when reason in ('uninsured', 'explained', 'unpaid') then 'hit'
        when reason = 'few' then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(reason in ('uninsured', 'explained', 'unpaid'), reason, 'not_comparable') as grade,
    if(
        reason in ('uninsured', 'explained'),
        round(
            gap * $floor_share::decimal(6, 4) * $city_mean_wage::decimal(12, 2) * mean_months
            * $contribution_rate::decimal(6, 4), 2
        ),
        null
    )::decimal(18, 2) as estimate_low,
    estimate_low as estimate_likely,
    estimate_low as estimate_high,
    {
        insured: insured, paid: paid, unknown: unknown, gap: gap,
        share: round(gap / nullif(greatest(insured, paid), 0), 4)::decimal(8, 4),
        mean_months: mean_months, aside: if(reason in ('uninsured', 'explained'), aside, 0)
    } as figures,
    [
        {source: 'social_security', dataset: 'employer', record_id: r, role: 'subject'} for r in coalesce(employer_records, [])
    ] || [
        {source: 'tax', dataset: 'taxpayer', record_id: r, role: if(employer_records is null, 'subject', 'support')}
        for r in coalesce(registrations, [])
    ] || [
        {source: 'tax', dataset: 'wage', record_id: r, role: 'support'}
        for r in coalesce(wage_records, []) || if(reason = 'unresolved', coalesce(loose_records, []), [])
    ] as evidence
from judged
left join cited using (master_id)
