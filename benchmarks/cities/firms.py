"""The enterprises of a city as they truly are: owners with several companies, branches, shops, renames.

Owns the truth; `offices` writes it down wrongly. One row per enterprise; a branch is an enterprise of its own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.cities.digits import (
    CREDIT_LETTERS,
    Matrix,
    citizen_ids,
    credit_check,
    mobiles,
    organization_check,
    written,
)  # fmt: skip
from benchmarks.cities.lettering import Lettering, falling
from benchmarks.cities.places import DISTRICTS, Houses, draw_houses
from benchmarks.cities.vocabulary import letters as letters_of
from benchmarks.cities.vocabulary import words

Array = np.ndarray[Any, np.dtype[Any]]
TRADE = letters_of("trade")
INDUSTRY = words("industries")
SHOPS = words("shops")
FORMS = ("有限公司", "有限责任公司", "股份有限公司", "公司")
BRANCHES = ("分公司", "第一分公司", "第二分公司", "营业部", "办事处", "分店", "城阳分公司", "即墨分公司", "黄岛分公司")


@dataclass(frozen=True)
class Firms:
    """The enterprises.

    Attributes:
        core: trade name and industry of a company, the whole name of a shop.
        earlier_core: the same before a rename; equal where there was none.
        place: division in front of the name; `form` the legal form; `branch` the end of a branch's name, else empty.
        shop: an individual's business. `owner` is a place in `owner_names`, `previous_owner` the one before.
        code: organisation code of 9; `uscc` of 18.
        house, phone: true ones; `earlier_house`, `earlier_phone` before a change.
    """

    core: pa.Array
    earlier_core: pa.Array
    place: Array
    form: Array
    branch: Array
    shop: Array
    owner: Array
    previous_owner: Array
    owner_names: Array
    owner_ids: Matrix
    code: Matrix
    uscc: Matrix
    house: Array
    earlier_house: Array
    phone: Matrix
    earlier_phone: Matrix
    houses: Houses
    district: Array

    def __len__(self) -> int:
        """Enterprises."""
        return len(self.owner)


def draw_firms(count: int, letters: Lettering, rng: np.random.Generator) -> Firms:
    """One to five enterprises an owner; sisters share house, telephone and trade name as often as not."""
    sizes = rng.choice([1, 2, 3, 4, 5], count, p=[0.7, 0.15, 0.08, 0.04, 0.03])
    owner = np.repeat(np.arange(count), sizes)[:count]
    first = np.r_[True, owner[1:] != owner[:-1]]
    head = np.maximum.accumulate(np.where(first, np.arange(count), 0))
    shop = (rng.random(count) < 0.5) & first & np.r_[first[1:], True]
    branch = _branches(~first & ~shop & (rng.random(count) < 0.25), first, rng)
    owner_names = _owner_names(int(owner[-1]) + 1, letters, rng)
    trade, industry, core = _cores((shop, branch > 0, head), owner_names[owner], letters, rng)
    renamed = (rng.random(count) < 0.06) & ~shop & (branch == 0)
    other = np.where(rng.random(count) < 0.5, rng.integers(0, len(INDUSTRY), count), industry)
    new_trade = np.where((other == industry)[:, None], _trade(count, rng), trade)
    earlier = pc.if_else(pa.array(renamed), _core(new_trade, other, shop, owner_names[owner], letters, rng), core)
    houses = draw_houses(int(count * 0.9) + 10, rng)
    drawn = rng.integers(0, len(houses), (2, count))
    house = np.where(~first & (rng.random(count) < 0.5) & (branch == 0), drawn[0][head], drawn[0])
    phone, earlier_phone = mobiles(count, rng), mobiles(count, rng)
    shared = ~first & (rng.random(count) < 0.5)
    phone[shared] = phone[head[shared]]
    keeps_phone, keeps_house = rng.random(count) < 0.7, rng.random(count) < 0.7
    earlier_phone[keeps_phone] = phone[keeps_phone]
    changed = rng.random(count) < 0.12
    previous = np.where(changed, rng.integers(0, owner[-1] + 1, count), owner)
    district = houses.district[house]
    code, uscc = _codes(count, shop, district, rng)
    place = np.where(rng.random(count) < 0.35, district + 1, 0)
    return Firms(
        core, earlier, np.where(branch > 0, place[head], place), rng.choice(4, count, p=[0.86, 0.07, 0.05, 0.02]),
        branch, shop, owner, previous, owner_names, _owner_ids(len(owner_names), rng), code, uscc, house,
        np.where(keeps_house, house, drawn[1]), phone, earlier_phone, houses, district,
    )  # fmt: skip


def _branches(which: Array, first: Array, rng: np.random.Generator) -> Array:
    """A word of `BRANCHES`, counted from 1, or 0; an owner's branches bear different words."""
    running = np.cumsum(which)
    before = running - which
    place = running - np.maximum.accumulate(np.where(first, before, 0))
    start = np.maximum.accumulate(
        np.where(first, rng.integers(0, len(BRANCHES), len(first)) + np.arange(len(first)), 0)
    )
    return np.where(which, (start + place) % len(BRANCHES) + 1, 0)


