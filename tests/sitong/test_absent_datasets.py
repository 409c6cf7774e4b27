"""Datasets that a drop lacks: brought up to date, released, and mentioned, without failing the run."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sitong import stages
from sitong.settings import Settings
from storage.errors import PublicationHeld
from tests.connectors.wages import csv_bytes, wage

AS_OF = date(2026, 4, 1)
NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    settings.zones.create()
    return settings


def take(settings: Settings, folder: Path, *, released: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    plan, _ = stages.scan(settings, folder)
    return [stages.take_in(settings, one, as_of=AS_OF, received_at=NOW, released=released) for one in plan]


def drop(folder: Path, **files: bytes) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / f"{name.replace('__', '.')}.1.csv").write_bytes(content)
    return folder


def test_a_held_batch_of_a_dataset_that_was_not_sent_again_is_mentioned_and_can_be_released(
    settings: Settings, tmp_path: Path
) -> None:
    first = drop(tmp_path / "first", tax__wage=csv_bytes([wage(f"w{n}") for n in range(10)]))
    stages.refuse_incomplete(take(settings, first))
    shrunken = tmp_path / "shrunken"
    shrunken.mkdir()
    (shrunken / "tax.wage.2.csv").write_bytes(csv_bytes([wage("w1")]))
    with pytest.raises(PublicationHeld):
        stages.refuse_incomplete(take(settings, shrunken))

    other = drop(tmp_path / "other", natural_resources__land_grant=b"record_id,grantee_name,signed_on\n")
    (outcome,) = [one for one in take(settings, other) if one["dataset"] == "tax.wage"]
    stages.refuse_incomplete([outcome])
    assert outcome["rows"] == 10
    assert any("tax.wage batch 2 is held" in warning for warning in outcome["warnings"])

    (outcome,) = [
        one for one in take(settings, other, released=frozenset({"tax.wage"})) if one["dataset"] == "tax.wage"
    ]
    assert (outcome["rows"], outcome["warnings"], outcome["held"]) == (1, [], [])


def test_a_dataset_without_an_accepted_state_has_no_quality(settings: Settings, tmp_path: Path) -> None:
    (outcome,) = take(settings, drop(tmp_path / "empty", tax__wage=csv_bytes([])))
    assert outcome["held"]
    assert stages.check_quality(settings, "tax.wage", as_of=AS_OF) == {
        "dataset": "tax.wage", "version": None, "failed": {},
    }  # fmt: skip
