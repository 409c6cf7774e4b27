-- One row per enterprise of the base: the first day on which the commercial or the tax register knows it.
with known as (
    select 'commerce' as source, 'enterprise' as dataset, record_id, established_on as first_day from "commerce.enterprise"
    union all
    select 'tax', 'taxpayer', record_id, registered_on from "tax.taxpayer"
)
select x.master_id, min(k.first_day) as started_on
from known k
join enterprise_crosswalk x using (source, dataset, record_id)
where k.first_day is not null
group by x.master_id
