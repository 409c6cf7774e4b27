import os
from pathlib import Path

import pytest

from connectors.drops import DropFile, scan
from storage.errors import SourceRejected, SourceUnavailable


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("x")


def test_files_of_known_datasets_come_in_the_order_in_which_they_apply(tmp_path: Path) -> None:
    touch(tmp_path, "tax.wage.20260402.csv", "tax.wage.parquet", "tax.wage.20260401.csv.gz", "police.resident.xlsx")
    drop = scan(tmp_path)
    assert [(file.dataset, file.batch, file.format) for file in drop.files] == [
        ("police.resident", "", "xlsx"),
        ("tax.wage", "", "parquet"),
        ("tax.wage", "20260401", "csv.gz"),
        ("tax.wage", "20260402", "csv"),
    ]
    assert drop.warnings == ()
    assert list(drop.by_dataset()) == ["police.resident", "tax.wage"]


def test_names_in_capitals_are_known(tmp_path: Path) -> None:
    touch(tmp_path, "TAX.WAGE.Q1.CSV")
    assert [(file.dataset, file.batch, file.format) for file in scan(tmp_path).files] == [("tax.wage", "Q1", "csv")]


@pytest.mark.parametrize(
    "name", ["notes.docx", "tax.wage.2026.03.csv", "tax.wages.csv", "tax.wage..csv", "tax.csv", "tax.wage.json"]
)
def test_an_unknown_name_is_warned_about_and_left(tmp_path: Path, name: str) -> None:
    touch(tmp_path, "tax.wage.csv", name)
    drop = scan(tmp_path)
    assert len(drop.files) == 1
    assert len(drop.warnings) == 1
    assert drop.warnings[0].startswith(name)


def test_subfolders_hidden_files_and_excel_locks_are_not_read(tmp_path: Path) -> None:
    touch(tmp_path, "tax.wage.csv", ".tax.wage.1.csv", "~$tax.wage.xlsx")
    (tmp_path / "truth").mkdir()
    touch(tmp_path / "truth", "tax.declaration.csv")
    drop = scan(tmp_path)
    assert [file.path.name for file in drop.files] == ["tax.wage.csv"]
    assert drop.warnings == ()


@pytest.mark.parametrize("ending", ["dbf", "xml", "txt", "DBF"])
def test_a_format_that_is_not_supported_is_refused_by_name(tmp_path: Path, ending: str) -> None:
    touch(tmp_path, f"tax.wage.{ending}")
    (file,) = scan(tmp_path).files
    assert file.refusal is not None
    assert ending.lower() in file.refusal.what


def test_a_batch_in_two_formats_is_refused_in_both(tmp_path: Path) -> None:
    touch(tmp_path, "tax.wage.1.csv", "tax.wage.1.parquet", "tax.wage.2.csv")
    assert [file.refusal is not None for file in scan(tmp_path).files] == [True, True, False]


def test_a_sidecar_gives_the_mode_of_the_file_with_its_stem(tmp_path: Path) -> None:
    touch(tmp_path, "tax.wage.csv", "tax.wage.1.csv", "tax.wage.2.csv")
    (tmp_path / "tax.wage.manifest.json").write_text('{"mode": "snapshot"}')
    (tmp_path / "tax.wage.1.manifest.json").write_text('\ufeff{"mode": "delta", "rows": 3}')
    assert [file.mode for file in scan(tmp_path).files] == ["snapshot", "delta", None]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '"delta"', '{"mode": "update"}', '{"mode": ["delta"]}', "[" * 100_000]
)
def test_a_bad_sidecar_refuses_its_batch(tmp_path: Path, content: str) -> None:
    touch(tmp_path, "tax.wage.1.csv")
    (tmp_path / "tax.wage.1.manifest.json").write_text(content)
    (file,) = scan(tmp_path).files
    assert file.refusal is not None
    assert "tax.wage.1.manifest.json" in file.refusal.what


def test_a_sidecar_without_its_file_is_a_warning(tmp_path: Path) -> None:
    touch(tmp_path, "tax.wage.1.csv")
    (tmp_path / "tax.wage.2.manifest.json").write_text('{"mode": "delta"}')
    assert [warning.partition(":")[0] for warning in scan(tmp_path).warnings] == ["tax.wage.2.manifest.json"]


def test_a_missing_folder_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="nowhere"):
        scan(tmp_path / "nowhere")


def test_a_folder_without_a_known_dataset_is_rejected(tmp_path: Path) -> None:
    touch(tmp_path, "readme.md")
    with pytest.raises(SourceRejected, match="no file of a known dataset"):
        scan(tmp_path)


def test_a_pipe_is_refused_without_being_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tax.wage.csv")
    (file,) = scan(tmp_path).files
    assert file.refusal is not None


def test_a_link_of_ours_is_followed_and_reported_and_a_dead_one_refused(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere")
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "tax.wage.1.csv").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "drop" / "tax.wage.2.csv").symlink_to(tmp_path / "missing")
    drop = scan(tmp_path / "drop")
    assert [file.refusal is not None for file in drop.files] == [False, True]
    assert drop.warnings[0].startswith("tax.wage.1.csv: is a link")


def test_a_link_to_a_file_of_another_owner_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "tax.wage.1.csv"
    link.symlink_to("/etc/passwd")
    if os.geteuid() == 0:
        os.chown(link, 12345, -1, follow_symlinks=False)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: -1)
    (file,) = scan(tmp_path).files
    assert file.refusal is not None
    assert "another owner" in file.refusal.what


def test_files_travel_as_json(tmp_path: Path) -> None:
    touch(tmp_path, "tax.wage.1.csv", "tax.wage.2.dbf")
    for file in scan(tmp_path).files:
        assert DropFile.from_json(file.to_json()) == file
