"""Templates become pages here, and only here: layout, language, and texts that escape by default."""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from portal.assets import asset_url
from portal.config import PortalConfig
from portal.language import language_of, remember, switch_to
from portal.menu import pages_of, role_title
from portal.texts import SHELL
from schemas.bilingual import Bilingual


def page(
    request: Request,
    template: str,
    texts: Mapping[str, Bilingual],
    *,
    status: int = 200,
    **values: object,
) -> HTMLResponse:
    """A page in the reader's language; `t.NAME` in the template is a text of the page or of the shell.

    A name of the page wins over one of the shell. A name that is nowhere raises instead of printing nothing.
    """
    language = language_of(request)
    said = {name: text.say(language) for name, text in {**SHELL, **texts}.items()}
    html = (
        _environment()
        .get_template(template)
        .render(
            t=said,
            language=language,
            zh=switch_to(request, "zh"),
            en=switch_to(request, "en"),
            caller=getattr(request.state, "caller", None),
            **values,
        )
    )
    response = HTMLResponse(html, status, {"Cache-Control": "no-store", "Content-Language": language})
    config: PortalConfig = request.app.state.config
    remember(request, response, https=config.https)
    return response


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("portal", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"asset": asset_url, "pages_of": pages_of, "role_title": role_title}
    return environment
