"""Sales against revenue of a year: exactly 10 %, months and quarters, years that balance, a single large sale."""

from datetime import date

import pytest

from tests.mismatches.facts import cited, declare, enterprise, found_again, monthly, reasons, said, told, uscc

RULE = "vat_cit_revenue_gap"


@pytest.fixture
def town(city):
    enterprise(city, 1)
    return city


def annual(city, key, year, amount, day=None):
    declare(city, key, "CIT", day or date(year + 1, 5, 20), amount, period=f"{year}-12")


def quarterly(city, key, year, amounts):
    for month, amount in zip((3, 6, 9, 12), amounts, strict=True):
        if amount is not None:
            declare(city, key, "VAT", date(year, month, 28), amount, period=f"{year}-{month:02d}")


def test_less_revenue_than_sales_is_a_hit(town):
    monthly(town, 1, (2024, 1), [100_000] * 12)
    annual(town, 1, 2024, 900_000)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"], found["master_id"]) == ("hit", "medium", "2024", "E1")
    assert (found["estimate_low"], found["estimate_likely"], found["estimate_high"]) == (9_000, 9_000, 9_000)
    assert cited(found)[:2] == [("enterprise", "C1", "subject"), ("taxpayer", "T1", "subject")]
    assert len(cited(found)) == 2 + 13
    assert found_again(town, found) == said(found)
    assert reasons(town, RULE)["C1"][1] == "vat_more"


@pytest.mark.parametrize(
    ("cit", "hits"),
    [("1080000.01", 0), ("1080000", 1), ("1333333.33", 0), ("1333333.34", 1), ("1200000", 0), ("0", 1)],
)
def test_ten_per_cent_of_the_larger(town, cit, hits):
    monthly(town, 1, (2024, 1), [100_000] * 12)
    annual(town, 1, 2024, cit)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


def test_nothing_on_either_side_is_clear(town):
    quarterly(town, 1, 2024, [0, 0, 0, 0])
    annual(town, 1, 2024, 0)
    assert town.check().counts(RULE) == (0, 1, 0)


@pytest.mark.parametrize(
    ("amounts", "outcome"),
    [([300_000] * 4, "clear"), ([200_000] * 4, "hit"), ([400_000, 400_000, 400_000, None], "not_comparable")],
)
def test_who_files_by_the_quarter(town, amounts, outcome):
    quarterly(town, 1, 2024, amounts)
    annual(town, 1, 2024, 1_200_000)
    assert town.check().rule(RULE)["counts"][outcome] == 1


@pytest.mark.parametrize(
    ("established", "outcome"),
    [(date(2024, 4, 30), "hit"), (date(2024, 3, 31), "not_comparable"), (date(2023, 1, 1), "not_comparable")],
)
def test_an_enterprise_that_began_in_the_year_has_fewer_months(town, established, outcome):
    town.rows["commerce.enterprise"][0]["established_on"] = established
    monthly(town, 1, (2024, 4), [100_000] * 9)
    annual(town, 1, 2024, 500_000)
    assert town.check().rule(RULE)["counts"][outcome] == 1


def test_one_that_files_by_the_quarter_and_began_in_the_year(town):
    town.rows["commerce.enterprise"][0]["established_on"] = date(2024, 6, 30)
    quarterly(town, 1, 2024, [None, 300_000, 300_000, 300_000])
    annual(town, 1, 2024, 900_000)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_the_period_counts_and_not_the_day_of_filing(town):
    monthly(town, 1, (2024, 1), [100_000] * 11 + [900_000, 900_000])
    annual(town, 1, 2024, 2_000_000)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_timing_that_balances_over_two_years_weighs_less(town):
    monthly(town, 1, (2023, 1), [100_000] * 12 + [200_000] * 12)
    annual(town, 1, 2023, 1_500_000)
    annual(town, 1, 2024, 2_100_000)
    [found] = town.check().of(RULE)
    assert (found["severity"], found["period"]) == ("low", "2024")
    assert reasons(town, RULE)["C1"][1] == "timing"
    assert found_again(town, found) == said(found)
    annual(town, 1, 2023, 1_200_000, date(2025, 1, 1))
    annual(town, 1, 2024, 1_900_000, date(2025, 7, 1))
    assert reasons(town, RULE)["C1"][1] == "vat_more"


def test_the_sale_of_an_asset_weighs_less(town):
    monthly(town, 1, (2024, 1), [100_000] * 5 + [900_000] + [100_000] * 6)
    annual(town, 1, 2024, 1_200_000)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"]) == ("hit", "low")
    assert reasons(town, RULE)["C1"][1] == "one_period"
    assert '"largest":900000.00' in told(town, RULE)["C1"][3]


