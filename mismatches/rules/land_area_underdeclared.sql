-- One row per land grant: does the grantee declare land use tax on the land that was granted to it?
with granted as (
    select
        g.record_id,
        g.area_m2,
        g.signed_on,
        p.resolution,
        p.master_id
    from "natural_resources.land_grant" g
    left join party_enterprise p
        on p.number is not distinct from upper(trim(coalesce(g.grantee_uscc, g.grantee_uscc_raw)))
        and p.name is not distinct from g.grantee_name
),
period as (
    select
        master_id,
        period,
        first_day,
        if(count(quantity) = count(*), sum(quantity), null) as declared,
        list(record_id order by record_id) as declarations
    from declared
    where tax_type = 'LAND_USE' and stands and master_id is not null and first_day <= $as_of
    group by master_id, period, first_day
),
latest as (
    -- what the enterprise declared for its latest period: the rows of that period add up
    select *
    from period
    qualify row_number() over (partition by master_id order by first_day desc) = 1
),
measured as (
    -- the duty begins in the month after signing; where nothing was ever declared it counts once the time is over
    select
        g.*,
        d.period,
        d.declared,
        d.declarations,
        m.records as doubtful,
        case
            when g.signed_on is null then false
            when d.period is null then g.signed_on + to_months($months_allowed::integer) < $as_of
            else date_trunc('month', g.signed_on) < d.first_day
        end as counted
    from granted g
    left join latest d using (master_id)
    left join (select * from doubtful_declarant where tax_type = 'LAND_USE') m using (master_id)
),
covered as (
    -- the area declared covers the land of all counted grants, the oldest first; what is left lacks a declaration
    select
        *,
        sum(area_m2) over enterprise as registered,
        sum(area_m2) over (enterprise order by signed_on, record_id rows unbounded preceding) as up_to,
        count(*) over enterprise as grants,
        list(record_id) over enterprise as others
    from measured
    where counted and resolution = 'known' and area_m2 > 0
    window enterprise as (partition by master_id)
),
judged as (
    select
        m.*,
        c.registered,
        coalesce(m.declared, 0) as area_declared,
        c.grants,
        c.others,
        x.records,
        c.registered - area_declared as gap,
        case
            when m.area_m2 is null or m.area_m2 <= 0 then 'no_area'
            when m.signed_on is null then 'no_date'
            when m.resolution is distinct from 'known' then 'grantee_unresolved'
            when not m.counted then 'not_due'
            when m.period is not null and m.declared is null then 'quantity_missing'
            when area_declared >= $least_share * c.registered or gap <= $least_gap or c.up_to <= area_declared then 'declared'
            when m.doubtful is not null then 'number_shared'
            when m.period is null then 'not_declared'
            else 'declared_less'
        end as reason
    from measured m
    left join covered c using (record_id)
    left join enterprise_record x on x.master_id = m.master_id
)
select
    'enterprise' as subject_kind,
    master_id,
    'land_grant:' || record_id as identity,
    period,
    case
        when reason in ('declared_less', 'not_declared') then 'hit'
        when reason in ('declared', 'not_due') then 'clear'
        else 'not_comparable'
    end as outcome,
    reason,
    if(outcome = 'hit', reason, 'not_comparable') as grade,
    null::decimal(18, 2) as estimate_low,
    null::decimal(18, 2) as estimate_likely,
    null::decimal(18, 2) as estimate_high,
    {
        area: area_m2::decimal(18, 2), registered: registered::decimal(18, 2), declared: area_declared::decimal(18, 2),
        gap: gap::decimal(18, 2), grants: grants, signed_on: signed_on, period: period
    } as figures,
    [
        {source: 'natural_resources', dataset: 'land_grant', record_id: record_id, role: 'subject'}
    ] || [
        {source: 'natural_resources', dataset: 'land_grant', record_id: r, role: 'support'}
        for r in list_sort(coalesce(others, [])) if outcome = 'hit' and r <> record_id
    ] || coalesce(records, []) || [
        {source: 'tax', dataset: 'declaration', record_id: r, role: 'support'}
        for r in coalesce(declarations, []) || if(reason = 'number_shared', doubtful, [])
    ] as evidence
from judged
