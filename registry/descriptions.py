"""What the views say about themselves in the database, in Chinese and English.

Products take their words from their contracts; those of the rest stand here.
"""

from collections.abc import Iterator, Mapping

from psycopg import sql

from registry.naming import RELATIONS, SCHEMAS, VERSIONS, products
from schemas.contract import product_contract

_MASTER = "主标识 / master id"
_MOMENT = "发布时刻 / moment of the publication"

_REDIRECT: Mapping[str, str] = {"master_id": "已并入的主标识 / merged master id", "target": "现主标识 / its survivor"}
_PROVENANCE: Mapping[str, str] = {
    "master_id": _MASTER,
    "attribute": "属性 / attribute of the golden record",
    "source": "取值部门 / department whose value was taken",
    "dataset": "取值数据集 / its dataset",
    "record_id": "取值记录 / its record",
    "updated_at": "记录更新时间 / when the record was updated",
    "policy": "取值规则 / rule of survivorship that decided",
    "candidates": "候选值数 / records that had a value",
    "conflicts": "冲突值数 / other values among them",
    "runner_up_source": "次选部门 / department of the runner-up",
    "runner_up_dataset": "次选数据集 / its dataset",
    "runner_up_record_id": "次选记录 / its record",
}
_REGISTRY: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "version": ("TABLE", "版本 / published versions, one row each", {
        "version": "版本号 / number", "committed_at": _MOMENT,
        "status": "状态 / published or withdrawn", "as_of": "数据日期 / day of the data",
        "inputs_hash": "输入摘要 / hash of what it was made of", "counts": "计数 / counts",
        "manifest": "清单 / manifest",
    }),
    "version_product": ("TABLE", "版本与产品 / products of each version", {
        "version": "版本号 / version", "product": "产品 / product",
        "product_version": "产品所在版本 / version that its files carry",
        "inputs_hash": "输入摘要 / hash of its inputs",
        "stored": "数据分区 / partition that holds its rows; null: they stand in its files alone",
    }),
    "current_product": ("VIEW", "现行版本 / what is in force", {
        "product": "产品 / product", "product_version": "产品所在版本 / version that its files carry",
        "inputs_hash": "输入摘要 / hash of its inputs", "stored": "数据分区 / partition that holds its rows",
    }),
}  # fmt: skip


def _of_product(schema: str, product: str) -> Iterator[sql.Composed]:
    contract = product_contract(product)
    described = {column.name: f"{column.name_zh} / {column.name_en}" for column in contract.columns}
    yield from _described("VIEW", (schema, product), f"{contract.title_zh} / {contract.title_en}", described)


def comments() -> Iterator[sql.Composed]:
    """All comments, to be said anew at every upgrade."""
    for entity, schema in SCHEMAS.items():
        for product in products(entity):
            yield from _of_product(schema, product)
        yield from _described("VIEW", (schema, "redirect"), "主标识变更 / redirects of merged ids", _REDIRECT)
        yield from _described("VIEW", (schema, "provenance"), "数据来源 / where each value comes from", _PROVENANCE)
    yield from _of_product(VERSIONS, RELATIONS)
    for name, (kind, title, columns) in _REGISTRY.items():
        yield from _described(kind, ("registry", name), title, columns)


def _described(kind: str, name: tuple[str, str], title: str, columns: Mapping[str, str]) -> Iterator[sql.Composed]:
    keyword = sql.SQL("TABLE") if kind == "TABLE" else sql.SQL("VIEW")
    yield sql.SQL("COMMENT ON {} {} IS {}").format(keyword, sql.Identifier(*name), title)
    for column, comment in columns.items():
        yield sql.SQL("COMMENT ON COLUMN {} IS {}").format(sql.Identifier(*name, column), comment)
