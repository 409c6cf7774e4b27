-- One row per project and party to it: the owner, then each contractor; `master_id` is null where it is not resolved.
select
    j.record_id,
    'owner' as role,
    coalesce(p.resolution, 'unknown') as resolution,
    p.master_id
from "development_reform.project" j
left join party_enterprise p
    on p.number is not distinct from upper(trim(coalesce(j.owner_uscc, j.owner_uscc_raw)))
    and p.name is not distinct from j.owner_name
union all
select
    c.record_id,
    'contractor',
    coalesce(p.resolution, 'unknown'),
    p.master_id
from project_contractor c
left join party_enterprise p on p.number = c.number and p.name is null
