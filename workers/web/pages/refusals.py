"""`GET /ops/refusals`: what intake refused, and why; and one of them, with the beginning of what was sent."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.model.ranks import Rank
from tasks.operations import records
from workers.web.pages import newest_first, shell


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
    return newest_first.page(request, "refusals.html", "Refused", _read)


@shell.needs(Rank.READER)
def part(request: Request) -> Response:
    """The list alone."""
    return newest_first.part(request, "_refusals.html", _read)


def _read(limit: int, before: int | None) -> newest_first.Rows:
    with ledger.read() as connection:
        return records.refusals(connection, limit, before=before)


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
