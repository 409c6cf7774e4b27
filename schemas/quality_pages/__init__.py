"""Offline pages of quality results: style and font inside, nothing fetched from anywhere."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from schemas.contract import Severity
from schemas.quality_pages.font import font_rule
from schemas.quality_result import Outcome, QualityResult

FOLDER: Final = Path(__file__).resolve().parent

SEVERITIES: Final[tuple[tuple[Severity, str, str], ...]] = (
    ("high", "高", "high"),
    ("medium", "中", "medium"),
    ("low", "低", "low"),
)


def dataset_page(result: QualityResult) -> str:
    """The page of one dataset: failed expectations first, the severest on top."""
    return _template("dataset.html.j2").render(
        result=result, outcomes=_failed_first(result.outcomes), severities=SEVERITIES, style=_style()
    )


def index_page(results: Mapping[str, QualityResult]) -> str:
    """The page that lists datasets by the address of their pages, in the order given."""
    return _template("index.html.j2").render(results=results, severities=SEVERITIES, style=_style())


def _failed_first(outcomes: Iterable[Outcome]) -> list[Outcome]:
    order = {severity: place for place, (severity, _, _) in enumerate(SEVERITIES)}
    return sorted(outcomes, key=lambda item: (item.passed, order[item.severity] if not item.passed else 0))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["count"] = _count
    environment.filters["share"] = _share
    return environment


def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _style() -> str:
    return font_rule() + "\n" + (FOLDER / "style.css").read_text(encoding="utf-8")


def _count(value: int | None) -> str:
    """A number of rows with separators, a dash where there is none."""
    return "–" if value is None else f"{value:,}"


def _share(value: float | None) -> str:
    """A share in percent; a small one is not rounded to nothing, nor a large one to all."""
    if value is None:
        return "–"
    if 0 < value < 0.0001:
        return "< 0.01 %"
    if 0.9999 < value < 1:
        return "> 99.99 %"
    return f"{value * 100:.2f} %"
