"""A recipient's copy of what he is granted, kept by what he is delivered of a feed, is the granted part of the base."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.agreement import Agreement, FieldGrant, Grant, Mask
from exchange.agreement_files import read_agreement
from exchange.delivery import deliver
from exchange.masks import KEY_VARIABLE
from exchange.selection import Selection, selected
from registry.history.differences import Snapshot, Step, write_differences
from registry.naming import folder_name
from schemas.contract import product_contract
from schemas.rendering.arrow import product_schema
from storage.commit import commit, point, staging
from storage.errors import BadSpecification, SourceUnavailable
from storage.manifest import Manifest
from storage.zones import Zones

DAY = dt.date(2026, 4, 1)
FRAME = ("cursor", "kind", "master_id", "related_master_id", "changed")
GRANTED = (
    FieldGrant("name", Mask.SURNAME), FieldGrant("birth_date", Mask.YEAR), FieldGrant("division_code"),
    FieldGrant("id_number", Mask.KEYED_HASH),
)  # fmt: skip
BEFORE = tuple(replace(one, name=f"{one.name}_before") for one in GRANTED)
HERE = {"division_code": ("370202", "370203")}
FEED = Grant("person_changes", (*map(FieldGrant, FRAME), *GRANTED, *BEFORE), HERE)
BASE = Grant("person", (FieldGrant("master_id"), *GRANTED), HERE)


def agreement(*grants, **more):
    values = {
        "recipient": "bureau", "recipient_name": "某局", "version": "1", "purpose": "核对", "legal_basis": "待核定",
        "valid_from": DAY, "valid_to": dt.date(2030, 1, 1), "format": "parquet", "grants": grants,
    }  # fmt: skip
    return Agreement(**(values | more))


class Base:
    """A base of a few persons that is published again and again, with the feed that leads from one to the next."""

    def __init__(self, zones: Zones) -> None:
        self.zones, self.version = zones, 0

    def publish(self, people) -> None:
        """`people`: master id → (name, birth date, division); one that is another's is (its id,)."""
        self.version += 1
        here = {key: who for key, who in people.items() if len(who) > 1}
        golden = [
            {"master_id": key, "name": name, "birth_date": born, "division_code": division, "id_number": f"N{key}",
             "sources": "x", "record_count": 1}
            for key, (name, born, division) in sorted(here.items())
        ]  # fmt: skip
        schema = product_schema(product_contract("person"))
        with staging(self.zones) as work:
            files = {
                "data": pa.Table.from_pylist(golden, schema=schema),
                "provenance": provenance(sorted(here)),
                "master_ids": pa.table({
                    "master_id": sorted(people),
                    "state": ["live" if key in here else "merged" for key in sorted(people)],
                    "target": pa.array(
                        [None if key in here else people[key][0] for key in sorted(people)], pa.string()
                    ),
                }),
            }  # fmt: skip
            folder, crosswalk = work / "person", work / "crosswalk"
            for made in (folder, crosswalk):
                made.mkdir()
            for name, table in files.items():
                pq.write_table(table, folder / f"{name}.parquet")
            records = [(people[key][0] if key not in here else key, key) for key in sorted(people)]
            pq.write_table(
                pa.table({
                    "master_id": [one for one, _ in records], "source": ["s"] * len(records),
                    "dataset": ["d"] * len(records), "record_id": [key for _, key in records],
                }),
                crosswalk / "data.parquet",
            )  # fmt: skip
            self._commit("person", folder, {})
            self._commit("person_crosswalk", crosswalk, {})
            feed = work / "feed"
            feed.mkdir()
            before = Snapshot.of(self.zones, "person", self.version - 1) if self.version > 1 else None
            after = Snapshot.of(self.zones, "person", self.version)
            write_differences(Step("person", self.version, DAY, before, after), feed, work / "spill")
            begun = folder_name(self.version - 1) if before else None
            self._commit("person_changes", feed, {"from": begun, "to": folder_name(self.version)})

    def _commit(self, product: str, folder: Path, facts) -> None:
        name = folder_name(self.version)
        manifest = Manifest("product", product, name, dt.datetime.now(dt.UTC), 0, facts=facts)
        commit(folder, self.zones.published(product, name), manifest)
        point(self.zones.current(product), name)

    def products(self):
        return {name: self.zones.current(name).resolve() for name in ("person", "person_changes")}

    def delivered(self, agreed, day=DAY):
        manifest = deliver(agreed, self.products(), self.zones, as_of=day)
        folder = self.zones.deliveries(agreed.recipient, manifest.version)
        table = pq.read_table(folder / "person_changes.parquet")
        return manifest.facts["tables"]["person_changes"]["feed"], table.to_pylist()

    def granted(self, key):
        """What the recipient may have, as a delivery of the base would give it."""
        selection = Selection(BASE, self.products()["person"] / "data.parquet", key, self.zones.work)
        with selected(selection) as reader:
            return {row["master_id"]: row for row in reader.read_all().to_pylist()}


