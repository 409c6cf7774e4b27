"""The state of a match: everything that deciding a change needs, as arrays in a folder beside the crosswalk.

Owns what is kept: standard values with their keys and features, records as codes, nodes, weighed pairs and clusters.
It refuses states of another release or model, whose numbers would mean something else. Invariant: loading what was
saved gives the same arrays.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching import frozen
from matching import judgements as judged
from matching.blocking import Pairs
from matching.clustering import Component
from matching.incremental.arrays import ArrayFolder
from matching.judgements import Judgements
from matching.nodes import Held, Nodes
from matching.outputs import Names
from matching.records import Records
from matching.standardise.values import Feature, ValueTable
from matching.weighing import Bits
from storage.errors import BadSpecification

FOLDER: Final = "state"
REMEDY: Final = "match all records anew, without --since"
MOST_NEW: Final = 0.25
"""New values, of those in files, up to which these files are kept and the new ones stand beside them."""

FORMAT: Final = 3
"""Rises when the arrays of a state, or what standardisers make of a text, change their meaning."""


@dataclass(frozen=True)
class MatchState:
    """A match as arrays.

    Attributes:
        records: all records as codes, with the standard values that they point to.
        nodes: what collapse made of them; `names`: of the cluster that a node is the smallest of.
        holders: field with term frequencies → how many held each value in training, by code.
        pairs: candidate pairs of nodes; `bits`: their total weight.
        root: cluster by node, named by its smallest node.
        collapsed: probability by record that it belongs to its node; NaN where the node is one record.
        judgements: those that it honours.
    """

    records: Records
    nodes: Nodes
    names: Names
    holders: Mapping[str, Bits]
    pairs: Pairs
    bits: Bits
    root: Component
    collapsed: Bits
    judgements: Judgements = judged.NONE


def save_formed(records: Records, nodes: Nodes, names: Names, folder: Path) -> None:
    """Write what is known before pairs are: codes of records, nodes and their names; no standard values."""
    arrays = ArrayFolder(folder)
    _save_records(records, arrays)
    _save_nodes(nodes, arrays)
    arrays.save("nodes.names", names)


def save_decided(state: MatchState, folder: Path) -> None:
    """Write the rest but for the values; the state is whole only once `seal` has followed."""
    arrays = ArrayFolder(folder)
    for name, array in (("left", state.pairs.left), ("right", state.pairs.right), ("bits", state.bits)):
        arrays.save(f"pairs.{name}", array)
    arrays.save("clusters.root", state.root)
    arrays.save("records.collapsed", state.collapsed)
    for field, counts in state.holders.items():
        arrays.save(f"holders.{field}", counts)
    judged.write(state.judgements, folder / judged.FILE)


def seal(state: MatchState, folder: Path) -> None:
    """Write the manifest of a state, last: it names the trained model beside the folder, to which the bits belong."""
    manifest = {
        "format": FORMAT,
        "release": installed_version("sitong"),
        "trained": trained_hash(folder.parent),
        "datasets": list(state.records.datasets),
        "rows": np.bincount(state.records.dataset, minlength=len(state.records.datasets)).tolist(),
        "fields": {field: len(others) for field, others in state.records.others.items()},
        "told": sorted(state.records.told),
        "held": sorted(state.nodes.held),
    }
    _write_json(folder / "manifest.json", manifest)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Base:
    """Values that an earlier state has in files: its folder, and by field how many of its values are in them."""

    folder: Path
    counts: Mapping[str, int]


def save_values(records: Records, folder: Path, base: Base | None = None) -> None:
    """Write the standard values, which are known long before the rest; what was there before is no longer whole.

    Values that an earlier state has in files are taken over with them, as long as few have come since.
    """
    (folder / "manifest.json").unlink(missing_ok=True)
    arrays, counts = ArrayFolder(folder), {}
    for field, table in records.values.items():
        known = base.counts[field] if base else 0
        if base and len(table) - known <= known * MOST_NEW:
            arrays.link(f"values.{field}.", ArrayFolder(base.folder))
            counts[field] = known
            _save_table(arrays, f"newer.{field}", table, known)
        else:
            counts[field] = len(table)
            _save_table(arrays, f"values.{field}", table, 0)
    _write_json(folder / "bases.json", counts)


def base_of(folder: Path) -> Base:
    """The values that a state has in files of their own.

    Raises:
        BadSpecification: the state is damaged.
    """
    with _whole(folder):
        return Base(folder, json.loads((folder / "bases.json").read_text(encoding="utf-8")))


def _save_table(arrays: ArrayFolder, prefix: str, table: ValueTable, start: int) -> None:
    """Values from a place on."""
    arrays.save_texts(f"{prefix}.texts", table.texts[start:])
    for name, key in table.keys.items():
        arrays.save(f"{prefix}.key.{name}", key[start:])
    for name, feature in table.features.items():
        if feature.dtype == object:
            arrays.save_texts(f"{prefix}.feature.{name}", pa.array(feature[start:].tolist(), pa.string()))
        else:
            arrays.save(f"{prefix}.feature.{name}", feature[start:])


def load(folder: Path) -> MatchState:
    """Read a state; the model that made it lies beside its folder.

    Raises:
        BadSpecification: there is none, it is damaged, or it is of another release or model.
    """
    manifest = _manifest(folder)
    arrays = ArrayFolder(folder)
    with _whole(folder):
        pairs = Pairs(arrays.load("pairs.left"), arrays.load("pairs.right"))
        judgements = judgements_of(folder)
        return MatchState(
            judged.marked(_records(arrays, manifest), judgements),
            _nodes(arrays, manifest),
            arrays.load("nodes.names"),
            {field: arrays.load(f"holders.{field}") for field in arrays.names("holders.")},
            pairs,
            arrays.load("pairs.bits"),
            arrays.load("clusters.root"),
            arrays.load("records.collapsed"),
            judgements,
        )


def judgements_of(folder: Path) -> Judgements:
    """The judgements that a state honours; a release before there were any knew none."""
    path = folder / judged.FILE
    return judged.read(path) if path.exists() else judged.NONE


@contextmanager
def _whole(folder: Path) -> Iterator[None]:
    """Say of a file that is missing, cut short or no such file that the state is damaged."""
    try:
        yield
    except (OSError, ValueError, KeyError, EOFError, pa.ArrowInvalid) as error:
        raise BadSpecification(
            "the state of the match is damaged", str(folder.parent), "the folder as a match wrote it", REMEDY
        ) from error


def rows_by_dataset(folder: Path) -> Mapping[str, int]:
    """How many records of each dataset a state holds.

    Raises:
        BadSpecification: as `load`.
    """
    manifest = _manifest(folder)
    return dict(zip(manifest["datasets"], manifest["rows"], strict=True))


def trained_hash(folder: Path) -> str:
    """What a state's codes and bits depend on: the trained model of a match and what it knows of single values."""
    digest = hashlib.sha256()
    for name in ("model.json", frozen.FILE):
        digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()


