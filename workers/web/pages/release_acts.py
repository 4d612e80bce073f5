"""What is done with a release on its page: a correction, a kill, a replay, another embargo.

Each act has a page that says first what it would do, and changes nothing; the form on that page does it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger, review
from tasks.ledger import outlets, release_views, releases
from tasks.ledger.audit import actor
from tasks.ledger.releases import Consent, Sender
from tasks.model.acts import Actor
from tasks.model.outlet import Outlet
from tasks.model.ranks import Rank
from tasks.model.release import Release
from tasks.model.states import State
from tasks.operations import embargo as embargoes
from tasks.operations import kill as kills
from tasks.operations import prospects
from tasks.operations import replay as replays
from tasks.runtime import moments
from tasks.runtime.errors import Problem, UserError
from tasks.runtime.settings import settings
from workers import taking
from workers.document_reader import DocumentReader
from workers.web.pages import drains, queries, release_progress, shell
from workers.web.pages.release import address, find

FAILED = (State.EXHAUSTED, State.REJECTED)
"""What a replay sends again."""
HELD_SHOWN = 20
reader = DocumentReader()
"""Reads corrections in a process of its own, which starts with the first of them."""


def routes() -> list[Route]:
    """The routes of all acts: GET says what would be done, POST does it."""
    acts: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
        "kill": (ask_kill, kill), "replay": (ask_replay, replay), "embargo": (ask_embargo, move_embargo),
        "correct": (ask_correction, correct),
    }  # fmt: skip
    return [
        Route(f"/ops/{name}", handler, methods=[method])
        for name, handlers in acts.items()
        for method, handler in zip(("GET", "POST"), handlers, strict=True)
    ]


def _uri(request: Request) -> str:
    return shell.said(request, "release") or queries.text(request, "release")


def _must_be_newest(row: Any, request: Request) -> None:
    """Refuse an act on a release of which a newer version came while somebody read the page."""
    if shell.said(request, "version") != str(row.version):
        raise HTTPException(409, f"version {row.version} of it came meanwhile, and nothing was done; look at it first")


@shell.needs(Rank.OPERATOR)
def ask_kill(request: Request) -> Response:
    """Whom a kill would reach, and what it would stop."""
    with ledger.read() as connection:
        row = find(connection, _uri(request))
        reached = release_views.may_have(connection, row.uri, row.version)
        progress = release_progress.of_release(connection, row.id)
    return shell.render(
        request, "kill.html", title="Kill a release", row=row, release=Release.from_ledger(row.document),
        reached=reached, stopped=sum(progress.sums.states[one] for one in (State.HELD, State.DUE, State.CLAIMED)),
        killed=row.status == "canceled", back=address(row.uri),
    )  # fmt: skip


@shell.needs(Rank.OPERATOR)
def kill(request: Request) -> Response:
    """Withdraw a release."""
    uri, note = _uri(request), shell.said(request, "note").strip() or None
    if shell.said(request, "sure") != "yes":
        raise HTTPException(422, "say that you are sure; nothing was done")
    with ledger.write() as connection:
        releases.one_taker_at_a_time(connection, uri)
        row = find(connection, uri)
        _must_be_newest(row, request)
        if row.status == "canceled":
            return shell.see(request, address(uri), "It was killed before.", "failed")
        killed = kills.kill(connection, releases.get(connection, row.id), note)
    release_progress.forget(row.id)
    return shell.see(request, address(uri), f"The release is withdrawn by version {killed.version}.")


@shell.needs(Rank.OPERATOR)
def ask_replay(request: Request) -> Response:
    """What a replay would send again."""
    code, language, outlet = (queries.text(request, name) for name in ("code", "language", "outlet"))
    with ledger.read() as connection:
        row = find(connection, _uri(request))
        states = release_views.states_of(
            connection, row.id, release_views.Wanted(
                states=tuple(FAILED), code=code or None, language=language or None, outlet_is=outlet or None
            )
        )  # fmt: skip
        documents = outlets.some(connection, [outlet])
    return shell.render(
        request, "replay.html", title="Send again what failed", row=row, code=code, language=language, outlet=outlet,
        release=Release.from_ledger(row.document), states=states, number=sum(states.values()), back=address(row.uri),
        rests=_rests(documents.get(outlet)),
    )  # fmt: skip


def _rests(outlet: Outlet | None) -> list[tuple[str, float]]:
    """Who of an outlet and its host rests after failures, in words, and until when: seconds since the epoch."""
    both = (drains.standings([outlet]) or {}).get(outlet.id, ()) if outlet else ()
    named = zip(("The outlet", "The host of the outlet"), both, strict=False)
    return [(words, one.until) for words, one in named if one.state == "resting" and one.until]


@shell.needs(Rank.OPERATOR)
def replay(request: Request) -> Response:
    """Make failed deliveries due again: all of the newest version, those with a code, or one."""
    code, language, outlet = (shell.said(request, name) or None for name in ("code", "language", "outlet"))
    with ledger.write() as connection:
        row = find(connection, _uri(request))
        _must_be_newest(row, request)
        done = replays.replay(connection, row, outlet, states=FAILED, language=language, code=code)
        told = replays.in_words(connection, done, FAILED)
    release_progress.forget(row.id)
    return shell.see(request, address(row.uri), f"{told}.", "done" if done.count else "failed")


@shell.needs(Rank.OPERATOR)
def ask_embargo(request: Request) -> Response:
    """The embargo as it is, and two forms."""
    with ledger.read() as connection:
        row = find(connection, _uri(request))
        now = ledger.now(connection)
    release = Release.from_ledger(row.document)
    return shell.render(
        request, "embargo.html", title="Move or lift an embargo", row=row, release=release, back=address(row.uri),
        holds=release.embargoed_at(now), example=moments.shown(now + 3600),
        until=release.embargo_until and moments.with_utc(release.embargo_until),
    )  # fmt: skip


@shell.needs(Rank.OPERATOR)
def move_embargo(request: Request) -> Response:
    """Hold a release until another moment, or let it go now."""
    text, uri = shell.said(request, "until").strip(), _uri(request)
    lift = shell.said(request, "lift") == "yes"
    try:
        until = None if lift else moments.read(text)
    except ValueError as error:
        raise UserError("embargo", [Problem("until", f"{text!r} {error}", moments.EXAMPLE)]) from None
    with ledger.write() as connection:
        row = find(connection, uri)
        _must_be_newest(row, request)
        embargoes.move(connection, row.id, until)
    release_progress.forget(row.id)
    what = f"It is held until {moments.with_utc(until)}." if until else "It goes out now."
    return shell.see(request, address(uri), what)


class _Operator:
    """Whoever is signed in, as the sender of a correction."""

    name = None

    def __init__(self, consent: frozenset[Consent]) -> None:
        self._consent = consent

    @property
    def actor(self) -> Actor:
        """For the audit table."""
        return actor()

    def sender(self, _connection: Connection, _release: Release) -> Sender:
        """The wire itself may correct any release."""
        return Sender(actor=self.actor, consent=self._consent, max_jump=settings().version_jump)


@shell.needs(Rank.OPERATOR)
def ask_correction(request: Request) -> Response:
    """The newest version as a document to edit, numbered as the next one."""
    with ledger.read() as connection:
        row = find(connection, _uri(request))
    release = Release.from_ledger(row.document)
    update = {"version": row.version + 1, "status": "usable", "correction_note": None}
    document = json.loads(release.model_copy(update=update).to_json())
    return _correction(request, row, document=json.dumps(document, ensure_ascii=False, indent=2))


@shell.needs(Rank.OPERATOR)
def correct(request: Request) -> Response:
    """Say what a correction would do; the second time, with `sure`, take it."""
    body = shell.uploaded(request, "file") or shell.said(request, "document").encode("utf-8", "surrogatepass")
    document = body.decode("utf-8", "replace").replace("\r\n", "\n")  # as forms send line breaks
    revive = frozenset({Consent.REVIVE}) if shell.said(request, "revive") == "yes" else frozenset()
    sender = _Operator(revive)
    with ledger.read() as connection:
        row = find(connection, _uri(request))
    try:
        release = reader.read(body).release
        if release.uri != row.uri:
            problem = Problem("uri", f"is not {row.uri}; a correction keeps the URI")
            raise UserError("correction", [problem])
        if shell.said(request, "sure") == "yes" and not shell.uploaded(request, "file"):
            taken = taking.take(body, lambda: sender, reader, hinted=False)
            release_progress.forget(row.id)
            version = taken.receipt.version
            return shell.see(request, address(row.uri), f"Version {version} is taken and will be planned at once.")
        with ledger.read() as connection:
            problems, known = taking.would_take(connection, release, sender)
            found = prospects.sums(connection, release, policy=review.policy, now=ledger.now(connection))
    except UserError as error:
        return _correction(request, row, document=document, problems=list(map(str, error.problems)), status=422)
    return _correction(
        request, row, document=document, problems=list(map(str, problems)), status=422 if problems else 200,
        known=known, goes_to=found.to_dict(), headline=release.headline, version=release.version,
    )  # fmt: skip


def _correction(
    request: Request, row: Any, *, document: str, problems: list[str] | None = None, status: int = 200, **found: Any
) -> Response:
    current = json.loads(row.document).get("headline") or row.uri
    shown = {"known": False, "goes_to": None, "headline": "", "version": row.version + 1} | found
    return shell.render(
        request, "correct.html", title="Correct a release", status=status, row=row, current=current, document=document,
        problems=problems or [], back=address(row.uri), killed=row.status == "canceled",
        revive=shell.said(request, "revive") == "yes", **shown,
    )  # fmt: skip
