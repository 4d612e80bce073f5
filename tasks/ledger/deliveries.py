"""Deliveries in the ledger: written by planning, made due by promotion, claimed and finished by drains.

The life of a row, and the only function that makes each step:

    plan ──► held ──promote──► due ──claim──► claimed ──finish──► delivered · rejected · exhausted
                                ▲                │ └────finish──► due (again, later)
                                └─expire_leases──┘
    held, due ──supersede──► superseded        held, due ──cancel──► canceled
    due ──wait_anew──► held                    claimed ──claim──► held

What a held row waits for, in this order; `promote` goes from one to the next:

    embargo ──► translation ──► approval ──► rendition ──► due
                    ▲          (only if a person must approve it)
                    └──wait_anew── all of them but the embargo, when the translation changes

A row that came back from a drain meanwhile is due, and finds at its next claim that its text is being made or approved
anew: `claim` puts it back where it has to wait. So no outlet gets half of an old text, or one it wants approved first.

A claim carries the row's attempt number, and a result is only taken for that number: a worker that wakes up after its
lease can neither finish nor reschedule what somebody else has claimed since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from tasks.ledger.schema import attempts, deliveries, outlets, releases, renditions, translations
from tasks.model.states import ArtifactState, Hold, State, Verdict

d = deliveries.c
# Written into the statement, not bound: only so can the database prove that a partial index fits.
IS_DUE = d.state == literal_column("'due'")
IS_CLAIMED = d.state == literal_column("'claimed'")
IS_HELD = d.state == literal_column("'held'")
IS_KEPT = d.reason.in_([literal_column("'outlet paused'"), literal_column("'outlet disabled'")])

VANISHED = "the worker vanished"
URGENCIES = range(1, 10)
REPLAYABLE = frozenset({State.DELIVERED, State.REJECTED, State.EXHAUSTED})
_COUNTERS, _REVISIONS, _HOLDS = 7265552, 7265553, 7265554  # advisory locks of PostgreSQL's, named by numbers of our own


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery to be: one outlet in one language."""

    outlet_id: str
    language: str
    format: str
    reason: Hold
    approval: bool = False
    """A person must approve its translation first."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that belongs to this worker until its lease ends."""

    id: int
    release_id: int
    language: str
    outlet_id: str
    format: str
    urgency: int
    attempt: int
    tries: int
    first_due_at: float


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a claim, and where the delivery goes from here."""

    delivery_id: int
    attempt: int
    state: State
    verdict: Verdict
    status: int | None
    reason: str | None
    due_at: float | None
    tries: int
    ended_at: float
    started_at: float
    seconds: float


def plan(connection: Connection, release_id: int, version: int, urgency: int, rows: Sequence[Planned]) -> None:
    """Write the rows of a release, all in one statement."""
    if rows:
        common = {
            "release_id": release_id,
            "version": version,
            "urgency": urgency,
            "state": State.HELD,
            "attempt": 0,
            "tries": 0,
        }
        # `dataclasses.asdict` copies deeply, and would cost more than the statement
        fields = [{name: getattr(row, name) for name in Planned.__slots__} for row in rows]
        connection.execute(deliveries.insert(), [common | row for row in fields])


def begin(connection: Connection, release_id: int, now: float) -> int:
    """Start the rows of a release just planned: past an embargo if there is none; the number that became due."""
    return _let_go(connection, release_id, d.reason == Hold.EMBARGO, now)


def promote(connection: Connection, release_id: int, now: float, language: str | None = None) -> int:
    """Move held rows of a release as far as its translations and renditions allow; the number that became due.

    May be called at any time and by anybody: it looks at what is there, not at who made it. Rows held for an embargo
    or for their outlet's status stay.
    """
    _one_at_a_time(connection, release_id)
    mine = and_(IS_HELD, d.release_id == release_id, literal(True) if language is None else d.language == language)
    unapproved, ready = and_(d.approval, ~_approved()), or_(~d.approval, _approved())
    for reasons, moved, reason in (
        ([Hold.TRANSLATION, Hold.RENDITION], unapproved, Hold.APPROVAL),
        ([Hold.TRANSLATION, Hold.APPROVAL], ready, Hold.RENDITION),
    ):
        connection.execute(
            update(deliveries).where(mine, d.reason.in_(reasons), _translated(), moved).values(reason=reason)
        )
    due = {"state": State.DUE, "reason": None, "due_at": now, "first_due_at": func.coalesce(d.first_due_at, now)}
    rendered = _rendition(renditions.c.state == ArtifactState.MADE)
    return connection.execute(
        update(deliveries).where(mine, d.reason == Hold.RENDITION, ready, rendered).values(due)
    ).rowcount


def _one_at_a_time(connection: Connection, release_id: int) -> None:
    """Until this transaction ends, nobody else moves what is held of a release: one that lets a row wait for what
    another has just made would not see it, nor the other the row, and nobody would come back to it. Whoever moves
    several releases takes them in order. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:release)"), {"release": (_HOLDS << 32) + release_id})