def _cores(
    kinds: tuple[Array, Array, Array], owners: Array, letters: Lettering, rng: np.random.Generator
) -> tuple[Array, Array, pa.Array]:
    """Trade names and industries; no two companies bear both alike, as the register allows one name once."""
    shop, branch, head = kinds
    count = len(shop)
    trade, industry = _trade(count, rng), rng.choice(len(INDUSTRY), count, p=falling(len(INDUSTRY), 0.6))
    like_head = (head != np.arange(count)) & (rng.random(count) < 0.6)
    trade = np.where(like_head[:, None], trade[head], trade)
    for _ in range(len(INDUSTRY)):
        key = ((trade * [1, 1000, 1000000]).sum(axis=1) * 100 + industry) * 2 + shop
        _, where = np.unique(key, return_index=True)
        again = np.setdiff1d(np.arange(count), where)
        again = again[~shop[again] & ~branch[again]]
        if not len(again):
            break
        industry[again] = rng.integers(0, len(INDUSTRY), len(again))
    trade, industry = np.where(branch[:, None], trade[head], trade), np.where(branch, industry[head], industry)
    return trade, industry, _core(trade, industry, shop, owners, letters, rng)


def _trade(count: int, rng: np.random.Generator) -> Array:
    """Two characters, or three for some."""
    drawn = rng.integers(0, len(TRADE), (count, 3))
    drawn[rng.random(count) < 0.75, 2] = len(TRADE)
    return drawn


def _core(
    trade: Array, industry: Array, shop: Array, owners: Array, letters: Lettering, rng: np.random.Generator
) -> pa.Array:
    trades = pa.array([*TRADE, ""])
    company = pc.binary_join_element_wise(
        *(trades.take(pa.array(trade[:, place])) for place in range(3)), pa.array(INDUSTRY).take(pa.array(industry)), ""
    )
    by_surname = pc.binary_join_element_wise("老", letters.text.take(pa.array(owners[:, 0])), "")
    start = pc.if_else(pa.array(rng.random(len(shop)) < 0.2), by_surname, trades.take(pa.array(trade[:, 0])))
    start = pc.binary_join_element_wise(start, trades.take(pa.array(trade[:, 1])), "")
    shops = pc.binary_join_element_wise(start, pa.array(SHOPS).take(pa.array(industry % len(SHOPS))), "")
    return pc.if_else(pa.array(shop), shops, company)


def _owner_names(count: int, letters: Lettering, rng: np.random.Generator) -> Array:
    name = np.full((count, 4), letters.empty, np.int32)
    name[:, 0] = rng.choice(letters.surnames, count, p=falling(len(letters.surnames), 1.0))
    pool = np.concatenate([letters.male, letters.female])
    name[:, 1], name[:, 2] = rng.choice(pool, count), rng.choice(pool, count)
    name[rng.random(count) < 0.14, 2] = letters.empty
    return name


def _owner_ids(count: int, rng: np.random.Generator) -> Matrix:
    days = np.datetime64("1950-01-01") + rng.integers(0, 20000, count).astype("timedelta64[D]")
    whole = np.array([int(str(day).replace("-", "")) for day in days], np.int64)
    codes = np.array([row[1] for row in DISTRICTS])[rng.integers(0, len(DISTRICTS), count)]
    return citizen_ids(codes, whole, rng.integers(1, 999, count))


def _codes(count: int, shop: Array, district: Array, rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Organisation codes that no two share, and unified codes around them."""
    code = np.zeros((count, 10), np.uint8)
    code[:, :8] = written(rng.permutation(np.unique(rng.integers(10**7, 10**8, 2 * count)))[:count], 8)
    newer = rng.random(count) < 0.35
    code[newer, 0] = np.frombuffer(b"M", np.uint8)[0]
    code[newer, 1] = np.frombuffer(b"A", np.uint8)[0]
    code[newer, 2:8] = CREDIT_LETTERS[(np.flatnonzero(newer)[:, None] * 97 + 31**5) // 31 ** np.arange(5, -1, -1) % 31]
    code[:, 8] = organization_check(code)
    uscc = np.zeros((count, 19), np.uint8)
    uscc[:, 0], uscc[:, 1] = 57, np.where(shop, 50, 49)
    uscc[:, 2:8] = written(np.array([row[1] for row in DISTRICTS])[district].astype(np.int64), 6)
    uscc[:, 8:17] = code[:, :9]
    uscc[:, 17] = credit_check(uscc)
    return code, uscc
