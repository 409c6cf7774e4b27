"""The names of all enterprises of a city: unique where the law wants it, with the former names of those renamed."""

from dataclasses import dataclass, field

from simulation import company_names
from simulation.draws import Draws


@dataclass
class Naming:
    """Names given so far; `industries`, `districts` and `owners` are texts by enterprise."""

    draws: Draws
    industries: list[str]
    districts: list[str]
    owners: list[str]
    trades: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.trades = [company_names.trade_name(self.draws) for _ in self.districts]
        self.names = [""] * len(self.districts)
        self.former: list[str | None] = [None] * len(self.districts)

    def company(self, place: int, sister: int, renamed: bool) -> None:
        """Name a company, with the trade name of an older sister where it has one (-1: none)."""
        if sister >= 0:
            self.trades[place] = self.trades[sister]
        self.names[place] = self._legal(place)
        if renamed:
            self.former[place] = self.names[place]
            new = company_names.trade_name(self.draws)
            self.trades[place] = new if self.draws.below(2) else self.trades[place] + self.draws.one("宏远新")
            self.names[place] = self._legal(place)

    def shop(self, place: int) -> None:
        """Name an individual business; several may bear the same name."""
        self.names[place] = company_names.shop(
            self.trades[place], self.owners[place], self.industries[place], self.districts[place], self.draws
        )

    def institution(self, place: int) -> None:
        """Name a public institution."""
        self.names[place] = self._distinct(company_names.institution(self.districts[place], self.draws))

    def branch(self, place: int, parent: int) -> None:
        """Name a branch after its parent."""
        name = company_names.branch(self.names[parent], self.districts[place], self.draws)
        self.names[place] = self._distinct(name)

    def _legal(self, place: int) -> str:
        while True:
            name = company_names.company(self.trades[place], self.industries[place], self.districts[place], self.draws)
            if name not in self.used:
                self.used.add(name)
                return name
            self.trades[place] += self.draws.one(company_names.THIRD)

    def _distinct(self, name: str) -> str:
        number, plain = 2, name
        while name in self.used:
            name, number = f"{plain}（{number}号）", number + 1
        self.used.add(name)
        return name
