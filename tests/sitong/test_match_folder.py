"""Killed at any point, the folder of a match is what it was before or what the match made."""

import contextlib
import shutil
from pathlib import Path

import pytest

from sitong.match_folder import finish, made_beside


class Killed(BaseException):
    """In the place of a process that ends."""


def tree(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def fill(folder, word, *names):
    for name in ("crosswalk.parquet", "model.json", "state/manifest.json", f"state/{word}.npy", *names):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(word)


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    fill(folder, "before", "golden.parquet", "review.parquet")
    return folder


def match(out):
    with made_beside(out) as made:
        fill(made, "after", "review.parquet")


@pytest.fixture
def whole(tmp_path):
    """What a match that nobody kills leaves."""
    folder = tmp_path / "whole"
    folder.mkdir()
    fill(folder, "before", "golden.parquet", "review.parquet")
    match(folder)
    found = tree(folder)
    assert "golden.parquet" not in found
    assert set(found.values()) == {"after"}
    return found


def killing(monkeypatch, at):
    """Let the process end before the `at`-th change of a name."""
    left = [at]

    def before(change):
        def changed(*args, **given):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return change(*args, **given)

        return changed

    for owner, name in ((Path, "rename"), (Path, "replace"), (Path, "unlink"), (Path, "rmdir"), (shutil, "rmtree")):
        monkeypatch.setattr(owner, name, before(getattr(owner, name)))
    return left


def test_killed_at_any_point_it_is_the_one_before_or_the_one_after(out, whole, monkeypatch):
    before = tree(out)
    ends = set()
    for at in range(50):
        shutil.rmtree(out)
        out.mkdir()
        fill(out, "before", "golden.parquet", "review.parquet")
        with monkeypatch.context() as patched:
            left = killing(patched, at)
            with contextlib.suppress(Killed):
                match(out)
        for place in out.glob(".match-*"):  # a killed process leaves it; here the block has cleaned up
            shutil.rmtree(place)
        finish(out)
        found = tree(out)
        assert found in (before, whole)
        ends.add("after" if found == whole else "before")
        if left[0] >= 0:
            break
    assert left[0] >= 0
    assert ends == {"before", "after"}


def test_a_match_that_fails_leaves_all_as_it_was(out):
    before = tree(out)
    with pytest.raises(ZeroDivisionError), made_beside(out) as made:
        (made / "model.json").write_text(str(1 // 0))
    assert tree(out) == before
    assert not list(out.glob(".*"))


def test_files_are_for_their_owner_alone(out):
    match(out)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in out.iterdir()}
    assert modes == {"crosswalk.parquet": "0o600", "model.json": "0o600", "review.parquet": "0o600", "state": "0o700"}
