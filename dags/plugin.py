"""A link from Airflow's menu to the portal, where the setting `portal_url` names one."""

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from sitong.settings import load_settings

TITLE = "统一门户 Portal"


def links(portal_url: str | None) -> list[dict[str, str]]:
    """External views for Airflow's menu. They open beside Airflow: the portal lets no page frame it."""
    return [{"name": TITLE, "href": portal_url, "destination": "nav", "category": "browse"}] if portal_url else []


class SitongPlugin(AirflowPlugin):
    """What Sitong adds to Airflow's interface."""

    name = "sitong"
    external_views: ClassVar = links(load_settings().portal_url)
