"""A drawing of enterprises for tests, unlike the cities of `simulation` and `benchmarks`: many of the hard cases.

Owners with sister companies in one room, branches, chains of shops, an incubator, renames, numbers of retired
divisions; each office writes names, addresses, telephones and numbers in its own way and about as often wrongly.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pyarrow as pa

TRADE = "海蓝恒鼎瑞丰泰和永盛嘉禾远洋金桥宏图天成博雅立信华阳东升启明安泽凯旋润德同创佳音百川众合新锐"
INDUSTRIES = (
    "科技", "商贸", "建筑工程", "物流", "食品", "饰品", "机械制造", "信息技术", "餐饮管理", "化工", "渔具",
    "石墨烯制品",
    "国际贸易", "装饰工程", "园林绿化", "文化传媒", "橡胶制品", "电子商务", "医疗器械", "气凝胶", "木业", "水产品",
    "咨询",
)  # fmt: skip
FORMS = ("有限公司", "有限公司", "有限公司", "有限责任公司", "股份有限公司")
SHOPS = ("烧烤店", "超市", "理发店", "五金经营部", "水饺馆", "烟酒行", "汽修厂", "便利店", "花店", "茶庄")
DISTRICTS = {
    "市南区": ("370202", "370202"), "市北区": ("370203", "370205"), "李沧区": ("370213", "370206"),
    "黄岛区": ("370211", "370284"), "崂山区": ("370212", "370221"), "即墨区": ("370215", "370282"),
    "胶州市": ("370281", "379016"), "城阳区": ("370214", "370221"),
}  # fmt: skip
OLD = {"市北区": "四方区", "黄岛区": "胶南市", "即墨区": "即墨市", "李沧区": "沧口区"}
ROADS = ("香港中路", "延安三路", "井冈山路", "重庆南路", "九水东路", "长江西路", "书院路", "鹤山路", "秦岭路", "江西路")
ESTATES = ("锦绣家园", "海景花园", "万科城", "金色港湾")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙于姜宋隋欧丛"
GIVEN = "伟强敏静丽军洋艳勇杰娟涛明超秀英霞平刚桂芳玉兰建国红梅志晓雨欣怡子涵浩宇辰"
OFFICES = ("commerce.enterprise", "tax.taxpayer", "quality_supervision.organization", "social_security.employer")
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True)
class Person:
    """A representative."""

    name: str
    number: str


@dataclass(frozen=True)
class Place:
    """Where an enterprise is; an estate may be written in place of the road."""

    district: str
    road: str
    number: int
    estate: str
    flat: tuple[int, int, int]


@dataclass(frozen=True)
class Firm:
    """An enterprise as it is, and as it was where something has changed."""

    stem: str
    industry: str
    division: str
    form: str
    branch: str
    shop: bool
    code: str
    owner: Person
    place: Place
    phone: str
    former: "Firm | None" = None


@dataclass
class Register:
    """Records by office, and whose they are."""

    rows: dict[str, list[dict[str, str | None]]] = field(default_factory=lambda: {office: [] for office in OFFICES})
    truth: dict[tuple[str, str], int] = field(default_factory=dict)

    def tables(self) -> dict[str, pa.Table]:
        """The offices' tables."""
        return {office: pa.Table.from_pylist(rows) for office, rows in self.rows.items()}


def firms(draw: random.Random, count: int) -> list[Firm]:
    """Owners with one to four enterprises, a chain of shops and an incubator among them."""
    out: list[Firm] = []
    names: set[str] = set()
    incubator, agent = _place(draw), _phone(draw)

    def add(firm: Firm) -> None:
        if firm.shop or written(firm) not in names:
            names.add(written(firm))
            out.append(firm)

    while len(out) < count:
        kind, owner = draw.random(), _person(draw)
        if kind < 0.3:
            add(_shop(draw, owner))
        elif kind < 0.34:
            chain = _shop(draw, owner)
            for place in draw.sample(sorted(DISTRICTS), 3):
                add(replace(chain, branch=f"{place[:2]}店", code=_code(draw), owner=_person(draw), place=_place(draw),
                            phone=_phone(draw), industry="超市"))  # fmt: skip
        else:
            company = _company(draw, owner)
            if kind < 0.42:
                company = replace(company, place=replace(incubator, flat=(1, 1, draw.randint(101, 140))), phone=agent)
            add(company)
            if kind > 0.7:
                _relatives(draw, company, add)
    return out[:count]


