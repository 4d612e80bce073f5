"""`GET /ops/releases`: all releases, the newest first."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks.model.ranks import Rank
from workers.web.pages import shell


def routes() -> list[Route]:
    """The route of the list."""
    return [Route("/ops/releases", releases)]


@shell.needs(Rank.READER)
def releases(request: Request) -> Response:
    """The list."""
    return shell.render(request, "releases.html", title="Releases")
