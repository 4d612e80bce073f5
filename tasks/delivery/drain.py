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
from tasks.delivery import transports, trust
from tasks.delivery.courier import Answer, Courier
from tasks.delivery.guard import Guard
from tasks.delivery.load import Load, Unloadable, load
from tasks.delivery.secrets import SecretMissing
from tasks.delivery.settling import Times, settle
from tasks.delivery.transports import Parcel, UnknownTransport
from tasks.delivery.verdicts import Judgement, judge
from tasks.ledger import deliveries, outlets
from tasks.ledger.deliveries import Claim, Result
from tasks.settings import Settings, settings
from tasks.states import Hold, State, Verdict

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


def drain(*, stopping: Callable[[], bool] = lambda: False) -> Summary:
    """Deliver what is due. Ends when nothing is due or in flight, or soon after `stopping()` or the time budget."""
    policy = settings()
    courier = Courier(
        in_flight_hint=policy.in_flight,
        connect_timeout=min(policy.connect_timeout, policy.deadline),
        answer_cap_bytes=policy.answer_cap_bytes,
        trust=trust.bundle(),
        allowed=Guard(policy.allowed_networks).allows,
    )
    try:
        return Drain(courier, policy, stopping).run()
    finally:
        courier.close()


class Drain:
    """The state of one drain: what is in flight, what is to be written, and when to look for more."""

    def __init__(self, courier: Courier, policy: Settings, stopping: Callable[[], bool]) -> None:
        self._courier = courier
        self._policy = policy
        self._stopping = stopping
        self._worker = ledger.worker_name()
        self._results: list[Result] = []
        self._gone: list[tuple[str, str]] = []
        self._flush_at = 0.0
        self._look_at = 0.0
        self._closing = False
        self._summary = Summary()

    def run(self) -> Summary:
        """The loop."""
        ends = time.monotonic() + self._policy.drain_budget
        while True:
            if not self._closing and (self._stopping() or time.monotonic() > ends):
                self._closing = self._summary.more_due = True
            found = 0 if self._closing else self._claim_more()
            if not found and not self._courier.in_flight and (self._closing or self._looked()):
                break
            for answer in self._courier.turn(FLUSH_EVERY / 4):
                self._take(answer)
            self._flush_if_time()
        self._flush()
        return self._summary

    def _looked(self) -> bool:
        """Whether the last look at the ledger, just now or a moment ago, found nothing that is due."""
        return self._look_at > time.monotonic() and not self._results

    # --- claiming and starting

    def _claim_more(self) -> int:
        """Fill up with due rows when there is room for a good part of a chunk; the number claimed."""
        chunk = min(self._policy.claim_chunk, self._policy.in_flight)
        room = min(chunk, self._policy.in_flight - self._courier.in_flight)
        if room < chunk / 4 or time.monotonic() < self._look_at:
            return 0
        claimed = self._try(partial(self._claim, room))
        if claimed is None:
            self._look_at = time.monotonic() + LEDGER_AGAIN
            return 0
        loads, broken = claimed
        if len(loads) + len(broken) < room:
            self._look_at = time.monotonic() + LOOK_EVERY
        for item in loads:
            self._start(item)
        for fault in broken:
            self._settle(fault, _ours(fault.why), Times(time.time(), 0.0))
        return len(loads) + len(broken)

    def _claim(self, room: int) -> tuple[list[Load], list[Unloadable]]:
        now = time.time()
        with ledger.write() as book:
            return load(book, deliveries.claim(book, self._worker, now=now, lease=self._policy.lease, limit=room))

    def _start(self, item: Load) -> None:
        """Send a claim on its way, or settle it here and now if it must not or cannot be sent."""
        now = time.time()
        if item.heading.outdated:
            self._put_back(item.claim, State.SUPERSEDED, "a newer version came", now)
            return
        if item.outlet.status != "active":  # its rows are held; this one was in a drain's hands when that was done
            hold = Hold.PAUSED if item.outlet.status == "paused" else Hold.DISABLED
            self._put_back(item.claim, State.HELD, hold, now)
            return
        parcel = Parcel(
            key=item.key,
            release=item.heading.uri,
            version=item.heading.version,
            action=item.action,
            language=item.claim.language,
            content_type=item.rendition.content_type,
            body=item.rendition.body,
        )
        try:
            transfer = transports.prepare(item.outlet, parcel, key=item, deadline=self._policy.deadline, now=now)
        except (SecretMissing, UnknownTransport) as error:
            self._settle(item, _ours(str(error)), Times(now, 0.0))
        else:
            self._courier.start(transfer)

    def _put_back(self, claim: Claim, state: State, why: str, now: float) -> None:
        """Something came between this claim and its sending: nothing is sent."""
        self._results.append(
            Result(claim.id, claim.attempt, state, Verdict.DEFERRED, None, why, None, claim.tries, now, now, 0.0)
        )

    # --- taking answers

    def _take(self, answer: Answer) -> None:
        item: Load = answer.transfer.key
        self._settle(item, judge(answer), Times(answer.started_at, answer.seconds), answer.address)

    def _settle(self, item: Load | Unloadable, judgement: Judgement, times: Times, address: str | None = None) -> None:
        claim = item.claim
        result = settle(claim, judgement, times, time.time(), self._policy)
        self._results.append(result)
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
        with ledger.write() as book:
            taken = deliveries.finish(book, self._results)
            for outlet_id, detail in self._gone:
                outlets.set_status(book, [outlet_id], "disabled", detail, time.time())
                deliveries.hold_for_status(book, [outlet_id], Hold.DISABLED)
        if taken < len(self._results):
            log.warning("late verdicts: others had claimed these deliveries", count=len(self._results) - taken)
        for outlet_id, detail in self._gone:
            log.warning("outlet disabled: it says that it is gone", outlet=outlet_id, detail=detail)
        self._results.clear()
        self._gone.clear()
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


def _log_attempt(item: Load | Unloadable, judgement: Judgement, result: Result, address: str | None) -> None:
    """One wide line per attempt: everything anybody will ask about it later."""
    claim = item.claim
    log.info(
        "attempt",
        release=item.heading.uri,
        version=item.heading.version,
        language=claim.language,
        outlet=claim.outlet_id,
        host=urlsplit(item.outlet.url).netloc if isinstance(item, Load) else None,
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
