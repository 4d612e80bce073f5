"""Logging, set up once for every process: one JSON line per event on standard output, ours and the libraries'."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import IO, Any

import structlog

from tasks.runtime.foreign_text import printable_json, printable_lines
from tasks.runtime.settings import settings
from workers.lines import LineHandler

_QUIET = {"amqp": logging.WARNING, "kombu": logging.WARNING, "celery.redirected": logging.WARNING}


def printable_event(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Make the texts of an event printable: many of them are what strangers sent or answered, and a log is read on a
    terminal. Other values are shown as Python writes them, escaped."""
    return {name: printable_lines(value) if isinstance(value, str) else value for name, value in event.items()}


_encode = json.JSONEncoder(ensure_ascii=False, default=repr).encode


def _as_json(event: dict[str, Any]) -> str:
    return printable_json(_encode(event))


class _Events:
    """Where structlog leaves an event: each handler of lines writes it. What the standard library would do with it
    (a record, its formatter, a copy of the event for that) costs twice as much, and drains log each attempt."""

    def __init__(self, render: Callable[[dict[str, Any]], str]) -> None:
        self._render = render

    def write(self, **event: Any) -> None:
        """Write an event as one line."""
        for handler in logging.root.handlers:
            if isinstance(handler, LineHandler):
                handler.show(event, self._render)

    debug = info = warning = error = critical = write


def use_without_set_up(factory: Callable[..., Any] | None = None, *, least: int = logging.NOTSET) -> None:
    """Log as structlog does by itself, for commands and helpers; `factory` makes the logger that writes the lines.

    `least`: the level below which nothing is written.
    """
    before = structlog.get_config()["processors"][:-1]
    processors = [*before, structlog.processors.format_exc_info, printable_event, _console(colors=sys.stderr.isatty())]
    wrapper = structlog.make_filtering_bound_logger(least)
    structlog.configure(processors=processors, logger_factory=factory, wrapper_class=wrapper)


def _console(*, colors: bool) -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


def set_up(process: str, stream: IO[str] | None = None) -> None:
    """Route structlog and the standard library through the same processors; `process` names this one in every line.

    `stream`: where the lines go, standard output unless given.
    """

    def named(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        return {"process": process, **event}  # not bound as a context variable: threads would not have it

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    console = settings().log_format == "console"
    colored = _console(colors=(stream or sys.stdout).isatty())

    def on_console(event: dict[str, Any]) -> str:
        return str(colored(None, "", printable_event(None, "", event)))

    render = on_console if console else _as_json
    structlog.configure(
        processors=shared,
        logger_factory=lambda *_: _Events(render),
        wrapper_class=structlog.make_filtering_bound_logger(settings().log_level),
        cache_logger_on_first_use=True,
    )
    handler = LineHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lambda _logger, _method, event: render(dict(event)),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings().log_level)
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
