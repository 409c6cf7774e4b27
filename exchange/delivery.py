"""One delivery: what an agreement grants, out of the published products, into a folder that is never changed again.

The version names what went in (agreement, product versions, day), so the same again is the same delivery. Of a change
feed each delivery holds what came since the one before (`exchange.feeds`); of relations, those of granted subjects.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from exchange.agreement import Agreement, Grant, Mask
from exchange.feeds import FEEDS, extract, extracted
from exchange.masks import fingerprint, recipient_key
from exchange.selection import Selection, selected
from exchange.writers import write
from schemas.contract import product_contract
from storage.commit import commit, staging
from storage.errors import BadSpecification, SourceUnavailable
from storage.manifest import Json, Manifest, is_whole, read_manifest, verify
from storage.zones import Zones

PRODUCT_FILE = "data.parquet"

_logger = logging.getLogger(__name__)


def deliver(agreement: Agreement, products: Mapping[str, Path], zones: Zones, *, as_of: date) -> Manifest:
    """Deliver what is published of what an agreement grants; the caller holds the home lock.

    Granted products that are not published are named in the manifest's facts (`not_published`); where none is, the
    delivery has a manifest and no file.

    Args:
        agreement: in force on the day.
        products: product → folder of its published version.
        zones: where the delivery goes.
        as_of: the day of the delivery.

    Raises:
        BadSpecification: the agreement is not in force, a key is missing, or a sheet is too small.
        SourceUnavailable: the base that a grant depends on is not published, or its feed is behind.
        ContractBroken: a published folder is damaged.
    """
    _check_in_force(agreement, as_of)
    granted = {grant.product: products[grant.product] for grant in agreement.grants if grant.product in products}
    versions = {name: read_manifest(folder).version for name, folder in granted.items()}
    key = recipient_key(agreement.recipient) if _needs_key(agreement) else None
    version = _version(agreement, versions, as_of, key)
    target = zones.deliveries(agreement.recipient, version)
    if is_whole(target):
        return read_manifest(target)
    with staging(zones) as folder, staging(zones) as work:
        tables: dict[str, Json] = {}
        rows = 0
        for grant in agreement.grants:
            if grant.product in granted:
                with _opened(_Grant(agreement, grant, granted, key), zones, work) as (reader, more):
                    count = write(reader, folder / f"{grant.product}.{agreement.format}", agreement)
                tables[grant.product] = _table_facts(grant, agreement, versions[grant.product], count) | more
                rows += count
        manifest = Manifest(
            kind="delivery",
            name=agreement.recipient,
            version=version,
            created_at=datetime.now(UTC),
            rows=rows,
            inputs=versions,
            facts=_facts(agreement, as_of) | {"tables": tables, "not_published": _not_published(agreement, granted)},
        )
        delivered = commit(folder, target, manifest)
    _logger.info("delivered", extra={"recipient": agreement.recipient, "version": version, "rows": rows})
    return delivered


@dataclass(frozen=True)
class _Grant:
    """One grant of an agreement, and what there is: product → folder, and the recipient's key."""

    agreement: Agreement
    grant: Grant
    products: Mapping[str, Path]
    key: bytes | None


@contextmanager
def _opened(one: _Grant, zones: Zones, work: Path) -> Iterator[tuple[pa.RecordBatchReader, dict[str, Json]]]:
    """The rows of a grant, and what the manifest says beyond what it says of every table."""
    if one.grant.product in FEEDS:
        found = extract(one.agreement, one.grant, zones, one.key)
        with extracted(found, work) as reader:
            yield reader, {"feed": found.facts()}
        return
    limits = one.agreement.limiting(one.grant)
    if missing := [base.product for base in limits if base.product not in one.products]:
        raise SourceUnavailable(
            f"the {missing[0]} base limits whose relations go out, and is not published", one.agreement.recipient,
            remedy="publish it with `sitong run`",
        )  # fmt: skip
    for name in (one.grant.product, *(base.product for base in limits)):
        verify(one.products[name])
    files = tuple((base, one.products[base.product] / PRODUCT_FILE) for base in limits)
    with selected(Selection(one.grant, one.products[one.grant.product] / PRODUCT_FILE, one.key, work, files)) as reader:
        yield reader, {}


def _check_in_force(agreement: Agreement, as_of: date) -> None:
    if not agreement.covers(as_of):
        when = "has ended" if as_of > agreement.valid_to else "has not begun"
        raise BadSpecification(
            f"the agreement {when}",
            f"{agreement.recipient}, version {agreement.version}",
            f"a day from {agreement.valid_from} to {agreement.valid_to}, not {as_of}",
            "renew the agreement, or deliver for a day that it covers",
        )


def _needs_key(agreement: Agreement) -> bool:
    return any(one.mask is Mask.KEYED_HASH for grant in agreement.grants for one in grant.fields)


def _version(agreement: Agreement, versions: Mapping[str, str], as_of: date, key: bytes | None) -> str:
    """Name the day, and a digest of everything that decides the content."""
    contracts = {name: product_contract(name).version for name in versions}
    content = [asdict(agreement), dict(versions), contracts, fingerprint(key) if key else None]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
    return f"{as_of:%Y%m%d}-{digest[:12]}"


def _not_published(agreement: Agreement, granted: Mapping[str, Path]) -> list[str]:
    return [grant.product for grant in agreement.grants if grant.product not in granted]


def _facts(agreement: Agreement, as_of: date) -> dict[str, Json]:
    return {
        "recipient_name": agreement.recipient_name,
        "agreement_version": agreement.version,
        "purpose": agreement.purpose,
        "legal_basis": agreement.legal_basis,
        "valid_from": agreement.valid_from.isoformat(),
        "valid_to": agreement.valid_to.isoformat(),
        "as_of": as_of.isoformat(),
        "format": agreement.format,
    }


def _table_facts(grant: Grant, agreement: Agreement, version: str, rows: int) -> dict[str, Json]:
    contract = product_contract(grant.product)
    fields: list[Json] = [
        {"name": one.name, "name_zh": contract.column(one.name).name_zh, "mask": one.mask.value}
        | ({"unmasked_reason": one.unmasked_reason} if one.unmasked_reason else {})
        for one in grant.fields
    ]
    return {
        "file": f"{grant.product}.{agreement.format}",
        "product_version": version,
        "contract_version": contract.version,
        "rows": rows,
        "fields": fields,
        "row_filter": {column: list(values) for column, values in grant.rows.items()},
    }