def _relatives(draw: random.Random, company: Firm, add: Callable[[Firm], None]) -> None:
    """Sisters of the same room, and branches."""
    company = replace(company, former=None)
    for industry in draw.sample(INDUSTRIES, draw.randint(0, 2)):
        if industry != company.industry:
            same = draw.random() < 0.7
            sister = replace(company, industry=industry, code=_code(draw))
            add(sister if same else replace(sister, place=_place(draw), phone=_phone(draw)))
    ways = ["分公司", "第一分公司", "第二分公司", "市南分公司", "即墨分公司", "香港中路营业部", "胶州办事处"]
    for way in draw.sample(ways, draw.choice((0, 0, 1, 3))):
        head = draw.random() < 0.6
        add(replace(company, branch=way, code=_code(draw), place=_place(draw), phone=_phone(draw),
                    owner=company.owner if head else _person(draw)))  # fmt: skip


def _person(draw: random.Random) -> Person:
    name = draw.choice(SURNAMES) + "".join(draw.choice(GIVEN) for _ in range(draw.choice((1, 2, 2, 2))))
    body = f"{draw.choice(list(DISTRICTS.values()))[draw.randint(0, 1)]}{draw.randint(1955, 1999)}"
    body += f"{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}{draw.randint(1, 999):03d}"
    return Person(name, body + check(body))


