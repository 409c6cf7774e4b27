"""What stewards do to whole masters, said in judgements about records: merge, split, unmerge.

Pure but for reading which records belong to a master. A master id itself is never judged upon: ids follow from records.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from registry.judgements.judgement import RecordKey, Statement, link, not_link
from registry.judgements.replay import Live
from registry.naming import SCHEMAS, products
from registry.policy import Entity
from registry.sql import quoted
from storage.errors import BadSpecification


def records_of(connection: Connection, entity: Entity, master_id: str) -> list[RecordKey]:
    """The records of a master of the base in force, in order.

    Raises:
        BadSpecification: the base has no such master.
    """
    place = f"{quoted(SCHEMAS[entity])}.{quoted(products(entity)[1])}"
    rows = connection.execute(
        text(f"SELECT source, dataset, record_id FROM {place} WHERE master_id = :id ORDER BY 1, 2, 3"),
        {"id": master_id},
    )
    found = [RecordKey(*row) for row in rows]
    if not found:
        raise BadSpecification("the base in force has no such master", master_id, f"an id of the {entity} base")
    return found


def merge(one: Sequence[RecordKey], other: Sequence[RecordKey]) -> list[Statement]:
    """All records of two masters are one's: each is linked with the first."""
    first, *rest = [*one, *other]
    return [link(first, record) for record in rest]


def split(leaving: Sequence[RecordKey], staying: Sequence[RecordKey]) -> list[Statement]:
    """Some records of a master are another's: they go together, and with none of those that stay.

    Of those that stay nothing is said among each other.

    Raises:
        BadSpecification: one side has no records, or a record is on both.
    """
    if not leaving or not staying or set(leaving) & set(staying):
        raise BadSpecification(
            "this parts nothing",
            "split",
            "some of the master's records, not all of them",
            "name the records that leave",
        )
    first, *rest = leaving
    return [*(link(first, record) for record in rest), *(not_link(first, record) for record in staying)]


def unmerge(live: Live, records: Sequence[RecordKey]) -> list[int]:
    """Numbers of the links among some records, of a master for example.

    To withdraw them leaves it to the evidence again who belongs together.
    """
    inside = set(records)
    return [one.number for one in live.links if one.said.record in inside and one.said.other in inside]
