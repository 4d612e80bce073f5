"""The sealer: seals what has become final in the ledger, and texts that are ready to leave. It runs in the sweep of the
elected clock, beside the drains.

A seal is of events and not of states (tasks/ledger/sealed_rows.py): a delivery that is replayed keeps the sealed end
that it had, and gets another one. What has changed without such an event is not sealed anew, so that nothing that was
edited becomes true by it; a notice says so, and `fanwire audit --verify` finds it for ever.

A release is looked at ten seconds after it came, and again whenever a quarter of its age has passed, until nothing of
it is open; then only after a replay or a return. Drains write nothing for it.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Row

from tasks import ledger
from tasks.ledger import notices, sealed_rows, seals, text_rows
from tasks.ledger.foreign_values import any_text
from tasks.ledger.sealed_rows import FORM, Kind, Leaf
from tasks.model.states import FINAL
from tasks.operations import sealed_texts
from tasks.operations.sealed import Known, UnreadableSeal, is_return, readable
from tasks.runtime import moments
from tasks.runtime.counting import counted
from tasks.runtime.private_files import write_private
from tasks.runtime.seal_key import SealKey

log = structlog.get_logger()

STEP = 10_000
"""Deliveries or audit entries that are read for one seal; a larger release has several."""
STEPS = 2
"""Looks at releases in one sweep."""
SOONEST = 10.0
"""Seconds between two looks at a release at least, and between two looks for audit entries."""
LONGEST_TRANSACTION = 3600.0
"""Seconds for which an audit entry may be written and not yet be seen by others; it is sealed late then."""


@dataclass(frozen=True)
class Sealing:
    """With what is sealed: the key, and the file in which this machine keeps its last seal."""

    key: SealKey
    head: Path


@dataclass
class _Progress:
    """How far this process is with the release that it looks at, and when it looks for audit entries."""

    release: seals.Due | None = None
    after: tuple[str, str] = ("", "")
    audit_due: float = 0.0


_progress = _Progress()


def seal(now: float, sealing: Sealing) -> int:
    """Seal some of what is final and not sealed; the number of seals that were made."""
    made = 0
    if not _progress.audit_due - SOONEST <= now < _progress.audit_due:
        count = seal_entries(sealing)
        made += bool(count)
        _progress.audit_due = now if count >= STEP else now + SOONEST
    for _ in range(STEPS):
        with ledger.read() as connection, any_text(connection):
            release = seals.due(connection, now)
        if release is None:
            break
        try:
            made += seal_release(release, now, sealing)
        except UnreadableSeal as unreadable:
            _put_off(release, str(unreadable), now)
        except (TypeError, ValueError) as error:  # by what somebody has written by hand; the other releases go on
            log.exception("a release cannot be sealed", release=release.uri, version=release.version)
            _put_off(release, f"something of it cannot be read: {error}", now)
    return made


def _put_off(release: seals.Due, why: str, now: float) -> None:
    """Leave a notice of what somebody has made unreadable, and go on with the other releases."""
    text = f"{why}; nothing more of {release.uri} v{release.version} is sealed until it can be"
    with ledger.write() as connection:
        notices.add_unless_known(connection, "edited", f"seals of {release.uri} v{release.version}", text, now)
        seals.looked(connection, release, now + seals.PUT_OFF)


def seal_release(release: seals.Due, now: float, sealing: Sealing) -> int:
    """Seal some of what is final of a release, going on where the look before ended, and its texts; how many seals."""
    if _progress.release != release:  # another one, or something of it was opened again meanwhile
        _progress.release, _progress.after = release, ("", "")
    with ledger.read() as connection, any_text(connection):
        rows = seals.rows_of(connection, release.id, after=_progress.after, limit=STEP)
        blocks = seals.of_release(connection, release.id)
        events = _events(connection, blocks, rows)
        texts = sealed_texts.fresh(connection, release.id, (release.uri, release.version), blocks)
        whole = len(rows) < STEP
        if release.planned and not events.planned:
            events.leaves.append(sealed_rows.planned(seals.planned_of(connection, release.id)))
        is_open = not release.planned or (whole and _goes_on(connection, release.id, now))
    again: float | None = release.seal_at
    if whole:
        _progress.release = None
        again = now + max(SOONEST, seals.SHARE * (now - release.received_at)) if is_open else None
    else:
        _progress.after = (rows[-1]["language"], rows[-1]["outlet_id"])
    with ledger.write() as connection:
        heads = []
        for kind, leaves in ((Kind.TEXTS, texts.leaves), (Kind.DELIVERIES, events.leaves)):
            if leaves:
                of = {"release": release.uri, "version": release.version}
                heads.append(_add(connection, kind, leaves, of, sealing.key, release_id=release.id))
        if events.edited:
            _notice_edited(connection, release, events.edited, now)
        if texts.edited:
            _notice_edited_texts(connection, release, texts.edited, now)
        seals.looked(connection, release, again)
    _keep_head(sealing.head, heads[-1] if heads else None)
    return len(heads)


def _goes_on(connection: Connection, release_id: int, now: float) -> bool:
    """Whether anything of a release is still to be sealed: a delivery has not ended, or a text is being built."""
    return seals.any_open(connection, release_id) or text_rows.any_in_work(connection, release_id, now)


@dataclass
class _Events:
    """What of some deliveries is to be sealed, and which of them have changed without an event."""

    leaves: list[Leaf] = field(default_factory=list)
    edited: list[int] = field(default_factory=list)
    planned: bool = False
    """Whether it is sealed which deliveries were planned."""


def _events(connection: Connection, blocks: list[Row[Any]], rows: list[dict[str, Any]]) -> _Events:
    """What has happened to these deliveries since they were sealed last, by the seals of their release."""
    by_id = {row["id"]: row for row in rows}
    ids = set(by_id)
    known = Known.read(blocks, ids)
    found = _Events(planned=known.planned is not None)
    opened: dict[int, list[Leaf]] = defaultdict(list)
    for note in seals.reopenings_of(connection, ids):
        leaf = sealed_rows.reopened(note)
        if leaf not in known.reopened:
            opened[leaf.number].append(leaf)
    fresh = {row["id"]: sealed_rows.end(row) for row in rows if row["state"] in FINAL and not known.has_end(row)}
    tried: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in seals.attempts_of(connection, fresh):
        tried[row["delivery_id"]].append(row)
    for id, leaf in fresh.items():
        before = known.ends.get(id)
        newer = [row for row in tried[id] if before is None or row["attempt"] > before.attempt]
        goes_on = opened[id] or id in known.opened or before is None or is_return(before, by_id[id], newer)
        if not goes_on:
            found.edited.append(id)
            continue
        found.leaves += [*opened.pop(id, ()), *map(sealed_rows.attempt, newer), leaf]
    found.leaves += [leaf for leaves in opened.values() for leaf in leaves]
    said = map(sealed_rows.publication, seals.publications_of(connection, ids))
    found.leaves += [leaf for leaf in said if (leaf.number, leaf.attempt) not in known.publications]
    return found


def seal_entries(sealing: Sealing) -> int:
    """Seal some of the audit entries that are not sealed; the number of those that were read.

    One that was written by a long transaction comes after others with later moments and higher numbers. So the look
    begins an hour before the last one that is sealed.
    """
    with ledger.read() as connection, any_text(connection):
        since = seals.audit_until(connection) - LONGEST_TRANSACTION
        known = {leaf.number for seal in seals.of_audit(connection, since) for leaf in readable(seal)}
        rows = list(_some(seals.entries(connection, since=since), known))
    if rows:
        leaves = [sealed_rows.entry(row) for row in rows]
        until = max(row["at"] for row in rows)
        with ledger.write() as connection:
            head = _add(connection, Kind.AUDIT, leaves, {}, sealing.key, until=until)
        _keep_head(sealing.head, head)
    return len(rows)


def _some(entries: Iterator[dict[str, Any]], known: set[int]) -> Iterator[dict[str, Any]]:
    """The first of the entries that are not known."""
    left = STEP
    for row in entries:
        if row["id"] not in known:
            yield row
            left -= 1
            if not left:
                return


def _add(
    connection: Connection, kind: Kind, leaves: list[Leaf], of: Mapping[str, Any], key: SealKey, **columns: Any
) -> tuple[int, str]:
    """Write the next seal: its number and hash."""
    seals.one_sealer_at_a_time(connection)
    with any_text(connection):
        last = seals.last(connection)
    data, digest = sealed_rows.packed(leaves)
    said = {
        "seal": last.id + 1 if last else 1,
        "kind": kind,
        "form": FORM,
        **of,
        "count": len(leaves),
        "leaves": digest,
        "previous": str(last.hash) if last else None,
        "at": moments.utc(ledger.now(connection), "milliseconds"),
        "key": key.public,
    }
    statement = json.dumps(said, separators=(",", ":"))
    hashed = sha256(statement.encode()).hexdigest()
    signature = key.sign(statement.encode())
    seals.add(
        connection,
        id=said["seal"],
        kind=kind,
        form=FORM,
        statement=statement,
        hash=hashed,
        signature=signature,
        leaves=data,
        **columns,
    )
    return said["seal"], hashed


def _keep_head(file: Path, head: tuple[int, str] | None) -> None:
    """Keep the last seal outside of the ledger. Where the home cannot be written, the ledger is sealed all the same."""
    if head:
        with suppress(OSError):
            write_private(file, json.dumps({"seal": head[0], "hash": head[1]}) + os.linesep)


def _notice_edited(connection: Connection, release: seals.Due, ids: list[int], now: float) -> None:
    """Leave a notice of deliveries that say something else than when they were sealed."""
    many = "delivery" if len(ids) == 1 else "deliveries"
    says = "says something else than when it was" if len(ids) == 1 else "say something else than when they were"
    text = (
        f"{len(ids):,} sealed {many} of {release.uri} v{release.version} {says} sealed, and Fanwire has not "
        f"changed that; the first is number {min(ids):,}. `fanwire audit --verify` shows all"
    )
    notices.add_unless_known(connection, "edited", f"{release.uri} v{release.version}", text, now)


def _notice_edited_texts(connection: Connection, release: seals.Due, names: list[str], now: float) -> None:
    """Leave a notice of texts that say something else than when they were sealed."""
    of = f"{release.uri} v{release.version}"
    text = (
        f"{counted(len(names), 'sealed text')} of {of} changed, and Fanwire has not changed that; the first is "
        f"{sealed_texts.in_words(names[0])}. `fanwire audit --verify` shows all"
    )
    notices.add_unless_known(connection, "edited", f"texts of {of}", text, now)
