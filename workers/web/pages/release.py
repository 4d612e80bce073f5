"""`GET /ops/releases/{uri}`: one release: how far it is, who has not got it and why, and each delivery."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.ledger import audit, media_rows, publications, release_views, releases
from tasks.ledger.release_views import Grouping, Wanted
from tasks.model.ranks import Rank
from tasks.model.release import Release
from tasks.model.states import FINAL, Hold, State
from tasks.operations import report as reports
from tasks.operations import report_documents
from tasks.runtime.seal_key import seal_key
from tasks.runtime.settings import settings
from workers.web.pages import links, queries, release_progress, shell
from workers.web.pages.releases import status_of

LISTED = 30
"""Deliveries on a page."""
ATTEMPTS = 200
"""Attempts of a delivery that are shown."""
ENTRIES = 15
"""Audit entries of a release that are shown."""
FILTERS = ("state", "language", "code", "outlet")
NOT_DELIVERED = tuple(state.value for state in State if state is not State.DELIVERED)
GROUPINGS: tuple[tuple[str, str], ...] = (
    ("language", "Language"), ("circuit", "Circuit"), ("transport", "Transport"), ("country", "Country"),
    ("format", "Format"),
)  # fmt: skip
REPORTS = {"html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8", "json": "application/json"}
"""The formats of reports, and the types of their content."""


def routes() -> list[Route]:
    """The routes of one release."""
    return [
        Route("/ops/release.progress", renew),
        Route("/ops/report", report),
        Route("/ops/deliveries/{number:int}", delivery),
        Route("/ops/releases/{uri:path}", show),
    ]


def address(uri: str, **query: str) -> str:
    """The address of a release's page."""
    return links.release(uri) + (f"?{urlencode(query)}" if query else "")


def find(connection: Connection, uri: str, version: int | None = None) -> Any:
    """The row of a release, of its newest version unless one is named; refuses one that the ledger does not have."""
    row = releases.find(connection, uri, version)
    if row is None:
        which = f"version {version} of {uri}" if version else uri
        raise HTTPException(404, f"the ledger has no release {which}; the list of releases has those it has")
    return row


@shell.needs(Rank.READER)
def show(request: Request) -> Response:
    """The page of a release."""
    wanted, chosen = _wanted(request)
    with ledger.read() as connection:
        row = find(connection, request.path_params["uri"], queries.number(request, "version"))
        rows = release_views.listed(connection, row.id, wanted, LISTED + 1)
        progress = _progress(connection, request, row)
        context = {
            **progress,
            "release": Release.from_ledger(row.document),
            "standing": status_of(connection, row),
            "versions": release_views.versions(connection, row.uri),
            "media": media_rows.of_release(connection, row.id),
            "published": release_progress.published(connection, row, progress["progress"]),
            "entries": audit.latest(connection, audit.Wanted(uri=row.uri), ENTRIES),
        }
    shown, last = rows[:LISTED], rows[LISTED - 1] if len(rows) > LISTED else None
    here = chosen | {"version": str(row.version)}
    return shell.render(
        request, "release.html", title=context["release"].headline or row.uri,
        deliveries=[{"row": one, "name": outlet_name(one.document, one.outlet_id), "why": why(one)} for one in shown],
        filter=dict.fromkeys(FILTERS, "") | chosen, filtered=bool(chosen), states=tuple(state.value for state in State),
        older=last and address(row.uri, **here, after=f"{last.language} {last.outlet_id}") + "#deliveries",
        first=address(row.uri, **here) + "#deliveries" if wanted.after else None, **context,
    )  # fmt: skip


@shell.needs(Rank.READER)
def renew(request: Request) -> Response:
    """How far a release is, alone."""
    with ledger.read() as connection:
        row = find(connection, queries.text(request, "release"), queries.number(request, "version"))
        context = _progress(connection, request, row)
    return shell.fragment(request, "release_progress.html", **context)


def _progress(connection: Connection, request: Request, row: Any) -> dict[str, Any]:
    by = request.query_params.get("by", "language")
    by = by if by in dict(GROUPINGS) else "language"
    progress = release_progress.of_release(connection, row.id)
    lines = progress.languages if by == "language" else release_progress.grouped(connection, progress, _grouping(by))
    return {
        "row": row,
        "progress": progress,
        "by": by,
        "groupings": GROUPINGS,
        "lines": lines,
        "reasons": release_progress.reasons(connection, progress),
        "timeline": release_progress.timeline(connection, progress),
        "made_by": release_progress.made_by(connection, row.id),
        "holds": [hold | {"waits_for_editor": hold["kind"] == Hold.APPROVAL} for hold in progress.holds],
        "fragment": links.at("/ops/release.progress?")
        + urlencode({"release": row.uri, "version": str(row.version), "by": by}),
    }  # fmt: skip


def _grouping(by: str) -> Grouping:
    found: dict[str, Grouping] = {
        "circuit": "circuit", "transport": "transport", "country": "country", "format": "format"
    }  # fmt: skip
    return found[by]


def _wanted(request: Request) -> tuple[Wanted, dict[str, str]]:
    """Which deliveries are listed, and the same for addresses; those that are not delivered unless others are named."""
    names = {name: queries.text(request, name) for name in FILTERS}
    chosen = {name: value for name, value in names.items() if value}
    language, _, outlet = queries.text(request, "after").partition(" ")
    states = {"all": (), "": NOT_DELIVERED}.get(names["state"], (names["state"],))
    return Wanted(
        states=tuple(states), language=names["language"] or None, code=names["code"] or None,
        outlet=names["outlet"] or None, after=(language, outlet) if outlet else None,
    ), chosen  # fmt: skip


def why(row: Any) -> str | None:
    """Why a delivery is where it is; None for one that nobody has tried."""
    return Hold(row.hold_kind).sentence if row.hold_kind else row.reason


def outlet_name(document: str, id: str) -> str:
    """What an outlet is called."""
    return str(json.loads(document).get("name") or id)


@shell.needs(Rank.READER)
def delivery(request: Request) -> Response:
    """One delivery, with all that was tried."""
    number = min(request.path_params["number"], queries.LARGEST)
    with ledger.read() as connection:
        row = release_views.delivery(connection, number)
        if row is None:
            raise HTTPException(404, "the ledger has no such delivery")
        tries = release_views.attempts_of(connection, number, ATTEMPTS)
        said = publications.of_delivery(connection, number)
    return shell.render(
        request, "delivery.html", title=f"{outlet_name(row.document, row.outlet_id)}, {row.language}", row=row,
        name=outlet_name(row.document, row.outlet_id), why=why(row), attempts=tries, said=said,
        is_final=row.state in FINAL,
    )  # fmt: skip


@shell.needs(Rank.READER)
def report(request: Request) -> Response:
    """The report of a release, to save."""
    form = request.query_params.get("format", "html")
    if form not in REPORTS:
        raise HTTPException(422, "format: must be html, csv or json")
    with ledger.read() as connection:
        row = find(connection, queries.text(request, "release"), queries.number(request, "version"))
        found = reports.report(connection, row.id)
        text = "".join(report_documents.written(found, form, settings().wire_name, seal_key()))
    headers = {"content-disposition": f'attachment; filename="release-{row.id}-v{row.version}.{form}"'}
    return Response(text, headers=headers | {"content-type": REPORTS[form]})
