"""Changes of a producer's rights and limits as people type them: `field=value`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tasks.model.documents import DocumentRefused, read
from tasks.model.producers import DoorProducer
from tasks.runtime.errors import Problem

_LISTS = ("issuers", "circuits", "uris")


def edited(name: str, producer: DoorProducer, changes: Sequence[str]) -> DoorProducer:
    """A producer with each of `changes` made.

    `per_day=200` sets a field, `per_day=` takes it out, and lists are separated by semicolons. Raises DocumentRefused,
    which names each change that is none, or each value that is wrong.
    """
    what = f"producer {name}"
    after: dict[str, Any] = producer.model_dump(mode="json", exclude_unset=True)
    made = [(field, sign, value.strip()) for field, sign, value in (change.partition("=") for change in changes)]
    if problems := [Problem(field or "(change)", why) for field, sign, _ in made if (why := _problem(field, sign))]:
        raise DocumentRefused(what, problems)
    for field, _, value in made:
        after.pop(field, None)
        if value:
            after[field] = _value(field, value)
    return read(DoorProducer, after, what)


def _problem(field: str, sign: str) -> str | None:
    """Why this is no change; None if it is one."""
    if not sign:
        return "is no change: write FIELD=VALUE, such as per_day=200 or circuits=dach"
    if field not in DoorProducer.model_fields:
        return f"is no field of a producer; there are {', '.join(DoorProducer.model_fields)}"
    return None


def _value(field: str, value: str) -> Any:
    if field in _LISTS:
        return [part.strip() for part in value.split(";") if part.strip()]
    return int(value) if value.isascii() and value.isdecimal() else value
