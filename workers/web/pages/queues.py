"""`GET /ops/queues`: what is open, how long it has waited, who works on it, and what holds it up."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.building import engine_meter
from tasks.delivery.admission import standing
from tasks.delivery.admission.breaker import outlet_of
from tasks.ledger import claims_by_worker, elections, engine_usage, metrics, presence
from tasks.ledger.metrics import Stored
from tasks.model.documents import DocumentRefused
from tasks.model.ranks import Rank
from tasks.runtime.counting import counted
from tasks.runtime.errors import NotPossible
from tasks.runtime.settings import settings
from tasks.translation.configuration import TranslationDocument, read_or_last
from tasks.translation.engine_support.metering import Usage, resting
from workers import measures
from workers.ops import flower
from workers.queues import STAGES
from workers.releases_queue import RELEASES
from workers.web.metrics import Reading, read
from workers.web.pages import drains, links, shell
from workers.web.pages.kept import kept

SHOWN = 50
"""Resting hosts and outlets that are listed, and worker processes."""


def routes() -> list[Route]:
    """The routes of the page, of the part of it that is fetched anew, and of waking an engine."""
    return [
        Route("/ops/queues", queues),
        Route("/ops/queues/fragment", part),
        Route("/ops/queues/wake", wake, methods=["POST"]),
    ]


@shell.needs(Rank.READER)
def queues(request: Request) -> Response:
    """The whole page."""
    address = flower.address()
    return shell.render(
        request, "queues.html", title="Queues and workers", version=metadata.version("fanwire"),
        flower=f"http://{f'[{address}]' if ':' in address else address}:{settings().flower_port}/", **_shown(),
    )  # fmt: skip


@shell.needs(Rank.READER)
def part(request: Request) -> Response:
    """What changes of it."""
    return shell.fragment(request, "_queues.html", **_shown())


@shell.needs(Rank.OPERATOR)
def wake(request: Request) -> Response:
    """End the rest of an engine, and have what is held for it tried now."""
    name = shell.said(request, "engine")
    if name not in _configured().engines:
        raise NotPossible(f"The translation file names no engine {name[:100]!r}.")
    freed = engine_meter.wake(name)
    words = f"{name} is asked again; {counted(freed, 'translation')} {'is' if freed == 1 else 'are'} tried now"
    return shell.see(request, links.at("/ops/queues"), words)


def _shown() -> dict[str, Any]:
    """All that the page shows, kept for a moment for all who look."""
    return kept("queues", _look)


def _look() -> dict[str, Any]:
    reading = read()
    RATES.note(reading)
    with ledger.read() as connection:
        processes = presence.present(connection)
        claims = claims_by_worker.claims(connection, reading.now)
        leader = elections.holder(connection, "clock", reading.now)
    broker = reading.values(measures.BROKER).get("")
    away = broker is not None and not broker.value
    return {
        "now_there": reading.now,
        "backlog": reading.backlog,
        "held": [(kind.replace("_", " "), n) for kind, n in reading.backlog.held.items() if n],
        "broker_up": None if broker is None else bool(broker.value),
        "queues": _queues({} if away else reading.values(measures.QUEUE)),  # else they are those from before
        "breakers": {label: int(found.value) for label, found in reading.values(measures.BREAKER).items()},
        "services": _services(reading),
        "leader": leader,
        "processes": _processes(processes, claims)[:SHOWN],
        "process_count": len(processes),
        "engines": _engines(reading),
        "rates": RATES.lately(),
        "resting": _resting(),
    }


def _queues(lengths: Mapping[str, Stored]) -> list[tuple[str, int | None]]:
    return [
        (name, int(lengths[name].value) if name in lengths else None) for name in (RELEASES, *STAGES)
    ]  # fmt: skip


def _services(reading: Reading) -> list[dict[str, Any]]:
    """The workers as they beat: name, machine and when each last did."""
    found = []
    for name, beat in sorted(reading.values(measures.HEARTBEAT).items()):
        service, _, machine = name.partition("@")
        silent = reading.now - beat.value > measures.SILENT
        found.append({"name": service, "machine": machine, "beat_at": beat.value, "silent": silent})
    return found


def _processes(present: list[presence.Present], claims: Mapping[str, Counter[str]]) -> list[dict[str, Any]]:
    """The processes that have signed in, those that hold most first, and those that hold something and did not."""
    known = {one.name: one for one in present}
    names = sorted({*known, *claims}, key=lambda name: (-claims.get(name, Counter()).total(), name))
    return [
        {
            "name": name.rpartition(":")[0] if name in known else name or "nobody knows",
            "role": known[name].role if name in known else None,
            "signed_in": name in known,
            "lives": known[name].lives() if name in known else None,
            "beat_at": known[name].beat_at if name in known else None,
            "claims": claims.get(name, Counter()),
        }
        for name in names
    ]


def _configured() -> TranslationDocument:
    try:
        return read_or_last(settings().translation_file)
    except DocumentRefused:
        return TranslationDocument()


def _engines(reading: Reading) -> list[dict[str, Any]]:
    """The engines of the translation file, and how much each was used and whether it rests."""
    configured = _configured().engines
    with ledger.read() as connection:
        rows = engine_usage.every(connection)
    month = time.strftime("%Y-%m", time.gmtime(reading.now))
    found = []
    for name, document in configured.items():
        use = Usage(**rows[name]) if name in rows else Usage()
        this_month = use.month == month
        found.append(
            {
                "name": name,
                "type": document.type or name,
                "rest": resting(use, reading.now),
                "failures": use.failures,
                "characters": use.month_characters if this_month else 0,
                "cost": use.month_cost if this_month else 0.0,
                "budget": document.budget,
            }
        )
    return found


def _resting() -> list[tuple[str, str | None, standing.Standing]] | None:
    """The hosts and outlets that rest after failures, those for longest first; None while nobody can be asked."""
    state = drains.shared_state()
    subjects = None if state is None else standing.known(state, "breaker", drains.MOST)
    found = None if state is None or subjects is None else standing.standings(state, subjects, time.time())
    if found is None:
        return None
    rests = [(subject, outlet_of(subject), one) for subject, one in found.items() if one.state != "failing"]
    return sorted(rests, key=lambda one: -(one[2].until or 0.0))[:SHOWN]


# --- rates


@dataclass(frozen=True)
class Lately:
    """What came of claimed deliveries in the last minutes."""

    seconds: float
    by_verdict: Mapping[str, float]
    """A minute."""
    expired: float
    """Leases that ran out, a minute."""


class Rates:
    """Rates of the last minutes, from what this process has seen of counters that only grow."""

    WINDOW, SPACING = 300.0, 5.0

    def __init__(self) -> None:
        self._seen: deque[tuple[float, Counter[str], float]] = deque()
        self._lock = threading.Lock()

    def note(self, reading: Reading) -> None:
        """Remember how far the counters are."""
        verdicts: Counter[str] = Counter()
        for label, found in reading.values(metrics.ATTEMPTS).items():
            verdicts[label.partition(" ")[0]] += int(found.value)
        expired = sum(one.value for one in reading.values(metrics.EXPIRIES).values())
        with self._lock:
            if self._seen and reading.now - self._seen[-1][0] < self.SPACING and len(self._seen) > 1:
                self._seen.pop()
            self._seen.append((reading.now, verdicts, expired))
            while reading.now - self._seen[0][0] > self.WINDOW and len(self._seen) > 2:
                self._seen.popleft()

    def lately(self) -> Lately | None:
        """The rates since the oldest look that is remembered; None before there were two."""
        with self._lock:
            if len(self._seen) < 2:
                return None
            (began, before, expired_before), (now, after, expired) = self._seen[0], self._seen[-1]
        seconds = now - began
        if seconds <= 0:
            return None
        found = {name: (n - before[name]) * 60 / seconds for name, n in after.items() if n > before[name]}
        return Lately(seconds, found, max(0.0, expired - expired_before) * 60 / seconds)


RATES = Rates()
