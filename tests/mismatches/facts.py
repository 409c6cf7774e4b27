"""Enterprises, what they declare and what they are granted, in a few words for the tests of rules."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from mismatches.declarations import shipped_rules
from mismatches.engine import Engine
from mismatches.inputs import opened

SAID = ("outcome", "severity", "period", "estimate_low", "estimate_likely", "estimate_high")


def uscc(key):
    return f"91370202MA3C{key:05d}X"


def enterprise(city, key, *, taxpayer=True, **values):
    """An active enterprise of the commercial register, E1 with the record C1, and its tax registration T1."""
    row = {"record_id": f"C{key}", "uscc": uscc(key), "name": f"青岛甲乙{key}有限公司", "status": "1"}
    city.add("commerce.enterprise", row | values)
    city.link(f"E{key}", f"commerce.enterprise:C{key}", probability=0.97)
    if taxpayer:
        city.add("tax.taxpayer", {"record_id": f"T{key}", "name": row["name"], "taxpayer_id": uscc(key)})
        city.link(f"E{key}", f"tax.taxpayer:T{key}", probability=0.93)


def declare(city, key, tax, day, amount=None, paid=None, **values):
    """A declaration of an enterprise, for the month of the day unless `period` says another."""
    row = {
        "record_id": f"D{len(city.rows.get('tax.declaration', ())) + 1}",
        "taxpayer_id": uscc(key),
        "tax_type": tax,
        "period": f"{day:%Y-%m}",
        "taxable_amount": None if amount is None else Decimal(str(amount)),
        "tax_paid": None if paid is None else Decimal(str(paid)),
        "declared_on": day,
    }
    city.add("tax.declaration", row | values)


def monthly(city, key, first, amounts, tax="VAT", paid=None):
    """One declaration a month from `first` (year, month) on, filed on the 10th of the next; None declares nothing."""
    for position, amount in enumerate(amounts):
        year, month = divmod(first[0] * 12 + first[1] - 1 + position, 12)
        following = divmod(year * 12 + month + 1, 12)
        if amount is not None:
            day = date(following[0], following[1] + 1, 10)
            declare(city, key, tax, day, amount, paid, period=f"{year}-{month + 1:02d}")


def told(city, rule):
    """Findings of a rule with reason and figures, which findings.parquet leaves out, by the first record they cite."""
    request = city.request()
    [judged] = [one for one in shipped_rules() if one.id == rule]
    with opened(request) as connection:
        run = Engine(connection, request).run(judged)
        assert run.ran, run.absent
        rows = connection.execute(
            f"select outcome, reason, severity, evidence[1].record_id, figures from {run.table} order by 4"
        ).fetchall()
    return {record: (outcome, reason, severity, figures) for outcome, reason, severity, record, figures in rows}


def reasons(city, rule):
    return {record: (outcome, reason, severity) for record, (outcome, reason, severity, _) in told(city, rule).items()}


def found_again(city, finding):
    """What a rule says of a finding's subject over nothing but the records that the finding cites."""
    kept = {(f"{e['source']}.{e['dataset']}", e["record_id"]) for e in finding["evidence"]}
    rows = {name: [row for row in some if (name, row["record_id"]) in kept] for name, some in city.rows.items()}
    links = {
        kind: [one for one in some if (f"{one['source']}.{one['dataset']}", one["record_id"]) in kept]
        for kind, some in city.links.items()
    }
    alone = replace(city, folder=city.folder / finding["finding_id"], rows=rows, links=links, runs=0)
    with opened(alone.request()) as connection:
        [judged] = [one for one in shipped_rules() if one.id == finding["rule"]]
        run = Engine(connection, alone.request()).judge(judged)
        columns = ", ".join(("finding_id", *SAID))
        found = connection.execute(f"select {columns} from {run.table}").fetchall()
    return {row[0]: dict(zip(SAID, row[1:], strict=True)) for row in found}.get(finding["finding_id"])


def said(finding):
    return {name: finding[name] for name in SAID}


def cited(finding):
    return [(e["dataset"], e["record_id"], e["role"]) for e in finding["evidence"]]
