"""The audit table: who did what to what, written in the transaction in which it is done. Entries are never changed.

Who acts is bound once, where it is known: the command line binds the operator (`acting_as`), intake says which producer
it was. Whatever nobody is bound for is done by a process of the wire itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from tasks.ledger.connection import now, worker_name
from tasks.ledger.schema import audit
from tasks.model.acts import Act, Actor, Role

_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)
_LONGEST = {"actor": 300, "origin": 300, "subject": 1000, "remark": 2000}
"""Characters that are kept of what people named."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One act on one subject: a release (`uri` and `version`), an outlet, or something else that `subject` names."""

    act: Act
    subject: str
    uri: str | None = None
    version: int | None = None
    outlet_id: str | None = None
    old: Mapping[str, Any] | None = None
    """What stood before. Holds no secret: the caller strikes them."""
    new: Mapping[str, Any] | None = None
    """What stands now, and what else the act said; holds no secret either."""
    remark: str | None = None
    """What the actor said of it; nobody has checked that."""


def of_release(act: Act, uri: str, version: int, language: str | None = None, **more: Any) -> Entry:
    """The entry of an act on a release version, or on its translation into a language."""
    subject = f"{uri} v{version}" + (f" in {language}" if language else "")
    return Entry(act=act, subject=subject, uri=uri, version=version, **more)


def of_outlet(act: Act, outlet_id: str, **more: Any) -> Entry:
    """The entry of an act on an outlet."""
    return Entry(act=act, subject=f"outlet {outlet_id}", outlet_id=outlet_id, **more)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Name `actor` as the one who does whatever this thread records within the context."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def actor() -> Actor:
    """Who acts now: the actor bound by `acting_as`, else this process."""
    return _actor.get() or Actor(Role.PROCESS, worker_name())


def record(connection: Connection, *entries: Entry, by: Actor | None = None) -> None:
    """Write entries in the caller's transaction, so that they stand if and only if what they say was done.

    `by`: who acted; left out, whoever is bound.
    """
    if not entries:
        return
    who = by or actor()
    common = {
        "at": now(connection),
        "role": who.role.value,
        "actor": _text(who.name, "actor"),
        "origin": _text(who.origin, "origin") if who.origin else None,
    }
    connection.execute(_INSERT, [common | _row(entry) for entry in entries])


_INSERT = audit.insert()


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "act": entry.act.value,
        "subject": _text(entry.subject, "subject"),
        "uri": entry.uri,
        "version": entry.version,
        "outlet_id": entry.outlet_id,
        "old": _json(entry.old),
        "new": _json(entry.new),
        "remark": _text(entry.remark, "remark") if entry.remark else None,
    }


def read_values(text: str | None) -> dict[str, Any]:
    """What an entry says in `old` or `new`; nothing if that cannot be read: whoever may write into the ledger can put
    in an entry that says anything."""
    try:
        said = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _json(value: Mapping[str, Any] | None) -> str | None:
    """With every character that is not ASCII escaped, so that any database takes what a stranger wrote."""
    return None if value is None else json.dumps(value, sort_keys=True)


def _text(value: str, column: str) -> str:
    return value[: _LONGEST[column]]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which entries are looked for; None: whatever it is."""

    uri: str | None = None
    outlet_id: str | None = None
    actor: str | None = None
    """A part of the actor's name."""
    act: str | None = None
    """The act itself, or what stands before its dot."""
    since: float | None = None
    """Seconds since the epoch."""
    before: int | None = None
    """The number of an entry: only older ones."""


def latest(connection: Connection, wanted: Wanted, limit: int) -> list[dict[str, Any]]:
    """The newest audit entries that are wanted, the newest first; `old` and `new` as they were recorded."""
    a = audit.c
    query = select(audit).order_by(a.id.desc()).limit(limit)
    if wanted.uri is not None:
        query = query.where(a.uri == wanted.uri)
    if wanted.outlet_id is not None:
        query = query.where(a.outlet_id == wanted.outlet_id)
    if wanted.actor is not None:
        query = query.where(a.actor.icontains(wanted.actor, autoescape=True))
    if wanted.act is not None:
        query = query.where((a.act == wanted.act) | a.act.startswith(f"{wanted.act}.", autoescape=True))
    if wanted.before is not None:
        query = query.where(a.id < wanted.before)
    if wanted.since is not None:
        query = query.where(a.at >= wanted.since)
    rows = (dict(row._mapping) for row in connection.execute(query))
    return [row | {name: row[name] and read_values(row[name]) for name in ("old", "new")} for row in rows]
