-- One row per tax declaration: the enterprise that made it, and whether its amounts still stand.
-- `shared`: the taxpayer id belongs to several enterprises (at most 50; more is a placeholder). `stands`: no later
-- declaration of the same payer, period and tax replaced it; rows of one day add up. What was paid adds up always.
with declaration as (
    select
        record_id,
        upper(trim(coalesce(taxpayer_id, taxpayer_id_raw))) as number,
        tax_type,
        period,
        try_strptime(period || '-01', '%Y-%m-%d')::date as first_day,
        taxable_amount,
        quantity,
        tax_paid,
        declared_on
    from "tax.declaration"
)
select
    d.record_id,
    d.number,
    organisation_code(d.number) as code,
    n.master_id,
    coalesce(n.masters between 2 and 50, false) as shared,
    d.tax_type,
    d.period,
    d.first_day,
    d.taxable_amount,
    d.quantity,
    d.tax_paid,
    d.declared_on,
    d.declared_on is not distinct from max(d.declared_on) over (
        partition by coalesce(organisation_code(d.number), d.number), d.tax_type, d.period
    ) as stands
from declaration d
left join taxpayer_enterprise n using (number)
