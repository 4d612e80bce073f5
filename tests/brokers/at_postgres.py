"""The main job with its ledger on PostgreSQL behind a pooler in transaction mode, while one of them restarts."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.support.pgbouncer import SESSIONS, own_pgbouncer
from tests.support.postgres import own_postgres
from tests.support.valkeys import valkey_behind_socket
from workers.broker_users import User

from .conftest import Opened
from .main_job import main_job


@pytest.mark.parametrize("what", ["pooler", "server"])
def test_behind_a_pooler_when_something_restarts(opened: Opened, short_path: Path, what: str) -> None:
    with own_postgres() as server, valkey_behind_socket(short_path) as (_, broker):
        database = server.url(server.new_database())
        with own_pgbouncer(short_path, database) as pooler:
            addresses = broker(User.WORKER), broker(User.PRODUCER)
            with opened(*addresses, LEDGER_URL=pooler.url()) as scene:

                def restart() -> None:
                    assert sessions(database) <= SESSIONS
                    if what == "server":
                        server.restart()
                    else:
                        pooler.kill()
                        pooler.start()

                main_job(scene, restart)
                print(f"{sessions(database)} sessions of PostgreSQL")


def sessions(database: str) -> int:
    """How many sessions PostgreSQL has for the pooler."""
    engine = create_engine(database)
    with engine.connect() as connection:
        count = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        found = int(connection.execute(count).scalar_one())
    engine.dispose()
    return found
