"""A page for each rule in plain Chinese and English, from its declaration: what it compares, says and cannot know.

`python -m mismatches.rule_pages` writes `docs/rules/` anew; a test keeps the two from drifting apart.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from mismatches.declarations import shipped_rules
from mismatches.rule import ANYWHERE, DatedValue, Rule
from mismatches.wording import PLACEHOLDER, written
from mismatches.workbook import SEVERITY_WORDS
from schemas.bilingual import Bilingual
from schemas.contract import source_contract

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "rules"

_GENERATED: Final = """\
由 `mismatches/rules` 生成，请勿手工修改；刷新：`make docs`。
Generated from `mismatches/rules`, do not edit; refresh with `make docs`."""
_NOT_COMPARABLE: Final = "not_comparable"
_UNIT_WORDS: Final = {
    "date": "日期 date", "month": "月 month", "quarter": "季 quarter", "year": "年 year",
}  # fmt: skip


def pages(rules: Iterable[Rule]) -> Mapping[str, str]:
    """File name → Markdown: one page a rule, and `README.md` that lists them."""
    known = sorted(rules, key=lambda rule: rule.id)
    return {"README.md": _contents(known)} | {f"{rule.id}.md": _page(rule) for rule in known}


def write(folder: Path = FOLDER) -> None:
    """Write all pages; those of rules that are no more are removed."""
    made = pages(shipped_rules())
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


def _contents(rules: Sequence[Rule]) -> str:
    rows = [
        (f"[`{rule.id}`]({rule.id}.md)", rule.title.zh, rule.title.en, " × ".join(f"`{n}`" for n in rule.needs.needed))
        for rule in rules
    ]
    title = "# 比对规则 · Cross-check rules\n"
    return "\n".join([title, _GENERATED, "", _table(("规则 rule", "中文", "English", "比对 compares"), rows)])


def _page(rule: Rule) -> str:
    sections = (
        ("比对什么 · What it compares", _lines(rule.explanation)),
        ("口径 · Grain", _facts(rule)),
        ("需要的数据 · Data", _data(rule)),
        ("参数 · Settings", _settings(rule)),
        ("算式与估算 · Formula and estimate", _formula(rule)),
        ("结论与理由 · Outcomes and reasons", _outcomes(rule)),
        ("证据 · Evidence", [f"- {_dataset(name)}：{_names(columns)}" for name, columns in rule.evidence.items()]),
        ("常见误报 · Usual false positives", [f"- {one.zh} · {one.en}" for one in rule.false_positives]),
        ("法律依据 · Legal basis", _lines(rule.legal_basis)),
    )
    parts = [f"# {rule.title.zh} · {rule.title.en}\n", f"`{rule.id}` {rule.version}\n"]
    for title, body in sections:
        if lines := list(body):
            parts += [f"## {title}\n", "\n".join(lines), ""]
    return "\n".join([*parts, "---", _GENERATED, ""])


def _lines(text: Bilingual) -> list[str]:
    return [text.zh, "", text.en]


def _facts(rule: Rule) -> Iterator[str]:
    yield f"- **粒度 grain**：{rule.grain.zh} · {rule.grain.en}"
    yield f"- **键 key**：{rule.key.zh} · {rule.key.en}"
    yield f"- **所属期 period**：{rule.period.zh} · {rule.period.en}"
    units = ", ".join(f"`{column}` {_UNIT_WORDS[unit]}" for column, unit in rule.time.units.items())
    if units:
        yield f"- **时间单位 unit of time**：{units}"
    if rule.time.allocation:
        yield f"- **折算 allocation**：{rule.time.allocation.zh} · {rule.time.allocation.en}"
    if rule.shadow:
        yield "- **试运行 shadow**：只计数，不立案 · counted, opens no cases"


def _data(rule: Rule) -> Iterator[str]:
    yield "缺少必需的表或列时规则不运行，并说明原因。"
    yield "Without a required table or column the rule does not run, and says so."
    yield ""
    needed = [(name, columns, "必需 required") for name, columns in rule.needs.needed.items()]
    optional = [(name, columns, "可选 optional") for name, columns in rule.needs.optional.items()]
    rows = [(_dataset(name), _names(columns), word) for name, columns, word in needed + optional]
    yield _table(("数据集 dataset", "列 columns", ""), rows).rstrip()


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f"`{one}`" for one in columns)


def _dataset(name: str) -> str:
    contract = source_contract(name)
    return f"`{name}` {contract.title_zh} {contract.title_en}"


def _settings(rule: Rule) -> Iterator[str]:
    rows = [
        (f"`{one.name}`", f"{one.title.zh} {one.title.en}", f"{one.unit.zh} {one.unit.en}", _dated(one.values))
        for one in rule.parameters
    ]
    if rows:
        yield _table(("参数 setting", "含义 meaning", "单位 unit", "取值 values"), rows).rstrip()


def _dated(values: Sequence[DatedValue]) -> str:
    return "; ".join(f"{written(one.value)} ({_years(one)})" for one in values)


def _years(value: DatedValue) -> str:
    years = f"{value.first}–{value.last or ''}" if value.last != value.first else str(value.first)
    return years if value.city == ANYWHERE else f"{value.city}, {years}"


def _formula(rule: Rule) -> Iterator[str]:
    yield f"- **算式**：{_code(rule.formula.zh)}"
    yield f"- **Formula**: {_code(rule.formula.en)}"
    estimate = rule.estimate or Bilingual("不估算金额", "none in yuan")
    yield f"- **估算（元）**：{_code(estimate.zh)}"
    yield f"- **Estimate (yuan)**: {_code(estimate.en)}"


def _code(text: str) -> str:
    """Placeholders as code, so that they read as names; words that follow a number are those of many."""
    return PLACEHOLDER.sub(lambda match: f"`{match[1]}`" + (f" {match[3]}" if match[3] else ""), text)


def _outcomes(rule: Rule) -> Iterator[str]:
    grades = [
        f"`{grade}` {SEVERITY_WORDS[severity]}"
        for grade, severity in rule.severities.items()
        if grade != _NOT_COMPARABLE
    ]
    yield f"- **严重程度 severity**：{', '.join(grades)}"
    yield ""
    rows = [(f"`{name}`", _code(text.zh), _code(text.en)) for name, text in rule.reasons.items()]
    yield _table(("理由 reason", "中文", "English"), rows).rstrip()


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    write()
