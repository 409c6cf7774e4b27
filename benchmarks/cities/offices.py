"""How commerce, tax, quality supervision and social security know the enterprises of a city.

Owns the rates, all of them assumptions: names, addresses, telephones and representatives differ about equally often.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.cities.digits import Matrix, slip, text, written
from benchmarks.cities.drops import put, put_truth
from benchmarks.cities.firms import BRANCHES, FORMS, TRADE, Firms, draw_firms
from benchmarks.cities.lettering import Lettering, lettering
from benchmarks.cities.places import DISTRICTS, write_addresses
from benchmarks.cities.population import TODAY

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Office:
    """Shares of records; see `departments.Department`. `loose` are names written in another form."""

    name: str
    covers: float
    twice: float
    wrong_code: float
    no_code: float
    behind: float
    loose: float
    wrong_name: float
    absent: float
    style: int


OFFICES = (
    Office("commerce.enterprise", 0.96, 0.001, 0.004, 0.08, 0.02, 0.02, 0.004, 0.05, 0),
    Office("tax.taxpayer", 0.84, 0.003, 0.010, 0.0, 0.35, 0.12, 0.015, 0.1, 2),
    Office("quality_supervision.organization", 0.72, 0.003, 0.012, 0.0, 0.45, 0.10, 0.015, 0.1, 1),
    Office("social_security.employer", 0.5, 0.004, 0.015, 0.12, 0.35, 0.15, 0.020, 0.12, 3),
)


def write_enterprises(folder: Path, enterprises: int, *, seed: int) -> int:
    """Write a city of enterprises; the number of records. The same arguments write the same city."""
    letters = lettering()
    firms = draw_firms(enterprises, letters, np.random.default_rng([seed, 3]))
    truths = []
    for place, office in enumerate(OFFICES):
        table, who = draw_rows(firms, letters, office, np.random.default_rng([seed, 4, place]))
        truths.append(put(folder, office.name, table, who))
    return put_truth(folder, "enterprise", truths)


def draw_rows(
    firms: Firms, letters: Lettering, office: Office, rng: np.random.Generator, who: Array | None = None
) -> tuple[pa.Table, Array]:
    """One office's table in no order, and the enterprise of each row: `who` where it is given."""
    if who is None:
        known = np.flatnonzero(rng.random(len(firms)) < office.covers)
        again = known[rng.random(len(known)) < office.twice]
        who = rng.permutation(np.concatenate([known, again]))
    count = len(who)
    behind = rng.random((4, count)) < office.behind
    owner = np.where(behind[0], firms.previous_owner[who], firms.owner[who])
    house = np.where(behind[1], firms.earlier_house[who], firms.house[who])
    house = np.where(rng.random(count) < office.absent, -1, house)
    phone = np.where(behind[2][:, None], firms.earlier_phone[who], firms.phone[who])
    typed = np.flatnonzero(rng.random(count) < 0.01)
    phone[typed] = slip(phone[typed], rng, first=3)
    owner_name = firms.owner_names[owner]
    wrong = np.flatnonzero(rng.random(count) < office.wrong_name)
    owner_name[wrong, 1] = letters.sound[owner_name[wrong, 1], 0]
    representative = pc.binary_join_element_wise(
        *(letters.text.take(pa.array(owner_name[:, place])) for place in range(4)), ""
    )
    keys = pc.binary_join_element_wise(
        office.name[:2].upper(), pa.array(np.arange(10**6, 10**6 + count)).cast("string"), ""
    )
    updated = pa.array(TODAY.astype("datetime64[s]") - rng.integers(0, 9 * 10**7, count).astype("timedelta64[s]"))
    columns = {
        "record_id": keys,
        "name": _names(firms, who, behind[3], representative, office, rng),
        "legal_representative": pc.if_else(pa.array(rng.random(count) < office.absent / 2), None, representative),
        "address": write_addresses(firms.houses, house, office.style, rng),
        "phone": text(phone, rng.random(count) < office.absent),
        "status": pa.array(np.full(count, "1")),
        "updated_at": updated,
    }
    return _with_codes(columns, firms, who, owner, office, rng), who


