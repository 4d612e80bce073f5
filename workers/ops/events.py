"""Which events Flower takes: those that a worker of Celery sends, and none with a field of another kind.

Celery keeps whatever an event says as an attribute of its worker or task. One heartbeat with a text for a number would
break every page that shows workers, until Flower is restarted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import structlog
from celery.events import EventReceiver

log = structlog.get_logger()

LONGEST: Final = 100_000
"""Characters of a text, such as the traceback of a task."""
LONGEST_NAME: Final = 255
Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def _name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _moment(value: Any) -> bool:
    return _number(value) and value < 1e11


def _interval(value: Any) -> bool:
    """Seconds between heartbeats: a worker counts as alive for twice as long."""
    return _number(value) and 0 < value <= 3600


def _hours(value: Any) -> bool:
    return isinstance(value, int | float) and -26 <= value <= 26


def _loads(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 3 and all(map(_number, value))


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


_ALL: dict[str, Check] = {
    "type": _name, "hostname": _name, "timestamp": _moment, "utcoffset": _hours, "pid": _count, "clock": _count,
}  # fmt: skip
_WORKER: dict[str, Check] = {
    "freq": _interval, "active": _count, "processed": _count, "loadavg": _loads,
    "sw_ident": _name, "sw_ver": _name, "sw_sys": _name,
}  # fmt: skip
_TASK: dict[str, Check] = {
    "uuid": _name, "name": _name, "args": _text, "kwargs": _text, "retries": _count,
    **dict.fromkeys(("eta", "expires", "root_id", "parent_id", "queue", "exchange", "routing_key"), _or_none(_text)),
    "result": _or_none(_text), "runtime": _number, "exception": _text, "traceback": _or_none(_text),
    "requeue": _flag, "terminated": _flag, "expired": _flag, "signum": _or_none(_text),
}  # fmt: skip
FIELDS: Mapping[str, Mapping[str, Check]] = MappingProxyType(
    {f"worker-{what}": _ALL | _WORKER for what in ("online", "heartbeat", "offline")}
    | {
        f"task-{what}": _ALL | _TASK
        for what in ("sent", "received", "started", "succeeded", "failed", "rejected", "revoked", "retried")
    }
)
"""What an event of each type may say, and of which kind that must be."""
_NEEDED = {"worker": {"hostname", "timestamp"}, "task": {"hostname", "timestamp", "uuid"}}


def fault(event: Any) -> str | None:
    """What is wrong with an event; None if Flower may take it."""
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return "is no event"
    fields = FIELDS.get(event["type"])
    if fields is None:
        return "is of a type that no worker sends"
    if missing := _NEEDED[event["type"].partition("-")[0]] - event.keys():
        return f"lacks {', '.join(sorted(missing))}"
    for name, value in event.items():
        if name not in fields:
            return f"has the field {name[:LONGEST_NAME]!r}, which no worker sends"
        if not fields[name](value):
            return f"has the field {name!r} of another kind"
    return None


class CheckedReceiver(EventReceiver):
    """Hears events as Celery does, and passes over those that are none."""

    def _receive(self, body: Any, message: Any) -> None:
        for event in body if isinstance(body, list) else [body]:
            if problem := fault(event):
                sender = event.get("hostname") if isinstance(event, dict) else None
                log.warning("event refused", problem=problem, hostname=str(sender)[:LONGEST_NAME])
            else:
                super()._receive(event, message)  # type: ignore[misc]  # missing in the stubs


def install() -> None:
    """Have Flower hear only events that are sound."""
    import flower.events  # here, for it defines options, which only Flower's own process may do

    flower.events.EventReceiver = CheckedReceiver