def _manifest(folder: Path) -> Mapping[str, Any]:
    place, remedy = str(folder.parent), REMEDY
    try:
        manifest: Mapping[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what = "the match keeps no state to go on from"
        raise BadSpecification(what, place, "the folder of a whole match", remedy) from error
    release = installed_version("sitong")
    if (manifest["format"], manifest["release"]) != (FORMAT, release):
        what = f"the match was made by release {manifest['release']}, format {manifest['format']}"
        raise BadSpecification(what, place, f"release {release}, format {FORMAT}", remedy)
    with _whole(folder):
        own = manifest["trained"] == trained_hash(folder.parent)
    if not own:
        what = "state and trained model do not belong together"
        raise BadSpecification(what, place, "model.json, values.parquet and state of one match", remedy)
    return manifest


def _save_records(records: Records, arrays: ArrayFolder) -> None:
    arrays.save("records.dataset", records.dataset)
    arrays.save_texts("records.ids", records.record_ids)
    for field, codes in records.codes.items():
        arrays.save(f"records.code.{field}", codes)
        for place, other in enumerate(records.others[field]):
            arrays.save(f"records.other.{place}.{field}", other)
    for field, told in records.told.items():
        arrays.save(f"records.told.{field}", told)


def _records(arrays: ArrayFolder, manifest: Mapping[str, Any]) -> Records:
    fields: Mapping[str, int] = manifest["fields"]
    return Records(
        datasets=tuple(manifest["datasets"]),
        dataset=arrays.load("records.dataset"),
        record_ids=arrays.load_texts("records.ids"),
        codes={field: arrays.load(f"records.code.{field}") for field in fields},
        others={
            field: tuple(arrays.load(f"records.other.{place}.{field}") for place in range(count))
            for field, count in fields.items()
        },
        told={field: arrays.load(f"records.told.{field}") for field in manifest["told"]},
        values={field: _values(arrays, field) for field in fields},
    )


def _values(arrays: ArrayFolder, field: str) -> ValueTable:
    old, new = (_table(arrays, f"{word}.{field}") for word in ("values", "newer"))
    if not len(new):
        return old
    return ValueTable(
        pa.concat_arrays([old.texts, new.texts]),
        {name: np.concatenate((key, new.keys[name])) for name, key in old.keys.items()},
        {name: np.concatenate((feature, new.features[name])) for name, feature in old.features.items()},
    )


def _table(arrays: ArrayFolder, prefix: str) -> ValueTable:
    if not arrays.has_texts(f"{prefix}.texts"):
        return ValueTable(pa.array([], pa.string()))
    keys = {name: arrays.load(f"{prefix}.key.{name}") for name in arrays.names(f"{prefix}.key.")}
    start = f"{prefix}.feature."
    features: dict[str, Feature] = {name: arrays.load(start + name) for name in arrays.names(start)}
    for path in arrays.path.glob(f"{start}*.arrow"):
        name = path.stem.removeprefix(start)
        features[name] = np.array(arrays.load_texts(start + name).to_pylist(), object)
    texts = arrays.load_texts(f"{prefix}.texts")
    return ValueTable(texts.combine_chunks() if texts.num_chunks != 1 else texts.chunk(0), keys, features)


def _save_nodes(nodes: Nodes, arrays: ArrayFolder) -> None:
    of_record: npt.NDArray[Any] = nodes.of_record
    for name, array in (
        ("of_record", of_record), ("first", nodes.first), ("size", nodes.size), ("datasets", nodes.datasets),
        ("settled", nodes.settled),
    ):  # fmt: skip
        arrays.save(f"nodes.{name}", array)
    for field, held in nodes.held.items():
        arrays.save(f"nodes.held.{field}.starts", held.starts)
        arrays.save(f"nodes.held.{field}.codes", held.codes)


def _nodes(arrays: ArrayFolder, manifest: Mapping[str, Any]) -> Nodes:
    held = {
        field: Held(arrays.load(f"nodes.held.{field}.starts"), arrays.load(f"nodes.held.{field}.codes"))
        for field in manifest["held"]
    }
    return Nodes(
        arrays.load("nodes.of_record"), arrays.load("nodes.first"), arrays.load("nodes.size"),
        arrays.load("nodes.datasets"), arrays.load("nodes.settled"), held,
    )  # fmt: skip
