-- One row per enterprise and whole quarter in which it paid tax on balance; `carries`: it is in the smallest set that
-- together paid the given share. A quarter is whole where sales tax, which is declared all the year round, was declared
-- for its first month or earlier, and the declarations of its last month are due: on the 15th of the month after, or
-- some days later by the calendar of holidays, so that month has to be over.
with first as (
    select min(month) as month from tax_paid_month where tax_type = 'VAT'
),
quarterly as (
    select t.master_id, date_trunc('quarter', t.month)::date as quarter, sum(t.paid)::decimal(24, 2) as paid
    from tax_paid_month t
    cross join first f
    where date_trunc('quarter', t.month) >= f.month
        and date_trunc('quarter', t.month) + to_months(4) <= date_trunc('month', $as_of)
        and date_trunc('quarter', t.month) >= $as_of - to_years($years::integer)
    group by all
    having sum(t.paid) > 0
),
ranked as (
    select
        *,
        row_number() over largest as rank,
        sum(paid) over (largest rows unbounded preceding) - paid as ahead,
        sum(paid) over (partition by quarter) as together
    from quarterly
    window largest as (partition by quarter order by paid desc, master_id)
)
select master_id, quarter, paid, rank, together, ahead < $share * together as carries
from ranked
