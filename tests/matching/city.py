"""A city of persons drawn for the tests of matching only: other names, other errors and other shares than the
simulator's."""

import random
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pyarrow as pa

from matching.characters.shape import look_alike
from matching.characters.table import characters

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任"
    "沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔"
    "向汤"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红梅建国文辉力志永健世广义兴良海山仁波宁贵福生龙元"
    "全胜学祥才发武新利清飞彬富顺信子峰松柏林楠榕琳琦璐瑶晨曦轩宇浩然博泽睿涵欣怡佳颖雪莹婷倩媛蕾薇菲岚苑"
    "婕馨瑗琰韵融园艺咏卿聪澜纯毓悦昭冰爽琬茗羽希育滢馥筠柔竹霭凝晓欢霄枫芸荷竟昊天翔鹏程凯俊诚豪毅嘉琪"
)
TRADITIONAL = dict(zip("伟丽军国华红兰张刘陈杨赵", "偉麗軍國華紅蘭張劉陳楊趙", strict=True))
ROADS = [a + b + "路" for a in "香东江延宁闽南浙海台辽福徐镇云贵" for b in "港海西安夏江京山信阳建州宁"]
COLUMNS = ("record_id", "id_number", "id_number_raw", "name", "former_name", "sex", "birth_date", "mobile", "address")
DATASETS = (("police.resident", 1.0), ("social_security.insured", 0.52), ("tax.natural_person", 0.44),
            ("family_planning.person", 0.45), ("provident_fund.account", 0.32))  # fmt: skip


@dataclass(frozen=True)
class Rates:
    """Shares of records with each kind of error."""

    id_error: float = 0.01
    id_missing: float = 0.01
    id_missing_family: float = 0.08
    old_id: float = 0.04
    name_error: float = 0.015
    birth_error: float = 0.008
    shared_id: float = 0.001
    duplicate: float = 0.0022
    renamed: float = 0.002
    mobile_missing: float = 0.15
    mobile_stale: float = 0.25
    moved: float = 0.3

    def harsher(self, times: float) -> "Rates":
        return replace(
            self, id_error=self.id_error * times, id_missing=self.id_missing * times,
            id_missing_family=self.id_missing_family * times, name_error=self.name_error * times,
            birth_error=self.birth_error * times,
        )  # fmt: skip


def check(digits: str) -> str:
    return "10X98765432"[sum(int(d) * w for d, w in zip(digits, WEIGHTS, strict=True)) % 11]


def _person(draw: random.Random, surname: str, home: tuple[str, str], birth: date, sequence: int) -> dict[str, object]:
    length = draw.choices((1, 2), (14, 86))[0]
    given = "".join(draw.choice(GIVEN[: draw.choice((40, 90, len(GIVEN)))]) for _ in range(length))
    base = f"3702{draw.choice(('02', '03', '11', '12', '13', '82'))}{birth:%Y%m%d}{sequence:03d}"
    return {"name": surname + given, "birth": birth, "sex": "1" if sequence % 2 else "2", "id": base + check(base),
            "mobile": home[1] if draw.random() < 0.15 else _mobile(draw), "address": home[0]}  # fmt: skip


def _mobile(draw: random.Random) -> str:
    return f"1{draw.choice('3578')}{draw.randrange(10**9):09d}"


def _address(draw: random.Random) -> str:
    house, building, unit, room = (draw.randrange(*span) for span in ((1, 200), (1, 20), (1, 5), (101, 2500)))
    return f"{draw.choice(ROADS)}{house}号{building}号楼{unit}单元{room}室"


def people(size: int, seed: int) -> list[dict[str, object]]:
    draw = random.Random(seed)  # noqa: S311 - test data, repeatable by seed
    out: list[dict[str, object]] = []
    shares = [1 / (rank + 2) for rank in range(len(SURNAMES))]
    while len(out) < size:
        surname = draw.choices(SURNAMES, shares)[0]
        home = (_address(draw), _mobile(draw))
        years = [draw.randrange(1935, 2020) for _ in range(draw.randrange(1, 5))]
        births = [date(year, 1, 1) + timedelta(days=draw.randrange(365)) for year in years]
        for number, birth in enumerate(births):
            own = surname if number != 1 else draw.choices(SURNAMES, shares)[0]
            sequence = draw.randrange(1, 990)
            out.append(_person(draw, own, home, birth, sequence))
            if number > 1 and draw.random() < 0.02:
                twin = _person(draw, own, home, birth, sequence + draw.choice((1, 2, 3)))
                twin["id"] = str(out[-1]["id"])[:6] + str(twin["id"])[6:17]
                twin["id"] = str(twin["id"]) + check(str(twin["id"]))
                if draw.random() < 0.5 and len(str(out[-1]["name"])) == 3:
                    twin["name"] = str(out[-1]["name"])[:2] + draw.choice(GIVEN)
                out.append(twin)
    return out[:size]


def wrong_digits(draw: random.Random, text: str) -> str:
    place = draw.randrange(len(text) - 1)
    kind = draw.random()
    if kind < 0.55:
        return text[:place] + draw.choice([d for d in "0123456789" if d != text[place]]) + text[place + 1 :]
    if kind < 0.85:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + text[place + 1 :]


def _alike_characters() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    sounds, shapes = defaultdict(list), defaultdict(list)
    table = characters()
    for one in GIVEN:
        for other in GIVEN:
            if one != other and table.syllable[ord(one)] == table.syllable[ord(other)]:
                sounds[one].append(other)
            if look_alike(ord(one), ord(other)):
                shapes[one].append(other)
    return sounds, shapes


