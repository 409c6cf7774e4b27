-- One row per large project: the work done beside the tax that its known parties paid since it began.
select
    t.record_id,
    j.name,
    coalesce(j.owner_name, '—') as owner_name,
    t.owner as master_id,
    t.started_on,
    strftime(t.seen_from, '%Y-%m') as seen_from,
    t.total_investment as total,
    t.completed_investment as completed,
    t.paid,
    t.contractors_unknown + if(t.owner_known, 0, 1) as unknown_parties,
    (t.completed_investment::decimal(24, 2) * $low_rate)::decimal(24, 2) as low_tax,
    (t.completed_investment::decimal(24, 2) * $high_rate)::decimal(24, 2) as high_tax
from project_tax t
join "development_reform.project" j using (record_id)
where t.total_investment >= $least_investment
order by t.completed_investment desc nulls last, t.record_id
