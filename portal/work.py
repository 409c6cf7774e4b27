"""All pages with data, in the order in which their routes are tried."""

from typing import Final

from fastapi import APIRouter

from portal import board, bulk, case, finding, findings, identity_page, monitors, origin_page, subject, views

ROUTERS: Final[tuple[APIRouter, ...]] = (
    findings.router,
    views.router,
    bulk.router,
    finding.router,
    origin_page.router,
    identity_page.router,
    case.router,
    board.router,
    subject.router,
    monitors.router,
)
"""All of them need the permission `findings`."""
