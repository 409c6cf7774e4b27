-- One row per enterprise and month for which it declared value-added tax: the amount that stands.
-- `amount` is null where one of its rows has none. Quarterly filers declare in the last month of a quarter.
select
    master_id,
    first_day as month,
    if(count(taxable_amount) = count(*), sum(taxable_amount), null)::decimal(20, 2) as amount,
    list(record_id order by record_id) as records
from declared
where tax_type = 'VAT' and stands and master_id is not null and first_day is not null and first_day <= $as_of
group by all
