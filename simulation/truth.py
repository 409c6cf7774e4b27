"""The truth beside the drops: of whom every record is, what is wrong in it, and what is really so.

`person_truth`, `enterprise_truth`: one row a record (source, dataset, record_id, person or enterprise, errors).
`fact_truth`: one row a fact record (source, dataset, record_id, person, enterprise), null where the fact has none.
`persons`, `enterprises`: one row a true person or enterprise with the attributes that are right.
"""

import numpy as np
import pyarrow as pa

from simulation import places
from simulation.enterprises import Enterprises, enterprise_keys
from simulation.people import People, person_keys
from simulation.randomness import Ints
from simulation.records import NO_DAY, Records, date_column

ERRORS = pa.list_(pa.string())


def record_truth(records: Records, subject: str) -> pa.Table:
    """Source, dataset, record id, true key (`person` or `enterprise`) and the kinds of error of each record."""
    keys = person_keys(records.subject) if subject == "person" else enterprise_keys(records.subject)
    return pa.table({**_address(records), subject: keys, "errors": records.errors()})


def fact_truth(records: Records) -> pa.Table:
    """True keys of a fact dataset; its `subject` is a person where `other` is set, else an enterprise."""
    nobody = pa.nulls(records.count, pa.string())
    if records.other is None:
        person, enterprise = nobody, enterprise_keys(records.subject)
    else:
        person, enterprise = person_keys(records.subject), enterprise_keys(records.other)
    return pa.table({**_address(records), "person": person, "enterprise": enterprise})


def _address(records: Records) -> dict[str, pa.Array]:
    source, dataset = records.dataset.split(".")
    record_id = records.columns["record_id"]
    if not isinstance(record_id, pa.Array):
        raise TypeError(f"record ids of {records.dataset} must be finished")
    return {
        "source": _constant(source, records.count),
        "dataset": _constant(dataset, records.count),
        "record_id": record_id,
    }


def _constant(text: str, count: int) -> pa.Array:
    return pa.array([text], pa.string()).take(pa.array(np.zeros(count, np.int64)))


def true_persons(city: People) -> pa.Table:
    """The persons as they are; `address` is the registered one."""
    everybody = np.arange(city.count)
    style = np.full(city.count, places.FULL)
    return pa.table({
        "person": city.keys(),
        "id_number": city.identity.id_number,
        "name": city.names.name.array(),
        "former_name": city.names.former.array(),
        "sex": pa.array(["", "1", "2"]).take(pa.array(city.homes.sex)),
        "birth_date": date_column(city.homes.birth),
        "household": pa.array(city.homes.household),
        "mobile": city.mobile,
        "address": places.addresses(city.dwellings, city.home[everybody], style),
        "division_code": city.dwellings.division.take(pa.array(city.home)),
        "status": pa.array(["", "1", "2", "3"]).take(pa.array(city.status)),
        "death_date": date_column(np.where(city.death >= 0, city.death, NO_DAY)),
        "id_assigned_in": pa.array(city.identity.assigned_year),
        "id_shared": pa.array(city.identity.shared),
    })  # fmt: skip


def true_enterprises(firms: Enterprises) -> pa.Table:
    """The enterprises as they are; `representative` is the person in the register, `parent` of a branch."""
    kinds = pa.array(["company", "individual business", "institution", "branch"])
    return pa.table({
        "enterprise": enterprise_keys(np.arange(firms.count)),
        "kind": kinds.take(pa.array(firms.kind)),
        "parent": _keys_or_null(firms.parent),
        "name": firms.name,
        "former_name": firms.former,
        "uscc": firms.uscc,
        "organization_code": firms.organization_code,
        "registration_number": firms.registration_number,
        "representative": person_keys(firms.representative),
        "established_on": date_column(firms.established),
        "status": pa.array(["", "1", "2", "3"]).take(pa.array(firms.status)),
        "ended_on": date_column(firms.ended),
    })  # fmt: skip


def _keys_or_null(index: Ints) -> pa.Array:
    return pa.compute.if_else(pa.array(index >= 0), enterprise_keys(np.maximum(index, 0)), None)
