-- One row per enterprise with sales in the last twelve months: is it a part of a business that was split to stay small?
with sales as (
    select
        master_id,
        if(count(amount) = count(*), sum(amount), null)::decimal(24, 2) as sales,
        flatten(list(records order by month)) as declarations
    from vat_month
    where month >= date_trunc('month', $as_of) - to_months($months::integer) and month < date_trunc('month', $as_of)
    group by master_id
),
tie as (
    select distinct enterprise as master_id, 'person' as kind, person as key
    from representative_person
    where resolution = 'known' and enterprise is not null
    union
    select distinct enterprise, 'number', number
    from representative_person
    where resolution <> 'known' and number is not null and enterprise is not null
    union
    select distinct p.master_id, 'address', concat_ws('/', coalesce(p.address_district, p.code_district, '?'), p.house)
    from enterprise_place p
    join "commerce.enterprise" e using (record_id)
    where p.source = 'commerce' and p.dataset = 'enterprise' and p.house is not null and e.status = '1' and p.master_id is not null
),
bound as (
    -- where very many are registered the address says nothing about who belongs together
    select *
    from tie
    qualify kind <> 'address' or count(*) over (partition by kind, key) <= $most_at_address
),
business as (
    select
        b.kind,
        b.key,
        count(*) filter (s.sales > 0) as members,
        count(*) filter (s.sales is null) as unknown,
        sum(s.sales)::decimal(24, 2) as together,
        max(s.sales) as largest,
        list(b.master_id order by b.master_id) filter (s.sales > 0 or s.sales is null) as masters,
        case
            when largest >= $limit then 'large'
            when members + unknown < 2 then 'alone'
            when unknown > 0 then 'amount_missing'
            when together > $limit then 'split'
            else 'small'
        end as verdict
    from bound b
    join sales s using (master_id)
    group by b.kind, b.key
),
placed as (
    -- each enterprise beside the gravest of the businesses that it belongs to
    select s.master_id, s.sales, b.* exclude (masters), b.masters
    from sales s
    left join bound t using (master_id)
    left join business b using (kind, key)
    qualify row_number() over (
        partition by s.master_id
        order by
            case
                when b.verdict = 'split' then case b.kind when 'person' then 1 when 'address' then 2 else 3 end
                when b.verdict = 'amount_missing' then 4
                else 5
            end,
            b.kind,
            b.key
    ) = 1
),
resident as (
    -- how the person is known: police records, bounded
    select p.key, arg_min(x.record_id, x.record_id, 5) as residents
    from (select distinct key from placed where kind = 'person' and verdict = 'split') p
    join person_crosswalk x on x.master_id = p.key and x.source = 'police' and x.dataset = 'resident'
    group by p.key
),
judged as (
    select
        p.*,
        r.residents,
        d.records as doubtful,
        case
            when p.sales = 0 then 'no_sales'
            when d.master_id is not null then 'number_shared'
            when p.kind is null then 'no_tie'
            when p.verdict = 'split' then
                case p.kind when 'person' then 'one_person' when 'address' then 'one_address' else 'person_unresolved' end
            when p.verdict = 'amount_missing' then 'amount_missing'
            else 'not_split'
        end as reason
    from placed p
    left join resident r on r.key = p.key and p.kind = 'person'
    left join (select * from doubtful_declarant where tax_type = 'VAT') d on d.master_id = p.master_id
),
evidence as (
    -- its own records accuse, those of the other parts support
    select
        j.master_id,
        flatten(list(
            list_transform(x.records, lambda r: {
                source: r.source, dataset: r.dataset, record_id: r.record_id,
                role: if(m.part = j.master_id, 'subject', 'support')
            })
            order by m.part <> j.master_id, m.part
        )) as records,
        flatten(list(coalesce(s.declarations, []) order by m.part)) as declarations
    from judged j
    join (
        select master_id, unnest(list_distinct(coalesce(masters, []) || [master_id])) as part
        from judged
        where reason not in ('no_sales', 'not_split')
    ) m using (master_id)
    join enterprise_record x on x.master_id = m.part
    left join sales s on s.master_id = m.part
    group by j.master_id
)
select
    'enterprise' as subject_kind,
    master_id,
    master_id as identity,
    if(reason in ('one_person', 'one_address'), strftime(date_trunc('month', $as_of) - to_months(1), '%Y-%m'), null) as period,
    case
        when reason in ('one_person', 'one_address') then 'hit'
        when reason in ('no_sales', 'not_split') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(outcome = 'hit', reason, 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {members: members, together: together, sales: sales, largest: largest} as figures,
    coalesce(e.records, []) || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in list_sort(coalesce(e.declarations, []) || if(reason = 'number_shared', doubtful, []))
    ] || [
        {source: 'police', dataset: 'resident', record_id: r, role: 'support'}
        for r in coalesce(residents, []) if reason = 'one_person'
    ] as evidence
from judged
left join evidence e using (master_id)
