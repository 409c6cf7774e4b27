"""Personal data stays where it belongs: private files, silent logs, no word to another machine."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sitong.exports import export, write_batch
from tests.sitong.offline import LEFT_THE_MACHINE
from tests.sitong.test_refusals import POLICE, personal
from tests.sitong.town import AS_OF, build

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A home with its embedded server, made by the command in a process of its own that may not leave the machine."""
    folder, town = tmp_path_factory.mktemp("alone"), build(60, 10)
    drop = export(town, folder / "drop")
    write_batch(drop, POLICE, "20260401", [  # a row for the quarantine, a flag, a column nobody knows
        town.rows[POLICE][0] | {"name": "", "x": "1"}, town.rows[POLICE][1] | {"birth_date": "19750230", "x": "2"},
    ], *town.rows[POLICE][0], "x", mode="delta")  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SITONG_")}
    command = ["run", "--drops", str(drop), "--home", str(folder / "home"), "--as-of", str(AS_OF)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.sitong.offline", *command], cwd=ROOT, check=False, capture_output=True, text=True,
        env=environment, umask=0o022,
    )  # fmt: skip
    return folder / "home", done, town


def test_a_run_speaks_to_no_other_machine(alone):
    _, done, _ = alone
    assert "contact:" not in done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "contact",
    [
        "import socket; socket.create_connection(('192.0.2.1', 9), timeout=1)",
        "import socket; socket.getaddrinfo('example.org', 80)",
        "import urllib.request; urllib.request.urlopen('http://192.0.2.1/')",
    ],
)
def test_the_hook_would_notice(contact):
    code = f"import sys; from tests.sitong import offline; sys.addaudithook(offline._audit)\n{contact}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == LEFT_THE_MACHINE


def test_every_file_and_folder_is_private(alone):
    home, _, _ = alone
    seen = [home, *home.rglob("*")]
    assert len(seen) > 100
    found = {path: stat.S_IMODE(path.lstat().st_mode) for path in seen if not path.is_symlink()}
    wrong = {
        str(path.relative_to(home)): oct(mode)
        for path, mode in found.items()
        if mode != (0o700 if path.is_dir() else 0o600)
    }
    assert wrong == {}


def test_neither_the_terminal_nor_any_log_names_anybody(alone):
    home, done, town = alone
    logs = [path for path in home.rglob("*") if path.suffix == ".log" or "log" in path.name.split(".")]
    assert home / "postgres" / "postgres.log" in logs
    told = done.stdout + done.stderr + "".join(path.read_text("utf-8", "replace") for path in logs)
    assert "landed and not loaded: x" in " ".join(told.split())
    assert [value for value in personal(town) if value in told] == []


def test_no_address_of_a_page_leaves_the_machine(alone):
    home, _, _ = alone
    pages = [*home.rglob("*.html")]
    assert len(pages) > 10
    for page in pages:
        text = page.read_text("utf-8")
        for mark in ('src="http', "src='http", 'href="http', "url(http", "@import", "//cdn"):
            assert mark not in text, (page.name, mark)


def test_no_name_of_a_path_tells_of_anybody(alone):
    home, _, town = alone
    paths = "\n".join(str(path.relative_to(home)) for path in home.rglob("*"))
    assert [value for value in personal(town) if value in paths] == []
