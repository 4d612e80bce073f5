"""Changes of a producer's rights and limits as people type them: `field=value`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tasks.model.documents import read
from tasks.model.producers import DoorProducer
from tasks.model.readers.named_fields import changes, unknown

_LISTS = ("issuers", "circuits", "uris")


def edited(name: str, producer: DoorProducer, typed: Sequence[str]) -> DoorProducer:
    """A producer with each of the changes made that somebody typed.

    `per_day=200` sets a field, `per_day=` takes it out, and lists are separated by semicolons. Raises DocumentRefused,
    which names each change that is none, or each value that is wrong.
    """
    what = f"producer {name}"
    after: dict[str, Any] = producer.model_dump(mode="json", exclude_unset=True)
    for field, value in changes(typed, what, _why_not, "per_day=200 or circuits=dach"):
        after.pop(field, None)
        if value:
            after[field] = _value(field, value)
    return read(DoorProducer, after, what)


def _why_not(field: str) -> str | None:
    known = list(DoorProducer.model_fields)
    return None if field in known else unknown(field, known, "a producer")


def _value(field: str, value: str) -> Any:
    if field in _LISTS:
        return [part.strip() for part in value.split(";") if part.strip()]
    return int(value) if value.isascii() and value.isdecimal() else value
