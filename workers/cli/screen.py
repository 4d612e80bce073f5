"""What all commands share: the screen, `--json`, and how it shows what went wrong."""

from __future__ import annotations

import errno
import json
import logging
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import IO, Annotated, Any, NoReturn, cast

import structlog
import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from typer.core import TyperGroup
from typer.exceptions import TyperException

from tasks import ledger
from tasks.ledger import audit
from tasks.runtime import moments
from tasks.runtime.counting import counted as counted
from tasks.runtime.errors import NotPossible, UserError, first_line
from tasks.runtime.foreign_text import printable, printable_json, printable_lines
from workers import logs
from workers.cli.actor import operator


class Screen(Console):
    """A console on which no text steers the terminal, whoever wrote it and whichever command prints it."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of what is printed, all text in them made printable; the escape codes are Rich's own."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable_lines(segment.text))


out = Screen(highlight=False, soft_wrap=True, emoji=False)
err = Screen(stderr=True, highlight=False, soft_wrap=True, emoji=False)

GAP = "  "
_JSON = "fanwire.json"


def stop(problem: str, field: str = "(command)") -> NoReturn:
    """End the command with exit status 1 and this text."""
    raise NotPossible(problem, field)


class Commands(TyperGroup):
    """The commands of `fanwire`; what they raise becomes a message, never a traceback."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        _show_flags_without_values(self)

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read what was typed."""
        with _printable_usage():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run one command."""
        if not structlog.is_configured():
            logs.use_without_set_up(_log, least=logging.WARNING)  # less is for processes that somebody watches
        try:
            with audit.acting_as(operator()), _printable_usage():
                return super().invoke(ctx)
        except UserError as error:
            _show(error, as_json=ctx.meta.get(_JSON, False))
        except _trouble() as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:  # who read our output has seen enough
                raise
            _show(_explained(error), as_json=ctx.meta.get(_JSON, False))
        raise typer.Exit(1)


def _trouble() -> tuple[type[Exception], ...]:
    """What a ledger, a broker or a file in trouble raises; the command did nothing wrong, and neither did the user.

    Only who is in trouble imports what brokers raise: most commands need no broker.
    """
    from workers.releases_queue import BROKER_ERRORS

    return (SQLAlchemyError, OSError, *BROKER_ERRORS)


@contextmanager
def _printable_usage() -> Iterator[None]:
    """Within it, what Typer says of wrong usage, which it prints by itself, quotes nothing that steers the terminal."""
    try:
        yield
    except TyperException as error:
        error.message = printable_lines(error.message)
        raise


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
    """The one place where commands say what went wrong: on standard error, or as JSON on standard output, if that takes
    anything."""
    if as_json:
        with suppress(OSError):
            print_json(error.to_dict())
            return
    err.print("\n".join(map(printable, error.lines())), markup=False)


def _explained(error: Exception) -> NotPossible:
    """What is in trouble, and what it says itself."""
    from workers.producer import NoReceipt  # as late as what brokers raise

    if isinstance(error, SQLAlchemyError):
        return NotPossible(_ledger_problem(error), "(ledger)")
    if not isinstance(error, OSError):
        return NotPossible(f"the broker says: {first_line(error)}", "(broker)")
    if isinstance(error, NoReceipt):
        return NotPossible(str(error), "(broker)")
    if error.filename and not isinstance(error, TimeoutError):
        return NotPossible(f"{error.filename}: {error.strerror}", "(file)")
    return NotPossible(first_line(error))


def _ledger_problem(error: SQLAlchemyError) -> str:
    text = first_line(error.orig if isinstance(error, DBAPIError) and error.orig else error)
    hint = ""
    if "no such table" in text or "does not exist" in text:
        hint = "; `fanwire up` and `fanwire migrate` make its tables"
    if "lock timeout" in text:
        hint = "; somebody has locked a table: docs/runbook.md, `Ledger slow or away`, says how to find and end that"
    return f"the ledger ({ledger.safe_ledger_url()}) says: {text}{hint}"


def _note(context: typer.Context, value: bool) -> bool:
    context.meta[_JSON] = value
    return value


JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for errors too.", callback=_note)]
ReleaseArgument = Annotated[str, typer.Argument(help="The URI of a release.")]
CountOption = Annotated[int, typer.Option("--count", min=1, help="How many to show, the latest first.")]


def print_json(value: Any) -> None:
    """Print a value as one line of JSON on standard output."""
    sys.stdout.write(printable_json(json.dumps(value, ensure_ascii=False)) + "\n")


class _Shown:
    """Standard output where it is a terminal, for data that is meant for files: what would steer it is replaced."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")(errors="replace")

    def write(self, data: str | bytes) -> int:
        sys.stdout.write(printable_lines(self._decoder.decode(data) if isinstance(data, bytes) else data))
        return len(data)

    def flush(self) -> None:
        sys.stdout.flush()


def standard_output(*, binary: bool = False) -> IO[Any]:
    """Where a command writes data that somebody wants on standard output: byte for byte, but for a terminal."""
    if sys.stdout.isatty():
        return cast("IO[Any]", _Shown())
    return sys.stdout.buffer if binary else sys.stdout


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print columns with headings. On a terminal the last column gives way to its width; in a file nothing is cut."""
    lines = [headings, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(headings) - 1)]
    room = out.width if out.is_terminal else sys.maxsize
    for line in lines:
        text = GAP.join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        sys.stdout.write((text if len(text) <= room else text[: room - 1] + "…") + "\n")


def print_changes(
    what: str, fields: Sequence[str], old: Mapping[str, Any], new: Mapping[str, Any], *, dry_run: bool
) -> None:
    """Print what became of each field of something that was edited, and how many there are."""
    for name in fields:
        out.print(printable(f"{name}: {_in_json(old.get(name))} → {_in_json(new.get(name))}"), markup=False)
    number = counted(len(fields), "field") if fields else "nothing"
    done = "would be" if dry_run else "is" if len(fields) < 2 else "are"
    out.print(f"{what}: {number} {done} changed", markup=False)


def _in_json(value: Any) -> str:
    return "—" if value is None else json.dumps(value, ensure_ascii=False)


def moment(text: str) -> datetime:
    """Read the value of an option that takes a moment; raises BadParameter for what is none."""
    try:
        return moments.read(text)
    except ValueError as error:
        example = f", such as {moments.EXAMPLE}" if str(error) == moments.NO_MOMENT else ""
        raise typer.BadParameter(f"{text!r} {error}{example}") from None


def checked_by(read: Callable[[str], object]) -> Callable[[str], str]:
    """The parser of an option that takes what is typed; what `read` refuses with a ValueError is wrong usage."""

    def value(text: str) -> str:
        try:
            read(text)
        except ValueError as error:
            raise typer.BadParameter(f"{text!r} {error}") from None
        return text

    return value


MOMENT_HELP = "with its offset from UTC, such as 2026-12-01T07:00:00-05:00; without one it is read in FANWIRE_TIME_ZONE"
