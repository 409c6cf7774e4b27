-- One row per active enterprise of the commercial register: has the tax register any record of it?
with licence as (
    select
        x.master_id,
        coalesce(x.master_id, 'record:' || e.record_id) as subject,
        e.record_id,
        e.established_on,
        organisation_code(e.uscc) as organisation_code,
        e.legal_representative_id_number as owner_number,
        e.legal_representative as owner,
        translate(e.name, '() ', '（）') as name
    from "commerce.enterprise" e
    left join enterprise_crosswalk x
        on x.source = 'commerce' and x.dataset = 'enterprise' and x.record_id = e.record_id
    where e.status = '1'
),
registration as (
    select
        x.master_id,
        t.record_id,
        coalesce(t.taxpayer_id, upper(trim(t.taxpayer_id_raw))) as number,
        translate(t.name, '() ', '（）') as name,
        t.legal_representative_id_number as owner_number,
        organisation_code(number) as organisation_code,
        exists (
            from enterprise_crosswalk c
            where c.master_id = x.master_id and c.source = 'commerce' and c.dataset = 'enterprise'
        ) as has_licence
    from "tax.taxpayer" t
    left join enterprise_crosswalk x
        on x.source = 'tax' and x.dataset = 'taxpayer' and x.record_id = t.record_id
),
same_code as (
    select l.subject, list(distinct r.record_id order by r.record_id) as records
    from licence l
    join registration r using (organisation_code)
    where r.master_id is distinct from l.master_id
    group by all
),
same_owner as (
    select l.subject, list(distinct r.record_id order by r.record_id) as records
    from licence l
    join registration r
        on length(r.number) in (18, 20) and l.owner_number = left(r.number, 18)
    where r.master_id is distinct from l.master_id and not r.has_licence
    group by all
    union all
    -- where a licence has no code, nothing says that another business of its representative is another one
    select l.subject, list(distinct r.record_id order by r.record_id)
    from licence l
    join registration r using (owner_number)
    where r.master_id is distinct from l.master_id and not r.has_licence and l.organisation_code is null
    group by all
    union all
    -- the tax office calls many shops by their owner: one of its name, and no number says that it is another one
    select l.subject, list(distinct r.record_id order by r.record_id)
    from licence l
    join registration r on r.name = l.owner
    where r.master_id is distinct from l.master_id and not r.has_licence
        and (l.owner_number is null or (r.owner_number is null and r.organisation_code is not null))
        and (l.organisation_code is null or r.organisation_code is null)
    group by all
),
same_name as (
    select l.subject, list(distinct r.record_id order by r.record_id) as records
    from licence l
    join registration r on r.name = l.name
    where r.master_id is distinct from l.master_id and not r.has_licence
    group by all
),
enterprise as (
    select
        l.subject,
        any_value(l.master_id) as master_id,
        min(l.established_on) as established_on,
        list(l.record_id order by l.record_id) as records
    from licence l
    group by all
),
judged as (
    select
        e.*,
        date_diff('day', e.established_on, $as_of) as days,
        c.records as code_records,
        o.records as owner_records,
        n.records as name_records,
        case
            when e.master_id is null then 'unlinked'
            when e.master_id in (select r.master_id from registration r where r.master_id is not null) then 'registered'
            when e.established_on is null then 'no_date'
            when date_diff('day', e.established_on, $as_of) <= $grace_days then 'in_time'
            when c.records is not null then 'number_elsewhere'
            when o.records is not null then 'owner_registered'
            when n.records is not null then 'name_elsewhere'
            else 'no_tax_record'
        end as reason
    from enterprise e
    left join same_code c using (subject)
    left join (
        select subject, list_sort(list_distinct(flatten(list(records)))) as records from same_owner group by subject
    ) o using (subject)
    left join same_name n using (subject)
)
select
    'enterprise' as subject_kind,
    master_id,
    subject as identity,
    strftime(established_on + ($grace_days + 1)::integer, '%Y-%m') as period,
    case
        when reason = 'no_tax_record' then 'hit'
        when reason in ('registered', 'in_time') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(reason = 'no_tax_record', 'active', 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {established_on: established_on, days: days} as figures,
    [
        {source: 'commerce', dataset: 'enterprise', record_id: r, role: 'subject'} for r in records
    ] || [
        {source: 'tax', dataset: 'taxpayer', record_id: r, role: 'support'}
        for r in case reason
            when 'number_elsewhere' then code_records
            when 'owner_registered' then owner_records
            when 'name_elsewhere' then name_records
            else []
        end
    ] as evidence
from judged
