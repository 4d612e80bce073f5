"""What all commands share: the screen, `--json`, and how a failure is told."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

import structlog
import typer
from kombu.exceptions import KombuError
from redis.exceptions import RedisError
from rich.console import Console
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from typer.core import TyperGroup

from tasks import ledger
from tasks.runtime.errors import Problem, UserError
from workers import home
from workers.broker import NoBroker
from workers.producer import NoReceipt

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

GAP = "  "
_JSON = "fanwire.json"


class Failed(Exception):
    """A command that cannot be done; `problem` says why, and becomes one line or, with --json, one object."""

    def __init__(self, problem: str, field: str = "(command)") -> None:
        self.problem = Problem(field, problem)
        super().__init__(problem)


def stop(problem: str, field: str = "(command)") -> NoReturn:
    """End the command with exit status 1 and this."""
    raise Failed(problem, field)


TOLD = (UserError, Failed, NoBroker, NoReceipt, home.AlreadyUp, SQLAlchemyError, RedisError, KombuError)
"""What commands raise on purpose, and what a ledger or a broker in trouble raises."""


class Commands(TyperGroup):
    """The commands; what they raise becomes a message, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run one."""
        if not structlog.is_configured():
            structlog.configure(logger_factory=_log)
        try:
            return super().invoke(ctx)
        except TOLD as error:
            _tell(error, as_json=ctx.meta.get(_JSON, False))
        except OSError as error:
            if error.errno == errno.EPIPE:  # who read our output has seen enough
                raise
            _tell(error, as_json=ctx.meta.get(_JSON, False))
        raise typer.Exit(1)


def _log(*_: object) -> structlog.PrintLogger:
    """What is logged meanwhile goes to standard error: standard output holds what was asked for, which may be JSON."""
    return structlog.PrintLogger(sys.stderr)


def _tell(error: Exception, *, as_json: bool) -> None:
    if as_json:
        refused = isinstance(error, UserError)
        print_json(
            {"status": "refused" if refused else "failed", "problems": [vars(each) for each in _problems(error)]}
        )
    elif isinstance(error, UserError) and len(error.problems) > 1:
        err.print(f"{error.what} refused:", markup=False)
        for problem in error.problems:
            err.print(f"  {problem}", markup=False)
    elif isinstance(error, UserError):
        err.print(str(error), markup=False)
    else:
        err.print("\n".join(problem.problem for problem in _problems(error)), markup=False)


def _problems(error: Exception) -> list[Problem]:
    if isinstance(error, UserError):
        return error.problems
    if isinstance(error, Failed):
        return [error.problem]
    if isinstance(error, SQLAlchemyError):
        return [Problem("(ledger)", _ledger_problem(error))]
    if isinstance(error, OSError) and error.filename and not isinstance(error, TimeoutError):
        return [Problem("(file)", f"{error.filename}: {error.strerror}")]
    if isinstance(error, NoBroker | NoReceipt):
        return [Problem("(broker)", str(error))]
    if isinstance(error, RedisError | KombuError):
        return [Problem("(broker)", f"the broker says: {_first_line(error)}")]
    return [Problem("(command)", _first_line(error))]


def _ledger_problem(error: SQLAlchemyError) -> str:
    told = _first_line(error.orig if isinstance(error, DBAPIError) and error.orig else error)
    hint = ""
    if "no such table" in told or "does not exist" in told:
        hint = "; `fanwire up` and `fanwire migrate` make its tables"
    return f"the ledger ({ledger.safe_ledger_url()}) says: {told}{hint}"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _note(context: typer.Context, value: bool) -> bool:
    context.meta[_JSON] = value
    return value


JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for errors too.", callback=_note)]
CountOption = Annotated[int, typer.Option("--count", min=1, help="How many to show, the latest first.")]


def print_json(value: Any) -> None:
    """One line of JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns with headings. On a terminal the last column gives way to its width; in a file nothing is cut."""
    lines = [headings, *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(headings) - 1)]
    room = out.width if out.is_terminal else sys.maxsize
    for line in lines:
        told = GAP.join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        sys.stdout.write((told if len(told) <= room else told[: room - 1] + "…") + "\n")


def moment(seconds: float) -> str:
    """A moment for programs and people: ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
