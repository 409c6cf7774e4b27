-- One row per holder of a representative's number and name that any record of that person bears, former names included.
with named as (
    select 'police' as source, 'resident' as dataset, record_id, name from "police.resident"
    union all
    select 'police', 'resident', record_id, former_name from "police.resident"
    union all
    select 'social_security', 'insured', record_id, name from "social_security.insured"
    union all
    select 'tax', 'natural_person', record_id, name from "tax.natural_person"
    union all
    select 'family_planning', 'person', record_id, name from "family_planning.person"
    union all
    select 'provident_fund', 'account', record_id, name from "provident_fund.account"
),
record as (
    select x.master_id, x.source, x.dataset, x.record_id
    from person_crosswalk x
    semi join representative_holder h using (master_id)
)
select distinct r.master_id, n.name
from record r
join named n using (source, dataset, record_id)
where n.name is not null
