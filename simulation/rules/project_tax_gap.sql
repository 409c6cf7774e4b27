-- owner and contractors paid less than 60 % of 2 % of the completed investment, and the gap exceeds 200,000 yuan; one row a project
with partners as (
    select f.record_id, f.enterprise from fact_truth f where f.source = 'development_reform' and f.dataset = 'project'
    union
    select p.record_id, e.enterprise
    from (select record_id, unnest(string_split(contractor_usccs, ';')) as uscc from development_reform_project) p
    join enterprises e on e.uscc = p.uscc
),
paid as (
    select s.record_id, sum(d.tax_paid) as paid
    from partners s
    join fact_truth f on f.source = 'tax' and f.dataset = 'declaration' and f.enterprise = s.enterprise
    join tax_declaration d on d.record_id = f.record_id
    group by s.record_id
)
select 'enterprise' as subject_kind, f.enterprise as subject, null as counterpart, null as period,
       'hit' as planted, 'medium' as severity,
       [struct_pack(source := f.source, dataset := f.dataset, record_id := f.record_id)] as records
from development_reform_project p
join fact_truth f on f.source = 'development_reform' and f.dataset = 'project' and f.record_id = p.record_id
left join paid on paid.record_id = p.record_id
where p.total_investment >= 30000000 and p.started_on < $as_of::date - 90
  and coalesce(paid.paid, 0) < 0.6 * 0.02 * p.completed_investment
  and 0.02 * p.completed_investment - coalesce(paid.paid, 0) > 200000
order by f.enterprise, f.record_id
