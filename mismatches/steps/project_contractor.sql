-- One row per project and number of a contractor; `;` stands between them, other separators are read too.
select distinct record_id, number
from (
    select record_id, upper(trim(unnest(regexp_split_to_array(contractor_usccs, '[;；,，、]')))) as number
    from "development_reform.project"
    where contractor_usccs is not null
)
where number <> ''
