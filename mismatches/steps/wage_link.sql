-- One row per wage record: its payer in the enterprise base, its person in the population base. Null where unresolved.
-- `number` is the payer's taxpayer id as written; null months are twelve (mismatch-rules.md).
select
    w.record_id,
    w.person_record_id,
    w.tax_year,
    coalesce(w.months, 12) as months,
    w.wages,
    coalesce(w.taxpayer_id, upper(trim(w.taxpayer_id_raw))) as number,
    n.master_id as employer,
    x.master_id as person
from "tax.wage" w
left join taxpayer_enterprise n on n.number = coalesce(w.taxpayer_id, upper(trim(w.taxpayer_id_raw)))
left join person_crosswalk x
    on x.source = 'tax' and x.dataset = 'natural_person' and x.record_id = w.person_record_id
