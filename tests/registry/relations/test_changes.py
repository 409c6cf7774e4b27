"""Relations of a day made from those in force are those that making all of them gives."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.history.differences import Snapshot
from registry.increment.making import Changes
from registry.relations.changes import Kept
from registry.relations.making import Bases, rewrite_relations, write_relations

POLICE, INSURED, FUND = "police.resident", "social_security.insured", "provident_fund.account"
COMMERCE, OFFICER, EMPLOYER = "commerce.enterprise", "commerce.officer", "social_security.employer"
PERSON, ENTERPRISE = (POLICE, INSURED, FUND), (COMMERCE, EMPLOYER)
NAMES = ["青岛海达（集团）有限公司", "青岛海达(集团)有限公司", "远方公司", "远方公司市南分公司", "海洋 厂", None]
CODES = [f"91370200{number:010d}" for number in range(4)] + [f"11370200{number:010d}" for number in range(4)] + [None]


def drawn(draw, dataset, record):
    """A record of a dataset, of few names and numbers, so that many mean the same."""
    row = {"record_id": record, "name": draw.choice(NAMES) or "某某", "status": draw.choice("123")}
    if dataset in PERSON:
        row |= {"id_number": draw.choice(["N1", "N2", "N3"]), "household_id": draw.choice(["H1", "H2", None])}
        row |= {"employer_no": f"e{draw.randrange(7)}"} if dataset == INSURED else {}
        if dataset == FUND:
            row |= {"employer_uscc": draw.choice(CODES), "employer_name": draw.choice(NAMES)}
    elif dataset == OFFICER:
        row |= {"enterprise_record_id": f"c{draw.randrange(7)}", "role": draw.choice("12"), "id_number": "N1"}
    else:
        row |= {"uscc": draw.choice(CODES), "former_name": draw.choice(NAMES)}
    return row


SIZES = {POLICE: 9, INSURED: 9, FUND: 12, COMMERCE: 6, EMPLOYER: 6, OFFICER: 6}


class World:
    """Records by dataset, and the master of each; `step` changes a few of both."""

    def __init__(self, seed):
        self.draw = random.Random(seed)  # noqa: S311 - a world, repeatable by seed
        self.rows = {
            name: {
                f"{name.split('.')[1][0]}{at}": drawn(self.draw, name, f"{name.split('.')[1][0]}{at}")
                for at in range(size)
            }
            for name, size in SIZES.items()
        }
        self.masters = {
            (name, record): f"{'P' if name in PERSON else 'E'}{self.draw.randrange(99):09d}"
            for name in (*PERSON, *ENTERPRISE)
            for record in self.rows[name]
        }

    def step(self):
        """Change, add and remove a record each, and give a record to another master; returns the records concerned."""
        touched = set()
        for name in self.rows:
            records = sorted(self.rows[name])
            changed, gone, new = (
                self.draw.choice(records),
                self.draw.choice(records),
                f"{records[0][0]}{10 + len(records)}",
            )
            del self.rows[name][gone]
            for record in {changed, new} - {gone}:
                self.rows[name][record] = drawn(self.draw, name, record)
            touched |= {(name, one) for one in (changed, gone, new)}
            if name != OFFICER:
                self.masters.pop((name, gone))
                for record in {new, self.draw.choice(sorted(self.rows[name]))}:
                    master = self.draw.choice(
                        sorted({m for (d, _), m in self.masters.items() if (d in PERSON) == (name in PERSON)})
                    )
                    touched.add((name, record))
                    self.masters[name, record] = master
        return touched


def bases(world, folder, accepted):
    """The files of both bases; golden records of enterprises have the name and number of their first record."""
    golden, crosswalks = {}, {}
    for entity, datasets in {"person": PERSON, "enterprise": ENTERPRISE}.items():
        members = sorted(
            (m, *name.split("."), record) for (name, record), m in world.masters.items() if name in datasets
        )
        columns = ("master_id", "source", "dataset", "record_id")
        crosswalks[entity], golden[entity] = folder / f"{entity}-x.parquet", folder / f"{entity}.parquet"
        pq.write_table(pa.table({c: [row[at] for row in members] for at, c in enumerate(columns)}), crosswalks[entity])
        first = {row[0]: world.rows[f"{row[1]}.{row[2]}"][row[3]] for row in reversed(members)}
        found = [
            {
                "master_id": m,
                "name": row["name"],
                "uscc": row.get("uscc"),
                "organization_code": (row.get("uscc") or "")[8:17] or None,
            }
            for m, row in sorted(first.items())
        ]
        pq.write_table(pa.Table.from_pylist(found, pa.schema([(c, pa.string()) for c in found[0]])), golden[entity])
    tables = accepted(
        folder / "tables", {name: [rows[key] for key in sorted(rows)] for name, rows in world.rows.items()}
    )
    return Bases(golden, crosswalks, tables)


def part(path, masters, out):
    """The rows of some masters of a file."""
    table = pq.read_table(path)
    pq.write_table(table.filter(pa.array([one in masters for one in table.column("master_id").to_pylist()])), out)
    return out


def changes(entity, before, after, masters, folder):
    """What a publication knows of a day: the rows of the masters concerned, of before and of now."""
    snapshots = [
        Snapshot(
            part(one.golden[entity], masters, folder / f"{entity}-{when}.parquet"), folder, folder,
            part(one.crosswalks[entity], masters, folder / f"{entity}-{when}-x.parquet"),
        )
        for when, one in (("before", before), ("after", after))
    ]  # fmt: skip
    return Changes(*snapshots, folder, folder, 1)


@pytest.mark.parametrize("seed", range(12))
def test_a_day_gives_what_all_gives(tmp_path, accepted, seed):
    world = World(seed)
    folders = {name: tmp_path / name for name in ("before", "after", "changes", "work", "work2", "work3")}
    for one in folders.values():
        one.mkdir()
    old, whole, partly = (tmp_path / f"{name}-relations.parquet" for name in ("before", "after", "partly"))
    before, then = bases(world, folders["before"], accepted), dict(world.masters)
    write_relations(before, old, folders["work"])
    touched = world.step()
    after = bases(world, folders["after"], accepted)
    masters = {world.masters.get(key) for key in touched} | {then.get(key) for key in touched}
    write_relations(after, whole, folders["work2"])
    known = {entity: changes(entity, before, after, masters, folders["changes"]) for entity in ("person", "enterprise")}
    told = []
    rewrite_relations(after, Kept(old, known), partly, folders["work3"], told.append)
    assert pq.read_table(partly).equals(pq.read_table(whole))
    assert not pq.read_table(old).equals(pq.read_table(whole))
    (rewritten,) = told
    assert pq.read_table(rewritten.came).num_rows + pq.read_table(rewritten.went).num_rows > 0
