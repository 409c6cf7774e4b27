-- wages for a tax year after the year of death; one row a wage record
with dead as (
    select t.person, min(p.death_date) as death_date
    from police_resident p
    join person_truth t on t.source = 'police' and t.dataset = 'resident' and t.record_id = p.record_id
    where p.status = '2' and p.death_date is not null
    group by t.person
)
select 'person' as subject_kind, f.person as subject, f.enterprise as counterpart, w.tax_year::varchar as period,
       'hit' as planted, 'high' as severity,
       [struct_pack(source := f.source, dataset := f.dataset, record_id := f.record_id)] as records
from tax_wage w
join fact_truth f on f.source = 'tax' and f.dataset = 'wage' and f.record_id = w.record_id
join dead on dead.person = f.person
where w.tax_year > year(dead.death_date)
order by f.person, f.record_id
