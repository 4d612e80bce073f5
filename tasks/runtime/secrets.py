"""Where secrets come from: `env:NAME` or `file:PATH`. Documents and the ledger hold such references, never values."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from tasks.runtime.time_source import TimeSource

CACHE_SECONDS = 30.0
"""So that a changed file (a rotated secret) is seen soon, and a fan-out does not read it thousands of times."""
MAX_BYTES = 16 * 1024

_cache: dict[str, tuple[float, str]] = {}


def _reference(value: str) -> str:
    if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+", value):
        raise ValueError("must name where the secret is, not be the secret: 'env:NAME' or 'file:PATH'")
    return value


SecretReference = Annotated[str, AfterValidator(_reference), Field(examples=["env:ACME_TOKEN"])]


class SecretMissing(LookupError):
    """A secret cannot be had or used. `reference` says which; the text never holds a value."""

    def __init__(self, reference: str, why: str) -> None:
        self.reference = reference
        super().__init__(f"secret {reference}: {why}")


def resolve(reference: str, *, time_source: TimeSource = time) -> str:
    """The value behind `env:NAME` or `file:PATH` (without line ends after it); raises SecretMissing."""
    now = time_source.monotonic()
    cached = _cache.get(reference)
    if cached is not None and now < cached[0]:
        return cached[1]
    _cache.pop(reference, None)
    value = _read(reference)
    _cache[reference] = (now + CACHE_SECONDS, value)
    return value


def forget() -> None:
    """Empty the cache: the next `resolve` reads afresh."""
    _cache.clear()


def _read(reference: str) -> str:
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        value = os.environ.get(name)
        if value is None:
            raise SecretMissing(reference, "is not in the environment")
    elif kind == "file" and name:
        value = _from_file(reference, Path(name))
    else:
        # What stands here instead of a reference may be the secret itself.
        raise SecretMissing("(not a reference)", "must be 'env:NAME' or 'file:PATH'")
    if not value:
        raise SecretMissing(reference, "is empty")
    return value


def _from_file(reference: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SecretMissing(reference, getattr(error, "strerror", None) or "no such file") from None
    if len(data) > MAX_BYTES:
        raise SecretMissing(reference, f"is larger than {MAX_BYTES:,} bytes")
    try:
        return data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretMissing(reference, "is not UTF-8 text") from None
