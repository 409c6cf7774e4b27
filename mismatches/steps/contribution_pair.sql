-- One row per employer, person and tax year with wages and a paying insurance: yuan of the year, months, summed base.
-- An amount is null where one of the pair's records has none, or a negative one. Several records of a pair add up to at
-- most twelve months.
with paid as (
    select
        employer,
        person,
        tax_year,
        if(count(wages) = count(*) and min(wages) >= 0, sum(wages), null)::decimal(18, 2) as wages,
        if(min(months) >= 0, least(sum(months), 12), null)::decimal(4, 0) as months
    from wage_link
    where employer is not null and person is not null
    group by all
),
based as (
    select
        employer,
        person,
        if(count(contribution_base) = count(*) and min(contribution_base) >= 0, sum(contribution_base), null)::decimal(
            18, 2
        ) as declared_base
    from insured_link
    where employer is not null and person is not null
    group by all
)
select p.*, b.declared_base
from paid p
join based b using (employer, person)
