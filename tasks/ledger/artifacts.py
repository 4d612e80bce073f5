"""Artifacts in the ledger: translations and renditions. Each is wanted, leased to one builder, and then made, or held
with a reason and tried again.

Both are built in the same way, so the functions here take the key of either; what only one of them has is in
translation_rows.py and rendition_rows.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Update, and_, bindparam, exists, literal_column, update
from sqlalchemy.sql.dml import ReturningUpdate

from tasks.ledger import media_rows, seals
from tasks.ledger.inserts import insert_unless_there
from tasks.ledger.schema import deliveries, renditions, translations
from tasks.model.states import ArtifactState

LONGEST_WAIT = 3600.0
"""Seconds between two tries to build an artifact, at most."""
LONGEST_TEMPORARY_WAIT = 600.0
"""Seconds between two tries at most, where time may help: an engine that is back is found after so long, if nobody else
finds it before."""
NEVER = 1e12
"""A moment that never comes, seconds since the epoch: for what is tried again only when something has changed."""
IS_MADE: ColumnElement[str] = literal_column("'made'")
"""Written into the statement, not bound, as in the partial indexes over all others."""


@dataclass(frozen=True, slots=True, order=True)
class TranslationKey:
    """Names a translation: one release version in one language."""

    release_id: int
    language: str


@dataclass(frozen=True, slots=True, order=True)
class RenditionKey:
    """Names a rendition: one translation in one format."""

    release_id: int
    language: str
    format: str

    @property
    def translation(self) -> TranslationKey:
        """The key of the translation that the rendition is made from."""
        return TranslationKey(self.release_id, self.language)


ArtifactKey = TranslationKey | RenditionKey


def table_of(key: type[ArtifactKey]) -> Table:
    """The table that holds artifacts with such keys."""
    return translations if key is TranslationKey else renditions


def is_row_of(key: ArtifactKey) -> ColumnElement[bool]:
    """The condition that a row is the one that `key` names."""
    table = table_of(type(key))
    return and_(*(table.c[field.name] == getattr(key, field.name) for field in fields(key)))


def is_named_row(table: Table) -> ColumnElement[bool]:
    """The condition that a row is the one with whose key, as `named` gives it, a statement is executed."""
    return and_(*(column == bindparam(f"b_{column.name}") for column in table.primary_key.columns))


def named(key: ArtifactKey) -> dict[str, Any]:
    """The parameters of a statement that has `is_named_row`."""
    return {f"b_{name}": value for name, value in asdict(key).items()}


def want(connection: Connection, keys: Sequence[ArtifactKey], *, hint_at: float) -> None:
    """Note that these are to be built, where that is not noted yet; if nobody has begun by `hint_at`, the clock hints
    at them again."""
    for kind in (TranslationKey, RenditionKey):
        rows = [
            {**asdict(key), "state": ArtifactState.WANTED, "hint_at": hint_at, "lease_until": 0, "attempt": 0}
            for key in keys
            if isinstance(key, kind)
        ]
        if rows:
            insert_unless_there(connection, table_of(kind), rows)


def claim(
    connection: Connection, key: ArtifactKey, *, now: float, lease: float, worker: str | None = None
) -> int | None:
    """Take an artifact to build it: the attempt number to hand back with the result; None if it is made or is being
    built by somebody else. `worker`: who claims (tasks/ledger/presence.py)."""
    said = named(key) | {"moment": now, "lease_end": now + lease, "worker": worker}
    return connection.execute(_take(table_of(type(key))), said).scalar()


@cache
def _take(table: Table) -> ReturningUpdate[Any]:
    return (
        update(table)
        .where(is_named_row(table), table.c.state != ArtifactState.MADE, table.c.lease_until <= bindparam("moment"))
        .values(lease_until=bindparam("lease_end"), claimed_by=bindparam("worker"), attempt=table.c.attempt + 1)
        .returning(table.c.attempt)
    )


def free(connection: Connection, gone: Collection[str], *, now: float) -> None:
    """Let others build or fetch at once what these workers had claimed: they are gone."""
    media_rows.free(connection, gone, now=now)
    for table in (translations, renditions) if gone else ():
        theirs = update(table).where(table.c.state != IS_MADE, table.c.claimed_by.in_(gone), table.c.lease_until > now)
        connection.execute(theirs.values(lease_until=0, claimed_by=None, hint_at=now))


def finish(connection: Connection, key: ArtifactKey, *, attempt: int, now: float, values: Mapping[str, Any]) -> bool:
    """Write a built artifact; False if somebody newer has the row, whose result then counts. `values` are the columns
    that its kind has: see translation_rows.finish and rendition_rows.finish."""
    made: dict[str, Any] = {"reason": None, **values, "state": ArtifactState.MADE, "made_at": now}
    made |= {"lease_until": 0, "claimed_by": None}
    finished = bool(connection.execute(_finish(table_of(type(key))), _said(key, attempt, made)).rowcount)
    if finished:
        seals.look_after_all(connection, key.release_id, now)
    return finished


@cache
def _finish(table: Table) -> Update:
    """Changes the columns with whose values it is executed."""
    return _hold(table).where(table.c.state != ArtifactState.MADE)


def hold(
    connection: Connection,
    key: ArtifactKey,
    *,
    attempt: int,
    now: float,
    reason: str,
    wait: float,
    temporary: bool = False,
    retry_after: float | None = None,
    until_woken: bool = False,
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Note why an artifact could not be built; False if somebody newer has the row.

    It is tried again after `wait` seconds, and after twice as long each time; at most LONGEST_WAIT, or
    LONGEST_TEMPORARY_WAIT if time may help (`temporary`). `retry_after`: so many seconds instead, if it is known.
    `until_woken`: not before somebody says that something has changed. `values`: further columns to write.
    """
    pause = wait * 2.0 ** min(attempt - 1, 30) if retry_after is None else retry_after
    hint_at = NEVER if until_woken else now + min(pause, LONGEST_TEMPORARY_WAIT if temporary else LONGEST_WAIT)
    held = {**(values or {}), "state": ArtifactState.HELD, "reason": reason, "hint_at": hint_at, "lease_until": 0}
    held["claimed_by"] = None
    return bool(connection.execute(_hold(table_of(type(key))), _said(key, attempt, held)).rowcount)


def _said(key: ArtifactKey, attempt: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of these two. Raises KeyError for a column that the table has not: it would change nothing."""
    columns = table_of(type(key)).c
    return named(key) | {"b_attempt": attempt} | {columns[name].name: value for name, value in values.items()}


@cache
def _hold(table: Table) -> Update:
    """Changes the columns with whose values it is executed."""
    return update(table).where(is_named_row(table), table.c.attempt == bindparam("b_attempt"))


def give_out_late(table: Table, *buildable: ColumnElement[bool]) -> ReturningUpdate[Any]:
    """The statement that gives out the keys of artifacts that nobody builds although their time has come by `moment`,
    each once until `again_at`.

    Only what a held delivery still waits for and what is `buildable`: nobody builds what was superseded or killed.
    """
    awaited = exists().where(
        deliveries.c.state == literal_column("'held'"),
        deliveries.c.release_id == table.c.release_id,
        deliveries.c.language == table.c.language,
    )
    late = (table.c.hint_at <= bindparam("moment"), table.c.lease_until <= bindparam("moment"))
    return (
        update(table)
        .where(table.c.state != IS_MADE, *late, awaited, *buildable)
        .values(hint_at=bindparam("again_at"))
        .returning(*table.primary_key.columns)
    )
