"""The drain: delivers what is due, hundreds of outlets at once, until nothing is due or its time is used.

One loop, read top to bottom in `Drain.run`: claim a little, start it, wait for whatever ends first, write verdicts in
bulk, claim more as room appears. A batch would wait for its slowest outlet; this waits for nobody.

One drain is one process with one thread. More outlets at once means more drains: they share the ledger, where a claim
belongs to one of them until its lease ends.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from sqlalchemy.exc import DBAPIError

from tasks import ledger
from tasks.delivery import transports
from tasks.delivery.admission.admit import Admission, Stop
from tasks.delivery.admission.breaker import Outcome
from tasks.delivery.admission.failing_hosts import Notice
from tasks.delivery.admission.in_flight import over_limit
from tasks.delivery.admission.shared_state import Memory, host_of
from tasks.delivery.disabling import apply_notice, disable
from tasks.delivery.payloads import Payload, Unloadable, load
from tasks.delivery.settling import Policy, Times, not_sent, settle
from tasks.delivery.transfers.address_policy import AddressPolicy
from tasks.delivery.transfers.loop import TransferLoop
from tasks.delivery.transfers.transfer import Answer
from tasks.delivery.transfers.window import Window
from tasks.delivery.transports import DeliveryRequest, UnknownTransport
from tasks.delivery.verdicts import Judgement, judge
from tasks.ledger import deliveries
from tasks.ledger.deliveries import Result
from tasks.model.states import State, Verdict
from tasks.runtime import trust
from tasks.runtime.secrets import SecretMissing
from tasks.runtime.settings import Settings, settings

log = structlog.get_logger()

T = TypeVar("T")

FLUSH_EVERY = 0.2
"""Seconds between writes of verdicts: a write costs one disk sync, whether it holds one verdict or hundreds."""
LOOK_EVERY = 0.2
"""Seconds between claims while the last one found less than there was room for."""
LEDGER_AGAIN = 0.5
"""Seconds until a ledger that could not be written is tried again."""


@dataclass
class Summary:
    """What a drain did, as operations read it."""

    verdicts: dict[str, Counter[Verdict]] = field(default_factory=dict)
    more_due: bool = False

    def note(self, release: str, verdict: Verdict) -> None:
        """Count one attempt."""
        self.verdicts.setdefault(release, Counter())[verdict] += 1

    def __str__(self) -> str:
        if not self.verdicts:
            return "nothing was due"
        parts = []
        for release, counted in self.verdicts.items():
            told = ", ".join(f"{n} {verdict}" for verdict, n in counted.most_common())
            parts.append(f"{release} · {told}")
        return " ; ".join(parts) + (" ; more is due" if self.more_due else "")


def drain(*, stopping: Callable[[], bool] = lambda: False, memory: Memory | None = None) -> Summary:
    """Deliver what is due. Ends when nothing is due or in flight, or soon after `stopping()` or the time budget.

    `memory`: what drains remember together of hosts and outlets; without it nothing is remembered.
    """
    policy = settings()
    transfers = open_transfers(policy, policy.in_flight)
    try:
        return Drain(transfers, Admission(memory or Memory(None), policy.deadline), policy, stopping).run()
    finally:
        transfers.close()


def open_transfers(policy: Settings, in_flight: int) -> TransferLoop:
    """A transfer loop as configured, for about so many transfers at once; the caller closes it."""
    return TransferLoop(
        in_flight_hint=in_flight,
        connect_timeout=min(policy.connect_timeout, policy.deadline),
        answer_cap_bytes=policy.answer_cap_bytes,
        trust=trust.bundle(),
        allowed=AddressPolicy(policy.allowed_networks).allows,
    )


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A chunk as it was claimed."""

    loads: list[Payload]
    broken: list[Unloadable]
    over_limit: set[int]

    @property
    def count(self) -> int:
        return len(self.loads) + len(self.broken)


