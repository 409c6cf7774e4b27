"""The pages of rules say what their declarations say, and are those of today."""

from mismatches.declarations import shipped_rules
from mismatches.rule_pages import FOLDER, pages


def test_docs_are_those_of_the_shipped_rules():
    there = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    assert there == dict(pages(shipped_rules())), "run `make docs`"


def test_a_page_tells_settings_reasons_and_false_positives_in_both_languages():
    [rule] = [one for one in shipped_rules() if one.id == "underdeclared_contribution_base"]
    page = pages([rule])["underdeclared_contribution_base.md"]
    assert "| `city_mean_wage` | 全市平均工资 City mean wage | 元/月 yuan a month | 8,000 (2025) |" in page
    for text in (*rule.reasons.values(), *rule.false_positives, rule.legal_basis):
        assert text.zh.replace("{", "`").replace("}", "`") in page
        assert text.en.replace("{", "`").replace("}", "`") in page
    assert not {"{", "}"} & set(page)
