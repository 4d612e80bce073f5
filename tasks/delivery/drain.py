"""The drain: delivers what is due, hundreds of outlets at once, until nothing is due or its time is used.

One loop, read top to bottom in `Drain._loop`: claim a little, start it, wait for whatever ends first, write verdicts in
bulk, claim more as room appears. A batch would wait for its slowest outlet; this waits for nobody, nor for the ledger.

One drain is one process with one thread. More outlets at once means more drains: they share the ledger, where a claim
belongs to one of them until its lease ends.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from sqlalchemy.exc import DBAPIError
from structlog.contextvars import bind_contextvars, bound_contextvars, reset_contextvars

from tasks import ledger
from tasks.delivery import answering, transports
from tasks.delivery.admission.admit import Admission, NotAdmitted, Observation
from tasks.delivery.admission.failing_hosts import HostNotice
from tasks.delivery.admission.in_flight import over_limit
from tasks.delivery.admission.shared_state import SharedState
from tasks.delivery.disabling import apply_notice, disable
from tasks.delivery.name_servers import NAME_SERVERS
from tasks.delivery.oauth2 import TOKENS
from tasks.delivery.payloads import Payload, Unsendable, read_payloads
from tasks.delivery.policy import DeliveryPolicy
from tasks.delivery.refusing import Refusal, Refusals
from tasks.delivery.rotation import ROTATIONS
from tasks.delivery.settling import AttemptTimes, settle, settle_unsent
from tasks.delivery.transfers.address_policy import AddressPolicy
from tasks.delivery.transfers.loop import TransferLoop
from tasks.delivery.transfers.transfer import Answer, Transfer
from tasks.delivery.transfers.window import Window
from tasks.delivery.transports import DeliveryRequest, NotPrepared, host_of
from tasks.delivery.turns import Turns
from tasks.delivery.verdicts import Judgement
from tasks.ledger import deliveries, outlets, presence
from tasks.ledger.deliveries import Result
from tasks.ledger.journal import Journal, Noted
from tasks.ledger.metrics import AttemptCounts
from tasks.model.codes import Code
from tasks.model.publication import Publication
from tasks.model.states import State, Verdict
from tasks.runtime.plugins import fault_in
from tasks.runtime.secrets import SecretMissing
from tasks.runtime.time_source import TimeSource

log = structlog.get_logger()

T = TypeVar("T")
Item = TypeVar("Item", Payload, Unsendable)

FLUSH_EVERY = 0.2
"""Seconds between writes of verdicts: a write costs one disk sync, whether it holds one verdict or hundreds."""
CLAIM_EVERY = 0.2
"""Seconds between claims while the last one found less than there was room for."""
CLAIM_AROUND_EVERY = 1.0
"""The same while claims leave out a format: then they walk past all that is due in it."""
LEDGER_RETRY = 0.5
"""Seconds until a ledger that could not be written is tried again."""
HOSTS_KNOWN_FOR = 300.0
"""Seconds for which a drain takes for granted which outlets are at a host."""
START_MARGIN = 1.0
"""Seconds that starting some of a claimed chunk may take; it is a matter of milliseconds."""
START_AT_ONCE = 100
"""Transfers started before those in flight go on: the first of a chunk are with their outlets while the last begin. The
more go on together, the less each costs; with 25, no more than 70 were in flight to outlets that answer at once."""
FIRST_CLAIM = 25
"""Deliveries in the first claim of a drain: the fewer they are, the sooner it ends. Each next claim may take twice as
many."""

NAMED = 3
"""Outlets that a summary names of each verdict."""


@dataclass
class Summary:
    """What a drain did, as operations read it in Flower: what is not delivered first, and at which outlets."""

    verdicts: dict[str, Counter[Verdict]] = field(default_factory=dict)
    more_due: bool = False
    _named: dict[tuple[str, Verdict], list[str]] = field(default_factory=dict)

    def count(self, release: str, verdict: Verdict, outlet_id: str) -> None:
        """Count one attempt at a delivery of `release`."""
        self.verdicts.setdefault(release, Counter())[verdict] += 1
        if verdict is not Verdict.DELIVERED:
            named = self._named.setdefault((release, verdict), [])
            if len(named) < NAMED and outlet_id not in named:
                named.append(outlet_id)

    def __str__(self) -> str:
        if not self.verdicts:
            return "stopped, more is due" if self.more_due else "—"
        parts = [f"{self._outcome(release)} · {release}" for release in self.verdicts]
        return " ; ".join(parts) + (" ; more is due" if self.more_due else "")

    def _outcome(self, release: str) -> str:
        counted = sorted(self.verdicts[release].items(), key=lambda one: (one[0] is Verdict.DELIVERED, -one[1]))
        return ", ".join(f"{n} {verdict}{self._at(release, verdict, n)}" for verdict, n in counted)

    def _at(self, release: str, verdict: Verdict, n: int) -> str:
        named = self._named.get((release, verdict))
        return f" ({', '.join(named)}{' …' if n > len(named) else ''})" if named else ""


@dataclass(frozen=True, slots=True)
class _Gone:
    """A delivery whose outlet says that it is gone for good."""

    delivery_id: int
    release: str
    outlet_id: str
    detail: str


def drain(
    policy: DeliveryPolicy, *, stopping: Callable[[], bool] = lambda: False, shared_state: SharedState | None = None
) -> Summary:
    """Deliver what is due. Ends when nothing is due or in flight, or soon after `stopping()` or the time budget.

    `shared_state`: what all drains know of hosts and outlets together; without it each delivery is admitted.
    """
    transfers = open_transfers(policy, policy.in_flight)
    try:
        shared_state = shared_state or SharedState(None)
        TOKENS.share(shared_state)
        admission = Admission(shared_state, policy.deadline)
        return Drain(transfers=transfers, admission=admission, policy=policy, stopping=stopping).run()
    finally:
        transfers.close()


def open_transfers(policy: DeliveryPolicy, in_flight: int) -> TransferLoop:
    """Open a transfer loop as the policy wants it, for about `in_flight` transfers at once; the caller closes it."""
    return TransferLoop(
        in_flight_hint=in_flight,
        connect_timeout=min(policy.connect_timeout, policy.deadline),
        answer_cap_bytes=policy.answer_cap_bytes,
        trust=policy.trust,
        allowed=AddressPolicy(policy.allowed_networks).allows,
    )


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Deliveries as they were claimed."""

    payloads: list[Payload]
    unsendable: list[Unsendable]
    not_admitted: dict[int, NotAdmitted]
    """Those of the payloads that may not go, by the number of their delivery."""
    claimed_at: float
    """When the claim began, by the monotonic clock: their leases are not over before then and the length of a lease."""
    room: int
    """How many there would have been room for."""

    @property
    def count(self) -> int:
        return len(self.payloads) + len(self.unsendable)

    def take(self, at_most: int) -> list[Payload]:
        """The next payloads to be started, which are then no longer here."""
        taken, self.payloads[:at_most] = self.payloads[:at_most], []
        return taken


