-- One row per enterprise of the base and name that a record of it bears; `former` where only as a name of the past.
with named as (
    select 'commerce' as source, 'enterprise' as dataset, record_id, name, false as former from "commerce.enterprise"
    union all
    select 'commerce', 'enterprise', record_id, former_name, true from "commerce.enterprise"
    union all
    select 'tax', 'taxpayer', record_id, name, false from "tax.taxpayer"
    union all
    select 'social_security', 'employer', record_id, name, false from "social_security.employer"
    union all
    select 'quality_supervision', 'organization', record_id, name, false from "quality_supervision.organization"
)
select x.master_id, n.name, bool_and(n.former) as former
from named n
join enterprise_crosswalk x using (source, dataset, record_id)
where n.name is not null
group by all
