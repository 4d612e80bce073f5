"""`GET /ops/translations`: the translations that wait for a person, the oldest first; or all of one release."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger, review
from tasks.ledger import releases, translation_rows
from tasks.ledger.translation_rows import WaitingKey
from tasks.model.languages import LanguageTag
from tasks.model.ranks import Rank
from tasks.review import Reviewed
from tasks.review.listing import waiting_one
from workers.web.pages import links, shell
from workers.web.pages.queries import text

A_PAGE = 20


def routes() -> list[Route]:
    """The routes of the list, and of the part of it that is fetched anew."""
    return [Route("/ops/translations", translations), Route("/ops/translations/fragment", part)]


@shell.needs(Rank.READER)
def translations(request: Request) -> Response:
    """The whole page."""
    shown = _of_release(request) if request.query_params.get("release") else _waiting(request)
    here = links.at(f"/ops/translations/fragment?{request.url.query}")
    return shell.render(request, "translations.html", title="Translations", fragment=here, **shown)


@shell.needs(Rank.READER)
def part(request: Request) -> Response:
    """The list alone."""
    shown = _of_release(request) if request.query_params.get("release") else _waiting(request)
    return shell.fragment(request, "_translations.html", **shown)


def _waiting(request: Request) -> dict[str, Any]:
    """What waits for a person, a page of it. Units are counted of those that are shown only: they are large."""
    with ledger.read() as connection:
        keys = translation_rows.waiting_keys(connection)
        begin = _place(keys, text(request, "after"))
        shown = keys[begin : begin + A_PAGE]
        rows = [_row(one, key.received_at) for key in shown if (one := waiting_one(connection, key))]
    last = keys[min(begin + A_PAGE, len(keys)) - 1] if keys else None
    more = begin + A_PAGE < len(keys)
    return {
        "rows": rows, "count": len(keys), "release": None,
        "next": links.at(f"/ops/translations?after={_cursor(last)}") if last and more else None,
        "first": links.at("/ops/translations") if begin else None,
    }  # fmt: skip


def _cursor(key: WaitingKey) -> str:
    return f"{key.received_at!r}~{key.release_id}~{key.language}"


def _place(keys: list[WaitingKey], cursor: str) -> int:
    """Where the page after a cursor begins, also when what it names waits no more."""
    moment, _, rest = cursor.partition("~")
    release_id, _, language = rest.partition("~")
    try:
        after = (float(moment), int(release_id), language)
    except ValueError:
        return 0
    return sum(key[:3] <= after for key in keys)


def _of_release(request: Request) -> dict[str, Any]:
    with ledger.read() as connection:
        row = releases.find(connection, text(request, "release"))
        if row is None:
            raise HTTPException(404, "there is no such release")
        rows = [_row(one, row.received_at) for one in review.every(connection, row.id)]
        release = releases.get(connection, row.id)
    return {"rows": rows, "count": len(rows), "release": release, "next": None, "first": None}


def _row(found: Reviewed, taken_at: float) -> dict[str, Any]:
    units = [unit for unit in found.units if unit.source]
    return {
        "release": found.release,
        "tag": LanguageTag(found.language),
        "standing": found.standing or found.row.state,
        "reason": found.row.reason,
        "taken_at": taken_at,
        "waits": found.waits,
        "units": len(units),
        "open": len(found.open),
        "doubtful": sum(bool(unit.reasons) and not unit.open for unit in units),
        "address": links.translation(found.release_id, found.language),
    }
