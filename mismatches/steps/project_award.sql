-- One row per enterprise and project of which it is a contractor, by the organisation code in its number.
-- A code that several enterprises of the base hold leads to none of them.
with holder as (
    select code, any_value(master_id) as master_id
    from enterprise_code
    group by code
    having count(*) = 1
)
select distinct h.master_id, p.record_id
from project_contractor p
join holder h on h.code = organisation_code(p.number)
