import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.server import EmbeddedServer
from tests.databases import quick_server
from tests.sitong.exports import export
from tests.sitong.homes import Home, new_database
from tests.sitong.town import Town, build

with warnings.catch_warnings():  # once, where its own warnings are not ours
    warnings.simplefilter("ignore")
    import great_expectations  # noqa: F401


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """One PostgreSQL for the homes of these tests; a database for each."""
    with quick_server(tmp_path_factory.mktemp("server") / "postgres") as running:
        yield running


@pytest.fixture(scope="session")
def town() -> Town:
    return build()


@pytest.fixture
def empty_home(server: EmbeddedServer, tmp_path: Path) -> Home:
    """A home in which nothing has happened."""
    return Home(tmp_path / "home", server, new_database(server))


@pytest.fixture(scope="session")
def first_run(server: EmbeddedServer, town: Town, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The town's whole drop in mixed formats, run once. To be looked at, never to be changed."""
    folder = tmp_path_factory.mktemp("first")
    home = Home(folder / "home", server, new_database(server))
    outcome = home.run(export(town, folder / "drop"))
    assert outcome.status == 0, outcome.said
    return home


@pytest.fixture
def home(first_run: Home, tmp_path: Path) -> Home:
    """A copy of the home after the first run."""
    return first_run.copy(tmp_path / "home")


@pytest.fixture
def drop(tmp_path: Path) -> Callable[[str], Path]:
    """Make a new empty drop folder."""

    def make(name: str = "drop") -> Path:
        (tmp_path / name).mkdir()
        return tmp_path / name

    return make
