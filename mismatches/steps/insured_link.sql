-- One row per paying insurance (status 1): its employer in the enterprise base, its person in the population base.
select i.record_id, i.employer_no, i.contribution_base, i.insured_from, e.master_id as employer, x.master_id as person
from "social_security.insured" i
left join enterprise_crosswalk e
    on e.source = 'social_security' and e.dataset = 'employer' and e.record_id = i.employer_no
left join person_crosswalk x
    on x.source = 'social_security' and x.dataset = 'insured' and x.record_id = i.record_id
where i.status = '1'
