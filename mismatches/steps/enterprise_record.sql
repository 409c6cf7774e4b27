-- One row per enterprise of the base: the records by which a finding shows who it is, ready to be cited as support.
-- Its commercial and tax registrations; all of its records where the commercial register has none.
select
    master_id,
    coalesce(
        list({source: source, dataset: dataset, record_id: record_id, role: 'support'} order by source, dataset, record_id)
            filter (dataset in ('enterprise', 'taxpayer') and known_to_commerce),
        list({source: source, dataset: dataset, record_id: record_id, role: 'support'} order by source, dataset, record_id)
    ) as records
from (select *, bool_or(dataset = 'enterprise') over (partition by master_id) as known_to_commerce from enterprise_crosswalk)
group by master_id
