"""Values that were judged, in the place of those that survivorship chose.

Owns which value goes to which master, and what provenance says of it: `policy` is `judgement`, `record` the record that
survivorship would have chosen where it states the judged value, else null and that record is the runner-up. An id that
was merged away hands its judgements to the survivor; of two for one attribute the later holds. Invariant: rows and
their order stay as they are, and so does every value that nobody judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from registry.choice import Decision
from registry.judgements.judgement import Judgement
from storage.manifest import Json

OVERRIDES: Final = "overrides"
"""Fact of a version's golden records: number and master id of each judged value, sorted."""

JudgedValues = Mapping[str, Mapping[str, str | None]]
"""Attribute → master id → the judged value as text, None for none."""


@dataclass(frozen=True)
class Overrides:
    """The judgements on values of one entity that hold."""

    judgements: tuple[Judgement, ...] = ()

    def facts(self) -> list[Json]:
        """For the manifest of the golden records."""
        return [[one.number, one.said.master_id] for one in sorted(self.judgements, key=lambda one: one.number)]

    def masters_since(self, facts: Json) -> tuple[str, ...]:
        """The masters that are judged otherwise than in a version whose manifest says these facts."""
        then = {(int(str(one[0])), str(one[1])) for one in facts if isinstance(one, list)} if facts else set()  # type: ignore[union-attr]
        now = {(one.number, str(one.said.master_id)) for one in self.judgements}
        return tuple(sorted({master for _, master in then ^ now}))

    def values(self, ledger: Path) -> JudgedValues:
        """The values by today's masters; `ledger`: the file of ids, with redirects."""
        asked = pa.array(sorted({str(one.said.master_id) for one in self.judgements}), pa.string())
        if not len(asked):
            return {}
        ids = pq.read_table(ledger, columns=["master_id", "target"], partitioning=None)
        ids = ids.filter(pc.is_in(ids.column("master_id"), value_set=asked))
        targets = {row["master_id"]: row["target"] or row["master_id"] for row in ids.to_pylist()}
        found: dict[str, dict[str, str | None]] = {}
        for one in sorted(self.judgements, key=lambda one: one.number):
            master, attribute = str(one.said.master_id), str(one.said.attribute)
            if master in targets:
                found.setdefault(attribute, {})[targets[master]] = one.said.value
        return found


def with_judged(
    records: pa.Table, provenance: pa.Table, members: pa.Table, values: JudgedValues
) -> tuple[pa.Table, pa.Table]:
    """Golden records and provenance of some masters with the judged values.

    Args:
        records: golden records.
        provenance: of the same masters in the same order; see `registry.survivorship`.
        members: source records with master_id and every attribute as they state it.
        values: see `JudgedValues`.
    """
    for attribute, by_master in values.items():
        mask = pc.is_in(records.column("master_id"), value_set=pa.array(sorted(by_master), pa.string())).to_numpy()
        if not mask.any():
            continue
        masters = records.column("master_id").filter(pa.array(mask)).to_pylist()
        column = records.column(attribute).combine_chunks()
        judged = _typed([by_master[master] for master in masters], column.type)
        chosen = column.filter(pa.array(mask))
        same = np.array([one == other for one, other in zip(chosen.to_pylist(), judged.to_pylist(), strict=True)])
        others = [_stating(members, master, attribute, value) for master, value in zip(masters, judged, strict=True)]
        origin = _judged(provenance.column(attribute).combine_chunks(), mask, same, others)
        records = _with(records, attribute, pc.replace_with_mask(column, pa.array(mask), judged))
        provenance = _with(provenance, attribute, origin)
    return records, provenance


def _with(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), column)


def _stating(members: pa.Table, master: str, attribute: str, judged: pa.Scalar) -> int:
    """How many records of a master state another value."""
    found = members.filter(pc.equal(members.column("master_id"), master)).column(attribute).drop_null()
    return sum(one != judged.as_py() for one in found.cast(judged.type).to_pylist())


def _judged(
    origin: pa.StructArray, mask: npt.NDArray[Any], same: npt.NDArray[Any], others: list[int]
) -> pa.StructArray:
    fields = {field.name: origin.field(field.name) for field in origin.type}
    rows = pa.array(mask)
    record, runner_up = (fields[name].filter(rows) for name in ("record", "runner_up"))
    agrees, nothing = pa.array(same), pa.nulls(len(same), pa.int32())
    fields["record"] = pc.replace_with_mask(fields["record"], rows, pc.if_else(agrees, record, nothing))
    fields["runner_up"] = pc.replace_with_mask(fields["runner_up"], rows, pc.if_else(agrees, runner_up, record))
    fields["conflicts"] = pc.replace_with_mask(fields["conflicts"], rows, pa.array(others, pa.int32()))
    codes = fields["policy"].indices.to_numpy(zero_copy_only=False).copy()
    codes[mask] = Decision.JUDGEMENT
    fields["policy"] = pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int8)), pa.array([one.name.lower() for one in Decision], pa.string())
    )
    return pa.StructArray.from_arrays(list(fields.values()), fields=list(origin.type))


def _typed(values: list[str | None], kind: pa.DataType) -> pa.Array:
    read: Mapping[bool, Any] = {
        pa.types.is_date(kind): date.fromisoformat,
        pa.types.is_timestamp(kind): datetime.fromisoformat,
        pa.types.is_decimal(kind): Decimal,
        pa.types.is_integer(kind): lambda text: int(Decimal(text)),
        pa.types.is_floating(kind): float,
    }
    make = read.get(True, str)
    return pa.array([None if value is None else make(value) for value in values], kind)
