"""The application of the web server: the routes of all its modules. surroundings.py is around it."""

from __future__ import annotations

from starlette.applications import Starlette

from workers.web import answers, door, feeds, media, metrics, pages, readiness, unsubscribing, verifying
from workers.web.problem_details import HANDLERS

MODULES = (answers, door, feeds, media, metrics, pages, readiness, unsubscribing, verifying)
"""Each has `routes() -> list[Route]`."""


def application() -> Starlette:
    """Make the application; it answers as soon as the ledger does."""
    routes = [route for module in MODULES for route in module.routes()]
    return Starlette(routes=routes, exception_handlers=HANDLERS)
