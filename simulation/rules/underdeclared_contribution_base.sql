-- sum of paying bases below 0.9 of the mean monthly wage within 60 % and 300 % of the city mean; one row a person and employer
with wages as (
    select f.person, f.enterprise, max(w.tax_year) as tax_year, sum(w.wages) / sum(coalesce(w.months, 12)) as monthly,
           list(struct_pack(source := f.source, dataset := f.dataset, record_id := f.record_id) order by f.record_id) as records
    from tax_wage w
    join fact_truth f on f.source = 'tax' and f.dataset = 'wage' and f.record_id = w.record_id
    where w.tax_year = (select max(tax_year) from tax_wage)
    group by f.person, f.enterprise
),
bases as (
    select t.person, e.enterprise, sum(i.contribution_base) as base,
           list(struct_pack(source := t.source, dataset := t.dataset, record_id := t.record_id) order by t.record_id) as records
    from social_security_insured i
    join person_truth t on t.source = 'social_security' and t.dataset = 'insured' and t.record_id = i.record_id
    join enterprise_truth e on e.source = 'social_security' and e.dataset = 'employer' and e.record_id = i.employer_no
    where i.status = '1' and i.contribution_base is not null
    group by t.person, e.enterprise
)
select 'person' as subject_kind, w.person as subject, w.enterprise as counterpart, w.tax_year::varchar as period,
       'hit' as planted, 'medium' as severity, list_concat(w.records, b.records) as records
from wages w
join bases b using (person, enterprise)
where b.base < 0.9 * least(greatest(w.monthly, 0.6 * $mean_wage), 3.0 * $mean_wage)
order by w.person, w.enterprise
