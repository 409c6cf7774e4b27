"""Employers, people, wages and insurances of a hand-made city, under small numbers that tests can name."""

from decimal import Decimal


def employer(city, key, number=None):
    city.add("social_security.employer", {"record_id": f"S{key}", "name": f"单位{key}"})
    city.add("tax.taxpayer", {"record_id": f"T{key}", "name": f"单位{key}", "taxpayer_id": number or tax_number(key)})
    city.link(f"E{key}", f"social_security.employer:S{key}", probability=0.96)
    city.link(f"E{key}", f"tax.taxpayer:T{key}", probability=0.94)


def tax_number(key):
    return f"91370202MA3C{key:05d}X"


def person(city, key):
    city.add("tax.natural_person", {"record_id": f"N{key}", "name": "张伟"})
    city.link(f"P{key}", f"tax.natural_person:N{key}", f"social_security.insured:I{key}")


def wage(city, who, at, amount, months=12, *, year=2025, record=None):
    city.add(
        "tax.wage",
        {
            "record_id": record or f"W{who}-{at}-{year}",
            "taxpayer_id": tax_number(at),
            "person_record_id": f"N{who}",
            "tax_year": year,
            "months": months,
            "wages": None if amount is None else Decimal(amount),
        },
    )


def insure(city, who, at, base, status="1", record=None):
    city.add(
        "social_security.insured",
        {
            "record_id": record or f"I{who}",
            "name": "张伟",
            "employer_no": None if at is None else f"S{at}",
            "contribution_base": None if base is None else Decimal(base),
            "status": status,
        },
    )
    if record:
        city.link(f"P{who}", f"social_security.insured:{record}")
