"""A ledger that has run for a long time: millions of old rows, written by INSERT … SELECT in some minutes.

Each old release went to some outlets, with one attempt each: most were delivered, some rejected, some exhausted. What
belongs to them is there too: texts, renditions, publications, audit entries; and notices and refusals.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, text

EACH = 500
"""Deliveries of an old release, unless said otherwise."""
DAYS = 90
"""Over so many days the old releases are spread; the newest ended a day ago."""
_OLD = f"(:now - 86400.0 * (1 + {DAYS} * (:releases - n) / :releases))"
"""When the old release `n` was received."""
STATEMENTS = (
    f"""INSERT INTO releases (uri, version, digest, language, status, urgency, document, received_at, planned_at,
        hint_at, first_attempt_at) SELECT 'urn:old:' || n, 1, 'x', 'en', 'usable', 5, :document, {_OLD}, {_OLD} + 1,
        {_OLD} + 5, {_OLD} + 1 FROM bench_numbers WHERE n < :releases ORDER BY n""",
    """INSERT INTO translations (release_id, language, state, hint_at, lease_until, attempt, made_at, engine, document)
        SELECT id, 'en', 'made', hint_at, 0, 1, received_at, 'source', :text FROM releases ORDER BY id""",
    """INSERT INTO renditions (release_id, language, format, state, hint_at, lease_until, attempt, made_at,
        content_type, sha256, body) SELECT id, 'en', 'ninjs', 'made', hint_at, 0, 1, received_at, 'application/json',
        'x', :body FROM releases ORDER BY id""",
    """INSERT INTO deliveries (release_id, language, outlet_id, format, version, urgency, state, approval, attempt,
        tries, reason, first_due_at, verdict, status, code, ended_at)
        SELECT r.id, 'en', o.id, 'ninjs', 1, 5,
        CASE WHEN (r.id * 7 + k.n) % 100 < 93 THEN 'delivered' WHEN (r.id * 7 + k.n) % 100 < 97 THEN 'rejected'
            ELSE 'exhausted' END, false, 1, 1,
        CASE WHEN (r.id * 7 + k.n) % 100 < 93 THEN NULL ELSE '404 Not Found: no such feed' END, r.received_at,
        CASE WHEN (r.id * 7 + k.n) % 100 < 93 THEN 'delivered' ELSE 'rejected' END, 200, 'http_200',
        r.received_at + k.n / 100.0
        FROM releases r JOIN bench_numbers k ON k.n < :each
        JOIN bench_outlets o ON o.number = (r.id * :each + k.n) % :outlets ORDER BY r.id, k.n""",
    """INSERT INTO attempts (delivery_id, attempt, verdict, status, code, started_at, seconds)
        SELECT id, 1, verdict, status, code, ended_at - 0.2, 0.2 FROM deliveries ORDER BY id""",
    """INSERT INTO publications (delivery_id, at, said_at, status)
        SELECT id, ended_at, ended_at, 'accepted' FROM deliveries WHERE id % 50 = 0 ORDER BY id""",
    f"""INSERT INTO notices (at, kind, subject, text, told_at)
        SELECT {_OLD}, 'failing', 'host-' || (n % 500), 'stage', {_OLD} + 9 FROM bench_numbers ORDER BY n""",
    f"""INSERT INTO audit (at, role, actor, act, subject, uri, version)
        SELECT {_OLD}, 'producer', 'acme', 'release.publish', 'a release', 'urn:old:' || n, 1 FROM bench_numbers
        ORDER BY n""",
    f"""INSERT INTO refusals (received_at, reason, bytes, body)
        SELECT {_OLD}, 'no headline', 4, :body FROM bench_numbers ORDER BY n""",
)


def fill(url: str, rows: int, now: float, each: int = EACH) -> None:
    """Write so many old deliveries, and all that belongs to them, into a ledger that has its outlets already and that
    nobody uses."""
    from tasks.ledger.schema import deliveries
    from tasks.model.release import supplied
    from tests.support.samples import release

    written = supplied(release(), "en")
    assert written is not None
    said: dict[str, Any] = {"now": now, "releases": rows // each, "each": each, "body": b"x" * 4000}
    said |= {"document": release().to_json(), "text": written.model_dump_json()}
    [by_outlet] = [index for index in deliveries.indexes if index.name == "ix_deliveries_of_outlet"]
    with _hurried(url) as connection:
        by_outlet.drop(connection)  # it is built faster once all rows are there
        said["outlets"] = _number(connection, max(each, rows // each))
        for statement in STATEMENTS:
            query = text(statement)
            connection.execute(query, {name: said[name] for name in query.compile().params})
            connection.commit()
        connection.execute(text("DROP TABLE bench_numbers"))
        connection.execute(text("DROP TABLE bench_outlets"))
        by_outlet.create(connection)
        connection.commit()


@contextmanager
def _hurried(url: str) -> Iterator[Connection]:
    """A connection without disk syncs and journal; then a look at each page, as in the long run by itself."""
    plain = create_engine(url)  # SQLite begins transactions by itself here, and not before a PRAGMA
    try:
        with plain.connect() as connection:
            if plain.dialect.name == "sqlite":
                for pragma in ("journal_mode=DELETE", "journal_mode=OFF", "synchronous=OFF", "cache_size=-500000"):
                    connection.exec_driver_sql(f"PRAGMA {pragma}")
                yield connection
            else:
                for setting in (
                    "synchronous_commit = off",
                    "maintenance_work_mem = '512MB'",
                    "session_replication_role = replica",
                ):  # no look at foreign keys
                    connection.exec_driver_sql(f"SET {setting}")
                connection.commit()
                yield connection
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.exec_driver_sql("VACUUM (ANALYZE)")
    finally:
        plain.dispose()


def _number(connection: Connection, count: int) -> int:
    """Make tables of the numbers from 0, and of outlets by their place; the number of outlets."""
    numbers = "WITH RECURSIVE up(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM up WHERE n < :last) SELECT n FROM up"
    connection.execute(text("CREATE TABLE bench_numbers (n INTEGER PRIMARY KEY)"))
    connection.execute(text(f"INSERT INTO bench_numbers {numbers}"), {"last": count - 1})
    connection.execute(text("CREATE TABLE bench_outlets (number INTEGER PRIMARY KEY, id VARCHAR(100))"))
    ordered = "SELECT row_number() OVER (ORDER BY id) - 1, id FROM outlets"
    outlets = connection.execute(text(f"INSERT INTO bench_outlets {ordered}")).rowcount
    connection.commit()
    return outlets