def _translated(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a row's translation is made (and is as `more` says)."""
    return exists().where(
        translations.c.release_id == d.release_id,
        translations.c.language == d.language,
        translations.c.state == ArtifactState.MADE,
        *more,
    )


def _approved() -> ColumnElement[bool]:
    return _translated(translations.c.status == "approved")


def _rendition(*such: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a row's rendition is there and is as `such` says."""
    return exists().where(
        renditions.c.release_id == d.release_id,
        renditions.c.language == d.language,
        renditions.c.format == d.format,
        *such,
    )


def wait_anew(connection: Connection, release_id: int, language: str) -> int:
    """Let every row that has not left wait for its translation, which changes; the number of rows.

    Those under an embargo or of a paused outlet come to it later. How long this takes is not the outlet's failing: its
    retry horizon begins when the row is let go.
    """
    _one_at_a_time(connection, release_id)
    waits = and_(IS_HELD, d.reason.in_([Hold.TRANSLATION, Hold.APPROVAL, Hold.RENDITION]))
    mine = and_(d.release_id == release_id, d.language == language, or_(IS_DUE, waits))
    again = {"state": State.HELD, "reason": Hold.TRANSLATION, "due_at": None, "first_due_at": None}
    return connection.execute(update(deliveries).where(mine).values(again)).rowcount


def still_open(connection: Connection, release_id: int, language: str) -> int:
    """How many rows of a release in a language are not final: what a change of its translation can still reach."""
    query = select(func.count()).where(
        d.release_id == release_id, d.language == language, d.state.in_([State.HELD, State.DUE, State.CLAIMED])
    )
    return connection.execute(query).scalar_one()


def lift_embargoes(connection: Connection, now: float) -> list[int]:
    """Let go what an embargo held whose moment has come; the releases concerned."""
    held = select(d.release_id).where(IS_HELD, d.reason == literal_column("'embargo'")).distinct().subquery()
    ready = select(releases.c.id).join(held, held.c.release_id == releases.c.id).where(releases.c.embargo_until <= now)
    lifted = sorted(connection.execute(ready).scalars())
    for release_id in lifted:
        _let_go(connection, release_id, d.reason == Hold.EMBARGO, now)
    return lifted


def hold_again(connection: Connection, release_id: int) -> None:
    """Put every row of a release that has not left back under its embargo. Rows of paused outlets stay theirs."""
    waiting = and_(d.release_id == release_id, d.state.in_([State.DUE, State.HELD]))
    theirs = and_(IS_HELD, d.reason.in_([Hold.PAUSED, Hold.DISABLED]))
    connection.execute(
        update(deliveries).where(waiting, ~theirs).values(state=State.HELD, reason=Hold.EMBARGO, due_at=None)
    )


def hold_for_status(connection: Connection, outlet_ids: Sequence[str], reason: Hold) -> int:
    """Keep what these outlets would have got until they are active again; the number of rows."""
    waiting = and_(d.outlet_id.in_(outlet_ids), d.state.in_([State.DUE, State.HELD]))
    return connection.execute(
        update(deliveries).where(waiting).values(state=State.HELD, reason=reason, due_at=None)
    ).rowcount


def resume(connection: Connection, outlet_ids: Sequence[str], now: float) -> int:
    """Let go what was kept while these outlets were paused or disabled; the number of rows that became due."""
    kept = and_(d.outlet_id.in_(outlet_ids), IS_KEPT)
    concerned = sorted(connection.execute(select(d.release_id).where(IS_HELD, kept).distinct()).scalars())
    # the time it was kept is not the outlet's failing: its retry horizon begins when it is let go
    connection.execute(update(deliveries).where(IS_HELD, kept).values(first_due_at=None))
    return sum(_let_go(connection, release_id, kept, now) for release_id in concerned)


def forgotten(connection: Connection) -> list[str]:
    """Outlets that are active although deliveries are kept for them: their pause ended while a row was on its way."""
    kept = select(d.outlet_id).where(IS_HELD, IS_KEPT).distinct().subquery()
    query = select(outlets.c.id).join(kept, kept.c.outlet_id == outlets.c.id).where(outlets.c.status == "active")
    return list(connection.execute(query).scalars())


def _let_go(connection: Connection, release_id: int, which: ColumnElement[bool], now: float) -> int:
    """End a hold of `which` rows; for an embargo, a translation or a rendition they wait on."""
    embargo = connection.execute(select(releases.c.embargo_until).where(releases.c.id == release_id)).scalar()
    waits_for = Hold.EMBARGO if embargo is not None and embargo > now else Hold.TRANSLATION
    connection.execute(update(deliveries).where(IS_HELD, d.release_id == release_id, which).values(reason=waits_for))
    return promote(connection, release_id, now)


def claim(connection: Connection, worker: str, *, now: float, lease: float, limit: int) -> list[Claim]:
    """Take up to `limit` due rows for `lease` seconds: the most urgent first, then the longest due.

    What they say stays as it is until this transaction ends, so that the caller can read it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({_REVISIONS})"))
    taken: list[Claim] = []
    for urgency in URGENCIES:
        if len(taken) < limit:
            taken += _claim_class(connection, worker, urgency, now, now + lease, limit - len(taken))
    back = _put_back(connection, [one.id for one in taken]) if taken else frozenset()
    for release_id, language in sorted({(one.release_id, one.language) for one in taken if one.id in back}):
        promote(connection, release_id, now, language)  # for what was made in this very moment
    return [one for one in taken if one.id not in back]


def revising(connection: Connection) -> None:
    """Until this transaction ends, nobody claims: a translation changes with all that hangs on it. SQLite has one
    writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_REVISIONS})"))


