-- One row per enterprise, month and tax: what it paid (yuan; refunds are below zero), and how much of that was refunded.
-- Every row counts, corrections as well: a correction states what was paid for it, not what was paid in all.
select
    master_id,
    first_day as month,
    tax_type,
    coalesce(sum(tax_paid), 0)::decimal(24, 2) as paid,
    coalesce(sum(tax_paid) filter (tax_paid < 0), 0)::decimal(24, 2) as refunded,
    list(record_id order by record_id) as records
from declared
where master_id is not null and first_day is not null and first_day <= $as_of
group by master_id, first_day, tax_type
