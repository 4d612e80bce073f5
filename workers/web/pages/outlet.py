"""`GET /ops/outlets/ID`: one outlet, how it is, what became of its deliveries, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import yaml
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.ledger import audit, deliveries, feed_addresses, outlet_history
from tasks.ledger import outlets as outlet_rows
from tasks.ledger.outlet_history import Health
from tasks.model.codes import Code
from tasks.model.outlet import Outlet
from tasks.model.ranks import Rank
from tasks.operations import feed_access
from tasks.operations import outlet_acts as acts
from tasks.operations.outlet_acts import Done
from tasks.operations.outlet_import import shown_without_secrets
from tasks.runtime.errors import NotPossible
from tasks.runtime.settings import settings
from workers import marked_test, outlet_acts
from workers.web import listening
from workers.web.pages import drains, links, shell
from workers.web.pages.audit import changes
from workers.web.pages.outlets import shown_host
from workers.web.pages.queries import number

DELIVERIES, ENTRIES = 20, 20
OVERLAP_SECONDS = 7 * 86400.0
"""For so long the older addresses of a feed stay good when it gets another one."""


def routes() -> list[Route]:
    """The routes of the page, and of what can be done there."""
    return [
        Route("/ops/outlets/{id}", outlet),
        Route("/ops/outlets/{id}/remove", confirm_removal),
        Route("/ops/outlets/{id}/remove", remove, methods=["POST"]),
        Route("/ops/outlets/{id}/test", send_test, methods=["POST"]),
        Route("/ops/outlets/{id}/verify", verify, methods=["POST"]),
        Route("/ops/outlets/{id}/address", new_address, methods=["POST"]),
        Route("/ops/outlets/{id}/addresses/end", end_addresses, methods=["POST"]),
        Route("/ops/outlets/{id}/{act:str}", act, methods=["POST"]),
    ]


@shell.needs(Rank.READER)
def outlet(request: Request) -> Response:
    """The page."""
    before = number(request, "before")
    with ledger.read() as connection:
        row = found(connection, request)
        document = read_document(row.document)
        shown: dict[str, Any] = {
            "states": outlet_history.states(connection, row.id),
            "health": outlet_history.health(connection, [row.id]).get(row.id, Health()),
            "missed": acts.in_words_missed(deliveries.missed(connection, row.id)),
            "next_try": outlet_history.next_try(connection, row.id),
            "tried": outlet_history.tried(connection, row.id, before=before, limit=DELIVERIES + 1),
            "entries": [
                entry | {"changes": changes(entry["old"], entry["new"])}
                for entry in audit.latest(connection, audit.Wanted(outlet_id=row.id), ENTRIES)
            ],
            "addresses": feed_addresses.of(connection, [row.id], ledger.now(connection)).get(row.id, []),
        }
    more = len(shown["tried"]) > DELIVERIES
    shown["tried"] = shown["tried"][:DELIVERIES]
    older = links.again(request, before=shown["tried"][-1].delivery["id"]) if more else None
    standings = drains.standings([document]) if document else None
    fields = shown_without_secrets(json.loads(row.document)) if document else {}
    return shell.render(
        request, "outlet.html", title=document.name if document else row.id, row=row, outlet=document,
        document=yaml.safe_dump(fields, allow_unicode=True, sort_keys=False), standing=(standings or {}).get(row.id),
        unknown=standings is None, host=shown_host(document.url) if document else "", older=older,
        newest=links.again(request, before=None) if before else None, **shown,
    )  # fmt: skip


def found(connection: Any, request: Request) -> Any:
    """The row of the outlet that an address names; raises HTTPException if there is none."""
    row = outlet_rows.get(connection, request.path_params["id"])
    if row is None:
        raise HTTPException(404, "there is no such outlet; the list has all that there are")
    return row


def read_document(text: str) -> Outlet | None:
    """The document of an outlet; None if this version cannot read it."""
    try:
        return Outlet.model_validate_json(text)
    except ValidationError:
        return None


# --- what can be done


def _pause(id: str, reason: str | None) -> Done:
    with ledger.write() as connection:
        return acts.pause(connection, id, reason)


def _disable(id: str, reason: str | None) -> Done:
    with ledger.write() as connection:
        return acts.disable(connection, id, reason)


_ACTS: dict[str, Callable[[str, str | None], Done]] = {
    "pause": _pause,
    "disable": _disable,
    "resume": lambda id, _reason: outlet_acts.resume(id),
    "missed": lambda id, _reason: outlet_acts.send_missed(id),
}


@shell.needs(Rank.OPERATOR)
def act(request: Request) -> Response:
    """Pause, disable or resume an outlet, or send what it missed."""
    id = request.path_params["id"]
    do = _ACTS.get(request.path_params["act"])
    if do is None:
        raise HTTPException(404)
    return _seen(request, id, lambda: do(id, shell.said(request, "reason").strip()[:500] or None).words)


def _seen(request: Request, id: str, do: Callable[[], str]) -> Response:
    """Do something, and go back to the outlet with what came of it."""
    try:
        words = do()
    except NotPossible as refusal:
        return shell.see(request, links.outlet(id), str(refusal), "failed")
    return shell.see(request, links.outlet(id), words)


@shell.needs(Rank.OPERATOR)
def confirm_removal(request: Request) -> Response:
    """Ask whether an outlet is really to be removed, and say what that means."""
    with ledger.read() as connection:
        row = found(connection, request)
        states = outlet_history.states(connection, row.id)
    return shell.render(
        request, "outlet_remove.html", title=f"Remove {row.id}", row=row, outlet=read_document(row.document),
        open=sum(states.get(state, 0) for state in ("held", "due", "claimed")),
    )  # fmt: skip


@shell.needs(Rank.OPERATOR)
def remove(request: Request) -> Response:
    """Remove an outlet."""

    def do() -> str:
        with ledger.write() as connection:
            return acts.remove(connection, request.path_params["id"]).words

    return _seen(request, request.path_params["id"], do)


@shell.needs(Rank.OPERATOR)
def verify(request: Request) -> Response:
    """Ask an outlet whether it is the one that is meant, or take the word of whoever vouches for it."""
    id = request.path_params["id"]
    told: dict[str, Any] = {}
    vouched = shell.said(request, "vouch").strip()[:500] or None

    def do() -> str:
        told.update(outlet_acts.verify(id, vouched))
        return str(told["words"])

    answer = _seen(request, id, do)
    if told and not (told["verified"] or told["asked"]):
        return shell.see(request, links.outlet(id), told["words"], "failed")
    return answer


@shell.needs(Rank.OPERATOR)
def send_test(request: Request) -> Response:
    """Send an outlet one item that is marked as a test, and show what it answered."""
    with ledger.read() as connection:
        row = found(connection, request)
    document = read_document(row.document)
    if document is None or row.status == "removed":
        return shell.see(
            request, links.outlet(row.id), "It has no document that can be read, or was removed.", "failed"
        )
    result = marked_test.send_test(document)
    return shell.render(
        request, "outlet_test.html", title=f"Test of {document.name}", row=row, outlet=document, result=result,
        no_secret=result["code"] == Code.SECRET_MISSING,
    )  # fmt: skip


@shell.needs(Rank.OPERATOR)
def new_address(request: Request) -> Response:
    """Give a feed a new secret address, and show it: now, and never again."""
    with ledger.write() as connection:
        row = acts.find(connection, request.path_params["id"])
        document = Outlet.model_validate_json(row.document)
        if document.url != "pull:":
            raise NotPossible(f"The outlet {row.id!r} does not fetch: releases are sent to it.")
        made = feed_access.rotate(connection, row.id, document.format, overlap=OVERLAP_SECONDS)
    base = settings().web_url or listening.here()
    return shell.render(
        request, "outlet_address.html", title=f"New address of {document.name}", row=row, outlet=document, made=made,
        address=base + made.path, headers={"cache-control": "no-store"},
    )  # fmt: skip


@shell.needs(Rank.OPERATOR)
def end_addresses(request: Request) -> Response:
    """End one secret address of a feed, or all of them."""
    id, said = request.path_params["id"], shell.said(request, "number")
    only = int(said[:18]) if said.isascii() and said.isdecimal() else None

    def do() -> str:
        with ledger.write() as connection:
            ended = feed_access.revoke(connection, acts.find(connection, id).id, only)
        return f"{'1 address has' if ended == 1 else f'{ended} addresses have'} ended"

    return _seen(request, id, do)
