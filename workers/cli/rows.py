"""The ledger as commands use it: it must be there, and rows are found by the names that people type."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import releases
from tasks.runtime.settings import settings
from workers import home
from workers.cli.screen import stop


@contextmanager
def reading() -> Iterator[Connection]:
    """Open `ledger.look()`; end the command if there is no ledger yet."""
    need_ledger()
    with ledger.look() as connection:
        yield connection


@contextmanager
def writing() -> Iterator[Connection]:
    """Open `ledger.write()`; end the command if there is no ledger yet."""
    need_ledger()
    with ledger.write() as connection:
        yield connection


def need_ledger() -> None:
    """End the command if there is no ledger: to look for one must not make one."""
    if not home.ledger_is_there():
        stop(
            f"there is no Fanwire under {settings().home.absolute()} yet: `make up` starts one, and FANWIRE_HOME "
            "names another folder",
            "(ledger)",
        )


def find_release(connection: Connection, uri: str, version: int | None = None) -> Any:
    """The row of a release, of its newest version unless one is named; ends the command if there is none."""
    row = releases.find(connection, uri, version)
    if row is None:
        which = f"{uri} version {version}" if version else uri
        stop(f"The ledger has no release {which}; `fanwire status` lists those it has.")
    return row
