"""The ledger on PostgreSQL behind a pooler in transaction mode, and over TLS with the server's name verified."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tasks import ledger
from tasks.ledger import outlets, presence
from tasks.ledger.connection import is_pooled
from tests.support.authority import Authority
from tests.support.pgbouncer import PgBouncer, own_pgbouncer
from tests.support.postgres import TEMPLATE, Postgres
from tests.support.samples import outlet

HERE = "127.0.0.1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the pooler's user may look into."""
    place = Path(tempfile.mkdtemp(prefix="fw-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def pooler(postgres: Postgres, folder: Path, authority: Authority) -> Iterator[PgBouncer]:
    """It speaks TLS only, and has a certificate for 127.0.0.1."""
    name = postgres.new_database(TEMPLATE)
    certificate = folder / "certificate.pem"
    shutil.copyfile(authority.certificate(HERE), certificate)
    with own_pgbouncer(folder, postgres.url(name), certificate=certificate) as pooler:
        yield pooler
    postgres.drop(name)


@pytest.fixture
def through(pooler: PgBouncer, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> str:
    """The configured ledger is behind the pooler; its address."""
    url = pooler.url(sslmode="verify-full", sslrootcert=str(authority.bundle))
    monkeypatch.setenv("FANWIRE_LEDGER_URL", url)
    ledger.reset()
    return url


def test_many_sessions_ask_the_same_again_and_again(through: str) -> None:
    """With statements that are prepared, a session would be asked for those of another."""

    def ask(number: int) -> int:
        with ledger.write() as connection:
            outlets.put(connection, [outlet(f"desk-{number}")], ledger.now(connection))
        with ledger.read() as connection:
            return outlets.count(connection)

    with ThreadPoolExecutor(5) as threads:
        counts = list(threads.map(ask, range(100)))
    assert max(counts) == 100


def test_a_pooler_is_known_by_the_number_of_its_session(through: str, postgres: Postgres) -> None:
    with ledger.read() as connection:
        assert is_pooled(connection)
    name = postgres.borrow()  # nobody could copy TEMPLATE meanwhile
    engine = ledger.open_ledger(postgres.url(name))
    with engine.connect() as connection:
        assert not is_pooled(connection)
        driver = connection.connection.driver_connection
        assert driver.prepare_threshold is not None
        shown = connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one()
        assert shown == f"{ledger.connection.IDLE_SECONDS}s"
    engine.dispose()
    postgres.give_back(name)


def test_tables_are_made_and_a_process_signs_in(through: str) -> None:
    ledger.upgrade()
    name = presence.sign_in()
    with ledger.read() as connection:
        assert name in {one.name for one in presence.present(connection)}


@pytest.mark.parametrize("wrong", ["authority", "name", "clear"])
def test_who_is_not_the_ledger_gets_nothing(
    pooler: PgBouncer, authority: Authority, tmp_path: Path, wrong: str
) -> None:
    other = Authority(tmp_path) if wrong == "authority" else authority
    options = {"sslmode": "verify-full", "sslrootcert": str(other.bundle)} if wrong != "clear" else {}
    options = {"sslmode": "disable"} if wrong == "clear" else options
    engine = ledger.open_ledger(pooler.url("localhost" if wrong == "name" else HERE, **options))
    told = {"authority": "certificate verify failed", "name": "does not match", "clear": "SSL required"}[wrong]
    with pytest.raises(OperationalError, match=told), engine.connect():
        pass
    engine.dispose()
