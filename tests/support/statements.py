"""What SQLAlchemy has made of a statement is kept for all ledgers of a test process, not for one ledger only.

A process of the wire has one ledger, and makes each statement once; a test process opens a ledger for each test, and
spent a quarter of its time on making the same statements again.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import Engine

from tasks.ledger import connection


class Statements(dict[tuple[Any, ...], Any]):
    """Compiled statements by SQLAlchemy's key, in which the name of the dialect stands for the one of an engine."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """What a statement was compiled to; None if nobody has yet."""
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), compiled)


_ALL = Statements()


def share() -> None:
    """Have all ledgers that this process opens share their statements."""
    connection.create_engine = _create  # type: ignore[attr-defined]


def _create(*arguments: Any, **options: Any) -> Engine:
    engine = sqlalchemy.create_engine(*arguments, **options)
    engine.update_execution_options(compiled_cache=_ALL)
    return engine
