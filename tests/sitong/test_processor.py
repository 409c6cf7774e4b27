"""Which features NumPy is told to leave alone, and on which processors."""

import subprocess
import sys
from pathlib import Path

import pytest

from sitong import processor
from sitong.processor import SETTING, SLOW_SORTS, avoid_slow_sorts

ZEN_4 = "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nflags\t\t: fpu avx2 avx512f avx512bw\n\nvendor_id\t: other\n"


@pytest.fixture(autouse=True)
def before_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numpy", raising=False)


def told(tmp_path: Path, cpuinfo: str, environment: dict[str, str]) -> dict[str, str]:
    path = tmp_path / "cpuinfo"
    path.write_text(cpuinfo, encoding="ascii")
    avoid_slow_sorts(environment, path)
    return environment


def test_zen_4_sorts_without_avx_512(tmp_path: Path) -> None:
    assert told(tmp_path, ZEN_4, {}) == {SETTING: SLOW_SORTS}


@pytest.mark.parametrize(
    "cpuinfo",
    [
        ZEN_4.replace("AuthenticAMD", "GenuineIntel", 1),
        ZEN_4.replace(": 25", ": 26"),
        ZEN_4.replace("avx512f ", "", 1),
        "processor\t: 0\nCPU implementer\t: 0x41\n",
        "",
    ],
    ids=["Intel", "Zen 5", "Zen 3", "ARM", "nothing"],
)
def test_other_processors_keep_all_they_have(tmp_path: Path, cpuinfo: str) -> None:
    assert told(tmp_path, cpuinfo, {}) == {}


def test_what_somebody_has_set_stays(tmp_path: Path) -> None:
    assert told(tmp_path, ZEN_4, {SETTING: "AVX2"}) == {SETTING: "AVX2"}


def test_numpy_that_is_there_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", processor)
    assert told(tmp_path, ZEN_4, {}) == {}


def test_a_system_without_cpuinfo_is_none(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    avoid_slow_sorts(environment, tmp_path / "missing")
    assert environment == {}


def test_numpy_takes_the_setting_without_a_word() -> None:
    """Where this processor is one of those, the names are those of the installed NumPy."""
    code = "import sitong, numpy, sys; print(sorted(numpy.random.default_rng(1).permutation(9)) == list(range(9)))"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout.strip(), run.stderr) == ("True", "")