class Drain:
    """The state of one drain: what is in flight, what is to be written, and when to look for more."""

    def __init__(
        self, transfers: TransferLoop, admission: Admission, policy: Settings, stopping: Callable[[], bool]
    ) -> None:
        self._courier = transfers
        self._gate = admission
        self._policy = policy
        self._stopping = stopping
        self._window = Window(policy.in_flight, time_source=time)
        self._worker = ledger.worker_name()
        self._skew = 0.0
        self._results: list[Result] = []
        self._outcomes: list[Outcome] = []
        self._gone: list[tuple[str, str]] = []
        self._notices: list[Notice] = []
        self._flush_at = 0.0
        self._look_at = 0.0
        self._closing = False
        self._summary = Summary()

    def run(self) -> Summary:
        """Until nothing is due or in flight; whatever happens, verdicts that are known are written."""
        try:
            self._loop()
        finally:
            self._flush()
        return self._summary

    def _loop(self) -> None:
        ends = time.monotonic() + self._policy.drain_budget
        turned = time.monotonic()
        while True:
            if not self._closing and (self._stopping() or time.monotonic() > ends):
                self._closing = self._summary.more_due = True
            if self._stood_still_since(turned):
                self._break_off()
            began = time.monotonic()
            found = 0 if self._closing else self._claim_more()
            if self._stood_still_since(began):  # between its claims and here; nothing of them is on the wire yet
                self._break_off()
            if not found and not self._courier.in_flight and (self._closing or self._looked()):
                return
            turned = time.monotonic()
            for answer in self._courier.turn(FLUSH_EVERY / 4):
                self._take(answer)
            self._flush_if_time()

    def _looked(self) -> bool:
        """Whether the last look at the ledger, just now or a moment ago, found nothing that is due."""
        return self._look_at > time.monotonic() and not self._results

    def _stood_still_since(self, moment: float) -> bool:
        """Whether a transfer begun now could outlive the lease of a claim made then, by the monotonic clock."""
        return time.monotonic() - moment > self._policy.lease - self._policy.deadline

    def _break_off(self) -> None:
        """This process stood still for so long that others may hold its claims by now: send nothing more of them."""
        log.warning("drain stood still: transfers broken off", count=self._courier.in_flight)
        for answer in self._courier.abandon_all():
            self._take(answer)

    def _now(self) -> float:
        """Seconds since the epoch by the ledger's clock, without asking it."""
        return time.time() + self._skew

    # --- claiming and starting

    def _claim_more(self) -> int:
        """Fill up with due rows when there is room for a good part of a chunk; the number claimed."""
        chunk = min(self._policy.claim_chunk, self._policy.in_flight)
        room = min(chunk, self._window.room())
        if room < chunk / 4 or time.monotonic() < self._look_at:
            return 0
        began = time.monotonic()
        claimed = self._try(partial(self._claim, room))
        if claimed is None:
            self._look_at = time.monotonic() + LEDGER_AGAIN
            return 0
        if claimed.count < room:
            self._look_at = time.monotonic() + LOOK_EVERY
        if self._stood_still_since(began):
            nearly_over = Stop(State.DUE, "its lease was nearly over", self._now())
            stops = {item.claim.id: nearly_over for item in claimed.loads}
        else:
            stops = self._gate.stops(claimed.loads, claimed.over_limit, self._now())
        for item in claimed.loads:
            if stop := stops.get(item.claim.id):
                self._stop(item, stop)
            else:
                self._start(item)
        for fault in claimed.broken:
            self._settle(fault, _ours(fault.why), Times(self._now(), 0.0))
        return claimed.count

    def _claim(self, room: int) -> _Claimed:
        with ledger.write() as connection:
            now = ledger.now(connection)
            self._skew = now - time.time()
            claims = deliveries.claim(connection, self._worker, now=now, lease=self._policy.lease, limit=room)
            loads, broken = load(connection, claims)
            return _Claimed(loads, broken, over_limit(connection, loads))

    def _start(self, item: Payload) -> None:
        """Send a claim on its way, or settle it here and now if it cannot be sent."""
        now = self._now()
        request = DeliveryRequest(
            key=item.key,
            release=item.heading.uri,
            version=item.heading.version,
            action=item.action,
            language=item.claim.language,
            content_type=item.rendition.content_type,
            body=item.rendition.body,
            translation=item.translation,
        )
        try:
            transfer = transports.prepare(item.outlet, request, key=item, deadline=self._policy.deadline, now=now)
        except (SecretMissing, UnknownTransport) as error:
            self._settle(item, _ours(str(error)), Times(now, 0.0))
        except Exception as error:  # whatever it is, it is about this one row, and hundreds of others are in flight
            log.exception("delivery cannot be prepared", outlet=item.outlet.id)
            self._settle(item, _ours(f"cannot be prepared: {type(error).__name__}"), Times(now, 0.0))
        else:
            self._window.enter(item.claim.id)
            self._courier.start(transfer)

    def _stop(self, item: Payload, stop: Stop) -> None:
        """Nothing is sent, and no try is charged. A resting host does not stop the retry horizon."""
        state, why, until, now = stop.state, stop.why, stop.until, self._now()
        if stop.resting and until is not None:
            horizon = item.claim.first_due_at + Policy.of(item.outlet.retry, self._policy).horizon
            state, until = (State.DUE, min(until, horizon)) if now < horizon else (State.EXHAUSTED, None)
        self._results.append(not_sent(item.claim, state, why, until, now))

    # --- taking answers

    def _take(self, answer: Answer) -> None:
        item: Payload = answer.transfer.key
        self._window.leave(item.claim.id)
        times = Times(answer.started_at + self._skew, answer.seconds)
        self._settle(item, judge(answer, now=self._now()), times, answer.address)

    def _settle(
        self, item: Payload | Unloadable, judgement: Judgement, times: Times, address: str | None = None
    ) -> None:
        claim = item.claim
        policy = Policy.of(item.outlet.retry if isinstance(item, Payload) else None, self._policy)
        result = settle(claim, judgement, times, self._now(), policy)
        self._results.append(result)
        if isinstance(item, Payload):
            self._outcomes.append((host_of(item.outlet.url), judgement.verdict, judgement.retry_after))
        self._summary.note(item.heading.name, judgement.verdict)
        if judgement.disable_outlet:
            self._gone.append((claim.outlet_id, judgement.detail))
        _log_attempt(item, judgement, result, address)

    # --- writing

    def _flush_if_time(self) -> None:
        if self._results and time.monotonic() >= self._flush_at:
            if self._try(self._write) is None:
                self._flush_at = time.monotonic() + LEDGER_AGAIN
            else:
                self._flush_at = time.monotonic() + FLUSH_EVERY

    def _flush(self) -> None:
        """Write what is left. Gives up when the leases are over: the clock then settles these rows as unsure."""
        ends = time.monotonic() + self._policy.lease
        while self._results and self._try(self._write) is None:
            if time.monotonic() > ends:
                log.error("verdicts lost: the ledger cannot be written", count=len(self._results))
                return
            time.sleep(LEDGER_AGAIN)

    def _write(self) -> int:
        """Verdicts, and what follows from them for outlets, in one transaction; then tell the gate."""
        with ledger.write() as connection:
            taken = deliveries.finish(connection, self._results)
            for outlet_id, detail in self._gone:
                disable(connection, [outlet_id], "gone", outlet_id, detail)
        if taken < len(self._results):
            log.warning("late verdicts: others had claimed these deliveries", count=len(self._results) - taken)
        self._results.clear()
        self._gone.clear()
        self._notices += self._gate.note(self._outcomes, self._now())
        self._outcomes.clear()
        if self._notices:
            with ledger.write() as connection:
                for notice in self._notices:
                    apply_notice(connection, notice)
            self._notices.clear()
        return taken

    def _try(self, work: Callable[[], T]) -> T | None:
        """Do something with the ledger; None, and a line in the log, if the ledger is away."""
        try:
            return work()
        except DBAPIError as error:
            log.warning("ledger away", error=str(error).splitlines()[0])
            return None


def _ours(why: str) -> Judgement:
    return Judgement(Verdict.OURS, why, None, disable_outlet=False, status=None)


def _log_attempt(item: Payload | Unloadable, judgement: Judgement, result: Result, address: str | None) -> None:
    """One wide line per attempt: everything anybody will ask about it later."""
    claim = item.claim
    log.info(
        "attempt",
        release=item.heading.uri,
        version=item.heading.version,
        language=claim.language,
        outlet=claim.outlet_id,
        host=urlsplit(item.outlet.url).netloc if isinstance(item, Payload) else None,
        address=address,
        format=claim.format,
        attempt=claim.attempt,
        tries=result.tries,
        verdict=judgement.verdict,
        status=judgement.status,
        detail=judgement.detail,
        seconds=round(result.seconds, 3),
        state=result.state,
        next_due=result.due_at,
    )
