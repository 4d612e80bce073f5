"""What tests of several rooms share: ledgers of both kinds, each fresh, and settings of a test's own."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis.utils
import structlog
import typer.testing
from hypothesis.internal.conjecture import providers
from sqlalchemy import Engine
from structlog.dev import ConsoleRenderer, plain_traceback
from typer.main import get_command

from tasks import ledger
from tasks.delivery.transports import host_of
from tasks.runtime.private_files import ensure_private_file
from tasks.runtime.settings import settings
from tests.support import statements
from tests.support.loading import begin_examples, begin_training, load_translation
from tests.support.postgres import Postgres, shared_postgres
from tests.support.scheduling import LAST
from tests.support.side_by_side import OPTION, RUN
from tests.support.side_by_side import pytest_addoption as pytest_addoption
from tests.support.side_by_side import pytest_configure as pytest_configure
from tests.support.side_by_side import pytest_runtestloop as pytest_runtestloop
from workers import logs
from workers.imports import all_to_stay

typer.testing._get_command = cache(get_command)  # type: ignore[attr-defined]  # else each command typed makes all anew
redis.utils.get_lib_version = cache(redis.utils.get_lib_version)  # else each client reads the metadata of its package
# Faults that tests provoke are logged as a worker logs them, and not in frames with the lines of code in colours.
BEFORE = structlog.get_config()["processors"][:-1]
structlog.configure(processors=[*BEFORE, ConsoleRenderer(exception_formatter=plain_traceback)])
FOLDERS = count()
statements.share()
hypothesis.settings.register_profile(  # the same examples each time, on a machine of any speed
    "tests", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")
# Each process would parse all our code for constants to try, and which it tries would depend on what it has imported.
providers._get_local_constants = type(providers.GLOBAL_CONSTANTS)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, Any, Any]:
    """Let the garbage collector leave alone what stays anyway: thousands of tests, and all that was imported. What
    generated examples and tests of translations need is begun now if they run in processes that are forked."""
    side_by_side = session.config.getoption(OPTION)
    if side_by_side and session.config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        begin_training()
        begin_examples()
    with all_to_stay():
        found = yield
        if side_by_side and any(item.nodeid.startswith(LAST) for item in session.items):
            load_translation()
        return found


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test's own. That of pytest does more for each, which costs all tests eight seconds."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    path = tmp_path_factory.getbasetemp() / f"{name}{next(FOLDERS)}"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test reads its settings afresh, from a home of its own and from nothing the machine happens to have set.

    What some commands do to their own process, to its umask and its logging, ends with the test.
    """
    umask, logging = os.umask(0o022), structlog.get_config()
    for name in [name for name in os.environ if name.startswith("FANWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FANWIRE_HOME", str(tmp_path / "home"))
    forget()
    yield
    forget()
    structlog.configure(**logging)
    os.umask(umask)


def forget() -> None:
    """Close the ledger of this process and read the settings again when they are next asked for."""
    ledger.reset()
    settings.cache_clear()
    host_of.cache_clear()  # of e-mail it is the relay that the settings name


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this test run, shared by all its processes."""
    with shared_postgres(os.environ[RUN]) as server:
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
    ensure_private_file(file)
    shutil.copyfile(migrated, file)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[str]:
    """The address of an empty ledger with all tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copyfile(migrated, tmp_path / "ledger.sqlite")
        yield f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.borrow()
    yield server.url(name)
    forget()  # whoever is connected has to leave
    server.give_back(name)


@pytest.fixture
def book(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The engine of the configured ledger of this test, by which `tasks.ledger.read` and `write` use it too."""
    monkeypatch.setenv("FANWIRE_LEDGER_URL", ledger_url)
    forget()
    engine = ledger.sql_engine()
    yield engine
    engine.dispose()


@pytest.fixture
def translation_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes the translation file of this test, which the settings name; returns where it is."""
    path = tmp_path / "translation.yaml"
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(path))
    settings.cache_clear()

    def write(text: str) -> Path:
        path.write_text(text)
        return path

    return write


@pytest.fixture
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The lines of the log so far, as a worker writes them."""
    written = io.StringIO()
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    logs.set_up("test", written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    structlog.configure(**before)
    logging.getLogger().handlers[:] = handlers


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3, with the bucket `acme`."""
    server_of = pytest.importorskip("moto.server", reason="moto is not installed").ThreadedMotoServer
    server = server_of(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    import pycurl

    made = pycurl.Curl()
    for option, value in {
        pycurl.URL: f"http://{host}:{port}/acme", pycurl.CUSTOMREQUEST: "PUT", pycurl.USERPWD: "key:secret",
        pycurl.AWS_SIGV4: "aws:amz:us-east-1:s3", pycurl.WRITEFUNCTION: len,
    }.items():  # fmt: skip
        made.setopt(option, value)
    made.perform()
    assert made.getinfo(pycurl.RESPONSE_CODE) == 200
    made.close()
    yield f"http://{host}:{port}"
    server.stop()