def test_the_latest_year_that_differs_counts_and_corrections_replace(town):
    monthly(town, 1, (2024, 1), [100_000] * 26)
    annual(town, 1, 2024, 100)
    annual(town, 1, 2025, 100, date(2026, 1, 20))
    declare(town, 1, "CIT", date(2026, 3, 20), 5, period="2026-03")
    declare(town, 1, "CIT", date(2025, 10, 20), 75, period="2025-09")
    assert [one["period"] for one in town.check().of(RULE)] == ["2025"]
    annual(town, 1, 2025, 1_200_000, date(2026, 2, 20))
    assert [one["period"] for one in town.check().of(RULE)] == ["2024"]
    annual(town, 1, 2024, 1_200_000, date(2026, 2, 20))
    assert town.check().counts(RULE) == (0, 1, 0)


@pytest.mark.parametrize(("first", "found"), [(2023, ["2023"]), (2022, [])])
def test_the_years_that_are_looked_back_on(town, first, found):
    """Three years before that of the day: a gap of 2023 counts in 2026, one of 2022 does not."""
    monthly(town, 1, (first, 1), [100_000] * 12 * (2026 - first))
    annual(town, 1, first, 100)
    for year in range(first + 1, 2026):
        annual(town, 1, year, 1_200_000)
    hits = town.check().of(RULE)
    assert [one["period"] for one in hits] == found
    for one in hits:
        assert found_again(town, one) == said(one)


def test_timing_that_balances_with_the_year_after_weighs_less(town):
    """The year after is so large that its own difference is no tenth."""
    monthly(town, 1, (2024, 1), [100_000] * 12 + [1_000_000] * 12)
    annual(town, 1, 2024, 1_000_000)
    annual(town, 1, 2025, 12_200_000)
    [found] = town.check().of(RULE)
    assert (found["severity"], found["period"]) == ("low", "2024")
    assert reasons(town, RULE)["C1"][1] == "timing_after"
    assert found_again(town, found) == said(found)


def test_what_cannot_be_compared(town):
    for key in (2, 3, 4, 5, 6):
        enterprise(town, key)
    declare(town, 1, "CIT", date(2024, 10, 20), 900_000, period="2024-09")
    annual(town, 2, 2024, 100)
    annual(town, 3, 2024, 100)
    monthly(town, 3, (2024, 1), [100_000] * 11)
    annual(town, 4, 2024, None)
    quarterly(town, 4, 2024, [1, 1, 1, 1])
    annual(town, 5, 2024, 100)
    quarterly(town, 5, 2024, [1, 1, 1, 1])
    declare(town, 5, "VAT", date(2024, 6, 28), None, period="2024-06")
    annual(town, 6, 2024, 100)
    quarterly(town, 6, 2024, [1, 1, 1, 1])
    assert {record: one[1] for record, one in reasons(town, RULE).items()} == {
        "C1": "no_annual",
        "C2": "no_vat",
        "C3": "months_missing",
        "C4": "amount_missing",
        "C5": "amount_missing",
        "C6": "cit_more",
    }


def test_a_shared_id_leaves_it_open(town):
    town.add("tax.taxpayer", {"record_id": "T8", "name": "丙", "taxpayer_id": uscc(8)})
    town.add("tax.taxpayer", {"record_id": "T9", "name": "丁", "taxpayer_id": uscc(8)})
    town.link("E1", "tax.taxpayer:T8")
    town.link("E9", "tax.taxpayer:T9")
    annual(town, 1, 2024, 100)
    quarterly(town, 8, 2024, [1, 1, 1, 1])
    assert reasons(town, RULE)["C1"][:2] == ("not_comparable", "number_shared")


@pytest.mark.parametrize(
    ("told", "hits", "estimate"),
    [
        ((310_000, 290_000, 310_000, 290_000), 0, None),  # each quarter for itself
        ((310_000, 600_000, 910_000, 1_200_000), 0, None),  # running on through the year
        ((155_000, 145_000, 155_000, 145_000), 1, 18_000),  # half of each quarter
        ((155_000, 300_000, 455_000, 600_000), 1, 18_000),  # half, running on
        ((124_000, 240_000, 364_000, 480_000), 1, 21_600),  # whose sum happens to be near the sales
    ],
)
def test_income_tax_by_the_quarter_is_read_as_it_runs(town, told, hits, estimate):
    """The sales are 300,000 a quarter."""
    quarterly(town, 1, 2024, [300_000] * 4)
    for month, amount in zip((3, 6, 9, 12), told, strict=True):
        declare(town, 1, "CIT", date(2024, month, 28), amount, period=f"2024-{month:02d}")
    found = town.check().of(RULE)
    assert [one["estimate_likely"] for one in found] == [estimate] * hits
    for one in found:
        assert found_again(town, one) == said(one)


def test_income_tax_of_single_quarters_with_one_missing_is_not_comparable(town):
    quarterly(town, 1, 2024, [300_000] * 4)
    for month in (3, 6, 12):
        declare(town, 1, "CIT", date(2024, month, 28), 300_000, period=f"2024-{month:02d}")
    assert town.check().counts(RULE) == (0, 0, 1)
    assert reasons(town, RULE)["C1"][1] == "quarter_missing"
