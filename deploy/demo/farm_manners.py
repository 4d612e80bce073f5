"""The manners of simulated outlets: how each answers, as a plan says it.

A plan is a JSON object `{outlet id: entry}`. An entry holds the fields of `Manner` and these: `tls` (bool), `outlet`
(fields of the Fanwire outlet document, all but `id` and `url`), `transport` (one of those in farm_transports.py; http).
The name of a manner says what the outlet does at its worst; with `times` it does so for the first so many attempts at a
delivery and is `fast` from then on.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

MANNERS = {
    "fast": "200 after `delay` seconds",
    "slow": "200 after `delay` seconds; the same as fast, but counted apart",
    "late": "200 after `delay` seconds, meant to be longer than the sender waits",
    "unavailable": "503, for the first `times` attempts (1)",
    "throttled": "429 with Retry-After `retry_after`, for the first `times` attempts (1)",
    "broken": "500 always",
    "gone": "410 always",
    "missing": "404 always",
    "moved": "3xx (`status`, 307) to `location` (its own path + /moved, where a sender that follows would be noted)",
    "hang": "reads the request and never answers; with `silent` it does not even read",
    "drip": "answers 200, one byte every `delay` seconds (1)",
    "reset": "reads the request, then resets the connection",
    "huge": "answers 200 with a body of `size` bytes (1 GiB); size 0: a body that never ends",
    "refuse": "nothing listens on its address",
}
STATUSES = {"unavailable": 503, "throttled": 429, "broken": 500, "gone": 410, "missing": 404, "moved": 307}
DEFAULTS = {"country": "DE", "languages": ["en"], "format": "ninjs"}
"""What an outlet's document says where the plan says nothing."""
_FIRST_ONLY = {"unavailable": 1, "throttled": 1}
DELAYED = {"drip": 1.0, "slow": 2.0, "late": 60.0}
"""Manners that are a delay, with the usual one in seconds; once `times` are over, these answer at once."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one outlet answers."""

    manner: str = "fast"
    delay: float | None = None
    """Seconds before the answer; with `drip`, between two bytes. None: 0, or what is usual for the manner."""
    times: int | None = None
    """For how many attempts the manner holds; None: 1 for unavailable and throttled, always for the others."""
    per: str = "delivery"
    """What `times` counts: the attempts at one `delivery`, or all that the `outlet` ever got."""
    retry_after: float | str | None = None
    """Seconds, or an HTTP date as it is sent. Any answer but 2xx carries it; throttled without one has 1."""
    status: int | None = None
    """Another status than the usual one of the manner."""
    location: str | None = None
    silent: bool = False
    size: int = 1 << 30

    @classmethod
    def read(cls, outlet: str, entry: dict[str, Any]) -> Manner:
        """The manner in a plan entry; raises ValueError that names the outlet and the fault."""
        known = _FIELDS | {"tls", "outlet", "transport"}
        if set(entry) - known:
            raise ValueError(f"outlet {outlet}: unknown fields {sorted(set(entry) - known)}; known are {sorted(known)}")
        manner = cls(**{name: value for name, value in entry.items() if name in _FIELDS})
        if manner.manner not in MANNERS:
            raise ValueError(f"outlet {outlet}: unknown manner {manner.manner!r}; known are {', '.join(MANNERS)}")
        if manner.per not in ("delivery", "outlet"):
            raise ValueError(f"outlet {outlet}: 'per' is 'delivery' or 'outlet', not {manner.per!r}")
        return manner.complete()

    def complete(self) -> Manner:
        """With the usual values of the manner where none is given."""
        return replace(
            self,
            delay=DELAYED.get(self.manner, 0.0) if self.delay is None else self.delay,
            times=_FIRST_ONLY.get(self.manner) if self.times is None else self.times,
            retry_after=1 if self.retry_after is None and self.manner == "throttled" else self.retry_after,
            status=STATUSES.get(self.manner, 200) if self.status is None else self.status,
        )

    def after(self, earlier: int) -> str:
        """The name of the manner that holds after so many `earlier` attempts."""
        return self.manner if self.times is None or earlier < self.times else "fast"


_FIELDS = {field.name for field in fields(Manner)}


@dataclass(slots=True)
class SimulatedOutlet:
    """One outlet of the farm: its manner, what it checks, and what it has seen."""

    id: str
    manner: Manner
    tls: bool
    document: dict[str, Any]
    """Its Fanwire outlet document; `url` is set once the farm has its addresses."""
    credential: tuple[str, str] | None = None
    """The header, in lower case, and its value that every request must carry."""
    signing_key: bytes | None = None
    transport: str = "http"
    """Over what it is delivered to; its document says how (farm_transports.py)."""
    in_flight: int = 0
    in_flight_most: int = 0

    @property
    def listens(self) -> bool:
        return self.manner.manner != "refuse"


def read_plan(plan: dict[str, dict[str, Any]], directory: Path) -> list[SimulatedOutlet]:
    """The outlets of a plan, in its order; raises ValueError.

    Secrets by reference are looked up, so that the farm can check what is sent: `env:NAME` first in the file
    `secrets.env` of `directory`, then in the environment.
    """
    secrets = {**os.environ, **read_env_file(directory / "secrets.env")}
    outlets = []
    for name, entry in plan.items():
        document = {**DEFAULTS, "id": name, "name": name, **entry.get("outlet", {})}
        auth = document.get("auth", {})
        signing = _secret(auth.get("signing_secret"), secrets)
        outlets.append(
            SimulatedOutlet(
                id=name,
                manner=Manner.read(name, entry),
                tls=bool(entry.get("tls", False)),
                document=document,
                transport=entry.get("transport", "http"),
                credential=_credential(auth, secrets),
                signing_key=base64.b64decode(signing.removeprefix("whsec_")) if signing else None,
            )
        )
    return outlets


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; an absent file holds none."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _credential(auth: dict[str, Any], secrets: dict[str, str]) -> tuple[str, str] | None:
    """The header that the outlet was promised; None when it asks for none."""
    secret = _secret(auth.get("secret"), secrets)
    if secret is None:
        return None
    if auth["type"] == "bearer":
        return "authorization", f"Bearer {secret}"
    if auth["type"] == "basic":
        return basic(auth["user"], secret)
    return auth["header"].lower(), secret


def basic(user: str, password: str) -> tuple[str, str]:
    """The header of a user with a password."""
    return "authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _secret(reference: str | None, secrets: dict[str, str]) -> str | None:
    """What a reference names; None when it names nothing, in which case the outlet checks nothing."""
    if reference is None:
        return None
    kind, _, name = reference.partition(":")
    if kind == "env":
        return secrets.get(name)
    path = Path(name)
    return path.read_text().strip() if path.exists() else None
