-- One row per land grant: was the deed tax on its price declared and paid?
with grantee as (
    select
        g.record_id,
        g.price,
        g.signed_on,
        p.resolution,
        p.master_id
    from "natural_resources.land_grant" g
    left join party_enterprise p
        on p.number is not distinct from upper(trim(coalesce(g.grantee_uscc, g.grantee_uscc_raw)))
        and p.name is not distinct from g.grantee_name
),
filing as (
    -- a filing belongs to the grant of that very price, else to the enterprise's latest grant signed by then
    select d.record_id as declaration, d.taxable_amount, d.tax_paid, g.record_id
    from declared d
    join grantee g on g.master_id = d.master_id and d.declared_on >= g.signed_on
    where d.tax_type = 'DEED'
    qualify row_number() over (
        partition by d.record_id
        order by d.taxable_amount is not distinct from g.price desc, g.signed_on desc, g.record_id
    ) = 1
),
filed as (
    select
        record_id,
        count(*) as filings,
        coalesce(sum(taxable_amount), 0)::decimal(24, 2) as declared,
        coalesce(sum(tax_paid), 0)::decimal(24, 2) as paid,
        list(declaration order by declaration) as declarations
    from filing
    group by record_id
),
doubtful as (
    -- filed since under an id that several enterprises hold, the grantee among them
    select g.record_id, list(d.record_id order by d.record_id) as declarations
    from grantee g
    join (select *, unnest(records) as declaration from doubtful_declarant where tax_type = 'DEED') m using (master_id)
    join declared d on d.record_id = m.declaration and d.declared_on >= g.signed_on
    group by g.record_id
),
elsewhere as (
    -- somebody else declared this very price since: a company set up for the project, perhaps
    select g.record_id, arg_min(d.record_id, d.record_id, 10) as declarations
    from grantee g
    join declared d on d.taxable_amount = g.price and d.declared_on >= g.signed_on
    where d.tax_type = 'DEED' and d.master_id is distinct from g.master_id and g.price > 0
    group by g.record_id
),
known as (
    select
        g.*,
        x.records,
        coalesce(f.filings, 0) as filings,
        coalesce(f.declared, 0) as declared,
        coalesce(f.paid, 0) as paid,
        f.declarations,
        d.declarations as doubtful_declarations,
        o.declarations as others,
        b.first_day,
        (g.price::decimal(24, 2) * $deed_rate)::decimal(24, 2) as due
    from grantee g
    left join filed f using (record_id)
    left join doubtful d using (record_id)
    left join elsewhere o using (record_id)
    left join declarations_begin b on true
    left join enterprise_record x using (master_id)
),
judged as (
    select
        *,
        case
            when price is null then 'no_price'
            when signed_on is null then 'no_date'
            when price <= 0 or date_diff('day', signed_on, $as_of) <= $days_allowed then 'not_due'
            when resolution is distinct from 'known' then 'grantee_unresolved'
            when paid >= $least_share * due then 'paid'
            when doubtful_declarations is not null then 'number_shared'
            when others is not null then 'declared_by_another'
            when filings = 0 and signed_on + $days_allowed::integer < first_day then 'before_data'
            when filings = 0 then 'no_filing'
            when declared < $least_share * price then 'declared_less'
            else 'paid_less'
        end as reason
    from known
)
select
    'enterprise' as subject_kind,
    master_id,
    'land_grant:' || record_id as identity,
    strftime(signed_on, '%Y-%m') as period,
    case
        when reason in ('no_filing', 'before_data', 'declared_less', 'paid_less') then 'hit'
        when reason in ('paid', 'not_due') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    case
        when reason in ('no_filing', 'before_data', 'paid_less') then reason
        when reason = 'declared_less' then if(paid >= $least_share * $deed_rate * declared, 'instalments', 'paid_less')
        else 'not_comparable'
    end as grade,
    if(outcome = 'hit', due - paid, null)::decimal(18, 2) as estimate_low,
    if(outcome = 'hit', due - paid, null)::decimal(18, 2) as estimate_likely,
    if(outcome = 'hit', due - paid, null)::decimal(18, 2) as estimate_high,
    {
        signed_on: signed_on, price: price, due: due, paid: paid, declared: declared, filings: filings,
        days: date_diff('day', signed_on, $as_of),
        first_day: first_day
    } as figures,
    [
        {source: 'natural_resources', dataset: 'land_grant', record_id: record_id, role: 'subject'}
    ] || coalesce(records, []) || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in coalesce(declarations, []) || if(reason = 'number_shared', doubtful_declarations, [])
            || if(reason = 'declared_by_another', others, [])
    ] as evidence
from judged