@dataclass(slots=True)
class _Unwritten:
    """What the ledger and the other drains do not know yet."""

    results: list[Result] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    gone: list[_Gone] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notices: list[HostNotice] = field(default_factory=list)
    said: list[tuple[int, Publication]] = field(default_factory=list)
    """What outlets said of deliveries in their answers."""

    def __bool__(self) -> bool:
        return bool(self.results or self.observations or self.gone or self.notices)

    def forget_written(self) -> None:
        """Keep only the notices: the ledger has the verdicts, which are not written again whatever breaks next, and
        observations are recorded once at most."""
        self.results, self.observations, self.gone, self.refusals, self.said = [], [], [], [], []

    def before(self, later: _Unwritten) -> _Unwritten:
        """All of this, and then all of `later`."""
        return _Unwritten(
            self.results + later.results,
            self.observations + later.observations,
            self.gone + later.gone,
            self.refusals + later.refusals,
            self.notices + later.notices,
            self.said + later.said,
        )


_Attempt = tuple[Payload | Unsendable, Judgement, Result, str | None]
"""What a line of the log is made of; the last is the address connected to."""


class Drain:
    """The state of one drain: what is in flight, what is to be written, and when to claim more.

    What waits for the ledger or for Redis is done beside the loop, one thing at a time: while the ledger stands still,
    answers go on being read.
    """

    def __init__(
        self,
        *,
        transfers: TransferLoop,
        admission: Admission,
        policy: DeliveryPolicy,
        stopping: Callable[[], bool],
        worker: str | None = None,
        time_source: TimeSource = time,
        beside: Executor | None = None,
    ) -> None:
        """`stopping`: whether the worker was asked to stop. `worker`: who claims; this process unless named.
        `beside`: does the ledger's work, in the order in which it is handed in; a thread of its own unless given."""
        self._transfers = transfers
        self._admission = admission
        self._policy = policy
        self._stopping = stopping
        self._time = time_source
        self._window = Window(policy.in_flight, time_source=time_source)
        self._turns = Turns(time_source)
        self._left_out: frozenset[str] = frozenset()
        self._worker = worker
        self._beside = beside or ThreadPoolExecutor(1, "ledger")
        self._skew = 0.0
        self._unwritten = _Unwritten()
        self._refusals = Refusals()
        self._counts = AttemptCounts()
        self._claiming: Future[_Chunk | None] | None = None
        self._starting: _Chunk | None = None
        self._claim_at_most = FIRST_CLAIM
        self._writing: Future[_Unwritten] | None = None
        self._being_written = _Unwritten()
        self._journal: Journal | None = None
        self._unkept: list[Noted] = []
        """What the journal does not have yet: of what one turn of the loop has brought."""
        self._unlogged: list[_Attempt] = []
        self._at_host: dict[str, tuple[list[str], float]] = {}
        self._flush_at = 0.0
        self._claim_at = 0.0
        self._looked = time_source.monotonic()
        self._closing = False
        self._summary = Summary()

    def run(self) -> Summary:
        """Deliver until nothing is due or in flight; whatever happens, write the verdicts that are known."""
        with ExitStack() as at_end:  # the last one first, whatever raises
            at_end.callback(self._beside.shutdown)
            at_end.callback(self._flush)
            at_end.callback(self._take_abandoned)  # there are some only after an error
            self._loop()
        return self._summary

    def _loop(self) -> None:
        ends = self._time.monotonic() + self._policy.time_budget
        while True:
            if not self._closing and (self._stopping() or self._time.monotonic() > ends):
                self._closing = self._summary.more_due = True
            before, self._looked = self._looked, self._time.monotonic()
            if self._may_have_lost(before):
                self._abandon_transfers()
            self._fill()
            self._write_if_time()
            if self._over():
                return
            wait_for = 0.0 if self._starting else FLUSH_EVERY / 4
            self._take_all(self._transfers.turn(wait_for, lambda: self._may_have_lost(self._looked)))

    def _over(self) -> bool:
        """Whether nothing is due, in flight or to be written; if no more is to be claimed, whether nothing is in
        flight."""
        if self._transfers.in_flight or self._claiming or self._starting:
            return False
        nothing_due = self._claim_at > self._time.monotonic() and not self._left_out
        return self._closing or (nothing_due and not self._unwritten and not self._writing)

    def _stood_still_since(self, moment: float, margin: float = 0.0) -> bool:
        """Whether a transfer begun now could outlive the lease of a claim made then, by the monotonic clock."""
        return self._time.monotonic() - moment > self._policy.lease - self._policy.deadline - margin

    def _may_have_lost(self, since: float, margin: float = 0.0) -> bool:
        """Whether others may hold what this process claimed or sent at that moment, by the monotonic clock."""
        return self._stood_still_since(since, margin) or presence.out_of_touch(since)

    def _abandon_transfers(self) -> None:
        """This process stood still, or could not reach the ledger, for so long that others may hold its claims by now:
        send nothing more of them."""
        if self._transfers.in_flight:
            log.warning("drain stood still: transfers broken off", count=self._transfers.in_flight)
        self._take_abandoned()

    def _take_abandoned(self) -> None:
        self._take_all(self._transfers.abandon_all())

    def _now(self) -> float:
        """Seconds since the epoch by the ledger's clock, without asking it."""
        return self._time.time() + self._skew

    def _begin(self, work: Callable[[], T]) -> Future[T]:
        """Have something done beside the loop, which is woken when it is done."""
        done = self._beside.submit(copy_context().run, work)
        done.add_done_callback(lambda _: self._transfers.wake())
        return done

    # --- claiming and starting

    def _fill(self) -> None:
        """Start some of what was claimed, and have more claimed when all of it is started and there is room."""
        self._take_claimed()
        self._start_some()
        while self._claim_more() and self._claiming and self._claiming.done():
            self._take_claimed()
            self._start_some()

    def _claim_more(self) -> bool:
        """Have due rows claimed when there is room for a good part of a chunk; whether that is so."""
        chunk_size = min(self._policy.claim_chunk, self._policy.in_flight)
        room = min(chunk_size, self._window.room(), self._claim_at_most)
        full = self._turns.full(self._transfers.waiting_for)
        waits = self._time.monotonic() < self._claim_at and not self._left_out - full
        too_little = room < min(chunk_size / 4, self._claim_at_most)
        if self._closing or self._claiming or self._starting or waits or too_little:
            return False
        self._claim_at_most = min(2 * self._claim_at_most, chunk_size)
        self._left_out, self._claim_at = full, 0.0  # what a claim around a format has found says nothing of this one
        self._claiming = self._begin(partial(self._claim, room, full))
        return True

    def _take_claimed(self) -> None:
        """Take over what was claimed beside the loop."""
        if self._claiming is None or not self._claiming.done():
            return
        done, self._claiming = self._claiming, None
        chunk = done.result()
        if chunk is None:
            self._claim_at = self._time.monotonic() + LEDGER_RETRY
            return
        if chunk.count < chunk.room:
            self._claim_at = self._time.monotonic() + (CLAIM_AROUND_EVERY if self._left_out else CLAIM_EVERY)
        self._starting = chunk
        for broken in chunk.unsendable:
            self._settle(broken, _own_fault(broken.reason, broken.code), AttemptTimes(self._now(), 0.0))

    def _start_some(self) -> None:
        """Start the next few of what was claimed."""
        chunk = self._starting
        if chunk is None:
            return
        some = chunk.take(START_AT_ONCE)
        refused = self._refused(chunk, some)
        for item in some:
            if reason := refused.get(item.claim.id):
                self._put_back(item, reason)
            else:
                self._start(item)
        if not chunk.payloads:
            self._starting = None
        if refused is chunk.not_admitted and self._may_have_lost(chunk.claimed_at):
            self._abandon_transfers()  # it stood still in here; nothing of these is on the wire yet

    def _refused(self, chunk: _Chunk, some: list[Payload]) -> dict[int, NotAdmitted]:
        """Those of a chunk that are not sent: what is not admitted, or all of `some` if they come too late."""
        if self._closing:
            why, code = "its worker stops", Code.WORKER_STOPS
        elif self._may_have_lost(chunk.claimed_at, START_MARGIN):
            why, code = "its lease was nearly over", Code.LEASE_OVER
        else:
            return chunk.not_admitted
        late = NotAdmitted(state=State.DUE, reason=why, code=code, due_at=self._now())
        return {item.claim.id: chunk.not_admitted.get(item.claim.id, late) for item in some}

    def _claim(self, room: int, left_out: frozenset[str]) -> _Chunk | None:
        """Take so many due deliveries, none in these formats; None if the ledger is away. Runs beside the loop."""
        began = self._time.monotonic()
        try:
            self._worker = self._worker or presence.sign_in()
            with ledger.write() as connection:
                now = ledger.now(connection)
                self._skew = now - self._time.time()
                claims = deliveries.claim(
                    connection, self._worker, now=now, lease=self._policy.lease, limit=room, without=left_out
                )
                payloads, unsendable = read_payloads(connection, claims)
                everything: list[Payload | Unsendable] = [*payloads, *unsendable]
                late = {item.claim.id for item in everything if self._horizon(item) <= now}
                if first_tries := deliveries.first_attempts(connection, late):
                    payloads = [_with_first_try(item, first_tries) for item in payloads]
                    unsendable = [_with_first_try(item, first_tries) for item in unsendable]
                too_many = over_limit(connection, payloads)
        except DBAPIError as error:
            _log_away(error)
            return None
        not_admitted = self._admission.not_admitted(payloads, too_many, self._now(), late)
        return _Chunk(payloads, unsendable, not_admitted, began, room)

    def _start(self, item: Payload) -> None:
        """Send a claim on its way, or settle it here and now if it cannot be sent."""
        bound = bind_contextvars(delivery=item.claim.id, release=item.heading.uri)
        try:
            self._prepare_and_start(item)
        finally:
            reset_contextvars(**bound)

    def _prepare_and_start(self, item: Payload) -> None:
        now = self._now()
        request = DeliveryRequest(
            key=item.key,
            release=item.heading.uri,
            version=item.heading.version,
            action=item.action,
            language=item.written_in,
            outlet_language=item.claim.language,
            content_type=item.rendition.content_type,
            body=item.rendition.body,
            translation=item.translation,
            callback=partial(answering.callback_url, item.claim.id, now, self._policy.answer_days),
            delivery=item.claim.id,
            attempt=item.claim.attempt,
            first_received=item.heading.first_received,
            earlier_versions=item.earlier_versions,
            media=item.media,
        )
        try:
            transfer = transports.prepare(item.outlet, request, key=item, deadline=self._policy.deadline, now=now)
        except SecretMissing as error:
            self._settle(item, _own_fault(str(error), Code.SECRET_MISSING), AttemptTimes(now, 0.0))
        except NotPrepared as error:
            self._settle(item, _own_fault(str(error), Code.CANNOT_PREPARE), AttemptTimes(now, 0.0))
        except Exception as error:  # whatever it is, it is about this one row, and hundreds of others are in flight
            log.error("delivery cannot be prepared", outlet=item.outlet.id, fault=fault_in(error))
            reason = f"cannot be prepared: {type(error).__name__}"
            self._settle(item, _own_fault(reason, Code.CANNOT_PREPARE), AttemptTimes(now, 0.0))
        else:
            self._start_in_turn(item, transfer, now)

    def _start_in_turn(self, item: Payload, transfer: Transfer, now: float) -> None:
        """Start a transfer, or put its delivery back until there is a connection for it."""
        pool, turn = transfer.pool, None
        if pool is not None and transports.is_relayed(item.outlet.url):
            self._turns.started(pool, item.claim.format)
        else:
            turn = self._turns.later(pool, self._transfers.waiting_for(pool), now)
        if turn is None:
            self._window.enter(item.claim.id)
            self._transfers.start(transfer)
        else:
            reason = f"as many as the {pool.name if pool else 'server'} takes within seconds are waiting"
            self._put_back(item, NotAdmitted(state=State.DUE, reason=reason, code=Code.SERVER_BUSY, due_at=turn))

    def _put_back_claimed(self) -> None:
        """Put back what was claimed and not started: nothing is started by a drain that closes."""
        while self._starting:
            self._start_some()

    def _put_back(self, item: Payload, why: NotAdmitted) -> None:
        """Nothing is sent, and no try is charged. What waits for a rest has its last try at its retry horizon."""
        due_at, now = why.due_at, self._now()
        if why.host_rests and due_at is not None:
            due_at = min(due_at, self._horizon(item))
        self._note(
            settle_unsent(item.claim, why.state, why.reason, due_at=due_at, code=why.code, hold=why.hold, now=now)
        )

    def _horizon(self, item: Payload | Unsendable) -> float:
        """The moment of a delivery's last try, seconds since the epoch."""
        own = item.outlet.retry if item.outlet else None
        return item.claim.first_due_at + self._policy.retry.of(own).horizon

    # --- taking answers

    def _take_all(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            self._take(answer)
        self._keep()

    def _take(self, answer: Answer) -> None:
        item: Payload = answer.transfer.key
        self._window.leave(item.claim.id)
        self._turns.ended(answer.transfer.pool, self._transfers.waiting_for(answer.transfer.pool))
        times = AttemptTimes(answer.started_at + self._skew, answer.seconds)
        judgement = NAME_SERVERS.seen(transports.judge(item.outlet, answer, self._now()), self._now())
        said = answering.in_body(answer.answer) if judgement.verdict is Verdict.DELIVERED else None
        self._settle(item, judgement, times, answer.address, connected=answer.connected is not None, said=said)

    def _note(self, result: Result, said: Publication | None = None) -> None:
        """Keep what came of a claim until it is in the ledger."""
        self._unkept.append((result, said))
        self._unwritten.results.append(result)
        if said:
            self._unwritten.said.append((result.delivery_id, said))

    def _keep(self) -> None:
        """Write what came of claims where it outlives this process, all at once; only then the lines about them."""
        if not self._unkept:
            return
        if self._journal is None:
            self._journal = Journal(self._policy.journals, self._worker or "")
        self._journal.note(self._unkept)
        self._unkept.clear()
        for attempt in self._unlogged:
            _log_attempt(*attempt)
        self._unlogged.clear()

    def _settle(
        self,
        item: Payload | Unsendable,
        judgement: Judgement,
        times: AttemptTimes,
        address: str | None = None,
        *,
        connected: bool = False,
        said: Publication | None = None,
    ) -> None:
        claim = item.claim
        policy = self._policy.retry.of(item.outlet.retry if item.outlet else None)
        result = settle(claim, judgement, times, self._now(), policy)
        self._note(result, said)
        if isinstance(item, Payload):
            verdict = Verdict.OURS if judgement.code == Code.BROKEN_OFF else judgement.verdict
            seen = Observation(
                host_of(item.outlet.url), item.outlet.id, verdict, judgement.retry_after, connected, judgement.of_host
            )
            self._unwritten.observations.append(seen)
        self._summary.count(item.heading.name, judgement.verdict, claim.outlet_id)
        if judgement.disable_outlet:
            self._unwritten.gone.append(_Gone(claim.id, item.heading.uri, claim.outlet_id, judgement.detail))
        elif result.state is State.REJECTED or judgement.code in (Code.SECRET_MISSING, Code.RELAY):
            refusal = Refusal(item.heading.name, claim.outlet_id, judgement.code, judgement.detail)
            self._unwritten.refusals.append(refusal)
        self._unlogged.append((item, judgement, result, address))

    # --- writing

    def _write_if_time(self) -> None:
        """Write what is known, beside the loop, now and then; take back what could not be written."""
        self._keep()
        if self._writing and self._writing.done():
            left = self._take_written()
            self._flush_at = self._time.monotonic() + (LEDGER_RETRY if left else FLUSH_EVERY)
        if self._unwritten and not self._writing and self._time.monotonic() >= self._flush_at:
            if self._journal:
                self._journal.turn_page()
            self._writing = self._begin(partial(self._write, self._unwritten))
            self._being_written, self._unwritten = self._unwritten, _Unwritten()

    def _take_written(self) -> _Unwritten:
        """Take back what could not be written beside the loop: all of it if that broke."""
        if self._writing is None:
            return _Unwritten()
        done, self._writing = self._writing, None
        left = self._being_written if done.exception() else done.result()
        self._unwritten = left.before(self._unwritten)
        done.result()
        if self._journal and not left.results:
            self._journal.drop_turned()
        return left

    def _flush(self) -> None:
        """Write what is left, and once more if that breaks. Gives up when the leases are over: the clock then settles
        these rows by the journal."""
        ends = self._time.monotonic() + self._policy.lease
        self._closing = True
        pending: list[Future[Any]] = [begun for begun in (self._claiming, self._writing) if begun]
        wait(pending)
        for take_back in (self._take_claimed, self._put_back_claimed, self._take_written):
            try:
                take_back()
            except Exception:  # what is known is written all the same
                log.exception("drain broke beside the loop")
        self._keep()
        if self._journal:
            self._journal.turn_page()
        while self._unwritten:
            self._unwritten = self._write_or_try_again(self._unwritten)
            if self._unwritten and self._time.monotonic() > ends:
                log.error("verdicts lost: the ledger cannot be written", count=len(self._unwritten.results))
                return
            if self._unwritten:
                self._time.sleep(LEDGER_RETRY)
        if self._journal:
            self._journal.drop_turned()

    def _write_or_try_again(self, known: _Unwritten) -> _Unwritten:
        """Write, and once more if that broke: what broke beside the loop has this second try too."""
        try:
            return self._write(known)
        except Exception:
            log.exception("drain broke at its end")
            return self._write(known)

    def _write(self, known: _Unwritten) -> _Unwritten:
        """Write verdicts, and what follows from them for outlets, in one transaction; then what all drains should know.
        Returns what could not be written, because the ledger is away."""
        try:
            with ledger.write() as connection:
                taken = deliveries.finish(connection, known.results)
                for gone in known.gone:
                    with bound_contextvars(delivery=gone.delivery_id, release=gone.release):
                        disable(connection, [gone.outlet_id], "gone", gone.outlet_id, gone.detail)
                self._refusals.notice(connection, known.refusals)
                if known.said:
                    answering.take(connection, known.said)
                NAME_SERVERS.notice(connection)
                changed = ROTATIONS.notice(connection)
                self._counts.count(connection, known.results, self._now())
        except DBAPIError as error:
            _log_away(error)
            return known
        late, observations = len(known.results) - taken, known.observations
        known.forget_written()
        ROTATIONS.told(changed)
        if late:
            log.warning("late verdicts: others had claimed these deliveries", count=late)
        known.notices = known.notices + self._admission.record(observations, self._now(), self._outlets_at)
        try:
            if known.notices:
                with ledger.write() as connection:
                    for notice in known.notices:
                        apply_notice(connection, notice)
        except DBAPIError as error:
            _log_away(error)
            return known
        return _Unwritten()

    def _outlets_at(self, host: str) -> Collection[str]:
        """The active outlets at a host, as they stood within the last minutes; none while the ledger is away."""
        known = self._at_host.get(host)
        if known is None or self._time.monotonic() > known[1]:
            try:
                with ledger.read() as connection:
                    urls = outlets.urls_with(connection, host.rpartition(":")[0])
            except DBAPIError as error:
                _log_away(error)
                return ()
            known = (
                [id for id, url in urls if host_of(url) == host],
                self._time.monotonic() + HOSTS_KNOWN_FOR,
            )
            self._at_host[host] = known
        return known[0]


def _with_first_try(item: Item, began: Mapping[int, float]) -> Item:
    """The same, whose claim knows when the first attempt of its delivery began, if it is among these."""
    since = began.get(item.claim.id)
    return item if since is None else replace(item, claim=replace(item.claim, tried_since=since))


def _log_away(error: DBAPIError) -> None:
    log.warning("ledger away", error=str(error).splitlines()[0])


def _own_fault(reason: str, code: Code) -> Judgement:
    return Judgement(Verdict.OURS, reason, None, disable_outlet=False, status=None, code=code)


def _log_attempt(item: Payload | Unsendable, judgement: Judgement, result: Result, address: str | None) -> None:
    """One wide line per attempt: everything anybody will ask about it later.

    Its ids are given and not bound: every delivery has this line, and giving them costs less.
    """
    claim = item.claim
    log.info(
        "attempt",
        delivery=claim.id,
        release=item.heading.uri,
        version=item.heading.version,
        language=claim.language,
        outlet=claim.outlet_id,
        host=_shown_host(item.outlet.url) if isinstance(item, Payload) else None,
        address=address,
        format=claim.format,
        attempt=claim.attempt,
        tries=result.tries,
        verdict=judgement.verdict,
        status=judgement.status,
        code=judgement.code,
        detail=judgement.detail,
        seconds=round(result.seconds, 3),
        state=result.state,
        next_due=result.due_at,
    )


def _shown_host(url: str) -> str:
    """The host that an outlet's URL names; of a URL that names none, such as that of a mailbox, where it leads to."""
    return _named_host(url) or host_of(url)


@lru_cache(maxsize=16384)
def _named_host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
