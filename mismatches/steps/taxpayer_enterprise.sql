-- One row per taxpayer id that a fact or a registration carries: the enterprise it belongs to.
-- By the tax register first; else by the organisation code in it (USCC[9..17], old ids [7..15]) through the enterprise base.
-- Texts shorter than 15 characters are no ids (placeholders such as 无) and lead nowhere.
-- master_id is null where several enterprises hold the id: `masters` counts and `candidates` names them.
with fact as (
    select coalesce(taxpayer_id, upper(trim(taxpayer_id_raw))) as number from "tax.wage"
    union
    select coalesce(taxpayer_id, upper(trim(taxpayer_id_raw))) from "tax.declaration"
),
registered as (
    select
        coalesce(t.taxpayer_id, upper(trim(t.taxpayer_id_raw))) as number,
        list_sort(list(distinct x.master_id)) as candidates,
        list(t.record_id order by t.record_id) as records
    from "tax.taxpayer" t
    join enterprise_crosswalk x on x.source = 'tax' and x.dataset = 'taxpayer' and x.record_id = t.record_id
    where length(number) >= 15
    group by all
),
spelled as (
    select 'commerce' as source, 'enterprise' as dataset, record_id, substr(uscc, 9, 9) as code from "commerce.enterprise"
    union all
    select 'tax', 'taxpayer', record_id, substr(uscc, 9, 9) from "tax.taxpayer"
    union all
    select 'social_security', 'employer', record_id, substr(uscc, 9, 9) from "social_security.employer"
    union all
    select 'quality_supervision', 'organization', record_id, replace(organization_code, '-', '')
    from "quality_supervision.organization"
),
by_code as (
    select s.code, list_sort(list(distinct x.master_id)) as candidates
    from spelled s
    join enterprise_crosswalk x using (source, dataset, record_id)
    where length(s.code) = 9
    group by s.code
)
select
    f.number,
    coalesce(r.candidates, c.candidates) as candidates,
    coalesce(r.records, []) as records,
    len(coalesce(r.candidates, c.candidates)) as masters,
    if(masters = 1, coalesce(r.candidates, c.candidates)[1], null) as master_id
from fact f
left join registered r using (number)
left join by_code c
    on r.number is null
    and c.code = case length(f.number) when 18 then substr(f.number, 9, 9) when 15 then substr(f.number, 7, 9) end
where coalesce(r.candidates, c.candidates) is not null
