"""The connection to the ledger: where it is, transactions, its clock, and its upgrade to this version's tables.

SQLite under the home by default: WAL, and a full sync at every commit, so that a receipt or a verdict once written
survives a power cut. PostgreSQL by `FANWIRE_LEDGER_URL`.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url

from tasks.runtime.private_files import ensure_private_file
from tasks.runtime.settings import settings

SQLITE_BUSY_SECONDS = 30
"""How long a writer waits for another one. Writers hold the file for some milliseconds."""
LOOK_SECONDS = 5
"""How long somebody who only looks waits for a table of PostgreSQL that somebody else has locked."""
IDLE_SECONDS = 30
"""How long PostgreSQL bears a transaction in which nothing happens, and either side a silent network."""


def write() -> Any:
    """Open one transaction that may change the ledger."""
    return _transaction(sql_engine(), immediate=True)


def read() -> Any:
    """Open one consistent view of the ledger; it changes nothing and blocks nobody."""
    return _transaction(sql_engine(), immediate=False)


@contextmanager
def look() -> Iterator[Connection]:
    """Open the same for a person who waits: where somebody has locked a table, it fails soon."""
    with read() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOOK_SECONDS}s'"))
        yield connection


@contextmanager
def _transaction(engine: Engine, *, immediate: bool) -> Iterator[Connection]:
    with engine.connect().execution_options(fanwire_immediate=immediate) as connection, connection.begin():
        yield connection


def ledger_url() -> str:
    """The ledger's address, with its password if there is one: never log it (use `safe_ledger_url`)."""
    secret = settings().ledger_url
    if secret is not None:
        return secret.get_secret_value()
    return f"sqlite:///{(settings().home / 'ledger.sqlite').absolute()}"


def safe_ledger_url() -> str:
    """The ledger's address without the password: this may be logged."""
    return make_url(ledger_url()).render_as_string(hide_password=True)


_engines: dict[int, Engine] = {}
"""By process: connections must not be shared over a fork."""


def sql_engine() -> Engine:
    """The SQLAlchemy engine behind `read` and `write` in this process, for whoever wants to watch its statements."""
    process = os.getpid()
    engine = _engines.get(process)
    if engine is None:  # of two threads that come at once the first gives the engine; the other's has no connection yet
        engine = _engines.setdefault(process, open_ledger(ledger_url()))
    return engine


def is_open(engine: Engine) -> bool:
    """Whether this is the engine behind `read` and `write` in this process."""
    return _engines.get(os.getpid()) is engine


def now(connection: Connection) -> float:
    """Seconds since the epoch by the ledger's clock.

    Embargoes, due times and leases are set and judged by this one clock, so a worker whose own clock is wrong neither
    leaks an embargo nor takes a claim from somebody who still has it. SQLite is on this machine, and so is its clock.
    """
    if connection.dialect.name == "postgresql":
        return float(connection.execute(_CLOCK).scalar_one())
    return time.time()


_CLOCK = text("SELECT extract(epoch FROM clock_timestamp())")


def close() -> None:
    """Close this process's connections to the ledger; the next `read` or `write` opens new ones."""
    sql_engine().dispose()


def _close_for_fork() -> None:
    """Close what must not cross a fork: connections to SQLite, whose locks are the process's. One to PostgreSQL stays
    open for the next time; a forked child opens its own (`sql_engine`) and leaves this one alone, as psycopg does."""
    engine = _engines.get(os.getpid())
    if engine is not None and engine.dialect.name == "sqlite":
        engine.dispose()


os.register_at_fork(before=_close_for_fork)


def reset() -> None:
    """Close this process's connections to the ledger and forget its address: the next `read` or `write` asks the
    settings."""
    engine = _engines.pop(os.getpid(), None)
    if engine is not None:
        engine.dispose()


def open_ledger(url: str) -> Engine:
    """Open a SQLAlchemy engine with Fanwire's durability and locking, for a ledger of your own; others use `write` and
    `read`."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        engine = create_engine(address, pool_pre_ping=True, pool_size=5, connect_args=_postgresql(address))
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    engine = create_engine(address, connect_args={"timeout": SQLITE_BUSY_SECONDS})
    if address.database not in (None, "", ":memory:") and "uri" not in address.query:
        file = Path(str(address.database))
        # SQLite gives its other files the mode of the ledger itself.
        event.listen(engine, "do_connect", lambda *_: ensure_private_file(file))
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(address: URL) -> dict[str, Any]:
    """What we need to notice that a server has vanished without a word, for which a worker would wait for hours; what
    the address itself says goes first."""
    ours = {
        "connect_timeout": 10,
        "keepalives_idle": IDLE_SECONDS,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": IDLE_SECONDS * 1000,
    }
    return {name: value for name, value in ours.items() if name not in address.query}


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """Have the server end a session that leaves a transaction idle: a worker that is frozen within one would keep its
    rows locked, and the clock waits for them. It is not said by `options` at connecting, which poolers refuse.

    A pooler gives each transaction whichever session is free. So nothing may be prepared in one transaction for the
    next, and transactions that are idle are the pooler's to end (deploy/README.md, "PostgreSQL").
    """
    connection.autocommit = True
    asked = "SELECT set_config('idle_in_transaction_session_timeout', %s, false), pg_backend_pid()"
    _, session = connection.execute(asked, [f"{IDLE_SECONDS}s"], prepare=False).fetchone()
    connection.autocommit = False
    if session != connection.info.backend_pid:
        connection.prepare_threshold = None


def is_pooled(connection: Connection) -> bool:
    """Whether a pooler, such as PgBouncer, stands between this process and PostgreSQL: the session has another number
    than the one that we were given."""
    if connection.dialect.name != "postgresql":
        return False
    driver: Any = connection.connection.driver_connection
    return bool(connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != driver.info.backend_pid)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    # By this one pages that are free can be given back to the system. It counts only while a ledger has no tables yet,
    # and afterwards would wait for whoever writes.
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: one that reads first and then writes would fail instead of waiting."""
    immediate = connection.get_execution_options().get("fanwire_immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def upgrade(url: str | None = None, revision: str = "head") -> None:
    """Bring the ledger at `url` (default: the configured one) to this version's tables. Safe to repeat and to race.

    `revision`: only up to this migration, as tests of migrations want it.
    """
    from alembic import command  # here, for it is a tenth of what every worker and command would load at its start
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    engine = open_ledger(url or ledger_url())
    try:
        with engine.connect().execution_options(fanwire_immediate=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(7265551)"))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            if revision == "head":
                from tasks.ledger import outlet_profiles  # here, for it stands on this module

                outlet_profiles.adopt_anew(connection)
    finally:
        engine.dispose()


def worker_name() -> str:
    """The name under which this process claims: host and process, so that operations can find it."""
    return f"{socket.gethostname()}:{os.getpid()}"
