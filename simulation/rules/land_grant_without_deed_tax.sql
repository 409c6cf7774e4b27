-- 90 days after signing the grantee has paid less than 95 % of price x 3 % as deed tax; one row a grant
with paid as (
    select g.record_id, sum(d.tax_paid) as paid
    from natural_resources_land_grant g
    join fact_truth f on f.source = 'natural_resources' and f.dataset = 'land_grant' and f.record_id = g.record_id
    join fact_truth t on t.source = 'tax' and t.dataset = 'declaration' and t.enterprise = f.enterprise
    join tax_declaration d on d.record_id = t.record_id
    where d.tax_type = 'DEED' and d.declared_on between g.signed_on and g.signed_on + 90
    group by g.record_id
)
select 'enterprise' as subject_kind, f.enterprise as subject, null as counterpart, strftime(g.signed_on, '%Y-%m') as period,
       'hit' as planted, 'high' as severity,
       [struct_pack(source := f.source, dataset := f.dataset, record_id := f.record_id)] as records
from natural_resources_land_grant g
join fact_truth f on f.source = 'natural_resources' and f.dataset = 'land_grant' and f.record_id = g.record_id
left join paid on paid.record_id = g.record_id
where g.signed_on < $as_of::date - 90 and coalesce(paid.paid, 0) < 0.95 * 0.03 * g.price
order by f.enterprise, f.record_id
