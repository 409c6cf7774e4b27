-- active in the commercial register, licensed more than 30 days ago, without any record of the tax office
select 'enterprise' as subject_kind, t.enterprise as subject, null as counterpart, null as period,
       'hit' as planted, 'medium' as severity,
       list(struct_pack(source := t.source, dataset := t.dataset, record_id := t.record_id) order by t.record_id) as records
from commerce_enterprise c
join enterprise_truth t on t.source = 'commerce' and t.dataset = 'enterprise' and t.record_id = c.record_id
where c.status = '1' and c.established_on < $as_of::date - 30
  and t.enterprise not in (select enterprise from enterprise_truth where source = 'tax' and dataset = 'taxpayer')
group by t.enterprise
order by t.enterprise
