"""The data dictionary: every contract and every code table in one bilingual Markdown file.

`python -m schemas.rendering.dictionary` refreshes `docs/data-dictionary.md`; a test keeps the two from drifting apart.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from schemas.contract import Column, Contract, PersonalData, QualityRule, Sharing, product_contracts, source_contracts
from schemas.rendering.code_rows import CodeRows, code_rows

TARGET: Final = Path(__file__).resolve().parents[2] / "docs" / "data-dictionary.md"

WHOLE_TABLE: Final = 200
"""Rows of a code table that are printed; of a longer one the dictionary names the file and counts the rows."""

PERSONAL_ZH: Final = {PersonalData.NONE: "", PersonalData.PERSONAL: "个人", PersonalData.SENSITIVE: "敏感"}
SHARING_ZH: Final = {Sharing.UNCONDITIONAL: "无条件共享", Sharing.CONDITIONAL: "有条件共享", Sharing.NONE: "不予共享"}
COLUMN_HEADER: Final = (
    *("列 · column", "中文", "English", "类型 · type"),
    *("必有", "非空", "宽容", "代码或标识 · domain", "个人信息", "说明 · notes"),
)
CYCLE_ZH: Final = {"daily": "每日", "monthly": "每月", "yearly": "每年"}
SEVERITY_ZH: Final = {"high": "高", "medium": "中", "low": "低"}

_INTRODUCTION: Final = """\
# 数据字典 · Data dictionary

本文件由 `schemas/contracts` 与 `schemas/codes` 生成，请勿手工修改。刷新：`python -m schemas.rendering.dictionary`。

This file is generated from `schemas/contracts` and `schemas/codes`; do not edit it. Refresh it with
`python -m schemas.rendering.dictionary`.

- **必有 · must exist**：● 文件必须有该列 the file must have the column
- **非空 · not null**：● 不得为空 a null is refused
- **宽容 · lenient**：● 无法识别的值置空或标记，不隔离整行 a value that cannot be read is nulled or
  flagged, the row stays
- **个人信息 · personal data**：个人 personal，敏感 sensitive
"""


def dictionary() -> str:
    """The whole dictionary as Markdown; the same contracts and code tables give the same bytes."""
    sources, products = source_contracts(), product_contracts()
    return "\n".join(
        [
            _INTRODUCTION,
            *_contents(sources.values(), products.values()),
            "## 来源数据集 · Source datasets\n",
            *(_contract(contract) for contract in sources.values()),
            "## 发布产品 · Published products\n",
            *(_contract(contract) for contract in products.values()),
            "## 代码表 · Code tables\n",
            *(_codes(code_rows(name)) for name in code_tables_used()),
        ]
    )


def code_tables_used() -> list[str]:
    """Names of the code tables that contracts refer to, sorted."""
    contracts = (*source_contracts().values(), *product_contracts().values())
    return sorted({column.codes for contract in contracts for column in contract.columns if column.codes})


def _contents(*groups: Iterable[Contract]) -> Iterator[str]:
    yield _table(
        ("名称 · name", "中文", "English", "提供部门 · owner", "共享属性 · sharing", "更新周期 · cycle"),
        (
            (
                f"[`{contract.name}`](#{_anchor(contract)})",
                contract.title_zh,
                contract.title_en,
                f"{contract.owner} {contract.owner_en}",
                f"{SHARING_ZH[contract.sharing]} {contract.sharing.value}",
                f"{CYCLE_ZH[contract.update_cycle]} {contract.update_cycle}",
            )
            for group in groups
            for contract in group
        ),
    )


def _anchor(contract: Contract) -> str:
    return contract.name.replace(".", "-")


def _contract(contract: Contract) -> str:
    parts = [
        f'<a id="{_anchor(contract)}"></a>\n\n### `{contract.name}` {contract.title_zh} · {contract.title_en}\n',
        f"{contract.description_zh}{contract.grain_zh}\n\n{contract.description} {contract.grain}\n",
        "\n".join(_facts(contract)) + "\n",
        _table(
            COLUMN_HEADER,
            (_column(column, contract) for column in contract.columns),
        ),
    ]
    if contract.rules:
        parts.append(
            _table(("规则 · rule", "列 · column", "严重程度 · severity", "中文", "English"), map(_rule, contract.rules))
        )
    return "\n".join(parts)


def _facts(contract: Contract) -> Iterator[str]:
    floors = contract.floors
    yield f"- 契约版本 · version: {contract.version}"
    yield f"- 主键 · key: {', '.join(f'`{name}`' for name in contract.key)}"
    if contract.cursor:
        yield f"- 游标 · cursor: `{contract.cursor}`"
    if contract.freshness_days:
        yield f"- 时效 · freshness: ≤ {contract.freshness_days} 天 days"
    yield (
        f"- 下限 · floors: ≥ {floors.min_rows} 行 rows; ≥ {floors.min_ratio:.0%} 上期 of the state before; "
        f"≤ {floors.max_quarantined:.0%} 隔离 quarantined"
    )
    for name, share in floors.max_null_share.items():
        yield f"- 空值上限 · null share: `{name}` ≤ {share:.0%}"


def _column(column: Column, contract: Contract) -> tuple[str, ...]:
    return (
        f"`{column.name}`" + (" 🔑" if column.name in contract.key else ""),
        column.name_zh,
        column.name_en,
        column.type.value + (f" ({column.unit})" if column.unit else ""),
        _mark(column.required),
        _mark(not column.nullable),
        _mark(column.lenient),
        _domain(column),
        PERSONAL_ZH[column.personal],
        _notes(column),
    )


def _domain(column: Column) -> str:
    domains = [
        column.identifier and column.identifier.value,
        column.codes and f"[{column.codes}](#codes-{column.codes})",
        column.references and f"→ `{column.references}`",
    ]
    return " ".join(domain for domain in domains if domain)


def _notes(column: Column) -> str:
    if column.description_zh == column.description:
        return column.description
    return f"{column.description_zh} {column.description}".strip()


def _mark(stated: bool) -> str:
    return "●" if stated else ""


def _rule(rule: QualityRule) -> tuple[str, ...]:
    severity = f"{SEVERITY_ZH[rule.severity]} {rule.severity}"
    return (
        f"`{rule.name}`",
        f"`{rule.column}`" if rule.column else "",
        severity,
        rule.description_zh,
        rule.description,
    )


def _codes(table: CodeRows) -> str:
    title = f'<a id="codes-{table.name}"></a>\n\n### `{table.name}`\n'
    if len(table.rows) <= WHOLE_TABLE:
        return f"{title}\n{_table(table.header, table.rows)}"
    columns = ", ".join(f"`{name}`" for name in table.header)
    return (
        f"{title}\n`schemas/codes/{table.name}.csv`：{len(table.rows)} 行 rows, "
        f"{len(table.codes)} 个代码 codes; {columns}\n"
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    TARGET.write_text(dictionary(), encoding="utf-8", newline="\n")
