"""`GET /ops/notices`: what operations should know: outlets that are gone, wrong credentials, hosts that fail."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.ledger import outlets
from tasks.model.ranks import Rank
from tasks.operations import records
from workers.web.pages import links, shell
from workers.web.pages.queries import number

A_PAGE = 50


def routes() -> list[Route]:
    """The routes of the list, and of the part of it that is fetched anew."""
    return [Route("/ops/notices", notices), Route("/ops/notices/fragment", part)]


@shell.needs(Rank.READER)
def notices(request: Request) -> Response:
    """The whole page."""
    before = number(request, "before")
    rows, older = _listed(request)
    newest = links.again(request, before=None) if before else None
    here = f"/ops/notices/fragment?before={before}" if before else "/ops/notices/fragment"
    return shell.render(
        request, "notices.html", title="Notices", rows=rows, older=older, newest=newest, fragment=here
    )  # fmt: skip


@shell.needs(Rank.READER)
def part(request: Request) -> Response:
    """The list alone."""
    rows, older = _listed(request)
    return shell.fragment(request, "_notices.html", rows=rows, older=older and older.replace("/fragment", ""))


def _listed(request: Request) -> tuple[list[dict[str, object]], str | None]:
    with ledger.read() as connection:
        rows = records.notices(connection, A_PAGE + 1, before=number(request, "before"))
        known = outlets.statuses(connection, {row["subject"] for row in rows})
    rows = [row | {"outlet": known.get(row["subject"])} for row in rows]
    older = links.again(request, before=rows[A_PAGE - 1]["id"]) if len(rows) > A_PAGE else None
    return rows[:A_PAGE], older
