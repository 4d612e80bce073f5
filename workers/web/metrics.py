"""`GET /metrics`: how the wire is, for Prometheus, out of the ledger. What each figure means is its help text.

One read for all who ask: it is kept for a second, or for twenty times as long as it took, 15 seconds at most.
"""

from __future__ import annotations

import hmac
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.ledger import backlog, engine_usage, metrics
from tasks.ledger.backlog import Backlog
from tasks.ledger.metrics import Stored
from tasks.model.states import Verdict
from tasks.runtime.settings import settings
from workers import measures

KEPT_SECONDS, KEPT_TIMES, KEPT_AT_MOST = 1.0, 20.0, 15.0
"""For so long one reading is shown, or for so many times what it took, but not for longer than this: one may have had
to wait."""
OWN_FAULTS = (
    "relay", "connection_refused", "no_connection", "connection_reset", "timeout", "tls", "dns", "secret_missing",
    "cannot_prepare", "cannot_send", "local_work", "none",
)  # fmt: skip
"""Codes of the verdict `ours` that are shown before they come: a counter that begins with its first fault has no
increase."""
ALIVE_WITHIN = 30.0
"""Seconds since its last heartbeat within which a worker counts as alive."""


def routes() -> list[Route]:
    """The route of the metrics."""
    return [Route("/metrics", show)]


def show(request: Request) -> Response:
    """The metrics in the form that the client prefers."""
    _admit(request)
    registry = CollectorRegistry()
    registry.register(_LEDGER)
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"content-type": content_type})


def _admit(request: Request) -> None:
    """Let those in who have the token; everybody, where no token is set and nobody but this machine can ask."""
    policy = settings()
    if policy.metrics_token is None:
        if policy.web_address.is_loopback and policy.web_url is None:
            return
        raise HTTPException(403, "metrics are shown to other machines only with a token: set FANWIRE_METRICS_TOKEN")
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    wanted = policy.metrics_token.get_secret_value()
    if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), wanted.encode()):
        raise HTTPException(401, "send `Authorization: Bearer TOKEN`, the token of FANWIRE_METRICS_TOKEN",
                            {"www-authenticate": "Bearer"})  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """What one look into the ledger found."""

    now: float
    seconds: float
    backlog: Backlog
    stored: dict[str, dict[str, Stored]]
    engines: dict[str, dict[str, object]]

    def values(self, name: str) -> dict[str, Stored]:
        """What is stored under a name, by label."""
        return self.stored.get(name, {})


def read() -> Reading:
    """Look into the ledger; raises SQLAlchemyError if it does not answer."""
    began = time.monotonic()
    with ledger.look() as connection:
        now = ledger.now(connection)
        found = backlog.backlog(connection, now)
        stored, engines = metrics.stored(connection), engine_usage.every(connection)
    return Reading(now, time.monotonic() - began, found, stored, engines)


class LedgerCollector(Collector):
    """Makes the metrics of a reading, which threads share for a moment."""

    def __init__(self) -> None:
        self._lock, self._until = threading.Lock(), 0.0
        self._reading: Reading | None = None

    def collect(self) -> Iterator[Metric]:
        """All metrics; of a ledger that does not answer, that it does not."""
        with self._lock:
            if time.monotonic() >= self._until:
                try:
                    self._reading = read()
                except SQLAlchemyError:
                    self._reading = None
                kept = max(KEPT_SECONDS, KEPT_TIMES * self._reading.seconds if self._reading else 0.0)
                self._until = time.monotonic() + min(KEPT_AT_MOST, kept)
            reading = self._reading
        yield _gauge(
            "ledger_up", "1 if the ledger answered, else 0; then nothing else of it is here", reading is not None
        )
        yield from _disk()
        if reading is not None:
            for part in (_open, _attempts, _workers, _broker, _engines):
                yield from part(reading)

    def forget(self) -> None:
        """Look into the ledger again at the next question."""
        self._until = 0.0


_LEDGER = LedgerCollector()


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"fanwire_{name}", text, value=float(value))


