"""What tests of several rooms share: ledgers of both kinds, each fresh, and settings of a test's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tasks import ledger
from tasks.runtime.settings import settings
from tests.support.postgres import TEMPLATE, Postgres, shared_postgres

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it, and a console made under it keeps that width for ever

TOGETHER = {
    "tests/stack/test_recovery.py": "stack-recovery",
    "tests/stack": "stack",
    "tests/faults/test_faults.py": "faults",
    "tests/ledger/test_state_machine.py": None,
}
"""Files and folders whose tests `make test` gives to one process, since they share a stack. Those of any other file
stay together too, for the servers of its fixtures; None: they share nothing, and go to whoever is free."""
FIRST = ("faults", "stack", "stack-recovery", "tests/faults/test_moments.py", "faults-postgres")
"""What takes longest and must begin first."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests stay together in one process of pytest-xdist, and in which order processes get them."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            file = item.location[0]
            group = next((TOGETHER[place] for place in TOGETHER if file.startswith(place)), file)
            if group:
                item.add_marker(pytest.mark.xdist_group(group))
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    marker = item.get_closest_marker("xdist_group")
    if marker is None:
        return len(FIRST)
    return FIRST.index(marker.args[0]) if marker.args[0] in FIRST else len(FIRST) + 1


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
    ledger.reset()
    settings.cache_clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this test run, shared by all its processes."""
    with shared_postgres(os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))) as server:
        yield server


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite ledger with all tables and no rows, to copy."""
    file = tmp_path_factory.mktemp("migrated") / "ledger.sqlite"
    ledger.upgrade(f"sqlite:///{file}")
    assert [found.name for found in file.parent.iterdir()] == [file.name], "all is in the one file"
    return file


@pytest.fixture
def sqlite_ledger(migrated: Path) -> None:
    """The configured ledger of this test is there, on SQLite, with all tables and no rows."""
    file = settings().home / "ledger.sqlite"
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(migrated, file)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[str]:
    """The address of an empty ledger with all tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copyfile(migrated, tmp_path / "ledger.sqlite")
        yield f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.new_database(TEMPLATE)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def book(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The configured ledger of this test: `tasks.ledger.read` and `write` use it."""
    monkeypatch.setenv("FANWIRE_LEDGER_URL", ledger_url)
    forget()
    engine = ledger.open_ledger(ledger_url)
    yield engine
    engine.dispose()
