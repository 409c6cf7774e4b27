"""Rules against slow obvious versions of themselves, over towns drawn at random and by nothing that the product has."""

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations

import pytest

from tests.mismatches.conftest import City
from tests.mismatches.payroll import tax_number

PEOPLE, FIRMS = 60, 40


@pytest.fixture(params=[1, 2, 3])
def drawn(request, tmp_path):
    return random.Random(request.param), City(tmp_path)  # noqa: S311 - no secret


def enterprise(city, key, **values):
    city.add("commerce.enterprise", {"record_id": f"C{key}", "name": f"海{key}商贸有限公司", "status": "1"} | values)
    city.link(f"E{key}", f"commerce.enterprise:C{key}")


def payers(city):
    for key in range(FIRMS):
        city.add(
            "tax.taxpayer", {"record_id": f"T{key}", "name": f"海{key}商贸有限公司", "taxpayer_id": tax_number(key)}
        )
        city.link(f"E{key}", f"tax.taxpayer:T{key}")


def pay(city, draw, most):
    """Wages of everybody at some payers; (person, payer) → yuan and months in all."""
    paid = defaultdict(lambda: [Decimal(0), 0])
    for who in range(PEOPLE):
        city.add("tax.natural_person", {"record_id": f"N{who}", "name": "王"})
        city.link(f"P{who}", f"tax.natural_person:N{who}")
        for at in draw.choices(range(FIRMS), k=draw.randint(1, most)):
            amount, months = Decimal(draw.randint(1, 8_000_000)) / 100, draw.randint(1, 12)
            city.add(
                "tax.wage",
                {"record_id": f"W{len(city.rows.get('tax.wage', ()))}", "taxpayer_id": tax_number(at),
                 "person_record_id": f"N{who}", "tax_year": 2025, "months": months, "wages": amount},
            )  # fmt: skip
            paid[who, at][0] += amount
            paid[who, at][1] += months
    return paid


def hits(city, rule):
    city.only = (rule,)
    return {f["master_id"] for f in city.check().of(rule, "hit")}


def test_hubs_of_persons(drawn):
    draw, city = drawn
    opened = defaultdict(list)
    for who in range(PEOPLE):
        number = f"3702021960010{who:04d}X"
        city.add("police.resident", {"record_id": f"R{who}", "name": "王", "id_number": number, "status": "1"})
        city.link(f"P{who}", f"police.resident:R{who}")
        for _ in range(draw.randint(0, 9)):
            day, status = date(2024, 1, 1) + timedelta(draw.randint(0, 500)), draw.choice("1113")
            key = len(city.rows.get("commerce.enterprise", ()))
            enterprise(
                city, key, status=status, established_on=day, legal_representative="王",
                legal_representative_id_number=number,
            )  # fmt: skip
            if status == "1":
                opened[who].append(day)
    hubs = {
        f"P{who}"
        for who, days in opened.items()
        if any(max(five) - min(five) <= timedelta(180) for five in combinations(days, 5))
    }
    assert hubs
    assert hits(city, "hub_person") == hubs


def test_many_payers(drawn):
    draw, city = drawn
    payers(city)
    owner = {}
    for key in range(FIRMS):
        owner[key] = draw.choice([f"id {draw.randint(0, 9)}", f"only {key}"])
        enterprise(city, key, legal_representative_id_number=owner[key])
    for key in range(FIRMS):  # shareholders, so that relations go on from one to the next
        if draw.random() < 0.2:
            other = draw.choice(range(FIRMS))
            city.add(
                "commerce.officer",
                {"record_id": f"O{key}", "enterprise_record_id": f"C{key}", "role": "2", "id_number": owner[other]},
            )
    paid = pay(city, draw, 7)
    ties = {key: {owner[key]} for key in range(FIRMS)}
    for row in city.rows.get("commerce.officer", ()):
        ties[int(row["enterprise_record_id"][1:])].add(row["id_number"])
    many = set()
    for who in range(PEOPLE):
        small = [at for (person, at), (amount, _) in paid.items() if person == who and amount < 60000]
        parties = [{at} for at in small]
        joined = True
        while joined:
            joined = False
            for one, other in combinations(parties, 2):
                if any(ties[a] & ties[b] for a in one for b in other):
                    parties.remove(other)
                    one.update(other)
                    joined = True
                    break
        if len(parties) >= 3:
            many.add(f"P{who}")
    assert many
    assert hits(city, "many_payers") == many


def test_heads(drawn):
    draw, city = drawn
    payers(city)
    paid = pay(city, draw, 12)
    gaps = set()
    for key in range(FIRMS):
        heads = len({person for person, at in paid if at == key})
        insured = max(0, heads + draw.choice([-8, -6, -5, -4, 0, 4, 5, 6, 8]))
        city.add("social_security.employer", {"record_id": f"S{key}", "name": "海", "insured_count": insured})
        city.link(f"E{key}", f"social_security.employer:S{key}")
        if abs(insured - heads) >= 5 and 10 * abs(insured - heads) > max(insured, heads):
            gaps.add(f"E{key}")
    assert gaps
    assert hits(city, "headcount_gap") == gaps


def test_bases_above_wages(drawn):
    draw, city = drawn
    payers(city)
    paid = pay(city, draw, 2)
    above = set()
    for key in range(FIRMS):
        city.add("social_security.employer", {"record_id": f"S{key}", "name": "海"})
        city.link(f"E{key}", f"social_security.employer:S{key}")
    for number, ((who, at), (amount, counted)) in enumerate(paid.items()):
        months = min(counted, 12)
        base = (amount / months * Decimal(draw.choice(["1.1", "1.19", "1.21", "1.3"]))).quantize(Decimal("0.01"))
        city.add(
            "social_security.insured",
            {
                "record_id": f"I{number}",
                "name": "王",
                "employer_no": f"S{at}",
                "contribution_base": base,
                "status": "1",
            },
        )
        city.link(f"P{who}", f"social_security.insured:I{number}")
        if months >= 3 and base * months > Decimal("1.2") * amount:
            above.add(f"P{who}")
    assert above
    assert hits(city, "overdeclared_contribution_base") == above
