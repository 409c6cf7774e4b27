-- One row per enterprise and tax whose declarations may be another's: the taxpayer id belongs to several enterprises.
select candidate as master_id, d.tax_type, list(d.record_id order by d.record_id) as records
from (select number, unnest(candidates) as candidate from taxpayer_enterprise where masters between 2 and 50)
join declared d using (number)
group by all
