"""How fresh each input is: rows, the latest day the data speaks of, and whether the contract's promise is kept."""

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from mismatches.inputs import identifier
from mismatches.request import CrossCheckRequest
from schemas.bilingual import Bilingual
from schemas.contract import Contract, product_contracts, source_contracts


@dataclass(frozen=True)
class InputFact:
    """One input. `latest` is the greatest value of the cursor; `late` is None where nothing is promised."""

    name: str
    title: Bilingual
    present: bool
    version: str = ""
    rows: int = 0
    received_at: datetime | None = None
    latest: date | None = None
    days: int | None = None  # from `latest` to the as-of date
    promised_days: int | None = None

    @property
    def late(self) -> bool | None:
        """Whether the data is older than the contract promises."""
        if self.days is None or self.promised_days is None:
            return None
        return self.days > self.promised_days


def input_facts(connection: duckdb.DuckDBPyConnection, request: CrossCheckRequest) -> tuple[InputFact, ...]:
    """Every source dataset of the contracts, absent ones included, then the crosswalks and other products given."""
    facts = [
        _fact(connection, request, contract, present=name in request.tables)
        for name, contract in source_contracts().items()
    ]
    facts += [
        _fact(connection, request, contract, present=True)
        for name, contract in product_contracts().items()
        if name in request.products
    ]
    return tuple(facts)


def _fact(
    connection: duckdb.DuckDBPyConnection, request: CrossCheckRequest, contract: Contract, *, present: bool
) -> InputFact:
    title = Bilingual(contract.title_zh, contract.title_en)
    if not present:
        return InputFact(contract.name, title, present=False)
    path = request.tables.get(contract.name) or request.products[contract.name]
    cursor = contract.cursor if contract.cursor and contract.name in request.tables else None
    latest = f"max({identifier(cursor)})::date" if cursor else "null::date"
    source = identifier(contract.name) if cursor else "read_parquet($path)"
    values = {} if cursor else {"path": str(path)}
    rows, newest = connection.execute(f"select count(*), {latest} from {source}", values).fetchall()[0]
    state = request.state(contract.name)
    return InputFact(
        contract.name,
        title,
        present=True,
        version=state.version,
        rows=int(rows),
        received_at=state.received_at,
        latest=newest,
        days=(request.as_of - newest).days if newest else None,
        promised_days=contract.freshness_days,
    )
