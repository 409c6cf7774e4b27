-- One row per record of the commercial and of the tax register: its enterprise, the house its address names, the district
-- of its division code and that of its address, both as of today.
with registered as (
    select 'commerce' as source, 'enterprise' as dataset, record_id, address, division_code from "commerce.enterprise"
    union all
    select 'tax', 'taxpayer', record_id, address, division_code from "tax.taxpayer"
)
select
    r.source,
    r.dataset,
    r.record_id,
    x.master_id,
    r.address is not null as has_address,
    a.house,
    c.district as code_district,
    a.district as address_district
from registered r
left join enterprise_crosswalk x using (source, dataset, record_id)
left join parsed_address a using (address)
left join current_district c on c.code = r.division_code
