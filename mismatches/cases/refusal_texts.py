"""Why a step of a case is refused, and what to do, by the kind of the refusal."""

from collections.abc import Mapping
from typing import Final

from mismatches.cases.declaration import case_rules
from mismatches.cases.errors import Refusal
from schemas.bilingual import Bilingual

_LIMITS = case_rules().attachments

REFUSALS: Final[Mapping[Refusal, Bilingual]] = {
    "action": Bilingual("没有这种操作，请从列表中选择。", "There is no such step; choose one of those offered."),
    "no_case": Bilingual("此疑点没有案件，不能办理。", "This finding has no case and cannot be worked."),
    "state": Bilingual(
        "案件当前状态不允许此操作，请选择下列操作之一。", "The case is not in a state for this; choose a step below."
    ),
    "owner": Bilingual(
        "没有这个账户，或该账户不能办理此疑点，请从列表中选择承办人。",
        "There is no such account, or it does not work with this finding; choose an owner from the list.",
    ),
    "missing": Bilingual("有必填项未填写，请补充后再提交。", "Something that is needed is missing; fill it in."),
    "strange": Bilingual("填写了此操作不需要的内容，请删去。", "This step does not take all that was filled in."),
    "reason": Bilingual("请从列表中选择理由。", "Choose the reason from the list."),
    "early": Bilingual(
        "答复期限尚未届满，不能登记逾期未答复。", "The days for the reply are not over; wait or record the reply."
    ),
    "character": Bilingual(
        "文字中有无法保存的字符，请删去后再提交。", "The text holds a character that cannot be kept; remove it."
    ),
    "long": Bilingual(
        "文字过长：说明最多 4000 字，凭证号和承办人最多 100 字。",
        "The text is too long: a note takes 4,000 characters, a voucher or an owner 100.",
    ),
    "amount": Bilingual(
        "金额须为大于 0 的数字，最多两位小数。", "The amount has to be a number above 0 with at most two decimals."
    ),
    "due": Bilingual("期限须为今天或以后的日期。", "The due day has to be today or later."),
    "until": Bilingual(
        f"暂缓期限须晚于今天，且不超过 {case_rules().longest_suppression_days} 天。",
        f"The expiry has to be after today and within {case_rules().longest_suppression_days} days.",
    ),
    "voucher": Bilingual("此凭证号已登记过，请核对。", "This voucher is recorded already; check its number."),
    "voucher_elsewhere": Bilingual(
        "此凭证号已登记在其他案件，请核对；一张凭证用于多个案件的，在号后注明部分（如 V1-2）。",
        "This voucher is recorded on another case; check its number. Where it pays several, add the part (V1-2).",
    ),
    "no_payment": Bilingual(
        "没有此凭证号的入库登记，或已冲销，请核对。", "No payment stands with this voucher; check its number."
    ),
    "overpaid": Bilingual(
        "入库合计不能超过核定税款：请核对金额，更正核定，或先冲销有误的入库登记。",
        "The payments cannot exceed the assessed amount: check the amount, assess anew, or void a wrong payment first.",
    ),
    "nothing_paid": Bilingual(
        "本案没有入库登记：请先登记入库，或选择“无入库结案”。",
        "No payment stands on this case: record one first, or close it without a payment.",
    ),
    "short": Bilingual(
        "尚未足额入库：请选择结案理由，或先登记入库。",
        "Less was paid than assessed: choose the reason, or record the payment first.",
    ),
    "file_name": Bilingual("文件名不能使用，请改名。", "The file cannot have this name; rename it."),
    "file_size": Bilingual(
        f"文件为空或超过 {_LIMITS.largest_bytes >> 20} MiB。",
        f"The file is empty or larger than {_LIMITS.largest_bytes >> 20} MiB.",
    ),
    "file_type": Bilingual(
        f"文件类型须为 {'、'.join(_LIMITS.types)}，且内容与扩展名相符。",
        f"The file has to be one of {', '.join(_LIMITS.types)}, and be what its ending says.",
    ),
    "no_id": Bilingual("此行没有疑点编号，请恢复后再读回。", "The row has no id; put it back."),
    "version": Bilingual(
        "“version”列不是数字，请恢复原来的版本号。",
        "The column version is not a number; put back the one that stood there.",
    ),
    "formula": Bilingual(
        "单元格是没有结果的公式，请改为文字或数字（以 = 开头的文字前加半角撇号）。",
        "The cell holds a formula without a value; type the text or number, and an apostrophe before a = in front.",
    ),
    "files": Bilingual(f"一个案件最多 {_LIMITS.most} 个附件。", f"A case takes {_LIMITS.most} files at most."),
}
