-- One row per number and name by which land grants, projects and transfers of shares call an enterprise.
select distinct number, name
from (
    select upper(trim(coalesce(grantee_uscc, grantee_uscc_raw))) as number, grantee_name as name
    from "natural_resources.land_grant"
    union all
    select upper(trim(coalesce(uscc, uscc_raw))), null from "commerce.equity_transfer"
    union all
    select null, transferor_name from "commerce.equity_transfer"
    union all
    select null, transferee_name from "commerce.equity_transfer"
    union all
    select upper(trim(coalesce(owner_uscc, owner_uscc_raw))), owner_name from "development_reform.project"
    union all
    select number, null from project_contractor
)
where number is not null or name is not null
