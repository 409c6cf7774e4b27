"""Auditors at work on the portal, as a browser's requests with pauses: what each page took to answer.

One task a reader in one thread; each reader has an account and a session of their own. Seconds are from the request to
the last byte, so that waiting for a server that is busy counts.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

PASSWORD: Final = "load-of-the-portal"  # noqa: S105 - of accounts in a scratch database
_CSRF: Final = re.compile(r'name="csrf" value="([^"]+)"')
_MARK: Final = re.compile(r'name="mark" value="([^"]+)"')
_SEEN: Final = re.compile(r'name="seen" value="(\d+)"')
_FINDING: Final = re.compile(r'href="/findings/(F[0-9A-Z]+)"')
_SUBJECT: Final = re.compile(r'href="/subjects/([PE][0-9A-Z]+)"')
_LAST_PAGE: Final = 40
_FILTERS: Final[tuple[dict[str, str | Sequence[str]], ...]] = (
    {}, {}, {"severity": "high"}, {"state": "new"}, {"state": ["notified", "explained"]}, {"month": "2026-03"},
    {"rule": "address_mismatch"}, {"department": "tax"}, {"overdue": "1"}, {"gone": "1"}, {"outcome": "not_comparable"},
    {"department": "police", "severity": "high"}, {"id": "P0000"}, {"suppressed": "no", "rule": "hub_address"},
)  # fmt: skip
_SORTS: Final = ("", "", "estimate", "month", "rule", "district", "state", "due", "link", "acted")


class LoadFailedError(Exception):
    """A reader could not sign in, so that nothing can be measured."""


@dataclass(frozen=True)
class Asked:
    """One request. `begun`: seconds since the start of the load; `status` 0: no answer."""

    page: str
    begun: float
    seconds: float
    status: int


@dataclass
class Reader:
    """Somebody at work: what they saw last, and what they asked for."""

    client: httpx.AsyncClient
    draw: random.Random
    origin: float
    findings: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    async def get(self, page: str, path: str, query: Mapping[str, str | Sequence[str]] | None = None) -> str:
        """A page; what it leads to is remembered."""
        shown = await self._ask(page, "GET", path, params=query)
        self.findings = _FINDING.findall(shown) or self.findings
        self.subjects = _SUBJECT.findall(shown) or self.subjects
        return shown

    async def post(self, page: str, path: str, form: Mapping[str, str]) -> str:
        """A form that was sent."""
        return await self._ask(page, "POST", path, data=form)

    async def _ask(self, page: str, method: str, path: str, **sent: object) -> str:
        begun = time.perf_counter()
        try:
            answer = await self.client.request(method, path, **sent)  # type: ignore[arg-type]
            status, shown = answer.status_code, answer.text
        except httpx.HTTPError:
            status, shown = 0, ""
        self.asked.append(Asked(page, begun - self.origin, time.perf_counter() - begun, status))
        return shown


async def sign_in(reader: Reader, account: str) -> None:
    """Sign in through the form.

    Raises:
        LoadFailedError: the portal did not let the account in.
    """
    shown = await reader.get("sign-in form", "/sign-in")
    mark = _MARK.search(shown)
    form = {"account": account, "password": PASSWORD, "mark": mark[1] if mark else "", "next": "/"}
    await reader.post("sign in", "/sign-in", form)
    if reader.asked[-1].status != 303:
        raise LoadFailedError(f"{account} cannot sign in: status {reader.asked[-1].status}")


async def lists(reader: Reader) -> None:
    """The first page of a list with a filter and an order."""
    await reader.get("list", "/findings", _query(reader.draw))


async def deep(reader: Reader) -> None:
    """A page far inside the list."""
    page = str(reader.draw.randint(2, _LAST_PAGE))
    await reader.get("list, deep", "/findings", {"page": page, "sort": reader.draw.choice(_SORTS) or "severity"})


async def finding(reader: Reader) -> None:
    """One finding of the page that was seen last."""
    if not reader.findings:
        await lists(reader)
    if reader.findings:
        await reader.get("finding", f"/findings/{reader.draw.choice(reader.findings)}")


async def origin(reader: Reader) -> None:
    """Where the records of a finding came from."""
    if reader.findings:
        await reader.get("origin", f"/findings/{reader.draw.choice(reader.findings)}/origin")


async def subject(reader: Reader) -> None:
    """Everything open on one subject."""
    if reader.subjects:
        await reader.get("subject", f"/subjects/{reader.draw.choice(reader.subjects)}")


async def board(reader: Reader) -> None:
    """The board under a filter."""
    await reader.get("board", "/board", _query(reader.draw, sort=False))


async def everything(reader: Reader) -> None:
    """The board of all that the reader may see."""
    await reader.get("board, all", "/board")


async def step(reader: Reader) -> None:
    """Open a finding and take it, or write a note where it is taken."""
    await finding(reader)
    if not reader.findings:
        return
    chosen = reader.draw.choice(reader.findings)
    shown = await reader.get("finding", f"/findings/{chosen}")
    csrf, seen = _CSRF.search(shown), _SEEN.search(shown)
    if not (csrf and seen):
        return
    action = "take" if 'value="take"' in shown else "note"
    form = {"csrf": csrf[1], "action": action, "seen": seen[1], "text": "已核对登记信息"}
    await reader.post("step", f"/findings/{chosen}/steps", form)


async def monitors(reader: Reader) -> None:
    """Key taxpayers."""
    await reader.get("key taxpayers", "/key-taxpayers")


async def projects(reader: Reader) -> None:
    """Large projects."""
    await reader.get("projects", "/projects", {"page": reader.draw.choice(("1", "2"))})


async def file(reader: Reader) -> None:
    """The file of a filtered list."""
    await reader.get("file", "/findings.csv", {"rule": "industry_mismatch", "severity": "high"})


async def looks(reader: Reader) -> None:
    """The log of looks, of everybody or of one account; asked for by a security officer."""
    who = reader.draw.choice(("", f"auditor{reader.draw.randrange(50)}"))
    await reader.get("looks", "/looks", {"who": who, "page": str(reader.draw.choice((1, 1, 1, 2, 10)))})


Doing = Callable[[Reader], Awaitable[None]]
AUDITING: Final[Mapping[Doing, int]] = {
    lists: 28, deep: 10, finding: 30, origin: 3, subject: 8, board: 5, everything: 5, step: 10, monitors: 2,
    projects: 2, file: 1,
}  # fmt: skip
"""What an auditor does, and how often of a hundred times."""
WATCHING: Final[Mapping[Doing, int]] = {looks: 1}


async def work(reader: Reader, doing: Mapping[Doing, int], *, until: float, think: float) -> None:
    """Ask, read for a while, ask again; pauses are drawn around `think` seconds."""
    await asyncio.sleep(reader.draw.uniform(0, think))
    while time.perf_counter() - reader.origin < until:
        [chosen] = reader.draw.choices(list(doing), list(doing.values()))
        await chosen(reader)
        await asyncio.sleep(min(reader.draw.expovariate(1 / think), 5 * think))


def _query(draw: random.Random, *, sort: bool = True) -> dict[str, str | Sequence[str]]:
    asked: dict[str, str | Sequence[str]] = dict(draw.choice(_FILTERS))
    chosen = draw.choice(_SORTS)
    return asked | {"sort": chosen, "down": draw.choice(("0", "1"))} if sort and chosen else asked
