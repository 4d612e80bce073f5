"""`POST /ops/appearance`: light, dark, or as the browser wishes, kept in a cookie of a year."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tasks.model.ranks import Rank
from workers.web.pages import sessions, shell


def routes() -> list[Route]:
    """The route of the choice."""
    return [Route("/ops/appearance", choose, methods=["POST"])]


@shell.needs(Rank.READER)
def choose(request: Request) -> Response:
    """Keep the choice, and go back to where it was made."""
    choice = shell.said(request, "appearance")
    if choice not in shell.APPEARANCES:
        raise HTTPException(422, "appearance: must be light, dark or auto")
    response = RedirectResponse(shell.own_address(shell.said(request, "next")), 303)
    sessions.set_cookie(response, "appearance", choice, 365 * 24 * 3600)
    return response
