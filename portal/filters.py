"""The filter of a list as it stands in the address bar: read, turned into a query, written back as an address.

An address holds rules, codes, ids and names of accounts, never a value of a person. A name that is no
filter's, and a value that cannot be read, is a bad request: the list would show what was not asked for.
"""

from typing import Annotated, Final, Literal, Self
from urllib.parse import urlencode

from fastapi import Depends, HTTPException, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.datastructures import FormData
from starlette.requests import Request

from mismatches.cases.declaration import case_rules
from mismatches.cases.queries.listing import Filter, Page, SortKey
from mismatches.rule import Outcome, Severity
from portal.words import rules_by_department

ROWS: Final = 50  # of a page
MOST_PAGES: Final = 200
"""Pages that can be turned: 10,000 findings. Whoever wants the rest narrows the filter or takes the file."""

_BESIDE: Final = frozenset({"lang", "pick", "map"})
"""What an address of a list may say beside its filter: the language, all lines picked, what the map shows."""

_NO_RULE: Final = ""  # a rule that no finding has: departments and rules that exclude each other find nothing
_MOST: Final = 100  # values of one name in an address


def _filled(values: object) -> object:
    """A form sends a field left empty as an empty text."""
    return [value for value in values if value != ""] if isinstance(values, list) else values


def _printable(text: str) -> str:
    text = text.strip()
    if not text.isprintable():
        raise ValueError("a character that cannot be shown")
    return text


def _known_state(state: str) -> str:
    if state not in case_rules().states:
        raise ValueError("no such state")
    return state


_Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,79}$")]
_District = Annotated[str, Field(pattern=r"^([0-9]{1,6}|unknown)$")]
_Month = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
_Typed = Annotated[str, Field(max_length=100), AfterValidator(_printable)]


class ListQuery(BaseModel):
    """What the address of a list says; see `mismatches.cases.queries.listing.Filter`.

    `department` stands for the rules that cite its records. `id`: how the id of a subject or a finding begins.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    rule: Annotated[list[_Word], BeforeValidator(_filled), Field(max_length=_MOST)] = []
    department: Annotated[list[_Word], BeforeValidator(_filled), Field(max_length=_MOST)] = []
    state: Annotated[
        list[Annotated[str, AfterValidator(_known_state)]], BeforeValidator(_filled), Field(max_length=_MOST)
    ] = []
    severity: Annotated[list[Severity], BeforeValidator(_filled), Field(max_length=_MOST)] = []
    district: Annotated[list[_District], BeforeValidator(_filled), Field(max_length=_MOST)] = []
    month: Annotated[list[_Month], BeforeValidator(_filled), Field(max_length=_MOST)] = []
    owner: _Typed = ""
    id: _Typed = ""
    outcome: Outcome = "hit"
    overdue: bool = False
    suppressed: Literal["", "yes", "no"] = ""
    gone: bool = False
    shadow: bool = False
    sort: SortKey = "severity"
    down: bool = False
    page: Annotated[int, Field(ge=1, le=MOST_PAGES)] = 1

    @classmethod
    def read(cls, form: FormData) -> Self:
        """The filter that the fields of a form repeat.

        Raises:
            ValidationError: a value cannot be read.
        """
        lists = {name for name, field in cls.model_fields.items() if field.default == []}
        given = {name: form.getlist(name) if name in lists else form[name] for name in cls.model_fields if name in form}
        return cls.model_validate(given)

    def wanted(self) -> Filter:
        """The filter as a query takes it."""
        return Filter(
            rules=self._rules(),
            severities=tuple(self.severity),
            states=tuple(self.state),
            districts=tuple(self.district),
            months=tuple(self.month),
            owner=self.owner or None,
            id_starts=self.id or None,
            outcome=self.outcome,
            open_only=not self.gone,
            overdue=self.overdue,
            suppressed={"": None, "yes": True, "no": False}[self.suppressed],
            shadow=self.shadow,
        )

    def shown(self) -> Page:
        """The order and the page as a query takes them."""
        return Page(self.sort, self.down, ROWS, (self.page - 1) * ROWS)

    def said(self, **changes: object) -> list[tuple[str, str]]:
        """Names and values of the address, those that say nothing left out; the page is the first unless changed."""
        nothing, values = _NOTHING.model_dump(), self.model_dump() | {"page": 1} | changes
        return [
            (name, "1" if one is True else str(one))
            for name, value in values.items()
            if value != nothing[name]
            for one in (value if isinstance(value, list) else [value])
        ]

    def kept(self) -> dict[str, list[str]]:
        """What a saved view keeps: name → values of the address."""
        values: dict[str, list[str]] = {}
        for name, value in self.said():
            values.setdefault(name, []).append(value)
        return values

    def address(self, path: str, **changes: object) -> str:
        """The address of a page with this filter."""
        query = urlencode(self.said(**changes))
        return f"{path}?{query}" if query else path

    @property
    def narrows(self) -> bool:
        """Whether the filter leaves anything out that the plain list shows."""
        return bool(self.said(sort="severity", down=False))

    def _rules(self) -> tuple[str, ...]:
        if not self.department:
            return tuple(self.rule)
        known = rules_by_department()
        concerned = frozenset[str]().union(*(known.get(name, frozenset()) for name in self.department))
        return tuple(sorted(concerned & set(self.rule) if self.rule else concerned)) or (_NO_RULE,)


_NOTHING = ListQuery()


def _asked(request: Request, query: Annotated[ListQuery, Query()]) -> ListQuery:
    if request.query_params.keys() - ListQuery.model_fields.keys() - _BESIDE:
        raise HTTPException(400)
    return query


Asked = Annotated[ListQuery, Depends(_asked)]
"""The filter of an address; a name that it does not know is a bad request."""
