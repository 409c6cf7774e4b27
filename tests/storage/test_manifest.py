"""A manifest says the same after a round trip, and notices every change of its folder."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.commit import commit, staging
from storage.errors import ContractBroken, Internal
from storage.manifest import FileEntry, Manifest, describe_file, read_manifest, verify, whole_folders
from storage.zones import Zones

NOW = datetime(2026, 3, 31, 8, 0, tzinfo=UTC)

text = st.text(st.characters(codec="utf-8"), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
manifests = st.builds(
    Manifest,
    kind=text,
    name=text,
    version=text,
    created_at=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])),
    rows=st.integers(min_value=0),
    files=st.dictionaries(text, st.builds(FileEntry, sha256=text, bytes=st.integers(min_value=0)), max_size=3),
    inputs=st.dictionaries(text, text, max_size=3),
    facts=st.dictionaries(text, json_values, max_size=3),
)


@given(manifests)
def test_export_and_import_is_the_identity(manifest):
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert Manifest.from_json(manifest.to_json()).to_json() == manifest.to_json()


def test_the_order_of_facts_does_not_show():
    one = Manifest("batch", "tax.wage", "v1", NOW, 1, facts={"a": 1, "b": 2})
    other = Manifest("batch", "tax.wage", "v1", NOW, 1, facts={"b": 2, "a": 1})
    assert one.to_json() == other.to_json()


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(Internal):
        Manifest("batch", "tax.wage", "v1", NOW.replace(tzinfo=None), 1)


@pytest.mark.parametrize("damaged", ["", "[]", "{}", "null", '{"created_at": 3}', "\0", '{"created_at": "2026"'])
def test_a_damaged_manifest_is_told_with_its_place(tmp_path, damaged):
    (tmp_path / "manifest.json").write_text(damaged)
    with pytest.raises(ContractBroken, match=r"manifest\.json"):
        read_manifest(tmp_path)


def test_hash_is_that_of_the_standard(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert describe_file(path) == FileEntry("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3)


def damage_content(folder):
    (folder / "deep" / "data.txt").write_text("tampered")


def damage_absence(folder):
    (folder / "deep" / "data.txt").unlink()


def damage_addition(folder):
    (folder / "more.txt").write_text("x")


@pytest.mark.parametrize("damage", [damage_content, damage_absence, damage_addition])
def test_verify_notices_every_change(tmp_path, damage):
    zones = Zones(tmp_path / "home").create()
    target = zones.published("person", "v1")
    with staging(zones) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "data.txt").write_text("rows")
        sealed = commit(folder, target, Manifest("product", "person", "v1", NOW, 1))
    assert verify(target) == sealed
    assert list(sealed.files) == ["deep/data.txt"]
    damage(target)
    with pytest.raises(ContractBroken, match=r"data\.txt|more\.txt"):
        verify(target)


def test_only_whole_folders_are_listed(tmp_path):
    zones = Zones(tmp_path / "home").create()
    for version in ("v2", "v1"):
        with staging(zones) as folder:
            commit(folder, zones.published("person", version), Manifest("product", "person", version, NOW, 0))
    zones.published("person", "v3").mkdir()
    zones.current("person").symlink_to("v1")
    assert [path.name for path in whole_folders(zones.home / "published" / "person")] == ["v1", "v2"]
    assert whole_folders(zones.home / "nowhere") == ()
