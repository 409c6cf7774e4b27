"""A portal that listens on loopback, and a real browser without a window."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from playwright.sync_api import Browser, sync_playwright

from mismatches import migration as findings_migration
from mismatches.cases.queries.pages import history
from portal import accounts
from portal import migration as portal_migration
from portal.app import create_app
from portal.config import PortalConfig
from registry import migration as registry_migration
from storage.engine import create_engine
from tests.databases import quick_server
from tests.portal.city_hall import CHIEF, HIDDEN, LI, MARK, PDF, SUBJECT, CityHall


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of an application that listens on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive()


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hashes of passwords that take no time; `test_sign_in` looks at those that people get."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", lambda: quick)
        yield


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of a portal that answers."""
    with serving(create_app(PortalConfig())) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of the machine; nothing is downloaded.

    One a module and not one a session: while it lives, its event loop runs in this thread and refuses every other.
    """
    path = shutil.which("chromium")
    assert path, "these tests need a browser: install it with `apt-get install chromium`"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="session")
def hall(tmp_path_factory) -> Iterator[CityHall]:
    """One city of findings for all pages; a test that acts plants findings of its own."""
    home = tmp_path_factory.mktemp("hall")
    with quick_server(home / "postgres") as server:
        server.ensure_database("hall")
        engine = create_engine(server.url("owner", "hall"))
        registry_migration.upgrade(engine)
        findings_migration.upgrade(engine)
        portal_migration.upgrade(engine)
        made = CityHall(engine, home)
        made.fill()
        yield made
        engine.dispose()


@pytest.fixture(scope="session")
def secret(hall) -> tuple[str, str]:
    """A finding of Li's district with an owner, a note and a file; its id and the hash of the file."""
    finding = hall.plant(master=SUBJECT)
    hall.office.act(CHIEF, finding, "assign", 0, owner=HIDDEN)
    form = {"csrf": MARK, "action": "attach", "seen": "1", "text": HIDDEN}
    hall.reader(LI).post(f"/findings/{finding}/files", data=form, files={"file": ("a.pdf", PDF)})
    [event] = [one for one in hall.office.ask(history, LI, finding) if one.action == "attach"]
    return finding, event.details["file"]["sha256"]
