"""`GET /ops/outlets`: the outlets by what they take and how they are, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.delivery.admission.shared_state import PORTS
from tasks.delivery.transports import host_of
from tasks.ledger import outlet_history, outlet_listing
from tasks.ledger.outlet_history import Health
from tasks.ledger.outlet_listing import Among
from tasks.model.countries import country
from tasks.model.languages import LanguageTag
from tasks.model.outlet_filter import OutletFilter
from tasks.model.ranks import Rank
from workers.offered import offered
from workers.web.pages import drains, links, shell
from workers.web.pages.queries import text

A_PAGE = 50
STATUSES: Final = ("active", "paused", "disabled", "unverified", "removed")
KNOWN_TO_DRAINS: Final = {"resting": "resting after failures", "failing": "failing for days"}
"""What can be asked for beside a status, and its words."""


def routes() -> list[Route]:
    """The route of the list."""
    return [Route("/ops/outlets", outlets)]


@shell.needs(Rank.READER)
def outlets(request: Request) -> Response:
    """The outlets that fit all filters."""
    said = {name: text(request, name) for name in ("text", "country", "language", "circuit", "transport", "state")}
    wanted, problems = _wanted(said)
    group, unknown = _group(said["state"])
    after = text(request, "after")
    with ledger.read() as connection:
        page = outlet_listing.page(connection, wanted, after=after, limit=A_PAGE, among=group)
        health = outlet_history.health(connection, [one.id for one in page.outlets])
    standings = drains.standings([one.outlet for one in page.outlets if one.outlet is not None])
    rows = [
        {
            "listed": one,
            "health": health.get(one.id, Health()),
            "standing": (standings or {}).get(one.id),
            "host": shown_host(one.outlet.url) if one.outlet else "",
        }
        for one in page.outlets
    ]
    return shell.render(
        request, "outlets.html", title="Outlets", rows=rows, said=said, problems=problems, statuses=STATUSES,
        known=KNOWN_TO_DRAINS, transports=sorted(offered().transports), unknown=unknown or standings is None,
        after=links.again(request, after=page.after) if page.after else None,
        first=links.again(request, after=None) if after else None,
    )  # fmt: skip


def _wanted(said: dict[str, str]) -> tuple[OutletFilter, dict[str, str]]:
    """The filter that a form says, and what is wrong with some of its fields, which then filter nothing."""
    problems: dict[str, str] = {}
    readers: dict[str, Callable[[str], Any]] = {"country": country, "language": LanguageTag}
    good = dict(said)
    for name, read in readers.items():
        try:
            good[name] = str(read(said[name])) if said[name] else ""
        except ValueError as error:
            problems[name], good[name] = f"{said[name]!r} {error}", ""
    status = said["state"] if said["state"] in STATUSES else None
    fields = {name: good[name] or None for name in ("text", "country", "language", "circuit", "transport")}
    return OutletFilter(status=status, **fields), problems


def _group(state: str) -> tuple[Among | None, bool]:
    """The outlets that are looked for by what drains know of them, and whether nobody can be asked."""
    if state not in KNOWN_TO_DRAINS:
        return None, False
    found = drains.among(state)
    return found or Among(ids=(), hosts=(), has=lambda _outlet: False), found is None


def shown_host(url: str) -> str:
    """The host that an outlet's URL leads to, for people: with its port only if that is an unusual one."""
    found = host_of(url)
    host, _, port = found.rpartition(":")
    usual = PORTS.get(url.partition(":")[0].rpartition("+")[2])
    return host if port in ("0", str(usual)) else found
