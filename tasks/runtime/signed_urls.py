"""Addresses at the wire's own web server that work only as signed, and only until they expire.

`sign` adds `expires` and `signature` to a path; `check` is what the web server asks before it serves such a path. The
key is FANWIRE_WEB_KEY, or one that is made once under the home. To change the key, put the new one before the old one,
separated by white space: the first one signs, and each of them is believed.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.runtime.errors import ConfigurationRefused, Problem
from tasks.runtime.private_files import kept_secret
from tasks.runtime.settings import Settings, settings

SHORTEST_KEY = 24
"""Characters of a key at least."""
_PURPOSE = b"fanwire signed address 1"


class AddressRefused(ValueError):
    """An address is not signed by this wire, or has expired; the text says which, and what to do."""


class AddressExpired(AddressRefused):
    """An address is signed by this wire, and its time is over."""


def sign(path: str, expires: float) -> str:
    """The path with its query: good until `expires`, in seconds since the epoch, rounded up to a whole one.

    The path begins with `/`, is written as it goes over the wire, and has no query of its own. The same path and moment
    give the same address in every process, as long as the first key stays.
    """
    moment = str(-int(-expires // 1))
    return f"{path}?expires={moment}&signature={_signature(_keys()[0], path, moment)}"  # nothing in it needs an escape


def signed_address(path: str, expires: float) -> str | None:
    """The whole signed URL of a path under FANWIRE_WEB_URL; None if the wire has no public address."""
    base = settings().web_url
    return base and base + sign(path, expires)


def check(path: str, query: Mapping[str, str], now: float) -> None:
    """Raise AddressRefused unless `sign` made this query for this path, AddressExpired if its time is over; `now` is in
    seconds since the epoch."""
    moment, given = query.get("expires", ""), query.get("signature", "")
    right = [hmac.compare_digest(_signature(key, path, moment).encode(), given.encode()) for key in _keys()]
    if not any(right) or not moment.isascii() or not moment.isdigit():
        raise AddressRefused("the address is not signed by this wire; use it exactly as it was given, query included")
    if int(moment) < now:
        raise AddressExpired("the address has expired; ask the wire for a new one")


def keys() -> list[str]:
    """The keys: the first one signs, all are believed. Raises ConfigurationRefused for one that is too short."""
    configured = settings().web_key
    text = configured.get_secret_value() if configured is not None else _kept()
    found = text.split()
    if not found or any(len(key) < SHORTEST_KEY for key in found):
        problem = f"each key must have {SHORTEST_KEY} characters or more, for they are all that protects addresses"
        raise ConfigurationRefused([Problem("FANWIRE_WEB_KEY", problem)])
    return found


@dataclass
class _Known:
    """The keys by the settings that they were read with: each delivery has an address signed."""

    of: Settings | None = None
    keys: list[bytes] = field(default_factory=list)


_known = _Known()


def _keys() -> list[bytes]:
    if _known.of is not settings():
        _known.keys, _known.of = [key.encode() for key in keys()], settings()
    return _known.keys


def _signature(key: bytes, path: str, moment: str) -> str:
    signed = b"\n".join((_PURPOSE, path.encode("utf-8", "surrogatepass"), moment.encode("utf-8", "surrogatepass")))
    return urlsafe_b64encode(hmac.digest(key, signed, "sha256")).decode().rstrip("=")


_read: dict[Path, str] = {}
"""The keys that are kept under a home, by that home."""


def _kept() -> str:
    """The key under the home."""
    home = settings().home
    if home not in _read:  # asked for each delivery, so nothing is done before this
        _read[home] = kept_secret(home.absolute() / "web.key")
    return _read[home]
