"""Where secrets come from: `env:NAME` or `file:PATH`. Documents and the ledger hold such references, never values.

What may be named depends on who writes the reference. An outlet document comes from somebody else, and what it names is
sent to a URL that stands in the same document; so it may name only variables that begin with `FANWIRE_SECRETS_PREFIX`,
and files in the folder `FANWIRE_SECRETS_FOLDER`. The translation file is the operator's own configuration, as the
environment is: it may name any variable and any file, except a setting of Fanwire, which is never the key of an engine.
"""

from __future__ import annotations

import os
import re
import stat
import time
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tasks.runtime.settings import PREFIX, settings
from tasks.runtime.time_source import TimeSource

CACHE_SECONDS = 30.0
"""So that a changed file (a rotated secret) is seen soon, and a fan-out does not read it thousands of times."""
MAX_BYTES = 16 * 1024

WrittenBy = Literal["outlet", "operator", "webhook"]
"""Who wrote a reference: whoever wrote an outlet document, the operator in a file of their own, or for a webhook."""
WEBHOOK_PREFIX = "FANWIRE_WEBHOOK_"
"""How the variables begin that sign messages to the webhooks of producers."""

_noted: ContextVar[list[str] | None] = ContextVar("noted", default=None)
_cache: dict[tuple[str, WrittenBy], tuple[float, str]] = {}


def _reference(value: str) -> str:
    if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+", value):
        raise ValueError("must name where the secret is, not be the secret: 'env:NAME' or 'file:PATH'")
    return value


SecretReference = Annotated[str, AfterValidator(_reference), Field(examples=["env:FANWIRE_SECRET_ACME"])]


class SecretMissing(LookupError):
    """A secret cannot be had or used. `reference` says which; the text never holds a value."""

    def __init__(self, reference: str, why: str) -> None:
        self.reference = reference
        super().__init__(f"secret {reference}: {why}")


def refusal(reference: str) -> str | None:
    """Why an outlet document may not name this secret; None if it may, whether the secret is there or not."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        prefix = settings().secrets_prefix
        if name.startswith(prefix) and name != prefix:
            return None
        return f"is not one of the variables that outlets may name: they begin with {prefix} (FANWIRE_SECRETS_PREFIX)"
    folder = secrets_folder()
    path = folder / name
    if ".." in path.parts or "\0" in name or not (path.is_relative_to(folder) or path.is_relative_to(folder.resolve())):
        return f"is not in the folder of secrets, {folder} (FANWIRE_SECRETS_FOLDER)"
    return None


def secrets_folder() -> Path:
    """The folder of the files that outlets may name; a relative `file:PATH` begins there."""
    return (settings().secrets_folder or settings().home / "secrets").absolute()


def resolve(reference: str, *, written_by: WrittenBy = "outlet", time_source: TimeSource = time) -> str:
    """The value behind `env:NAME` or `file:PATH` (without line ends after it); raises SecretMissing."""
    now = time_source.monotonic()
    cached = _cache.get((reference, written_by))
    if cached is None or now >= cached[0]:
        _cache.pop((reference, written_by), None)
        cached = _cache[reference, written_by] = (now + CACHE_SECONDS, _read(reference, written_by))
    values = _noted.get()
    if values is not None:
        values.append(cached[1])
    return cached[1]


class Noting:
    """`with Noting() as values:` notes each value that `resolve` gives meanwhile, to be struck from answers later.

    A class and no generator: every delivery passes here, and this costs a third.
    """

    __slots__ = ("_token", "_values")

    def __enter__(self) -> list[str]:
        self._values: list[str] = []
        self._token = _noted.set(self._values)
        return self._values

    def __exit__(self, *_: object) -> None:
        _noted.reset(self._token)


def forget() -> None:
    """Empty the cache of secrets: the next `resolve` reads afresh."""
    _cache.clear()


def _read(reference: str, written_by: WrittenBy) -> str:
    kind, _, name = reference.partition(":")
    if kind not in ("env", "file") or not name:
        # What stands here instead of a reference may be the secret itself.
        raise SecretMissing("(not a reference)", "must be 'env:NAME' or 'file:PATH'")
    if written_by == "outlet" and (why := refusal(reference)):
        raise SecretMissing(reference, why)
    if written_by == "webhook" and kind == "env" and not name.startswith(WEBHOOK_PREFIX):
        raise SecretMissing(reference, f"is not one of the variables for webhooks: they begin with {WEBHOOK_PREFIX}")
    value = _from_environment(reference, name) if kind == "env" else _from_file(reference, name, written_by)
    if not value:
        raise SecretMissing(reference, "is empty")
    return value


def _from_environment(reference: str, name: str) -> str:
    if name.upper().startswith(PREFIX) and not name.startswith((settings().secrets_prefix, WEBHOOK_PREFIX)):
        raise SecretMissing(reference, "is a setting of Fanwire, and no secret of somebody else's")
    value = os.environ.get(name)
    if value is None:
        raise SecretMissing(reference, "is not in the environment")
    return value


def _from_file(reference: str, name: str, written_by: WrittenBy) -> str:
    try:
        path = Path(name) if written_by == "operator" else _within_folder(reference, name)
        data = _content(reference, path)
    except (OSError, ValueError) as error:
        raise SecretMissing(reference, getattr(error, "strerror", None) or "no such file") from None
    if len(data) > MAX_BYTES:
        raise SecretMissing(reference, f"is larger than {MAX_BYTES:,} bytes")
    try:
        return data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretMissing(reference, "is not UTF-8 text") from None


def _within_folder(reference: str, name: str) -> Path:
    """Where the file really is. Links within the folder are followed: Kubernetes mounts the keys of a secret so."""
    folder = secrets_folder()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise SecretMissing(reference, f"is a link out of the folder of secrets, {folder} (FANWIRE_SECRETS_FOLDER)")
    return path


def _content(reference: str, path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for its writer
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SecretMissing(reference, "is no file")
        return file.read(MAX_BYTES + 1)
