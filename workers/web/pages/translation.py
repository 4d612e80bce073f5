"""`GET /ops/translations/RELEASE/LANGUAGE`: source and draft side by side, each unit with a form of its own.

What an editor saves passes the checks of an import. A refusal stands beside its unit, and what was typed stays in the
form. The whole is approved by the stamp of what the page showed, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger, review
from tasks.model.documents import DocumentRefused
from tasks.model.languages import LanguageTag
from tasks.model.ranks import Rank
from tasks.model.states import ArtifactState
from tasks.review import NearMatch, Reviewed, in_place
from tasks.review.in_place import Editable
from tasks.review.page import look_at, marked, near_shown
from tasks.runtime.counting import counted
from tasks.runtime.errors import Problem
from tasks.translation.exchange import xliff
from workers.web.pages import links, shell

MOST_OF_A_FILE = 16 * 1024 * 1024


def routes() -> list[Route]:
    """The routes of the page, of its parts, and of what can be done there."""
    base = "/ops/translations/{release:int}/{language}"
    return [
        Route(base, translation),
        Route(f"{base}/head", head),
        Route(f"{base}/export.xlf", export),
        Route(f"{base}/units/{{unit}}", save, methods=["POST"]),
        Route(f"{base}/approve", approve, methods=["POST"]),
        Route(f"{base}/import", import_, methods=["POST"]),
    ]


@dataclass(frozen=True)
class Typed:
    """What an editor has typed of one unit and could not be kept, and why."""

    unit: str
    text: str
    problems: Sequence[Problem]


@dataclass
class Read:
    """A translation as its page shows it."""

    found: Reviewed
    units: list[Editable]
    near: Mapping[str, Sequence[NearMatch]] = field(default_factory=dict)

    @property
    def open(self) -> int:
        """How many units somebody still has to look at."""
        return 0 if self.found.standing == "approved" else sum(not one.done for one in self.units)


def _read(request: Request, *, near: bool = False) -> Read:
    """The translation that an address names; raises HTTPException if there is none."""
    release_id, language = request.path_params["release"], request.path_params["language"]
    try:
        with ledger.read() as connection:
            found = review.look(connection, release_id, language)
    except (LookupError, OverflowError):
        raise HTTPException(404, "there is no such release") from None
    except DocumentRefused as refusal:
        raise HTTPException(404, refusal.problems[0].problem) from None
    pair = in_place.pair_of(found)
    with ledger.read() as connection:
        units = in_place.editable(connection, found, pair)
        matches = review.near_matches(connection, found) if near else {}
    return Read(found, units, matches)


@shell.needs(Rank.READER)
def translation(request: Request) -> Response:
    """The page."""
    return _page(request, _read(request, near=request.query_params.get("near") == "yes"))


@shell.needs(Rank.READER)
def head(request: Request) -> Response:
    """How far the translation is now, beside how far it was when the page was read."""
    read = _read(request)
    return shell.fragment(request, "_translation_head.html", **_head(request, read))


def _page(
    request: Request, read: Read, *, typed: Typed | None = None, problems: Sequence[Problem] = (), what: str = ""
) -> Response:  # fmt: skip
    found = read.found
    rows = [_row(read, one, typed if typed and typed.unit == one.unit.id else None) for one in read.units]
    return shell.render(
        request, "translation.html", title=f"{found.release.headline} in {LanguageTag(found.language).english_name}",
        status=422 if typed or problems else 200, rows=rows, problems=problems, what=what,
        here=links.translation(found.release_id, found.language), **_head(request, read),
    )  # fmt: skip


def _head(request: Request, read: Read) -> dict[str, Any]:
    """What stands above the units, and what all of them need."""
    found = read.found
    seen = request.query_params.get("seen", found.as_read.stamp)
    return {
        "found": found,
        "source": LanguageTag(found.source),
        "target": LanguageTag(found.language),
        "address": links.translation(found.release_id, found.language),
        "stamp": found.as_read.stamp,
        "changed": seen != found.as_read.stamp,
        "seen": seen,
        "building": found.row.state == ArtifactState.WANTED,
        "made": found.row.state == ArtifactState.MADE,
        "open": read.open,
        "total": len(read.units),
        "saved": sum(one.saved is not None for one in read.units),
    }


def _row(read: Read, one: Editable, typed: Typed | None) -> dict[str, Any]:
    """A unit as its template shows it."""
    found, unit = read.found, one.unit
    numbers = xliff.numbered(unit.source)
    approved = found.standing == "approved" or one.done
    stretches = [] if approved else unit.doubts(found.pair)
    return {
        "id": unit.id,
        "name": unit.name,
        "kind": "saved" if one.saved is not None else unit.kind,
        "translator": unit.translator,
        "drafted_by": unit.drafted_by if one.saved is None else "",
        "source": marked(unit, [(piece, None) for piece in unit.source], said=True, numbers=numbers),
        "target": marked(unit, stretches or [(piece, None) for piece in one.text], numbers=numbers),
        "reasons": [] if approved else unit.reasons,
        "look_at": look_at(stretches),
        "legend": in_place.legend(unit),
        "done": approved,
        "typed": one.typed if typed is None else typed.text,
        "refused": [] if typed is None else typed.problems,
        "stamp": one.stamp,
        "near": [near_shown(unit, match) for match in read.near.get(unit.id, ())],
    }


# --- what an editor does


@shell.needs(Rank.EDITOR)
def save(request: Request) -> Response:
    """Keep one unit as it was typed. A script gets that unit alone; without one the whole page comes again."""
    release_id, language, unit = (request.path_params[name] for name in ("release", "language", "unit"))
    text, stamp = shell.said(request, "text"), shell.said(request, "stamp")
    typed = None
    try:
        in_place.save(
            release_id, language, unit, text, stamp, by=_me(request),
            despite_warnings=shell.said(request, "despite") == "yes",
        )  # fmt: skip
    except LookupError:
        raise HTTPException(404, "there is no such release") from None
    except DocumentRefused as refusal:
        typed = Typed(unit, text, refusal.problems)
    read = _read(request)
    there = next((one for one in read.units if one.unit.id == unit), None)
    if there is None:
        raise HTTPException(404, "the translation has no such sentence any more; load its page again")
    if "x-part" in request.headers:  # a refusal is no failure: browsers complain of those on their console
        return shell.fragment(request, "_unit.html", row=_row(read, there, typed), **_head(request, read))
    if typed:
        return _page(request, read, typed=typed)
    following = _following(read, unit)
    return shell.see(request, f"{links.translation(release_id, language)}#{following}", f"Saved: {there.unit.name}.")


def _following(read: Read, unit: str) -> str:
    """The id on the page of the unit to work on after this one."""
    ids = [one.unit.id for one in read.units]
    begin = ids.index(unit)
    order = [*read.units[begin + 1 :], *read.units[:begin]]
    return "unit-" + next((one.unit.id for one in order if not one.done), unit)


@shell.needs(Rank.EDITOR)
def approve(request: Request) -> Response:
    """Approve the translation as it was read."""
    release_id, language = request.path_params["release"], request.path_params["language"]
    try:
        done = review.approve(release_id, language, _me(request), stamp=shell.said(request, "stamp"))
    except LookupError:
        raise HTTPException(404, "there is no such release") from None
    except DocumentRefused as refusal:
        return _page(request, _read(request), problems=refusal.problems, what="It was not approved.")
    if done.before:
        words = f"It was approved already{f' by {done.by}' if done.by else ''}."
    else:
        words = f"It is approved; {counted(done.released, 'delivery')} {'goes' if done.released == 1 else 'go'} out."
    return shell.see(request, links.translation(release_id, language), words)


@shell.needs(Rank.READER)
def export(request: Request) -> Response:
    """The translation as XLIFF, for a translation tool."""
    read = _read(request)
    if not read.found.units:
        raise HTTPException(409, "its sentences are not known yet: a worker must have begun it")
    data = xliff.write(review.sheet_of(read.found, read.near))
    name = f"{read.found.release_id}-{read.found.language}.xlf"
    headers = {**shell.HEADERS, "content-disposition": f'attachment; filename="{name}"'}
    return Response(data, headers=headers, media_type="application/xliff+xml")


@shell.needs(Rank.EDITOR)
def import_(request: Request) -> Response:
    """Take an XLIFF file that was exported here and has been worked on: all of it, or nothing."""
    release_id, language = request.path_params["release"], request.path_params["language"]
    data = shell.uploaded(request, "file")
    try:
        if len(data) > MOST_OF_A_FILE:
            raise DocumentRefused("XLIFF file", [Problem("(file)", f"is larger than {MOST_OF_A_FILE:,} bytes")])
        despite = shell.said(request, "despite") == "yes"
        taken = review.take(release_id, language, xliff.read(data), by=_me(request), despite_warnings=despite)
    except LookupError:
        raise HTTPException(404, "there is no such release") from None
    except DocumentRefused as refusal:
        return _page(request, _read(request), problems=refusal.problems, what="Nothing was imported.")
    words = f"{counted(len(taken.accepted), 'unit')} accepted, {taken.unchanged} unchanged."
    return shell.see(request, links.translation(release_id, language), words)


def _me(request: Request) -> str:
    person = shell.person(request)
    assert person is not None, "the rank was asked for"
    return person.name
