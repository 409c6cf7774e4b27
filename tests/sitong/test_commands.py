"""Help and the doctor, in a process of their own where that is the point."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from sitong.commands.run import unwritten
from storage.lock import home_lock
from storage.zones import Zones
from tests.sitong.exports import export
from tests.sitong.homes import call

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = {
    "simulate": ["--persons", "--seed", "--out", "--after", "--days"],
    "match": ["--drops", "--out", "--only", "--model", "--records"],
    "run": ["--drops", "--home", "--as-of", "--full", "--accept"],
    "doctor": ["--home"],
}


def test_help_names_every_command_and_loads_no_room():
    code = (
        "import sys; from sitong.commands import main; sys.argv = ['sitong', '--help']\n"
        "try:\n    main()\nfinally:\n"
        "    print([name for name in ('duckdb', 'pandas', 'great_expectations', 'airflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert all(name in done.stdout for name in OPTIONS)
    assert done.stdout.strip().endswith("[]")


def test_the_release_is_told():
    outcome = call("--version")
    assert (outcome.status, outcome.out) == (0, f"sitong {version('sitong')}\n")


@pytest.mark.parametrize("command", OPTIONS)
def test_every_command_explains_its_options_in_both_languages(command):
    outcome = call(command, "--help", environment={"NO_COLOR": "1", "TERM": "dumb"})
    assert outcome.status == 0
    assert all(option in outcome.out for option in OPTIONS[command])
    assert any("\u4e00" <= character <= "\u9fff" for character in outcome.out)


def test_no_command_at_all_shows_the_help():
    outcome = call()
    assert outcome.status in (0, 2)
    assert "simulate" in outcome.said


def test_the_doctor_is_content_with_this_installation(tmp_path):
    outcome = call("doctor", environment={"SITONG_HOME": str(tmp_path / "home")})
    assert outcome.status == 0, outcome.said
    assert not (tmp_path / "home").exists()
    assert "not ok" not in outcome.said
    assert "PostgreSQL" in outcome.said


@pytest.mark.parametrize(
    "command",
    [
        ("findings",), ("history", "person", "P000000002"), ("search", "person", "--name", "张三"), ("judge", "list"),
        ("judge", "show", "1"), ("rollback", "--list"), ("rollback",), ("serve",), ("accounts", "list"),
        ("accounts", "add", "lin", "--role", "auditor", "--whole-city"), ("doctor",), ("prune", "--dry-run"),
        ("backup", "--to", "BACKUPS"),
    ],
)  # fmt: skip
def test_a_mistyped_home_is_wrong_usage_and_nothing_is_made(tmp_path, command):
    words = [str(tmp_path / "backups") if word == "BACKUPS" else word for word in command]
    (tmp_path / "other").mkdir()
    for place in ("mistyped", "other"):
        outcome = call(*words, "--home", tmp_path / place)
        assert (outcome.status, "no home here" in outcome.said) == (2, True), outcome.said
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    assert not list((tmp_path / "other").iterdir())


def test_the_doctor_says_what_is_wrong_and_ends_with_1(tmp_path):
    (tmp_path / "file").write_text("x", "utf-8")
    secret = "hunter2-of-the-owner"  # noqa: S105 - a password that must not be shown
    outcome = call(
        "doctor",
        environment={
            "SITONG_HOME": str(tmp_path / "home"),
            "SITONG_DATABASE_URL": f"postgresql://me:{secret}@127.0.0.1:1/nowhere",
        },
    )
    assert outcome.status == 1
    assert "not ok" in outcome.said
    assert "SITONG_DATABASE_URL" in outcome.said
    assert secret not in outcome.said


@pytest.mark.parametrize("url", ["mysql://me@host/db", "hunter2"])
def test_an_address_that_is_none_of_postgresql_is_wrong_usage(tmp_path, town, url):
    drop = export(town, tmp_path / "drop", ["tax.wage"])
    outcome = call("run", "--drops", drop, "--home", tmp_path / "home", environment={"SITONG_DATABASE_URL": url})
    assert outcome.status == 2, outcome.said
    assert "postgresql://" in outcome.said


def test_a_database_that_does_not_answer_ends_with_1(tmp_path, town):
    drop = export(town, tmp_path / "drop", ["tax.wage"])
    url = "postgresql://me:hunter2@127.0.0.1:1/nowhere"
    outcome = call("run", "--drops", drop, "--home", tmp_path / "home", environment={"SITONG_DATABASE_URL": url})
    assert outcome.status == 1, outcome.said
    assert "127.0.0.1:1/nowhere" in outcome.said
    assert "hunter2" not in outcome.said


def test_two_runs_at_once_are_refused(tmp_path, town):
    drop = export(town, tmp_path / "drop", ["tax.wage"])
    with home_lock(Zones(tmp_path / "home")):
        code = f"import sys; from sitong.commands import main; sys.argv = ['sitong', 'run', '--drops', {str(drop)!r}, "
        code += f"'--home', {str(tmp_path / 'home')!r}]; main()"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "another process" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "text", ["home = 1\nunknown = 2\n", "database_url = 'postgresql://a:hunter2@b/c'\n", "not toml"]
)
def test_a_settings_file_that_cannot_be_used_is_wrong_usage(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sitong.toml").write_text(text, "utf-8")
    (tmp_path / "drop").mkdir()
    outcome = call("run", "--drops", "drop")
    assert outcome.status == 2, outcome.said
    assert "hunter2" not in outcome.said
    assert "sitong.toml" in outcome.said


def test_a_format_of_the_report_that_could_not_be_written_is_named():
    [told] = unwritten({"reports_failed": ["report.pdf"]})
    assert told.startswith("report.pdf could not be written")
    assert unwritten({}) == []