def provenance(masters):
    kind = pa.struct([("record", pa.int32())])
    records = pa.list_(pa.struct([("updated_at", pa.timestamp("us"))]))
    names = [name for name in product_contract("person").column_names if name != "master_id"]
    return pa.table({
        "master_id": masters,
        "records": pa.array([[{"updated_at": dt.datetime(2026, 3, 1)}]] * len(masters), records),  # noqa: DTZ001
        **{name: pa.array([{"record": 0}] * len(masters), kind) for name in names},
    })  # fmt: skip


def applied(copy, rows):
    """What a recipient does with a delivery."""
    for row in rows:
        copy.pop(row["master_id"], None)
        if row["kind"] not in ("removed", "merged"):
            copy[row["master_id"]] = {name: row[name] for name in ("master_id", *(one.name for one in GRANTED))}
    return copy


@pytest.fixture
def key(monkeypatch):
    from exchange.masks import recipient_key

    monkeypatch.setenv(KEY_VARIABLE, "k" * 32)
    return recipient_key("bureau")


MASTERS = [f"P{number}" for number in range(6)]
person = st.tuples(
    st.sampled_from(["王一", "王二", "李三"]),
    st.sampled_from([dt.date(1980, 1, 1), dt.date(1980, 2, 2), dt.date(1990, 1, 1), None]),
    st.sampled_from(["370202", "370203", "370211", None]),
)
weeks = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(MASTERS), person, max_size=6), st.booleans(), st.booleans()),
    min_size=2, max_size=6,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(weeks=weeks)
def test_the_copy_is_the_granted_part_whenever_it_is_taken(tmp_path_factory, key, weeks):
    """Deliveries after every version, or after some; somebody in every version is another's."""
    base = Base(Zones(tmp_path_factory.mktemp("weeks")).create())
    agreed, copy, at = agreement(FEED), {}, None
    for number, (people, merge, take) in enumerate(weeks):
        chosen = dict(people)
        if merge and len(chosen) > 1:
            first, second, *_ = sorted(chosen)
            chosen[second] = (first,)
        base.publish(chosen)
        if not take and number < len(weeks) - 1:
            continue
        feed, rows = base.delivered(agreed)
        assert feed["from"] == at
        cursors = [row["cursor"] for row in rows]
        assert cursors == sorted(set(cursors))
        assert all(row["kind"] != "changed" or row["changed"] for row in rows)
        copy, at = applied({} if at is None else copy, rows), feed["to"]
        assert copy == base.granted(key)


WANG, LI = ("王一", dt.date(1980, 1, 1), "370202"), ("李三", dt.date(1990, 1, 1), "370202")


@pytest.fixture
def base(zones, key):
    made = Base(zones)
    made.publish({"P1": WANG, "P2": LI, "P3": ("王二", None, "370211")})
    return made


def test_who_is_not_granted_and_what_is_not_granted_is_never_told(base):
    _, rows = base.delivered(agreement(FEED))
    assert [(row["kind"], row["master_id"], row["name"]) for row in rows] == [
        ("added", "P1", "王**"), ("added", "P2", "李**"),
    ]  # fmt: skip
    moved, hidden = ("王一", WANG[1], "370211"), ("李三", dt.date(1990, 5, 5), "370202")
    base.publish({"P1": moved, "P2": hidden, "P3": ("王二", None, "370203")})
    _, rows = base.delivered(agreement(FEED))
    assert [(row["kind"], row["master_id"], row["changed"]) for row in rows] == [
        ("removed", "P1", None), ("added", "P3", None),  # of P2 the day of birth changed, and the year is granted
    ]  # fmt: skip
    assert (rows[0]["division_code"], rows[0]["division_code_before"], rows[1]["name_before"]) == (None, "370202", None)
    assert not any("NP" in str(value) or "370211" in str(value) for row in rows for value in row.values())


def test_the_same_again_is_the_same_delivery_and_the_next_day_has_nothing_new(base):
    agreed = agreement(FEED)
    first = deliver(agreed, base.products(), base.zones, as_of=DAY)
    assert deliver(agreed, base.products(), base.zones, as_of=DAY) == first
    feed, rows = base.delivered(agreed, DAY + dt.timedelta(days=1))
    assert (feed["from"], feed["to"], rows) == ("000001", "000001", [])


