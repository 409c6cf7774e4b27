-- One row: the first day on which anybody filed one of the declarations at hand; what was filed before would not show.
select min(declared_on) as first_day
from declared
