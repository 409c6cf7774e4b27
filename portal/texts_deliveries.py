"""Texts of the page of deliveries in both languages."""

from collections.abc import Mapping
from typing import Final

from schemas.bilingual import Bilingual

DELIVERIES: Final[Mapping[str, Bilingual]] = {
    "deliveries": Bilingual("本部门的数据交付", "Deliveries to your department"),
    "what": Bilingual(
        "按协议交付的各版本：列、脱敏方式、行数和校验值。每次下载都会被记录。",
        "Versions handed over by agreement: columns, masks, rows and hashes. Every download is written down.",
    ),
    "version": Bilingual("版本", "Version"),
    "day": Bilingual("数据日期", "As of"),
    "made": Bilingual("交付时间", "Handed over"),
    "purpose": Bilingual("用途", "Purpose"),
    "legal_basis": Bilingual("法律依据", "Legal basis"),
    "valid": Bilingual("协议期限", "Agreement in force"),
    "product_version": Bilingual("产品版本", "Version of the product"),
    "rows": Bilingual("行数", "Rows"),
    "columns": Bilingual("列与脱敏", "Columns and masks"),
    "column": Bilingual("列", "Column"),
    "title": Bilingual("名称", "Title"),
    "mask": Bilingual("脱敏", "Mask"),
    "file": Bilingual("文件", "File"),
    "bytes": Bilingual("字节", "bytes"),
    "none": Bilingual("尚无交付。", "Nothing was handed over yet."),
    "more": Bilingual("更早的版本未列出：", "Earlier versions that are not listed:"),
}

MASKS: Final[Mapping[str, Bilingual]] = {
    "none": Bilingual("不脱敏", "none"),
    "last4": Bilingual("仅后四位", "last four characters"),
    "year": Bilingual("仅年份", "year only"),
    "surname": Bilingual("仅姓氏", "surname only"),
    "district": Bilingual("仅到区县", "district only"),
    "keyed_hash": Bilingual("加密散列", "keyed hash"),
    "other": Bilingual("其他", "other"),
}
"""Mask of an agreement → what it leaves."""
