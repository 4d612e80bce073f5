"""Nothing that strangers wrote steers a terminal: not in tables, messages, JSON, errors or logs, whoever prints it."""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from rich.table import Table
from sqlalchemy import update

from tasks import ledger
from tasks.ledger import audit, notices, outlets, refusals
from tasks.ledger.schema import outlets as outlet_rows
from tasks.ledger.schema import releases as release_rows
from tasks.model.acts import Act
from tasks.model.states import State
from tasks.runtime.errors import NotPossible
from tasks.runtime.foreign_text import harmful
from tasks.runtime.settings import settings
from tests.support.command_line import typed
from tests.support.delivery_steps import claim, finish, receivers, render, result, take
from tests.support.samples import URI, outlet
from workers import logs
from workers.cli import screen

FOUL = "a\x1b]0;owned\x07b\x9b31mc\u202ed\u2066e\uffff"
"""Sets the title of the window, the colour and the direction of what follows."""


@pytest.fixture
def _foul_ledger(sqlite_ledger: None) -> None:
    """A ledger of an earlier version, which took everything: each text that a stranger wrote is foul."""
    receivers(outlet("a"), outlet("b"))
    number = take()
    render(number)
    one, two = claim(limit=2)
    finish(replace(result(one, State.REJECTED), reason=FOUL), replace(result(two, State.EXHAUSTED), reason=FOUL))
    now = time.time()
    with ledger.write() as connection:
        notices.add(connection, "failing", FOUL, FOUL, now)
        refusals.keep(connection, FOUL.encode(), FOUL, now, uri=FOUL, sent_by=FOUL)
        outlets.set_status(connection, ["b"], "disabled", FOUL, now)
        audit.record(connection, audit.Entry(act=Act.PUBLISH, subject=FOUL, remark=FOUL, new={"a": FOUL}))
        for table, field in ((outlet_rows, "name"), (release_rows, "headline")):
            for row in connection.execute(table.select()).all():
                document = json.dumps(json.loads(row.document) | {field: FOUL}, ensure_ascii=False)
                connection.execute(update(table).where(table.c.id == row.id).values(document=document))


@pytest.mark.usefixtures("_foul_ledger")
@pytest.mark.parametrize(
    "command",
    [
        ("refusals", "--body"),
        ("notices",),
        ("audit",),
        ("status", URI),
        ("outlets", "list"),
        ("outlets", "list", "--for", URI),
        ("outlets", "show", "b"),
        ("report", URI, "--format", "html"),
        ("report", URI, "--format", "csv"),
        ("report", URI, "--format", "json"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "JSON"])
def test_no_command_shows_it_as_it_is(command: tuple[str, ...], as_json: bool) -> None:
    if as_json and command[0] in ("report", "status"):
        command = ("status", URI)
    shown = typed(*command, *(["--json"] if as_json else []))
    assert harmful(shown) == []
    assert "owned" in shown or "--for" in command
    if as_json:
        json.loads(shown)


@pytest.mark.usefixtures("_foul_ledger")
def test_json_still_says_what_there_is() -> None:
    [row] = json.loads(typed("notices", "--json"))
    assert (row["subject"], row["text"]) == (FOUL, FOUL)


@pytest.mark.parametrize("thing", [FOUL, f"[bold]{FOUL}[/]", Table(FOUL, title=FOUL)], ids=["text", "markup", "table"])
def test_nothing_that_any_command_prints_steers_the_terminal(thing: Any) -> None:
    file = io.StringIO()
    console = screen.Screen(file=file, force_terminal=True, width=200, color_system=None)
    console.print(thing)
    shown = file.getvalue()
    for code in ("\x1b[1m", "\x1b[3m", "\x1b[0m"):  # bold and the end of it are Rich's own
        shown = shown.replace(code, "")
    assert harmful(shown) == []
    assert "owned" in shown


def test_an_error_that_quotes_what_was_typed_does_not() -> None:
    assert harmful(typed("status", FOUL, status=1)) == []
    assert harmful(typed("status", f"--{FOUL}", status=2)) == []
    assert harmful(typed(FOUL, status=2)) == []
    assert harmful(typed("outlets", FOUL, status=2)) == []
    assert harmful(typed("embargo", URI, "--until", FOUL, status=2)) == []


@pytest.fixture
def log_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """`log_of("console")` sets up the log of a worker, and gives where it goes."""
    before, handlers, level = structlog.get_config(), logging.getLogger().handlers[:], logging.getLogger().level

    def set_up(form: str) -> io.StringIO:
        monkeypatch.setenv("FANWIRE_LOG_FORMAT", form)
        settings.cache_clear()
        stream = io.StringIO()
        logs.set_up("worker", stream)
        return stream

    yield set_up
    structlog.configure(**before)
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_log_does(form: str, log_of: Callable[[str], Any]) -> None:
    stream = log_of(form)
    structlog.get_logger("x").warning("refused", reason=FOUL, several=[FOUL])
    logging.getLogger("celery").warning("got %s", FOUL)
    try:
        raise NotPossible(FOUL)
    except NotPossible:
        structlog.get_logger("x").exception(FOUL)
    shown = stream.getvalue()
    assert shown.count("owned") >= 5
    assert harmful(shown) == []


def test_no_log_of_a_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    try:
        structlog.reset_defaults()
        logs.use_without_set_up(screen._log)
        structlog.get_logger().warning("refused", reason=FOUL)
    finally:
        structlog.configure(**before)
    shown = capsys.readouterr().err
    assert "owned" in shown
    assert harmful(shown) == []


@pytest.mark.parametrize("on_terminal", [False, True], ids=["file", "terminal"])
def test_data_for_files_is_shown_on_a_terminal_without_it(
    on_terminal: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: on_terminal)
    data = f"é {FOUL} ü\n"
    binary = screen.standard_output(binary=True)
    for byte in data.encode():
        binary.write(bytes([byte]))
    binary.flush()
    screen.standard_output().write(data)
    sys.stdout.flush()
    written = capfd.readouterr().out
    assert written.count("owned") == 2
    assert (harmful(written) == []) is on_terminal
    assert "\ufffd" in written or not on_terminal