def _names(
    firms: Firms, who: Array, behind: Array, representative: pa.Array, office: Office, rng: np.random.Generator
) -> pa.Array:
    count = len(who)
    core = pc.if_else(pa.array(behind), firms.earlier_core.take(pa.array(who)), firms.core.take(pa.array(who)))
    for letter in rng.permutation(len(TRADE))[:20]:
        hit = pa.array(rng.random(count) < office.wrong_name)
        core = pc.if_else(hit, pc.replace_substring(core, TRADE[letter], TRADE[(letter * 7 + 3) % len(TRADE)]), core)
    loose = rng.random(count) < office.loose
    kind = np.where(loose, rng.integers(1, 6, count), 0)
    kind = np.where(firms.shop[who] & (kind > 2), 1, kind)
    shop = firms.shop[who]
    form = np.where(kind == 1, rng.integers(0, 4, count), firms.form[who])
    forms = pa.array([*FORMS, ""]).take(pa.array(np.where(shop | (kind == 2), 4, form)))
    branch = pa.array(["", *BRANCHES]).take(pa.array(firms.branch[who]))
    district = pa.array(["", *(row[0] for row in DISTRICTS)]).take(pa.array(firms.place[who]))
    city = pa.array(["青岛", "青岛市", "山东", ""]).take(pa.array(np.where(kind == 3, rng.integers(1, 4, count), 0)))
    district = pc.if_else(pa.array(shop | (kind != 4)), district, "")
    plain = pc.binary_join_element_wise(city, district, core, forms, branch, "")
    bracketed = pc.binary_join_element_wise(core, "（青岛）", forms, branch, "")
    names = pc.if_else(pa.array((kind == 5) & ~shop), bracketed, plain)
    if office.name == "tax.taxpayer":
        names = pc.if_else(pa.array(shop & (rng.random(count) < 0.35)), representative, names)
    return names


def _with_codes(
    columns: dict[str, pa.Array], firms: Firms, who: Array, owner: Array, office: Office, rng: np.random.Generator
) -> pa.Table:
    count = len(who)
    uscc, code = firms.uscc[who], firms.code[who]
    wrong = np.flatnonzero(rng.random(count) < office.wrong_code)
    absent = rng.random(count) < office.no_code
    division = pa.array(np.array([row[1] * 1000 + 1 for row in DISTRICTS])[firms.district[who]]).cast("string")
    owner_id = text(firms.owner_ids[owner], rng.random(count) < office.absent)
    if office.name == "quality_supervision.organization":
        code[wrong] = slip(code[wrong], rng)
        plain = text(code)
        hyphen = pc.binary_join_element_wise(
            pc.utf8_slice_codeunits(plain, 0, 8), pc.utf8_slice_codeunits(plain, 8), "-"
        )
        columns["organization_code"] = pc.if_else(pa.array(rng.random(count) < 0.5), hyphen, plain)
        del columns["phone"]
        return pa.table(columns)
    uscc[wrong] = slip(uscc[wrong], rng, first=8)
    if office.name == "commerce.enterprise":
        columns |= {"uscc": text(uscc, absent), "legal_representative_id_number": owner_id, "division_code": division}
        columns["registration_number"] = text(written(np.asarray(370200 * 10**9 + who.astype(np.int64)), 15))
        earlier = pc.not_equal(firms.core, firms.earlier_core).take(pa.array(who))
        told = pc.and_(earlier, pa.array(rng.random(count) < 0.7))
        former = pc.binary_join_element_wise(
            "青岛", firms.earlier_core.take(pa.array(who)), pa.array(FORMS).take(pa.array(firms.form[who])), ""
        )
        columns["former_name"] = pc.if_else(told, former, None)
        columns["established_on"] = pa.array(TODAY - rng.integers(400, 9000, count).astype("timedelta64[D]"))
    elif office.name == "tax.taxpayer":
        columns |= {"taxpayer_id": _taxpayer_ids(firms, who, owner, uscc, rng), "division_code": division}
        columns |= {"legal_representative_id_number": owner_id}
        columns["uscc"] = text(uscc, rng.random(count) < 0.5)
    else:
        columns["uscc"] = text(uscc, absent)
    return pa.table(columns)


def _taxpayer_ids(firms: Firms, who: Array, owner: Array, uscc: Matrix, rng: np.random.Generator) -> pa.Array:
    """18 places as today, or the older number of division and code; that of a shop is often its owner's."""
    ids = np.zeros((len(who), 20), np.uint8)
    ids[:, :19] = uscc
    old = np.flatnonzero((rng.random(len(who)) < 0.35) & ~firms.shop[who])
    codes = np.array([row[2] for row in DISTRICTS])[firms.district[who[old]]].astype(np.int64)
    ids[old] = 0
    ids[old, :6], ids[old, 6:15] = written(codes, 6), uscc[old, 8:17]
    own = np.flatnonzero((rng.random(len(who)) < 0.6) & firms.shop[who])
    ids[own] = 0
    ids[own, :18] = firms.owner_ids[owner[own], :18]
    longer = own[rng.random(len(own)) < 0.4]
    ids[longer, 18:20] = written(rng.integers(1, 4, len(longer)), 2)
    return text(ids)
