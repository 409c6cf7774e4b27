-- One row per organisation code and enterprise of the base any of whose records spells it.
-- The code of a taxpayer id counts only where no USCC and no code certificate spells the same one.
with spelled as (
    select 'commerce' as source, 'enterprise' as dataset, record_id, 0 as rank, organisation_code(coalesce(uscc, uscc_raw)) as code
    from "commerce.enterprise"
    union all
    select 'tax', 'taxpayer', record_id, 0, organisation_code(coalesce(uscc, uscc_raw)) from "tax.taxpayer"
    union all
    select 'social_security', 'employer', record_id, 0, organisation_code(coalesce(uscc, uscc_raw))
    from "social_security.employer"
    union all
    select 'quality_supervision', 'organization', record_id, 0, organisation_code(organization_code)
    from "quality_supervision.organization"
    union all
    select 'tax', 'taxpayer', record_id, 1, organisation_code(coalesce(taxpayer_id, taxpayer_id_raw)) from "tax.taxpayer"
),
ranked as (
    select s.code, x.master_id, min(s.rank) as rank
    from spelled s
    join enterprise_crosswalk x using (source, dataset, record_id)
    where s.code is not null
    group by all
)
select code, master_id
from ranked
qualify rank = min(rank) over (partition by code)