def check(digits: str) -> str:
    """The last character of a citizen's number, GB 11643-1999."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(one) * weight for one, weight in zip(digits, weights, strict=True)) % 11]


def _place(draw: random.Random) -> Place:
    return Place(
        draw.choice(sorted(DISTRICTS)), draw.choice(ROADS), draw.randint(1, 400),
        draw.choice(ESTATES) if draw.random() < 0.5 else "",
        (draw.randint(1, 30), draw.randint(1, 4), draw.randint(1, 20) * 100 + draw.randint(1, 4)),
    )  # fmt: skip


def _phone(draw: random.Random) -> str:
    return f"8{draw.randint(10**6, 10**7 - 1)}" if draw.random() < 0.5 else f"13{draw.randint(10**8, 10**9 - 1)}"


def _code(draw: random.Random) -> str:
    body = (
        "MA" + "".join(draw.choice(ALPHABET) for _ in range(6))
        if draw.random() < 0.5
        else str(draw.randint(10**7, 10**8 - 1))
    )
    left = 11 - sum(int(one, 36) * weight for one, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return body + "0123456789X0"[left]


def _company(draw: random.Random, owner: Person) -> Firm:
    stem = "".join(draw.choice(TRADE) for _ in range(draw.choice((2, 2, 2, 3))))
    division = draw.choice(
        ("青岛", "青岛", "青岛", "青岛市", "山东", "青岛" + draw.choice(sorted(DISTRICTS)), "（青岛）", "")
    )
    form = draw.choice(("有限公司", "有限公司", "有限公司", "有限责任公司", "股份有限公司"))
    firm = Firm(
        stem, draw.choice(INDUSTRIES), division, form, "", False, _code(draw), owner, _place(draw), _phone(draw)
    )
    if draw.random() < 0.08:
        other = "".join(draw.choice(TRADE) for _ in range(2))
        return replace(firm, stem=other, former=firm)
    return firm


def _shop(draw: random.Random, owner: Person) -> Firm:
    stem = "老" + owner.name[0] if draw.random() < 0.2 else "".join(draw.choice(TRADE) for _ in range(2))
    place = _place(draw)
    return Firm(stem, draw.choice(SHOPS), draw.choice((place.district, "", "青岛市" + place.district)), "", "", True,
                _code(draw), owner, place, _phone(draw))  # fmt: skip


def written(firm: Firm) -> str:
    """The registered name."""
    if firm.division.startswith("（"):
        return f"{firm.stem}{firm.division}{firm.industry}{firm.form}{firm.branch}"
    return f"{firm.division}{firm.stem}{firm.industry}{firm.form}{firm.branch}"


def loosely(draw: random.Random, firm: Firm) -> str:
    """The name as an office may write it."""
    if firm.shop:
        return written(firm)
    whole, elsewhere = written(firm), draw.choice(("", "山东省青岛市"))
    return draw.choice((
        written(replace(firm, form="")),
        written(replace(firm, form="有限责任公司" if firm.form == "有限公司" else "有限公司")),
        written(replace(firm, division="青岛" if firm.division.startswith("（") else "（青岛）")),
        written(replace(firm, division=elsewhere)) if firm.division.startswith("青岛") else whole,
        whole.replace("（", "(").replace("）", " )").replace("第一", "第1").replace("第二", "二"),
        whole.replace("市南分", "市南区分").replace("即墨分", "即墨市分").replace("公司", "公 司"),
        _mistyped(draw, whole),
    ))  # fmt: skip


def _mistyped(draw: random.Random, text: str) -> str:
    place = draw.randrange(len(text))
    return text[:place] + draw.choice("天大人入口日目干于下") + text[place + 1 :]


def address(draw: random.Random, place: Place) -> str:
    """An address in one of many writings."""
    building, unit, room = place.flat
    district = OLD.get(place.district, place.district) if draw.random() < 0.15 else place.district
    start = draw.choice(("", "青岛市", "山东省青岛市", "青岛")) + draw.choice((district, district, ""))
    road = f"{place.road}{place.number}号"
    flat = draw.choice((
        f"{building}号楼{unit}单元{room}室", f"{building}-{unit}-{room}", f"{building}栋{unit}单元{room}",
        f"{building}号楼{unit}单元{room // 100}层{room}户",
    ))  # fmt: skip
    if place.estate:
        road = draw.choice((road, road + place.estate, place.estate))
    return start + road + flat


def phone(draw: random.Random, number: str) -> str:
    """A telephone in one of many writings."""
    return draw.choice((number, "0532-" + number, "0532" + number)) if len(number) == 8 else number


def mistyped_code(draw: random.Random, code: str) -> str:
    """One character wrong, missing, extra or two exchanged, in the organisation code."""
    place, way = draw.randrange(len(code) - 8, len(code) - 1), draw.randint(0, 3)
    if way == 0:
        return code[:place] + code[place + 1 :]
    if way == 1:
        return code[:place] + draw.choice("0123456789") + code[place:]
    if way == 2 and code[place] != code[place - 1]:
        return code[: place - 1] + code[place] + code[place - 1] + code[place + 1 :]
    return code[:place] + draw.choice([one for one in "0123456789" if one != code[place]]) + code[place + 1 :]


def register(seed: int, count: int) -> Register:
    """Records of some enterprises; the same arguments draw the same."""
    draw, out = random.Random(seed), Register()  # noqa: S311 — made-up data
    everybody = [_person(draw) for _ in range(50)]
    shares = dict(zip(OFFICES, (0.95, 0.85, 0.7, 0.5), strict=True))
    for number, firm in enumerate(firms(draw, count)):
        for office in OFFICES:
            if draw.random() < shares[office]:
                row = _record(draw, office, firm, everybody)
                row["record_id"] = f"{office[:2]}{number:06d}"
                out.rows[office].append(row)
                out.truth[office, row["record_id"]] = number
    return out


def _record(draw: random.Random, office: str, firm: Firm, others: list[Person]) -> dict[str, str | None]:
    commerce = office == OFFICES[0]
    behind = 0.02 if commerce else 0.12
    owner = draw.choice(others) if draw.random() < behind else firm.owner
    place = _place(draw) if draw.random() < behind else firm.place
    number = _phone(draw) if draw.random() < behind else firm.phone
    was = firm.former if firm.former and not commerce and draw.random() < 0.5 else firm
    name = loosely(draw, was) if draw.random() < behind else written(was)
    row: dict[str, str | None] = {
        "name": name, "legal_representative": owner.name if draw.random() > 0.06 else None,
        "address": address(draw, place) if draw.random() > 0.06 else None,
    }  # fmt: skip
    if office != OFFICES[2]:
        row["phone"] = phone(draw, number) if draw.random() > 0.1 else None
    return row | _numbers(draw, office, firm, owner, name)


def _numbers(draw: random.Random, office: str, firm: Firm, owner: Person, name: str) -> dict[str, str | None]:
    division, retired = DISTRICTS[firm.place.district]
    unified = ("92" if firm.shop else "91") + division + firm.code + draw.choice(ALPHABET)
    code = firm.code
    if draw.random() < 0.02:
        unified, code = unified[:8] + mistyped_code(draw, firm.code) + unified[-1], mistyped_code(draw, firm.code)
    missing = draw.random() < 0.12
    if office == OFFICES[0]:
        former = written(firm.former) if firm.former and draw.random() < 0.7 else None
        return {"uscc": None if missing else unified, "former_name": former,
                "legal_representative_id_number": owner.number if draw.random() > 0.1 else None}  # fmt: skip
    if office == OFFICES[1]:
        number = unified
        if firm.shop and draw.random() < 0.5:
            number = owner.number + draw.choice(("", "01"))
            name = owner.name if draw.random() < 0.6 else name
        elif not firm.shop and draw.random() < 0.3:
            number = retired + code
        return {"taxpayer_id": number, "name": name,
                "legal_representative_id_number": owner.number if draw.random() > 0.1 else None}  # fmt: skip
    if office == OFFICES[2]:
        return {"organization_code": f"{code[:-1]}-{code[-1]}" if draw.random() < 0.5 else code}
    return {"uscc": None if missing else unified}
