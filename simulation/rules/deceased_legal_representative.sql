-- the representative in the register died at least 30 days ago by the police register, the enterprise is active
with dead as (
    select t.person, min(p.death_date) as death_date
    from police_resident p
    join person_truth t on t.source = 'police' and t.dataset = 'resident' and t.record_id = p.record_id
    where p.status = '2' and p.death_date <= $as_of::date - 30
    group by t.person
)
select 'enterprise' as subject_kind, t.enterprise as subject, e.representative as counterpart, null as period,
       case when bool_or(c.legal_representative_id_number = p.id_number) then 'hit' else 'not_comparable' end as planted,
       'high' as severity,
       list(struct_pack(source := t.source, dataset := t.dataset, record_id := t.record_id) order by t.record_id) as records
from commerce_enterprise c
join enterprise_truth t on t.source = 'commerce' and t.dataset = 'enterprise' and t.record_id = c.record_id
join enterprises e on e.enterprise = t.enterprise
join dead on dead.person = e.representative
join persons p on p.person = dead.person
where c.status = '1'
group by t.enterprise, e.representative
order by t.enterprise
