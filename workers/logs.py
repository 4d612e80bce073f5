"""Logging, set up once for every process: one JSON line per event on standard output, ours and the libraries'."""

from __future__ import annotations

import logging
import sys
from typing import IO, Any

import structlog

from tasks.runtime.settings import settings

_QUIET = {"amqp": logging.WARNING, "kombu": logging.WARNING, "celery.redirected": logging.WARNING}


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
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    console = settings().log_format == "console"
    render = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings().log_level)
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
