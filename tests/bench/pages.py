"""What the operations' page costs with a large release: the list and the release's page, when nothing is kept yet.

One release has 130,000 deliveries in 15 languages, half of them delivered, and the rest is on its way. CPU is that of
this process, and on PostgreSQL of its server processes too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import insert, text, update

ROOT = Path(__file__).resolve().parents[2]
DELIVERIES = 130_000
ROUNDS = 5
URI = "urn:bench:large"
LANGUAGES = ("ar", "de", "en", "es", "fr", "id", "ja", "ko", "ms", "pt", "ru", "th", "vi", "zh-Hans", "zh-Hant")
PAGES = {
    "list": "/ops/releases", "list, held ones": "/ops/releases?state=held", "release": f"/ops/releases/{URI}",
    "release, by circuit": f"/ops/releases/{URI}?by=circuit", "progress alone": f"/ops/release.progress?release={URI}",
    "outlets": "/ops/outlets",
}  # fmt: skip
STATES = (
    "CASE WHEN n % 100 < 50 THEN 'delivered' WHEN n % 100 < 85 THEN 'due' WHEN n % 100 < 93 THEN 'held' "
    "WHEN n % 100 < 97 THEN 'rejected' ELSE 'exhausted' END"
)
ROWS = f"""
INSERT INTO deliveries (release_id, language, outlet_id, format, version, urgency, state, approval, attempt, tries,
    hold_kind, reason, due_at, first_due_at, verdict, status, code, ended_at)
SELECT :release, language, id, 'ninjs', 1, 5, state, false, CASE WHEN state IN ('due', 'held') THEN 0 ELSE 1 END, 0,
    CASE WHEN state = 'held' THEN 'approval' END,
    CASE WHEN state = 'held' THEN 'approval' WHEN state = 'rejected' THEN '404 Not Found' WHEN state = 'exhausted' THEN
    '503 Service Unavailable' END, CASE WHEN state = 'due' THEN :now END, :now - 60,
    CASE WHEN state IN ('due', 'held') THEN NULL WHEN state = 'delivered' THEN 'delivered' ELSE 'rejected' END, 200,
    'http_200', CASE WHEN state IN ('due', 'held') THEN NULL ELSE :now - 50 + n % 977 / 20.0 END
FROM (SELECT id, language, n, {STATES} AS state FROM (
    SELECT o.id, l.language, row_number() OVER (ORDER BY l.language, o.id) * 7 AS n
    FROM outlets o CROSS JOIN bench_languages l) AS numbered) AS settled
"""


def run(folder: Path) -> None:
    """Measure both databases; DELIVERIES=… tries fewer, DATABASES=sqlite only one."""
    wanted = os.environ.get("DATABASES", "sqlite postgresql").split()
    if "sqlite" in wanted:
        _measured("SQLite", folder, f"sqlite:///{folder / 'pages'}.sqlite")
    if "postgresql" in wanted:
        from tests.support.postgres import own_postgres

        with own_postgres() as server:
            _measured("PostgreSQL", folder, server.url(server.new_database()))


def _measured(database: str, folder: Path, url: str) -> None:
    """Print what each page takes on one database, in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FANWIRE_")}
    env = clean | {"FANWIRE_HOME": str(folder), "FANWIRE_LEDGER_URL": url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.pages"], env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    for name, (wall, cpu) in json.loads(done.stdout.splitlines()[-1]).items():
        print(f"  {database:<11} {name:<22} {wall * 1000:>7.0f} ms, {cpu * 1000:>7.0f} ms CPU", flush=True)


def fill(deliveries: int) -> None:
    """Prepare the ledger of this process."""
    from tasks import ledger
    from tasks.ledger import releases
    from tasks.ledger.schema import releases as rows
    from tasks.ledger.schema import translations
    from tasks.model.release import supplied
    from tests.bench import growth
    from tests.support.samples import release

    growth.fill(deliveries // len(LANGUAGES), 9)
    now = time.time()
    with ledger.write() as connection:
        number = releases.take(connection, release(uri=URI), now - 61).release_id
        connection.execute(update(rows).values(planned_at=now - 60))
        text_of_it = supplied(release(), "en")
        assert text_of_it is not None
        made = {"release_id": number, "state": "made", "hint_at": now, "engine": "deepl", "status": "checked",
                "document": text_of_it.model_dump_json()}  # fmt: skip
        connection.execute(insert(translations), [made | {"language": language} for language in LANGUAGES])
        connection.execute(text("CREATE TABLE bench_languages (language VARCHAR(35))"))
        values = [{"language": language} for language in LANGUAGES]
        connection.execute(text("INSERT INTO bench_languages VALUES (:language)"), values)
        connection.execute(text(ROWS), {"release": number, "now": now})
        connection.execute(text("DROP TABLE bench_languages"))
    _analyze()


def _analyze() -> None:
    """As PostgreSQL does by itself soon after."""
    from tasks import ledger

    engine = ledger.sql_engine()
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))


def measure() -> dict[str, tuple[float, float]]:
    """The median of some rounds for each page: seconds, and seconds of CPU."""
    from tasks.model.ranks import Rank
    from tests.bench.old_rows import _ServerProcesses
    from tests.support.visitor import visitor
    from workers.web.application import application
    from workers.web.pages import attention, kept
    from workers.web.surroundings import Surroundings

    somebody = visitor(Surroundings(application()), Rank.OPERATOR)
    watch = _ServerProcesses()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in PAGES}
    for turn in range(ROUNDS + 1):
        for name, path in PAGES.items():
            kept.forget()
            attention.forget()
            wall, cpu = time.perf_counter(), time.process_time() + watch.cpu()
            assert somebody.get(path).status_code == 200, path
            took = time.perf_counter() - wall, time.process_time() + watch.cpu() - cpu
            if turn:  # the first round warms all up
                found[name].append(took)
    return {
        name: (statistics.median(wall for wall, _ in took), statistics.median(cpu for _, cpu in took))
        for name, took in found.items()
    }


if __name__ == "__main__":
    fill(int(os.environ.get("DELIVERIES", DELIVERIES)))
    print(json.dumps(measure()))
