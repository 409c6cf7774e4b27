"""A small clean town, drawn by nothing that the product has: what an unknown department's export looks like.

Deliberately unlike `simulation/`: own record ids, own names, own check digits, own truth. Values are Python objects;
`tests.sitong.exports` writes them in the formats that departments use.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

Row = dict[str, Any]

# Columns of sources.md; those marked * must exist.
LAYOUT = {
    "police.resident": "record_id* id_number* name* former_name sex* ethnicity birth_date* division_code household_id "
    "household_relation address mobile status death_date updated_at*",
    "social_security.insured": "record_id* id_number name* sex birth_date address mobile employer_no contribution_base "
    "insured_from status updated_at*",
    "tax.natural_person": "record_id* id_type id_number name* sex birth_date address mobile updated_at*",
    "family_planning.person": "record_id* id_number name* sex birth_date division_code address mobile updated_at*",
    "provident_fund.account": "record_id* id_number name* sex birth_date mobile employer_uscc employer_name "
    "contribution_base contribution_rate status updated_at*",
    "commerce.enterprise": "record_id* uscc registration_number name* former_name enterprise_type legal_representative "
    "legal_representative_id_number registered_capital established_on* status* ended_on industry_code division_code "
    "address phone updated_at*",
    "commerce.officer": "record_id* enterprise_record_id* role name* id_number share_ratio subscribed_capital "
    "updated_at*",
    "tax.taxpayer": "record_id* taxpayer_id* uscc name* legal_representative legal_representative_id_number "
    "industry_code division_code address phone registered_on cancelled_on status updated_at*",
    "quality_supervision.organization": "record_id* organization_code* name* legal_representative address issued_on "
    "expires_on status updated_at*",
    "social_security.employer": "record_id* uscc name* legal_representative address phone insured_count status "
    "updated_at*",
    "tax.wage": "record_id* taxpayer_id* person_record_id* tax_year* months wages tax_withheld updated_at*",
    "tax.declaration": "record_id* taxpayer_id* period* tax_type* taxable_amount quantity tax_due tax_paid "
    "declared_on*",
    "commerce.equity_transfer": "record_id* uscc* transferor_name* transferor_id_number transferee_name share_ratio "
    "price net_assets changed_on*",
    "natural_resources.land_grant": "record_id* grantee_name* grantee_uscc area_m2 price signed_on*",
    "development_reform.project": "record_id* name* owner_name owner_uscc contractor_usccs total_investment "
    "completed_investment started_on status division_code updated_at*",
}
COLUMNS = {name: [column.rstrip("*") for column in text.split()] for name, text in LAYOUT.items()}
REQUIRED = {name: [column[:-1] for column in text.split() if column.endswith("*")] for name, text in LAYOUT.items()}
PERSONS = tuple(LAYOUT)[:5]
ENTERPRISES = ("commerce.enterprise", "tax.taxpayer", "quality_supervision.organization", "social_security.employer")
FACTS = tuple(name for name in LAYOUT if name not in (*PERSONS, *ENTERPRISES))

AS_OF = date(2026, 4, 1)
_WRITTEN = datetime(2026, 3, 31, 18, 30)  # noqa: DTZ001 - local time, as departments send it
_SURNAMES = "赵钱孙李周吴郑王冯陈卫蒋沈韩杨朱秦许何吕张孔曹严魏陶姜谢邹"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超兰霞平刚桂英华玉梅红建国志文晓东海波宁雪琴春松柏荣"
_TRADES = "泰和兴隆瑞丰安康达通宝源盛昌永顺祥裕德润"
_KINDS = ("机械制造", "纺织", "食品", "商贸", "物流", "建筑工程", "海产", "化工", "电子科技", "酒店管理")


def citizen_id(division: str, born: date, sequence: int) -> str:
    """GB 11643, computed the slow way."""
    body = f"{division}{born:%Y%m%d}{sequence:03d}"
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def organization_code(number: int) -> str:
    """GB 11714 without its hyphen."""
    body = f"{number:08d}"
    check = 11 - sum(int(digit) * weight for digit, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return body + {10: "X", 11: "0"}.get(check, str(check))


def unified_code(organization: str) -> str:
    """GB 32100 of an enterprise of 市南区."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = "91370202" + organization
    total = sum(alphabet.index(letter) * 3**place for place, letter in enumerate(body))
    return body + alphabet[-total % 31]