@pytest.mark.parametrize("change", ["version", "rows", "fields", "key", "step gone"])
def test_where_the_copy_cannot_go_on_it_begins_anew(base, key, change, monkeypatch):
    agreed = agreement(FEED)
    base.delivered(agreed)
    base.publish({"P1": WANG, "P2": LI})
    base.publish({"P2": LI})
    match change:
        case "version":
            agreed = agreement(FEED, version="2")
        case "rows":
            agreed = agreement(replace(FEED, rows={"division_code": ("370202",)}))
        case "fields":
            agreed = agreement(replace(FEED, fields=FEED.fields[:-1]))
        case "key":
            monkeypatch.setenv(KEY_VARIABLE, "l" * 32)
        case _:
            gone = base.zones.published("person_changes", "000002")
            gone.rename(base.zones.work / "gone")
    feed, rows = base.delivered(agreed)
    assert (feed["from"], feed["to"]) == (None, "000003")
    assert [(row["kind"], row["master_id"]) for row in rows] == [("added", "P2")]
    assert base.delivered(agreed, DAY + dt.timedelta(days=1))[0]["from"] == "000003"


def test_a_feed_that_is_behind_is_not_delivered(base):
    base.publish({"P1": WANG})
    point(base.zones.current("person"), "000001")
    with pytest.raises(SourceUnavailable, match="does not lead to the version in force"):
        deliver(agreement(FEED), base.products(), base.zones, as_of=DAY)


@pytest.mark.parametrize(
    ("fields", "rows", "told"),
    [
        ("[cursor, kind, name]", "", "master_id: a feed cannot be applied without it"),
        ("[cursor, kind, {name: master_id, mask: last4}]", "", "master_id: only keyed_hash hides it"),
        ("[cursor, {name: kind, mask: surname}, master_id]", "", "kind: goes out as it is"),
        ("[cursor, kind, master_id, name_before]", "", "name_before: name is to be granted with the same mask"),
        ("[cursor, kind, master_id]", "kind: [added]", "rows.kind: only attributes of the base"),
    ],
)
def test_a_feed_of_no_use_is_refused(tmp_path, fields, rows, told):
    path = tmp_path / "bureau.yaml"
    path.write_text(
        "recipient: bureau\nrecipient_name: 某局\nversion: '1'\npurpose: 核对\nlegal_basis: 待核定\n"
        "valid_from: 2026-01-01\nvalid_to: 2026-12-31\nformat: csv\n"
        f"grants:\n  - product: person_changes\n    fields: {fields}\n    rows: {{{rows}}}\n", "utf-8",
    )  # fmt: skip
    with pytest.raises(BadSpecification, match=told.replace("[", r"\[")):
        read_agreement(path)


RELATIONS = Grant("relations", tuple(map(FieldGrant, ("kind", "from_master_id", "to_id"))), {"kind": ("household",)})


def test_relations_go_out_of_granted_subjects_alone(base):
    """The base's grant limits them; where the base is not granted, their own rows do."""
    rows = [
        {"kind": kind, "from_kind": who, "from_master_id": master, "to_kind": "household", "to_id": "H",
         "record_id": str(at), "source": "s", "dataset": "d", "state": "current"}
        for at, (kind, who, master) in enumerate([
            ("household", "person", "P1"), ("household", "person", "P3"), ("household", "person", None),
            ("household", "enterprise", "E1"), ("employer", "person", "P1"),
        ])
    ]  # fmt: skip
    schema = product_schema(product_contract("relations"))
    with staging(base.zones) as folder:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / "data.parquet")
        target = base.zones.published("relations", "000001")
        commit(folder, target, Manifest("product", "relations", "000001", dt.datetime.now(dt.UTC), len(rows)))
    products = base.products() | {"relations": target}

    def subjects(*grants):
        manifest = deliver(agreement(*grants), products, base.zones, as_of=DAY)
        folder = base.zones.deliveries("bureau", manifest.version)
        return pq.read_table(folder / "relations.parquet").column("from_master_id").to_pylist()

    assert subjects(RELATIONS, BASE) == ["P1", "E1"]
    assert subjects(RELATIONS) == ["P1", "P3", None, "E1"]
    with pytest.raises(SourceUnavailable, match="person base limits"):
        deliver(agreement(RELATIONS, BASE), {"relations": target}, base.zones, as_of=DAY + dt.timedelta(days=1))