def wrong_name(draw: random.Random, name: str, sounds: dict[str, list[str]], shapes: dict[str, list[str]]) -> str:
    kind, place = draw.random(), draw.randrange(1, len(name))
    if kind < 0.4 and sounds.get(name[place]):
        return name[:place] + draw.choice(sounds[name[place]]) + name[place + 1 :]
    if kind < 0.6 and shapes.get(name[place]):
        return name[:place] + draw.choice(shapes[name[place]]) + name[place + 1 :]
    if kind < 0.75:
        return "".join(TRADITIONAL.get(character, character) for character in name)
    if kind < 0.85:
        return name[:place] + "?" + name[place + 1 :]
    if kind < 0.92 and len(name) > 2:
        return name[:place] + name[place + 1 :]
    return name[:place] + draw.choice(GIVEN) + name[place + 1 :]


def wrong_birth(draw: random.Random, birth: date) -> date:
    kind = draw.random()
    try:
        if kind < 0.2:
            return birth - timedelta(days=draw.randrange(18, 50))
        if kind < 0.5:
            return birth.replace(day=draw.randrange(1, 29))
        if kind < 0.7:
            return birth.replace(month=birth.day, day=birth.month)
        return birth.replace(year=birth.year + draw.choice((-10, -1, 1, 10)))
    except ValueError:
        return birth + timedelta(days=1)


def drops(size: int, seed: int, rates: Rates) -> tuple[dict[str, pa.Table], dict[tuple[str, str], int]]:
    """Accepted tables of five departments, and (dataset, record id) → person."""
    persons = people(size, seed)
    draw = random.Random(seed + 1)  # noqa: S311 - test data, repeatable by seed
    sounds, shapes = _alike_characters()
    truth: dict[tuple[str, str], int] = {}
    tables = {}
    for dataset, share in DATASETS:
        rows = []
        for number, person in enumerate(persons):
            copies = (draw.random() < share) + (draw.random() < rates.duplicate if dataset == "police.resident" else 0)
            made = (_record(draw, person, dataset, rates, persons, (sounds, shapes)) for _ in range(copies))
            rows.extend((number, row) for row in made)
        draw.shuffle(rows)
        for place, (number, row) in enumerate(rows):
            row["record_id"] = f"{dataset[:2].upper()}{place:08d}"
            truth[dataset, str(row["record_id"])] = number
        types = {"birth_date": pa.date32()}
        tables[dataset] = pa.table(
            {n: pa.array([r.get(n) for _, r in rows], types.get(n, pa.string())) for n in COLUMNS}
        )
    return tables, truth


def _record(draw, person, dataset, rates, persons, alike):
    row = {"name": person["name"], "sex": person["sex"], "birth_date": person["birth"]}
    row |= _number(draw, person, dataset, rates, persons)
    if draw.random() < rates.renamed:
        row["former_name"] = row["name"] if dataset == "police.resident" else None
        row["name"] = row["name"][0] + draw.choice(GIVEN) + draw.choice(GIVEN)
    elif draw.random() < rates.name_error:
        row["name"] = wrong_name(draw, str(row["name"]), *alike)
    if draw.random() < rates.birth_error:
        row["birth_date"] = wrong_birth(draw, person["birth"])
    if draw.random() < 0.02:
        row["birth_date"] = None
    if draw.random() > rates.mobile_missing:
        row["mobile"] = person["mobile"] if draw.random() > rates.mobile_stale else _mobile(draw)
    if dataset != "provident_fund.account":
        row["address"] = _written(draw, person["address"]) if draw.random() > rates.moved else _address(draw)
    return row


def _number(draw, person, dataset, rates, persons):
    number = draw.choice(persons)["id"] if draw.random() < rates.shared_id else person["id"]
    missing = rates.id_missing_family if dataset.startswith("family") else rates.id_missing
    if draw.random() < missing:
        return {"id_number": None}
    if draw.random() < rates.id_error:
        return {"id_number": None, "id_number_raw": wrong_digits(draw, str(number))}
    if draw.random() < rates.old_id and person["birth"].year < 1980:
        return {"id_number": number, "id_number_raw": number[:6] + number[8:17]}
    return {"id_number": number}


def _written(draw: random.Random, address: object) -> str:
    text = str(address)
    style = draw.random()
    if style < 0.3:
        return "青岛市市南区" + text
    if style < 0.5:
        return text.replace("号楼", "-").replace("单元", "-").replace("室", "")
    return text


def wrong_and_missed(crosswalk: pa.Table, truth: dict[tuple[str, str], int]) -> tuple[int, int, int]:
    """Wrong pairs, missed pairs and true pairs."""

    def of_groups(groups: list[object]) -> int:
        counts: dict[object, int] = defaultdict(int)
        for group in groups:
            counts[group] += 1
        return sum(count * (count - 1) // 2 for count in counts.values())

    columns = (crosswalk.column(name).to_pylist() for name in ("source", "dataset", "record_id"))
    keys = ((f"{source}.{dataset}".lstrip("."), record) for source, dataset, record in zip(*columns, strict=True))
    persons = [truth[key] for key in keys]
    masters = crosswalk.column("master_id").to_pylist()
    both = of_groups(list(zip(persons, masters, strict=True)))
    return of_groups(masters) - both, of_groups(persons) - both, of_groups(persons)
