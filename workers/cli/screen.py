"""What all commands share: the screen, `--json`, and how it shows what went wrong."""

from __future__ import annotations

import errno
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, NoReturn

import structlog
import typer
from kombu.exceptions import KombuError
from redis.exceptions import RedisError
from rich.console import Console
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from typer.core import TyperGroup

from tasks import ledger
from tasks.ledger import audit
from tasks.runtime import moments
from tasks.runtime.errors import NotPossible, UserError
from workers.cli.actor import operator
from workers.producer import NoReceipt

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

GAP = "  "
_JSON = "fanwire.json"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""With the marks that turn what follows around: what is shown must stand in the order in which it is."""


def stop(problem: str, field: str = "(command)") -> NoReturn:
    """End the command with exit status 1 and this text."""
    raise NotPossible(problem, field)


TROUBLE = (SQLAlchemyError, RedisError, KombuError, NoReceipt, OSError)
"""What a ledger, a broker or a file in trouble raises; the command did nothing wrong, and neither did the user."""


class Commands(TyperGroup):
    """The commands of `fanwire`; what they raise becomes a message, never a traceback."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        _show_flags_without_values(self)

    def invoke(self, ctx: Any) -> Any:
        """Run one command."""
        if not structlog.is_configured():
            structlog.configure(logger_factory=_log)
        try:
            with audit.acting_as(operator()):
                return super().invoke(ctx)
        except UserError as error:
            _show(error, as_json=ctx.meta.get(_JSON, False))
        except TROUBLE as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:  # who read our output has seen enough
                raise
            _show(_explained(error), as_json=ctx.meta.get(_JSON, False))
        raise typer.Exit(1)


def _show_flags_without_values(command: Any) -> None:
    """Let `--help` show a flag as `--wait`: Typer adds `<bool>`, which suggests `--wait true`."""
    for option in (*command.params, command.get_help_option(typer.Context(command))):
        if getattr(option, "is_flag", False):
            option.metavar = ""
    for inner in getattr(command, "commands", {}).values():
        _show_flags_without_values(inner)


def _log(*_: object) -> structlog.PrintLogger:
    """What is logged meanwhile goes to standard error: standard output holds what was asked for, which may be JSON."""
    return structlog.PrintLogger(sys.stderr)


def _show(error: UserError, *, as_json: bool) -> None:
    """The one place where commands say what went wrong: on standard error, or as JSON on standard output."""
    if as_json:
        print_json(error.to_dict())
    else:
        err.print("\n".join(error.lines()), markup=False)


def _explained(error: Exception) -> NotPossible:
    """What is in trouble, and what it says itself."""
    if isinstance(error, SQLAlchemyError):
        return NotPossible(_ledger_problem(error), "(ledger)")
    if isinstance(error, NoReceipt):
        return NotPossible(str(error), "(broker)")
    if isinstance(error, RedisError | KombuError):
        return NotPossible(f"the broker says: {_first_line(error)}", "(broker)")
    if isinstance(error, OSError) and error.filename and not isinstance(error, TimeoutError):
        return NotPossible(f"{error.filename}: {error.strerror}", "(file)")
    return NotPossible(_first_line(error))


def _ledger_problem(error: SQLAlchemyError) -> str:
    text = _first_line(error.orig if isinstance(error, DBAPIError) and error.orig else error)
    hint = ""
    if "no such table" in text or "does not exist" in text:
        hint = "; `fanwire up` and `fanwire migrate` make its tables"
    return f"the ledger ({ledger.safe_ledger_url()}) says: {text}{hint}"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _note(context: typer.Context, value: bool) -> bool:
    context.meta[_JSON] = value
    return value


JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for errors too.", callback=_note)]
CountOption = Annotated[int, typer.Option("--count", min=1, help="How many to show, the latest first.")]


def print_json(value: Any) -> None:
    """Print a value as one line of JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print columns with headings. On a terminal the last column gives way to its width; in a file nothing is cut."""
    lines = [headings, *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(headings) - 1)]
    room = out.width if out.is_terminal else sys.maxsize
    for line in lines:
        text = GAP.join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        sys.stdout.write((text if len(text) <= room else text[: room - 1] + "…") + "\n")


def counted(number: int, what: str) -> str:
    """A number of things in words: `1 delivery`, `2,000 deliveries`."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"


def printable(text: str) -> str:
    """The text without what would steer the terminal: releases, outlets and engines are strangers."""
    return _CONTROL.sub("\ufffd", text)


def moment(text: str) -> datetime:
    """Read the value of an option that takes a moment; raises BadParameter for what is none."""
    try:
        return moments.read(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} {error}") from None


MOMENT_HELP = "with its offset from UTC, such as 2026-12-01T07:00:00-05:00; without one it is read in FANWIRE_TIME_ZONE"
