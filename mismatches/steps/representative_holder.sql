-- One row per such number and person of the population base any of whose records bears it.
-- A number that stands on more than 50 persons is a placeholder and identifies nobody.
with bearing as (
    select 'police' as source, 'resident' as dataset, record_id, id_number as number from "police.resident"
    union all
    select 'social_security', 'insured', record_id, id_number from "social_security.insured"
    union all
    select 'tax', 'natural_person', record_id, id_number from "tax.natural_person"
    union all
    select 'family_planning', 'person', record_id, id_number from "family_planning.person"
    union all
    select 'provident_fund', 'account', record_id, id_number from "provident_fund.account"
),
held as (
    select b.*
    from bearing b
    semi join representative_number n using (number)
)
select h.number, x.master_id
from held h
join person_crosswalk x using (source, dataset, record_id)
group by h.number, x.master_id
qualify count(*) over (partition by h.number) <= 50
