"""`GET /ops/releases`: all releases, the newest first, and how far each is.

A page costs about the same however many releases and deliveries there are: it looks at so many release versions at
most, and counts deliveries only for so long; what it could not count it counts when it is next fetched.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.ledger import release_views, releases
from tasks.model.ranks import Rank
from tasks.model.states import State
from workers.web.pages import links, queries, shell
from workers.web.pages.release_progress import Progress, is_known, of_release

SHOWN = 25
"""Release versions on a page."""
LOOKED_AT = 400
"""Release versions that are looked at for a page, where a filter passes few of them."""
COUNTING_SECONDS = 0.25
"""For so long deliveries are counted for a page."""
CHOICES = {"open": (State.DUE, State.CLAIMED), "held": (State.HELD,), "failed": (State.REJECTED, State.EXHAUSTED)}
"""The states by which releases can be filtered."""


@dataclass(frozen=True)
class Filter:
    """Which releases are wanted; empty: whatever it is."""

    text: str
    state: str
    language: str
    circuit: str

    @classmethod
    def of(cls, request: Request) -> Filter:
        """What a request asks for."""
        said = {name: queries.text(request, name) for name in ("text", "state", "language", "circuit")}
        return cls(**said | {"state": said["state"] if said["state"] in CHOICES else ""})

    @property
    def chosen(self) -> dict[str, str]:
        """For addresses: what is said, by its name."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Line:
    """One release version in the list."""

    number: int
    uri: str
    version: int
    headline: str
    status: str
    language: str
    circuits: tuple[str, ...]
    producer: str
    received_at: float
    embargo_until: float | None
    is_planned: bool
    progress: Progress | None
    """None: not counted yet."""


def routes() -> list[Route]:
    """The routes of the list."""
    return [Route("/ops/releases", show), Route("/ops/releases.list", renew)]


@shell.needs(Rank.READER)
def show(request: Request) -> Response:
    """The list, with its filters."""
    return shell.render(request, "releases.html", title="Releases", choices=tuple(CHOICES), **_context(request))


@shell.needs(Rank.READER)
def renew(request: Request) -> Response:
    """The list alone."""
    return shell.fragment(request, "releases_list.html", **_context(request))


def _context(request: Request) -> dict[str, Any]:
    wanted, below = Filter.of(request), queries.number(request, "below")
    with ledger.read() as connection:
        lines, last = _page(connection, wanted, below)
    query = wanted.chosen | ({"below": str(below)} if below else {})
    return {
        "lines": lines,
        "filter": wanted,
        "older": last and links.at("/ops/releases?") + f"{urlencode(wanted.chosen | {'below': str(last)})}",
        "newest": links.at(f"/ops/releases?{urlencode(wanted.chosen)}") if below else None,
        "fragment": links.at("/ops/releases.list") + (f"?{urlencode(query)}" if query else ""),
    }


def _page(connection: Connection, wanted: Filter, below: int | None) -> tuple[list[Line], int | None]:
    """The lines of a page, and the number below which the next page begins; None if there is none."""
    lines: list[Line] = []
    ends, looked, last = time.monotonic() + COUNTING_SECONDS, 0, below
    for row in _candidates(connection, wanted, below):
        if len(lines) == SHOWN or looked == LOOKED_AT:
            return lines, last
        looked, last = looked + 1, row.id
        document = json.loads(row.document)
        if not _fits(document, row, wanted):
            continue
        counted = is_known(row.id) or time.monotonic() < ends
        if wanted.state and not counted:
            return lines, last + 1
        line = _line(connection, row, document, of_release(connection, row.id) if counted else None)
        if not wanted.state or (line.progress and any(line.progress.sums.states[one] for one in CHOICES[wanted.state])):
            lines.append(line)
    return lines, None


def _candidates(connection: Connection, wanted: Filter, below: int | None) -> Iterator[Any]:
    """Release versions, the newest first; those that have no text in the language that is wanted are left out."""
    while rows := release_views.before(connection, below, SHOWN * 2):
        below = rows[-1].id
        if wanted.language:
            fit = release_views.with_language(connection, [row.id for row in rows], wanted.language)
            rows = [row for row in rows if row.id in fit]
        yield from rows


def _fits(document: dict[str, Any], row: Any, wanted: Filter) -> bool:
    if wanted.circuit and wanted.circuit not in (document.get("circuits") or ()):
        return False
    text = wanted.text.casefold()
    names = (row.uri, document.get("headline") or "", row.sent_by or "")
    return not text or any(text in name.casefold() for name in names)


def _line(connection: Connection, row: Any, document: dict[str, Any], progress: Progress | None) -> Line:
    return Line(
        number=row.id, uri=row.uri, version=row.version, headline=document.get("headline") or row.uri,
        status=status_of(connection, row), language=row.language, circuits=tuple(document.get("circuits") or ()),
        producer=row.sent_by or row.producer or "", received_at=row.received_at, embargo_until=row.embargo_until,
        is_planned=row.planned_at is not None, progress=progress,
    )  # fmt: skip


def status_of(connection: Connection, row: Any) -> str:
    """What must be known of a version before all else: `kill`, `killed`, `replaced` by a newer one, or `newest`."""
    if row.status == "canceled":
        return "kill"
    newest = releases.find(connection, row.uri)
    if newest is None or newest.version == row.version:
        return "newest"
    return "killed" if newest.status == "canceled" else "replaced"