def _put_back(connection: Connection, ids: list[int]) -> frozenset[int]:
    """Hold those of these rows whose text changes, or is not approved although it has to be; their numbers. It was no
    attempt: what the one before has to say still counts."""
    unapproved = and_(d.approval, ~_approved())
    changing = _rendition(renditions.c.state != ArtifactState.MADE)
    reason = case(
        (~_translated(), literal(Hold.TRANSLATION.value)),
        (unapproved, literal(Hold.APPROVAL.value)),
        else_=literal(Hold.RENDITION.value),
    )
    held = {"state": State.HELD, "reason": reason, "due_at": None, "first_due_at": None, "attempt": d.attempt - 1,
            "lease_until": None, "claimed_by": None}  # fmt: skip
    back = update(deliveries).where(d.id.in_(ids), or_(changing, unapproved)).values(held).returning(d.id)
    return frozenset(connection.execute(back).scalars())


def _claim_class(
    connection: Connection, worker: str, urgency: int, now: float, until: float, limit: int
) -> list[Claim]:
    """Claim within one urgency: the index leads straight to what is due, past all retries still waiting."""
    pick = (
        select(d.id)
        .where(IS_DUE, d.urgency == urgency, d.due_at <= now, or_(d.version == 1, ~_older_in_flight()))
        .order_by(d.due_at, d.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer at a time anyway
        .cte("pick")
    )
    take = (
        update(deliveries)
        .where(d.id.in_(select(pick.c.id)))
        .values(state=State.CLAIMED, claimed_by=worker, lease_until=until, attempt=d.attempt + 1)
        .returning(
            d.id,
            d.release_id,
            d.language,
            d.outlet_id,
            d.format,
            d.urgency,
            d.attempt,
            d.tries,
            d.first_due_at,
            d.due_at,
        )
    )
    rows = sorted(connection.execute(take), key=lambda row: (row.due_at, row.id))
    return [Claim(*row[:9]) for row in rows]


@cache  # building it costs more than all else in a claim
def _older_in_flight() -> ColumnElement[bool]:
    """Whether an older version of the same release is on its way to the same outlet in the same language.

    A correction waits for it: sent now it could arrive first, and the older one would then replace it.
    """
    other, mine, theirs = deliveries.alias(), releases.alias(), releases.alias()
    return (
        select(other.c.id)
        .join(theirs, theirs.c.id == other.c.release_id)
        .join(mine, mine.c.uri == theirs.c.uri)
        .where(
            other.c.outlet_id == d.outlet_id,
            other.c.state == literal_column("'claimed'"),
            other.c.language == d.language,
            other.c.version < d.version,
            mine.c.id == d.release_id,
        )
        .correlate(deliveries)
        .exists()
    )


def in_flight(connection: Connection, outlet_ids: Collection[str]) -> Counter[str]:
    """How many deliveries to each of these outlets are claimed, by whomever."""
    query = select(d.outlet_id, func.count()).where(IS_CLAIMED, d.outlet_id.in_(outlet_ids)).group_by(d.outlet_id)
    return Counter({row.outlet_id: row[1] for row in connection.execute(query)})


def one_counter_at_a_time(connection: Connection) -> None:
    """Until this transaction ends, nobody else counts what is in flight: two that claim at once would not see each
    other. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_COUNTERS})"))


def finish(connection: Connection, results: Sequence[Result]) -> int:
    """Write what came of claims; the number taken. Those of claims that were lost since are only kept as attempts.

    A claim whose lease ran out but that nobody has claimed anew still counts: the outlet's answer is in our hands. And
    if the outlet has it, that counts even where the row was held since, for a pause: it must not go out again.
    """
    if not results:
        return 0
    settled = ("delivery_id", "attempt", "state", "verdict", "status", "reason", "due_at", "tries", "ended_at")
    rows = [{f"b_{name}": getattr(result, name) for name in settled} for result in results]
    settle = (
        update(deliveries)
        .where(
            d.id == bindparam("b_delivery_id"),
            d.attempt == bindparam("b_attempt"),
            or_(IS_CLAIMED, IS_DUE, and_(IS_HELD, bindparam("b_verdict") == Verdict.DELIVERED.value)),
        )
        .values(
            state=bindparam("b_state"),
            verdict=bindparam("b_verdict"),
            status=bindparam("b_status"),
            reason=bindparam("b_reason"),
            due_at=bindparam("b_due_at"),
            tries=bindparam("b_tries"),
            ended_at=bindparam("b_ended_at"),
            lease_until=None,
            claimed_by=None,
        )
    )
    taken = connection.execute(settle, rows).rowcount
    _note_attempts(connection, results)
    return taken


def _note_attempts(connection: Connection, results: Sequence[Result]) -> None:
    results = [result for result in results if result.verdict is not Verdict.DEFERRED]  # those were no attempts
    if not results:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    note = dialect.insert(attempts)
    # an expired lease noted the attempt as unsure already; what its worker says later is better knowledge
    told = {name: note.excluded[name] for name in ("verdict", "status", "detail", "started_at", "seconds")}
    note = note.on_conflict_do_update(index_elements=["delivery_id", "attempt"], set_=told)
    connection.execute(
        note,
        [
            {
                "delivery_id": r.delivery_id,
                "attempt": r.attempt,
                "verdict": r.verdict,
                "status": r.status,
                "detail": r.reason,
                "started_at": r.started_at,
                "seconds": r.seconds,
            }
            for r in results
        ],
    )


def expire_leases(connection: Connection, now: float, horizon: float = float("inf")) -> int:
    """Make due again what vanished workers had claimed; the number of rows. Whether they were sent nobody knows.

    A try is charged, and the retry horizon (seconds) holds here too: a row that ends every worker that takes it must
    not go round for ever.
    """
    gone = and_(IS_CLAIMED, d.lease_until < now)
    lost = select(d.id, d.attempt, literal(Verdict.UNSURE.value), literal(VANISHED), d.lease_until, literal(0.0))
    columns = ["delivery_id", "attempt", "verdict", "detail", "started_at", "seconds"]
    connection.execute(insert(attempts).from_select(columns, lost.where(gone)))
    over = d.first_due_at + horizon <= now
    values: dict[str, Any] = {
        "state": case((over, literal(State.EXHAUSTED.value)), else_=literal(State.DUE.value)),
        "due_at": case((over, null()), else_=literal(now)),
        "ended_at": now,
        "tries": d.tries + 1,
        "lease_until": None,
        "claimed_by": None,
        "verdict": Verdict.UNSURE,
        "reason": VANISHED,
    }
    return connection.execute(update(deliveries).where(gone).values(values)).rowcount


def supersede(connection: Connection, uri: str, version: int, *, by_kill: bool) -> int:
    """End all that is not out of versions older than `version`; the number of rows.

    Claimed rows are left to their drain, which asks `outdated` before it sends and after it failed.
    """
    older = select(releases.c.id).where(releases.c.uri == uri, releases.c.version < version)
    open_rows = and_(d.release_id.in_(older), d.state.in_([State.HELD, State.DUE]))
    state, reason = (
        (State.CANCELED, "the release was killed") if by_kill else (State.SUPERSEDED, f"version {version} came")
    )
    return connection.execute(
        update(deliveries).where(open_rows).values(state=state, reason=reason, due_at=None)
    ).rowcount


def replay(
    connection: Connection,
    now: float,
    *,
    states: Collection[State],
    release_id: int | None = None,
    outlet_id: str | None = None,
    language: str | None = None,
    since: float | None = None,
) -> int:
    """Make finished deliveries due again, with a new retry horizon; the number of rows.

    What a newer version has replaced since is left out, and the drain asks again before it sends. A delivered row is
    sent once more, with the same key, if `states` says so. `since`: ended at or after that moment.
    """
    newer, mine = releases.alias(), releases.alias()
    replaced = exists().where(mine.c.id == d.release_id, newer.c.uri == mine.c.uri, newer.c.version > mine.c.version)
    chosen = [d.state.in_(REPLAYABLE & frozenset(states)), ~replaced]
    for column, wanted in ((d.release_id, release_id), (d.outlet_id, outlet_id), (d.language, language)):
        if wanted is not None:
            chosen.append(column == wanted)
    if since is not None:
        chosen.append(d.ended_at >= since)
    again = {"state": State.DUE, "due_at": now, "first_due_at": now, "tries": 0, "reason": "replayed"}
    return connection.execute(update(deliveries).where(*chosen).values(again)).rowcount


def may_have(connection: Connection, uri: str, version: int) -> dict[str, list[str]]:
    """{outlet: languages} of everyone who got, or may have got, a version of the release before `version`."""
    older = select(releases.c.id).where(releases.c.uri == uri, releases.c.version < version)
    reached = exists().where(
        attempts.c.delivery_id == d.id, attempts.c.verdict.in_([Verdict.DELIVERED, Verdict.UNSURE])
    )
    rows = select(d.outlet_id, d.language).where(d.release_id.in_(older), reached | IS_CLAIMED).distinct()
    languages: dict[str, list[str]] = {}
    for outlet_id, language in connection.execute(rows.order_by(d.outlet_id, d.language)):
        languages.setdefault(outlet_id, []).append(language)
    return languages


def next_due(connection: Connection) -> float | None:
    """When the first of all due rows is due, seconds since the epoch; None if there is none."""
    return connection.execute(select(func.min(d.due_at)).where(IS_DUE)).scalar()