def _labelled(name: str, text: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    # `values` by tuples as long as `labels`
    family = GaugeMetricFamily(f"fanwire_{name}", text, labels=labels)
    for of, value in sorted(values.items()):
        family.add_metric(of, value)
    return family


def _disk() -> Iterator[Metric]:
    folders = {"home": settings().home}
    media = settings().media_url
    if media is None or media.startswith("file://"):
        folders["media"] = settings().home / "media" if media is None else Path(media.removeprefix("file://"))
    usage = {(label,): shutil.disk_usage(_there(folder)) for label, folder in folders.items()}
    free = {label: float(found.free) for label, found in usage.items()}
    ratios = {label: found.free / found.total for label, found in usage.items()}
    text = "Free space where the home of the web server, or its store of media, is"
    yield _labelled("disk_free_bytes", text, ("folder",), free)
    yield _labelled("disk_free_ratio", "The same as a share of the whole disk", ("folder",), ratios)


def _there(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(one for one in (folder, *folder.absolute().parents) if one.exists())


def _open(reading: Reading) -> Iterator[Metric]:
    found = reading.backlog
    yield _gauge("ledger_read_seconds", "What reading all this took", reading.seconds)
    yield _gauge("due_deliveries", "Deliveries that may be sent now", found.due)
    yield _gauge("waiting_deliveries", "Deliveries that are to be tried again later", found.due_later)
    yield _gauge("oldest_due_age_seconds", "For how long the longest of them has been due; 0: none is",
                 _age(reading, found.oldest_due_at))  # fmt: skip
    yield _gauge("leased_deliveries", "Deliveries that workers have claimed", found.leased)
    held = {(str(kind),): float(n) for kind, n in found.held.items()}
    yield _labelled("held_deliveries", "Deliveries that wait, by what they wait for", ("kind",), held)
    yield _gauge("unplanned_releases", "Release versions that are not planned yet", found.unplanned)
    yield _gauge("oldest_unplanned_age_seconds", "For how long the oldest of them has waited; 0: there is none",
                 _age(reading, found.oldest_unplanned_at))  # fmt: skip
    for name, states in (("translations", found.translations), ("renditions", found.renditions)):
        counted = {(state,): float(n) for state, n in states.items()}
        yield _labelled(f"open_{name}", f"Those {name} that are not made, by state", ("state",), counted)
    codes = {(code or "none",): float(n) for code, n in found.media.items()}
    yield _labelled("open_media", "Files still to be fetched, by what the last try met", ("code",), codes)
    yield CounterMetricFamily("fanwire_releases", "Release versions taken", value=found.releases_taken)
    yield CounterMetricFamily("fanwire_refusals", "Items refused by intake", value=found.refusals)


def _age(reading: Reading, moment: float | None) -> float:
    return max(0.0, reading.now - moment) if moment is not None else 0.0


def _attempts(reading: Reading) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "fanwire_attempts", "What came of deliveries that were claimed, by verdict and code", labels=("verdict", "code")
    )
    counted = {f"{Verdict.OURS} {code}": 0.0 for code in OWN_FAULTS}
    counted |= {label: one.value for label, one in reading.values(metrics.ATTEMPTS).items()}
    for label, value in sorted(counted.items()):
        family.add_metric(label.split(" "), value)
    yield family
    yield _histogram(reading, metrics.DELAY, "From when a delivery could first go out until its outlet had it")
    yield _histogram(reading, metrics.LAG, "From when a release was taken, or its embargo ended, to its first attempt")
    expiries = sum(one.value for one in reading.values(metrics.EXPIRIES).values())
    yield CounterMetricFamily("fanwire_lease_expiries", "Claims of workers that vanished", value=expiries)


def _histogram(reading: Reading, name: str, text: str) -> Metric:
    classes, total, buckets = reading.values(name), 0.0, []
    for end in (*map(str, metrics.DELAYS), metrics.ENDLESS):
        total += classes[end].value if end in classes else 0.0
        buckets.append((end, total))
    seconds = sum(one.value for one in reading.values(name + metrics.SUM).values())
    return HistogramMetricFamily(f"fanwire_{name}_seconds", text, buckets=buckets, sum_value=seconds)


def _workers(reading: Reading) -> Iterator[Metric]:
    ages: dict[tuple[str, ...], float] = {}
    alive: dict[tuple[str, ...], float] = {(name,): 0.0 for name in ("intake", "translate", "format", "deliver")}
    for label, one in reading.values(measures.HEARTBEAT).items():
        worker, _, host = label.partition("@")
        ages[worker, host] = age = max(0.0, reading.now - one.value)
        alive[worker,] = alive.get((worker,), 0.0) + (age <= ALIVE_WITHIN)
    yield _labelled("worker_heartbeat_age_seconds", "Since the last heartbeat of a worker", ("worker", "host"), ages)
    yield _labelled("workers_alive", f"Workers with a heartbeat within {ALIVE_WITHIN:.0f} s", ("worker",), alive)


def _broker(reading: Reading) -> Iterator[Metric]:
    found = reading.values(measures.BROKER).get("")
    if found is None:
        return
    yield _gauge("broker_up", "1 if the broker answered the elected clock, else 0", found.value)
    yield _gauge("clock_age_seconds", "Since a clock last wrote what it measures: the broker, queues and breakers",
                 _age(reading, found.at))  # fmt: skip
    write = reading.values(measures.WRITE).get("")
    yield _gauge(
        "ledger_write_seconds", "What the slowest sweep or small write took of late", write.value if write else 0.0
    )
    lengths = reading.values(measures.QUEUE) if found.value else {}  # else they are those from before
    queues = {(queue,): one.value for queue, one in lengths.items()}
    yield _labelled("queue_messages", "Messages that wait on a queue", ("queue",), queues)
    known = {tuple(label.split(" ")): one.value for label, one in reading.values(measures.BREAKER).items()}
    yield _labelled("breakers", "Hosts and outlets that the breaker knows, by state", ("kind", "state"), known)


def _engines(reading: Reading) -> Iterator[Metric]:
    month = time.strftime("%Y-%m", time.gmtime(reading.now))
    rows = {(name,): row for name, row in reading.engines.items()}
    this_month = {of: row for of, row in rows.items() if row["month"] == month}
    number = {of: {key: float(str(value)) for key, value in row.items() if key not in ("reason", "month")}
              for of, row in rows.items()}  # fmt: skip
    yield _labelled("engine_characters", "Characters that an engine was asked for this month (UTC)", ("engine",),
                    {of: number[of]["month_characters"] for of in this_month})  # fmt: skip
    yield _labelled("engine_cost", "What an engine has cost this month (UTC), as its price says", ("engine",),
                    {of: number[of]["month_cost"] for of in this_month})  # fmt: skip
    yield _labelled("engine_failures", "Failures of an engine in a row", ("engine",),
                    {of: one["failures"] for of, one in number.items()})  # fmt: skip
    yield _labelled("engine_resting", "1 while an engine rests after failures, else 0", ("engine",),
                    {of: float(one["rest_until"] > reading.now) for of, one in number.items()})  # fmt: skip