@dataclass
class Town:
    """Rows by dataset, and for every record of persons and enterprises whose it is."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in LAYOUT})
    truth: dict[tuple[str, str], str] = field(default_factory=dict)
    planted: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def add(self, dataset: str, of: str | None = None, **values: Any) -> Row:
        row = dict.fromkeys(COLUMNS[dataset]) | values
        if "updated_at" in row:
            row["updated_at"] = _WRITTEN
        self.rows[dataset].append(row)
        if of is not None:
            self.truth[dataset, row["record_id"]] = of
        return row

    def groups(self, *datasets: str) -> set[frozenset[tuple[str, str]]]:
        """The true partition of the records of some datasets."""
        found: dict[str, set[tuple[str, str]]] = {}
        for record, whose in self.truth.items():
            if record[0] in datasets:
                found.setdefault(whose, set()).add(record)
        return {frozenset(group) for group in found.values()}


def build(persons: int = 300, enterprises: int = 60) -> Town:
    """A town with one planted case for each of the four rules; everything else is in order."""
    town = Town()
    people = [_person(at) for at in range(persons)]
    firms = [_firm(at) for at in range(enterprises)]
    dead = people[-1]
    firms[3]["head"] = dead
    for person in people:
        _register_person(town, person, firms, dead=person is dead)
    for firm in firms:
        _register_firm(town, firm)
    _facts(town, people, firms)
    return town


def _person(at: int) -> Row:
    names = [a + b for a, b in product(_GIVEN, _GIVEN[::3])]
    born = date(1950, 1, 1) + timedelta(days=(at * 7919) % 20000)
    name = _SURNAMES[at % len(_SURNAMES)] + names[(at * 37) % len(names)]
    return {
        "key": f"person {at}", "at": at, "name": name, "born": born, "sex": str(1 + at % 2),
        "id": citizen_id("370202", born, 100 + 2 * (at % 400) + (at + 1) % 2),
        "mobile": f"139{at * 104729 % 10**8:08d}",
        "address": f"山东省青岛市市南区香港中路{at % 97 + 1}号{at % 9 + 1}号楼{at % 4 + 1}单元{at % 6 + 1}01户",
    }  # fmt: skip


def _firm(at: int) -> Row:
    code = organization_code(50_000_000 + at * 7_654_321 % 40_000_000)
    trade = _TRADES[at % len(_TRADES)] + _TRADES[(at * 7 + 3 + at // len(_TRADES)) % len(_TRADES)]
    return {
        "key": f"firm {at}", "at": at, "name": f"青岛{trade}{_KINDS[at % len(_KINDS)]}有限公司", "code": code,
        "uscc": unified_code(code), "phone": f"0532-8{at * 7919 % 10**7:07d}", "head": None,
        "address": f"青岛市市北区辽宁路{at + 1}号", "ended": at == 5,
    }  # fmt: skip


def _register_person(town: Town, person: Row, firms: list[Row], *, dead: bool) -> None:
    at, of = person["at"], person["key"]
    known = {"id_number": person["id"], "name": person["name"], "sex": person["sex"], "birth_date": person["born"]}
    lives = {"address": person["address"], "mobile": person["mobile"]}
    firm = firms[at % len(firms)]
    town.add(
        "police.resident", of, **known, **lives, record_id=f"370202-HJ-{at:06d}", ethnicity="01",
        division_code="370202001", household_id=f"H{at // 3:05d}", household_relation="01",
        status="2" if dead else "1", death_date=date(2026, 1, 5) if dead else None,
    )  # fmt: skip
    if dead:
        return
    if at % 5 < 3:
        town.add(
            "social_security.insured", of, **known, **lives, record_id=str(10_000_000 + at),
            employer_no=f"单位{firm['at']:04d}", contribution_base=Decimal(_wage(at)), insured_from=date(2015, 7, 1),
            status="1",
        )  # fmt: skip
    if at % 2 == 0:
        town.add("tax.natural_person", of, **known, **lives, record_id=f"{at * 2654435761 % 2**32:08x}", id_type="201")
    if at % 7 < 3:
        town.add(
            "family_planning.person", of, **known, **lives, record_id=f"{at:09d}", division_code="370202001001"[:9]
        )
    if at % 3 == 0:
        town.add(
            "provident_fund.account", of, **known, record_id=f"公积金/2019/{at}号", mobile=person["mobile"],
            employer_uscc=firm["uscc"], employer_name=firm["name"], contribution_base=Decimal(_wage(at)),
            contribution_rate=Decimal("0.12"), status="1",
        )  # fmt: skip


def _wage(at: int) -> int:
    return 6_000 + at % 50 * 100


def _register_firm(town: Town, firm: Row) -> None:
    at, of = firm["at"], firm["key"]
    head = firm["head"] or {"name": None, "id": None}
    who = {"name": firm["name"], "legal_representative": head["name"], "address": firm["address"]}
    town.add(
        "commerce.enterprise", of, **who, record_id=f"工商 {at + 1}", uscc=firm["uscc"], phone=firm["phone"],
        legal_representative_id_number=head["id"], registered_capital=Decimal(1_000_000), enterprise_type="1130",
        established_on=date(2010, 1, 1) + timedelta(days=at), status="3" if firm["ended"] else "1",
        ended_on=date(2025, 6, 30) if firm["ended"] else None, industry_code="3499", division_code="370203",
    )  # fmt: skip
    if at == 7:  # an active enterprise that nobody else knows
        return
    old = "370203" + firm["code"] if at % 4 == 1 else firm["uscc"]
    town.add(
        "tax.taxpayer", of, **who, record_id=f"SW{at:04d}", taxpayer_id=old, uscc=firm["uscc"], status="1",
        legal_representative_id_number=head["id"], phone=firm["phone"], registered_on=date(2012, 5, 1),
    )  # fmt: skip
    if at % 3:
        code = firm["code"]
        town.add(
            "quality_supervision.organization", of, **who, record_id=f"{code[:8]}-{code[8]}/1", status="1",
            organization_code=f"{code[:8]}-{code[8]}", issued_on=date(2012, 1, 1), expires_on=date(2030, 1, 1),
        )  # fmt: skip
    town.add(
        "social_security.employer", of, **who, record_id=f"单位{at:04d}", uscc=firm["uscc"], phone=firm["phone"],
        insured_count=at + 1, status="1",
    )  # fmt: skip


def _facts(town: Town, people: list[Row], firms: list[Row]) -> None:
    workers = [person for person in people if person["at"] % 2 == 0 and person["at"] % 5 < 3]
    for number, person in enumerate(workers):
        low = number == 2  # insured on far less than was paid
        yearly = _wage(person["at"]) * 12 * (3 if low else 1)
        town.add(
            "tax.wage", record_id=f"W-{number}", taxpayer_id=firms[person["at"] % len(firms)]["uscc"], tax_year=2025,
            person_record_id=f"{person['at'] * 2654435761 % 2**32:08x}", months=12, wages=Decimal(yearly),
            tax_withheld=Decimal(yearly) / 20,
        )  # fmt: skip
    for number, firm in enumerate(one for one in firms if one["at"] != 7):
        town.add(
            "tax.declaration", record_id=f"{number + 1:012d}", taxpayer_id=firm["uscc"], period="2025-12",
            tax_type="VAT", taxable_amount=Decimal("200000.50"), tax_due=Decimal(6000), tax_paid=Decimal(6000),
            declared_on=date(2026, 1, 12),
        )  # fmt: skip
        town.add(
            "commerce.officer", record_id=f"rel-{number}", enterprise_record_id=f"工商 {firm['at'] + 1}", role="2",
            name=people[number]["name"], id_number=people[number]["id"], share_ratio=Decimal("0.5"),
        )  # fmt: skip
    town.add(
        "commerce.equity_transfer", record_id="gq1", uscc=firms[0]["uscc"], transferor_name=people[0]["name"],
        transferor_id_number=people[0]["id"], transferee_name=people[1]["name"], share_ratio=Decimal("0.3"),
        price=Decimal(300000), net_assets=Decimal(1000000), changed_on=date(2025, 11, 3),
    )  # fmt: skip
    town.add(
        "natural_resources.land_grant", record_id="TD-1", grantee_name=firms[1]["name"], area_m2=Decimal("12000.5"),
        grantee_uscc=firms[1]["uscc"], price=Decimal(9_000_000), signed_on=date(2025, 8, 1),
    )  # fmt: skip
    town.add(
        "development_reform.project", record_id="XM/1", name="胶州湾大桥维修", owner_name=firms[2]["name"],
        owner_uscc=firms[2]["uscc"], contractor_usccs=f"{firms[3]['uscc']};{firms[4]['uscc']}", status="在建",
        total_investment=Decimal(50_000_000), completed_investment=Decimal(10_000_000), division_code="370202",
    )  # fmt: skip
    town.rows["tax.declaration"].reverse()  # senders promise no order
    town.planted = {
        "unregistered_taxpayer": {("commerce.enterprise", "工商 8")},
        "ended_enterprise_declaring": {("commerce.enterprise", "工商 6")},
        "deceased_legal_representative": {("commerce.enterprise", "工商 4")},
        "underdeclared_contribution_base": {("social_security.insured", "10000006")},
    }


def all_rows(town: Town) -> Iterator[tuple[str, Row]]:
    """Every row with its dataset."""
    for dataset, rows in town.rows.items():
        for row in rows:
            yield dataset, row
