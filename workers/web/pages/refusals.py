"""`GET /ops/refusals`: what intake refused, and why; and one of them, with the beginning of what was sent."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.model.ranks import Rank
from tasks.operations import records
from workers.web.pages import links, shell
from workers.web.pages.queries import number

A_PAGE = 50


def routes() -> list[Route]:
    """The routes of the list, of the part of it that is fetched anew, and of one refusal."""
    return [
        Route("/ops/refusals", refusals),
        Route("/ops/refusals/fragment", part),
        Route("/ops/refusals/{number:int}", refusal),
    ]


@shell.needs(Rank.READER)
def refusals(request: Request) -> Response:
    """The whole page."""
    before = number(request, "before")
    rows, older = _listed(request)
    newest = links.again(request, before=None) if before else None
    here = f"/ops/refusals/fragment?before={before}" if before else "/ops/refusals/fragment"
    return shell.render(
        request, "refusals.html", title="Refused", rows=rows, older=older, newest=newest, fragment=here
    )  # fmt: skip


@shell.needs(Rank.READER)
def part(request: Request) -> Response:
    """The list alone."""
    rows, older = _listed(request)
    return shell.fragment(request, "_refusals.html", rows=rows, older=older and older.replace("/fragment", ""))


def _listed(request: Request) -> tuple[list[dict[str, object]], str | None]:
    with ledger.read() as connection:
        rows = records.refusals(connection, A_PAGE + 1, before=number(request, "before"))
    older = links.again(request, before=rows[A_PAGE - 1]["id"]) if len(rows) > A_PAGE else None
    return rows[:A_PAGE], older


@shell.needs(Rank.READER)
def refusal(request: Request) -> Response:
    """One refusal. What was sent is shown as text and nothing else, whatever it is."""
    wanted = int(request.path_params["number"])
    with ledger.read() as connection:
        found = records.refusal(connection, wanted) if wanted < 2**62 else None
    if found is None:
        raise HTTPException(404, f"there is no refusal {wanted}; it may have been removed since")
    body = found["body"].decode("utf-8", "replace")
    kept = len(found["body"])
    return shell.render(
        request, "refusal.html", title=f"Refusal {wanted}", row=found, body=body, kept=kept
    )  # fmt: skip
