-- One row per enterprise that came into the set, or went out of it, in the latest quarter; the largest first.
with latest as (select max(quarter) as quarter from key_taxpayer_quarter),
now as (select k.* from key_taxpayer_quarter k join latest using (quarter)),
before as (select k.* from key_taxpayer_quarter k join latest l on k.quarter = l.quarter - to_months(3)),
moved as (
    select
        master_id,
        if(n.carries, 'in', 'out') as move,
        coalesce(n.paid, 0)::decimal(24, 2) as paid,
        coalesce(b.paid, 0)::decimal(24, 2) as paid_before
    from now n
    full join before b using (master_id)
    where n.carries is true and b.carries is not true or b.carries is true and n.carries is not true
),
named as (
    select x.master_id, coalesce(min(e.name), min(t.name)) as name
    from enterprise_crosswalk x
    semi join moved using (master_id)
    left join "commerce.enterprise" e on x.dataset = 'enterprise' and e.record_id = x.record_id
    left join "tax.taxpayer" t on x.dataset = 'taxpayer' and t.record_id = x.record_id
    group by x.master_id
)
select m.move, m.master_id, n.name, m.paid, m.paid_before
from moved m
left join named n using (master_id)
where exists (from before)
order by m.move, greatest(m.paid, m.paid_before) desc, m.master_id
