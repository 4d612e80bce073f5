"""`GET /ops/notices`: what operations should know: outlets that are gone, wrong credentials, hosts that fail."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.ledger import outlets
from tasks.model.ranks import Rank
from tasks.operations import records
from workers.web.pages import newest_first, shell


def routes() -> list[Route]:
    """The routes of the list, and of the part of it that is fetched anew."""
    return [Route("/ops/notices", notices), Route("/ops/notices/fragment", part)]


@shell.needs(Rank.READER)
def notices(request: Request) -> Response:
    """The whole page."""
    return newest_first.page(request, "notices.html", "Notices", _read)


@shell.needs(Rank.READER)
def part(request: Request) -> Response:
    """The list alone."""
    return newest_first.part(request, "_notices.html", _read)


def _read(limit: int, before: int | None) -> newest_first.Rows:
    with ledger.read() as connection:
        rows = records.notices(connection, limit, before=before)
        known = outlets.statuses(connection, {row["subject"] for row in rows})
    return [row | {"outlet": known.get(row["subject"])} for row in rows]
