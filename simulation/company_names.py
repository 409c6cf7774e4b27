"""Company names by their legal form, and the ways in which departments write them differently.

Legal form: division + trade name + industry + organisation form; the division may stand in brackets in the
middle or be absent.
"""

from functools import cache

from simulation.draws import Draws
from simulation.misspelling import another_character
from simulation.places import WIDE_DIGITS

FIRST = (
    "海青金鑫华天恒泰瑞德盛宏宇嘉博鼎昌隆信诚永安康利达通源丰润东方新中联合众富兴旺吉"
    "祥和顺福星云龙凤蓝港滨鲁齐岛浩远大正力凯奥美雅佳优卓越创智慧程晟昊旭荣"
)
SECOND = (
    "源达泰昌盛隆丰信诚通顺安康利和兴旺发祥瑞德润恒华洋海鑫宇航创远博辉腾飞翔龙联合众"
    "美佳优雅程晟旭荣邦特林森川立业成功凯捷锐科格睿思拓益宝"
)
THIRD = "达源泰斯特尔丰隆盛亿佳美信诚恒润康"
BRANCH_WORDS = ("分公司", "分公司", "第一分公司", "第二分公司", "营业部", "办事处", "经营部")
INSTITUTIONS = (
    "第一小学",
    "第二小学",
    "实验小学",
    "第三中学",
    "实验初级中学",
    "中心幼儿园",
    "人民医院",
    "中医医院",
    "社区卫生服务中心",
    "文化馆",
    "图书馆",
    "敬老院",
    "疾病预防控制中心",
    "环境卫生服务中心",
    "就业服务中心",
)
LOOSE = ("有限责任公司", "有限公司")


def trade_name(draws: Draws) -> str:
    """Two characters, now and then three."""
    name = draws.one(FIRST) + draws.one(SECOND)
    return name + draws.one(THIRD) if draws.below(5) == 0 else name


def company(trade: str, industry: str, district: str, draws: Draws) -> str:
    """The full legal name of a company."""
    kind = draws.below(100)
    form = "有限责任公司" if kind % 25 == 0 else "股份有限公司" if kind % 33 == 1 else "有限公司"
    place = draws.below(100)
    if kind % 50 == 2 and industry in ("投资管理", "企业管理咨询"):
        return f"青岛{trade}{industry}合伙企业（有限合伙）"
    if place < 58:
        return f"青岛{trade}{industry}{form}"
    if place < 68:
        return f"青岛市{trade}{industry}{form}"
    if place < 80:
        return f"{trade}（青岛）{industry}{form}"
    if place < 88:
        return f"山东{trade}{industry}{form}"
    return f"青岛{district}{trade}{industry}{form}" if place < 94 else f"{trade}{industry}{form}"


def shop(trade: str, owner: str, industry: str, district: str, draws: Draws) -> str:
    """The name of an individual business."""
    kind = draws.below(100)
    if kind < 45:
        return f"{district}{trade}{industry}"
    if kind < 70:
        return f"青岛市{district}{trade}{industry}"
    if kind < 80:
        return f"{district}老{owner[0]}{industry}"
    return f"{district}{owner}{industry}" if kind < 95 else f"{district}{trade}{industry}（个体工商户）"


def branch(parent: str, district: str, draws: Draws) -> str:
    """The name of a branch of a company."""
    return f"{parent}{district if draws.below(3) else ''}{draws.one(BRANCH_WORDS)}"


def institution(district: str, draws: Draws) -> str:
    """The name of a public institution."""
    return f"青岛市{district}{draws.one(INSTITUTIONS)}"


def other_form(name: str, draws: Draws) -> str:
    """Another spelling of organisation form or brackets."""
    if "（" in name and draws.below(2):
        return (
            name.replace("（", "(").replace("）", ")") if draws.below(2) else name.replace("（", "").replace("）", "")
        )
    if LOOSE[0] in name:
        return name.replace(*LOOSE)
    if name.endswith("股份有限公司"):
        return name.removesuffix("有限公司") + "公司"
    return name.replace("有限公司", draws.one(("有限责任公司", "公司", "有限公司 ", "有限公 司")))


def other_division(name: str, draws: Draws) -> str:
    """The division at another place, longer, shorter or left out."""
    for prefix in ("青岛市", "青岛", "山东"):
        if name.startswith(prefix) and len(name) > 8:
            rest = name.removeprefix(prefix)
            where = draws.below(4)
            if where == 0:
                return rest
            if where == 1 and prefix == "青岛" and "区" not in rest[:4]:
                return f"{rest[:2]}（青岛）{rest[2:]}"
            return f"青岛市{rest}" if prefix == "青岛" else f"青岛{rest}" if prefix == "青岛市" else f"山东省{rest}"
    return f"青岛{name}" if "青岛" not in name else name.replace("（青岛）", "")


def mistyped(name: str, draws: Draws) -> str:
    """One character that sounds or looks alike."""
    return another_character(name, draws.one(("homophone", "look_alike")), draws)


@cache
def branch_markers() -> tuple[str, ...]:
    """Words that mark a branch."""
    return tuple(sorted(set(BRANCH_WORDS)))


def other_address(address: str, draws: Draws) -> str:
    """The same place in another style."""
    form = draws.below(3)
    if form == 0:
        return address.removeprefix("山东省").removeprefix("青岛市")
    return (
        address.translate(WIDE_DIGITS)
        if form == 1
        else address.replace("号楼", "-").replace("单元", "-").replace("室", "")
    )
