-- One row per quarter: how many carry the share, who came and went since the quarter before, how concentrated it is.
-- Entries and exits are null for the first quarter, and where the quarter before is not there.
with side as (
    select q.*, b.carries as carried, n.carries as will_carry
    from key_taxpayer_quarter q
    left join key_taxpayer_quarter b on b.master_id = q.master_id and b.quarter = q.quarter - to_months(3)
    left join key_taxpayer_quarter n on n.master_id = q.master_id and n.quarter = q.quarter + to_months(3)
),
counted as (
    select
        quarter,
        any_value(together)::decimal(24, 2) as tax,
        count(*) as payers,
        count(*) filter (carries) as carriers,
        sum(paid) filter (carries)::decimal(24, 2) as carried_tax,
        count(*) filter (carries and carried is not true) as entries,
        count(*) filter (carries and will_carry is not true) as later_exits,
        (sum(paid) filter (rank <= $largest) / any_value(together))::double as largest_share
    from side
    group by quarter
),
unassigned as (
    -- tax under a taxpayer id that leads to no enterprise, or to several
    select date_trunc('quarter', first_day)::date as quarter, sum(tax_paid)::decimal(24, 2) as tax
    from declared
    where master_id is null and first_day is not null
    group by all
)
select
    concat(year(c.quarter), '-Q', quarter(c.quarter)) as quarter,
    c.tax,
    coalesce(u.tax, 0)::decimal(24, 2) as unassigned,
    c.payers,
    c.carriers,
    c.carried_tax,
    if(b.quarter is null, null, c.entries) as entries,
    b.later_exits as exits,
    c.largest_share
from counted c
left join counted b on b.quarter = c.quarter - to_months(3)
left join unassigned u on u.quarter = c.quarter
order by c.quarter
