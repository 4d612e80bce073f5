"""What must not happen at the same time, by advisory locks of PostgreSQL. SQLite has one writer at a time anyway."""

from __future__ import annotations

from sqlalchemy import Connection, text

_COUNTERS, _REVISIONS, _HOLDS = 7265552, 7265553, 7265554
"""Numbers of our own; `connection.upgrade` has 7265551."""


def one_mover_at_a_time(connection: Connection, release_id: int) -> None:
    """Until this transaction ends, nobody else moves what is held of a release.

    One that lets a row wait for what another has just made would not see it, nor the other the row, and nobody would
    come back to it. Whoever moves several releases takes them in order.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_MOVE, {"release": (_HOLDS << 32) + release_id})


_MOVE = text("SELECT pg_advisory_xact_lock(:release)")


def one_counter_at_a_time(connection: Connection) -> None:
    """Let nobody else count what is in flight until this transaction ends: two that claim at once would not see each
    other."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_COUNTERS})"))


def claiming(connection: Connection) -> None:
    """Let no translation change (`revising`) until this transaction ends; others may claim as well."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({_REVISIONS})"))


def revising(connection: Connection) -> None:
    """Let nobody claim until this transaction ends: a translation changes with all that depends on it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_REVISIONS})"))
