"""Whatever is killed and whenever, a reader finds a whole folder or none."""

import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from storage.commit import commit, point, pointed, private_files, replace, staging, write_private
from storage.errors import Internal
from storage.manifest import Manifest, is_whole, verify
from storage.zones import Zones

NOW = datetime(2026, 3, 31, tzinfo=UTC)
DAY = date(2026, 3, 31)


def manifest(version="v1", rows=1):
    return Manifest("product", "person", version, NOW, rows)


@pytest.fixture
def zones(tmp_path):
    return Zones(tmp_path / "home").create()


def committed(zones, content, version="v1"):
    with staging(zones) as folder:
        (folder / "sub").mkdir()
        (folder / "data.txt").write_text(content)
        (folder / "sub" / "more.txt").write_text(content)
        return commit(folder, zones.published("person", version), manifest(version, len(content)))


def test_a_commit_is_whole_and_private(zones):
    sealed = committed(zones, "rows")
    target = zones.published("person", "v1")
    assert verify(target) == sealed
    modes = {path.relative_to(target).as_posix(): path.stat().st_mode & 0o777 for path in target.rglob("*")}
    assert modes == {"data.txt": 0o600, "manifest.json": 0o600, "sub": 0o700, "sub/more.txt": 0o600}
    assert target.stat().st_mode & 0o777 == 0o700
    assert list(zones.work.iterdir()) == []


def test_a_whole_version_is_never_written_again(zones):
    first = committed(zones, "first")
    assert committed(zones, "other") == first
    assert (zones.published("person", "v1") / "data.txt").read_text() == "first"
    assert list(zones.work.iterdir()) == []


def test_debris_is_replaced(zones):
    target = zones.published("person", "v1")
    target.mkdir(parents=True)
    (target / "half.txt").write_text("half")
    committed(zones, "whole")
    assert sorted(path.name for path in target.iterdir()) == ["data.txt", "manifest.json", "sub"]
    assert list(zones.work.iterdir()) == []


def test_what_is_not_committed_leaves_nothing(zones):
    def fail():
        with staging(zones) as folder:
            (folder / "data.txt").write_text("x")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(zones.work.iterdir()) == []


def test_the_current_version_follows_its_link(zones):
    committed(zones, "one", "v1")
    committed(zones, "two", "v2")
    link = zones.current("person")
    assert pointed(link) is None
    for version, content in (("v1", "one"), ("v2", "two"), ("v1", "one")):
        point(link, version)
        assert pointed(link) == version
        assert (link / "data.txt").read_text() == content
    assert sorted(path.name for path in link.parent.iterdir()) == ["current", "v1", "v2"]


def test_a_link_to_a_version_that_is_not_whole_is_refused(zones):
    committed(zones, "one")
    point(zones.current("person"), "v1")
    zones.published("person", "v2").mkdir()
    with pytest.raises(Internal):
        point(zones.current("person"), "v2")
    assert pointed(zones.current("person")) == "v1"


def report(zones, content):
    with staging(zones) as folder:
        (folder / "findings.txt").write_text(content)
        replace(folder, zones.reports(DAY), manifest(rows=len(content)))


def test_a_report_is_replaced_and_the_old_one_goes(zones):
    for content in ("old", "new"):
        report(zones, content)
        assert (zones.reports(DAY) / "findings.txt").read_text() == content
        assert verify(zones.reports(DAY)).rows == 3
    assert len(list((zones.home / "reports" / ".versions").iterdir())) == 1
    assert not list(zones.current("person").parent.glob(".*"))


def test_a_report_of_another_day_stays(zones):
    report(zones, "one")
    with staging(zones) as folder:
        (folder / "findings.txt").write_text("other")
        replace(folder, zones.reports(date(2026, 4, 1)))
    assert (zones.reports(DAY) / "findings.txt").read_text() == "one"
    assert (zones.reports(date(2026, 4, 1)) / "findings.txt").read_text() == "other"


def test_a_plain_folder_in_the_place_of_a_report_is_replaced(zones):
    zones.reports(DAY).mkdir(parents=True)
    (zones.reports(DAY) / "half.txt").write_text("half")
    report(zones, "whole")
    assert [path.name for path in sorted(zones.reports(DAY).iterdir())] == ["findings.txt", "manifest.json"]


def test_a_small_file_is_written_privately(tmp_path):
    path = tmp_path / "secrets.json"
    for content in ("one", "two"):
        write_private(path, content)
        assert path.read_text() == content
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["secrets.json"]


# Runs one commit (and the swap of a report) in a process that kills itself at the n-th change of the file system.
KILLED = """
import os, pathlib, shutil, signal, sys
from datetime import UTC, date, datetime
from storage.commit import commit, point, replace, staging
from storage.manifest import Manifest
from storage.zones import Zones

zones, left, content = Zones(pathlib.Path(sys.argv[1])), int(sys.argv[2]), sys.argv[3]
def counted(name):
    original = getattr(os, name)
    def call(*args, **kwargs):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return original(*args, **kwargs)
    setattr(os, name, call)
for name in ("rename", "replace", "symlink", "mkdir", "chmod", "fsync", "rmdir", "unlink"):
    counted(name)
manifest = Manifest("product", "person", content, datetime(2026, 3, 31, tzinfo=UTC), 1)
with staging(zones) as folder:
    (folder / "data.txt").write_text(content)
    commit(folder, zones.published("person", content), manifest)
point(zones.current("person"), content)
with staging(zones) as folder:
    (folder / "data.txt").write_text(content)
    replace(folder, zones.reports(date(2026, 3, 31)), manifest)
"""


def attempt(zones, content, steps):
    command = [sys.executable, "-c", KILLED, str(zones.home), str(steps), content]
    return subprocess.run(command, check=False).returncode


def seen(folder):
    return (folder / "data.txt").read_text() if is_whole(folder) else None


@pytest.mark.parametrize("start", range(4))
def test_a_kill_at_any_step_leaves_the_old_or_the_new(zones, start):
    assert attempt(zones, "old", 10_000) == 0
    steps, killed = start, 0
    while attempt(zones, "new", steps) == -signal.SIGKILL:
        killed += 1
        steps += 4
        assert seen(zones.published("person", "new")) in (None, "new")
        for link in (zones.current("person"), zones.reports(DAY)):
            assert seen(link) in ("old", "new")
            assert verify(link).version == seen(link)
    assert killed >= 3
    assert seen(zones.current("person")) == seen(zones.reports(DAY)) == "new"
    assert len(list((zones.home / "reports" / ".versions").iterdir())) == 1


def test_a_reader_of_the_zone_finds_private_parents(zones):
    committed(zones, "x")
    assert zones.published("person", "v1").parent.stat().st_mode & 0o777 == 0o700


def test_the_mask_is_given_back():
    before = os.umask(0o022)
    try:
        with private_files():
            inside = os.umask(0o077)
        assert (inside, os.umask(0o022)) == (0o077, 0o022)
    finally:
        os.umask(before)


def test_of_two_commits_at_once_the_first_stays(zones, monkeypatch):
    original = type(zones.home).rename

    def overtaken(self, target):
        monkeypatch.setattr(type(zones.home), "rename", original)
        committed(zones, "first")
        return original(self, target)

    monkeypatch.setattr(type(zones.home), "rename", overtaken)
    assert committed(zones, "other").rows == len("first")
    assert (zones.published("person", "v1") / "data.txt").read_text() == "first"
    assert list(zones.work.iterdir()) == []
