"""Which source records state which relations, as data.

Owns the reading of `relations.yaml`. Refuses statements about datasets or columns that no contract has. Adding a
relation that is found in one of the known ways adds a line to the file and no branch here.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.contract import source_contracts
from storage.errors import BadSpecification

Target = Literal["household", "record", "enterprise", "person", "party", "head_office", "predecessor"]

KEY = ("kind", "source", "dataset", "record_id")
"""There is one relation of a kind and record."""

ORDER = ("from_master_id", *KEY)
"""How relations are sorted: by their subject first; those whose subject is unknown stand at the end."""

_FILE = Path(__file__).parent / "relations.yaml"
_WORD = r"^\w+$"  # these words become parts of statements

Word = Annotated[str, Field(pattern=_WORD)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subject(_Strict):
    """The record of another dataset whose relation it is, named by a column of this one."""

    dataset: str
    column: str


class Statement(_Strict):
    """What the records of a dataset state.

    `to`: how the other end is found. `of`: the dataset of a `record`. `reference`, `name`: columns that name the other
    end. `role`, `share`: columns that are carried along. `where`: only records with one of these codes. `ended`: codes
    with which the relation is over.
    """

    kind: Word
    dataset: str
    to: Target
    subject: Subject | None = None
    of: str | None = None
    reference: str | None = None
    name: str | None = None
    role: str | None = None
    share: str | None = None
    where: Mapping[str, tuple[Word, ...]] = {}
    ended: Mapping[str, tuple[Word, ...]] = {}

    @property
    def owner(self) -> str:
        """The dataset whose record is the subject."""
        return self.subject.dataset if self.subject else self.dataset


class Declarations(_Strict):
    """All statements, and the words with which names of branches and of organisations end.

    `text` is the file, for fingerprints.
    """

    branch_words: tuple[Word, ...] = Field(min_length=1)
    organisation_words: tuple[Word, ...] = Field(min_length=1)
    statements: tuple[Statement, ...]
    text: str = ""


@cache
def declarations() -> Declarations:
    """The declarations in force."""
    return parse_declarations(_FILE.read_text("utf-8"), where=_FILE.name)


def parse_declarations(text: str, *, where: str) -> Declarations:
    """Read declarations from YAML text.

    Raises:
        BadSpecification: what cannot be used, with the statement.
    """
    try:
        read = Declarations.model_validate({**yaml.safe_load(text), "text": text})
    except (yaml.YAMLError, ValidationError) as error:
        raise BadSpecification(f"the relations cannot be read: {error}", where, remedy="correct the file") from error
    contracts = source_contracts()
    for number, statement in enumerate(read.statements, start=1):
        place = f"{where}: statement {number}, {statement.kind}"
        for name in filter(None, (statement.dataset, statement.owner, statement.of)):
            if name not in contracts:
                raise BadSpecification(f"there is no dataset {name}", place, ", ".join(contracts))
        for column in _columns(statement):
            if column not in contracts[statement.dataset].column_names:
                raise BadSpecification(f"{statement.dataset} has no column {column}", place)
        if (statement.to == "record") != (statement.of is not None):
            raise BadSpecification("`of` goes with `to: record`", place)
    return read


def _columns(statement: Statement) -> Iterator[str]:
    stated = (statement.reference, statement.name, statement.role, statement.share)
    yield from filter(None, stated)
    yield from (*statement.where, *statement.ended)
    if statement.subject:
        yield statement.subject.column
