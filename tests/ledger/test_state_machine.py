"""Everything that may happen to deliveries, in any order: after every step each promise of the ledger must hold.

Hypothesis plays producers, planners, makers, drains, outlets, operations and the clock against the product's own code
(machine.py), on SQLite and on PostgreSQL. `FANWIRE_EXAMPLES=2000 pytest tests/ledger/test_state_machine.py` tries more.
When it fails, what it prints is a minimal sequence of steps.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from machine import Going, Vanished, Worker, World, quick, wipe, words
from samples import outlet, release
from sqlalchemy import Row, select

from tasks import embargo, ledger, making, planning, sweep
from tasks.delivery.courier import ErrorKind
from tasks.documents import DocumentRefused
from tasks.ledger import deliveries, outlets, releases
from tasks.ledger.schema import attempts, renditions, translations
from tasks.ledger.schema import deliveries as rows
from tasks.ledger.schema import outlets as outlet_rows
from tasks.ledger.schema import releases as release_rows
from tasks.states import FINAL, Hold, Making, State, Verdict

EXAMPLES = {"sqlite": 60, "postgresql": 15}
STEPS = 40
MORE = int(os.environ.get("FANWIRE_EXAMPLES", 0))
"""Read at import: every test forgets the FANWIRE_ variables."""

URIS = ("urn:x:one", "urn:x:two")
NAMES = ("a", "b", "c")
POLICY = {"deadline": 10.0, "connect_timeout": 5.0, "drain_budget": 60.0, "retry_base": 5.0, "retry_cap": 40.0,
          "retry_horizon": 400.0}  # fmt: skip
POLICIES = (
    POLICY | {"lease": 20.0, "claim_chunk": 1, "in_flight": 1},
    POLICY | {"lease": 20.0, "claim_chunk": 3, "in_flight": 3},
    POLICY | {"lease": 60.0, "claim_chunk": 200, "in_flight": 400},
)

uris = st.sampled_from(URIS)
names = st.sampled_from(NAMES)
which = st.integers(0, 7)
workers = st.integers(0, len(POLICIES) - 1)
languages = st.lists(st.sampled_from(["en", "de", "ko"]), min_size=1, max_size=2, unique=True)
circuits = st.lists(st.sampled_from(["x", "y"]), max_size=1)
seconds = st.sampled_from([0.3, 2.0, 8.0, 11.0, 25.0, 70.0, 450.0])
outlet_documents = st.fixed_dictionaries(
    {"id": names, "languages": languages, "circuits": circuits, "format": st.sampled_from(["text", "html"])},
    optional={
        "limits": st.just({"in_flight": 1}),
        "machine_translation": st.just("refuse"),
        "status": st.sampled_from(["paused", "disabled"]),
    },
)
contents = st.fixed_dictionaries(
    {"circuits": circuits, "urgency": st.sampled_from([1, 5])},
    optional={
        "translations": st.just({"de": {"headline": "Werk", "body_html": "<p>Text</p>"}}),
        "embargo_until": seconds,
    },
)
answers = st.sampled_from(
    [
        "delivered",
        "delivered",
        "failed",
        "throttled",
        "rejected",
        "gone",
        "unreachable",
        "blocked",
        "lost",
        "silent",
        "cut",
    ]
)
elsewhere = st.none() | st.tuples(
    st.sampled_from(
        ["pause", "disable", "resume", "move", "lift", "advance", "sweep", "publish", "kill", "work", "make"]
    ),
    which,
    st.integers(0, 2),
)


class Wire(RuleBasedStateMachine):
    """One example: a ledger of its own, three drains, up to three outlets, two releases in many versions."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.clock = world.clock
        self.clock.__init__()
        world.meanwhile = None
        wipe()
        self.workers = [Worker(f"w{n}", self.clock, **policy) for n, policy in enumerate(POLICIES)]
        self.received: dict[tuple[str, str, str], list[tuple[int, str]]] = defaultdict(list)
        self.accepted: dict[int, int] = defaultdict(int)
        self.replayed: dict[int, int] = defaultdict(int)
        self.unsure: set[tuple[int, int]] = set()
        self.keys: dict[int, str] = {}
        self.before: dict[int, Row] = {}

    # --- outlets and operations

    @initialize(documents=st.lists(outlet_documents, min_size=1, max_size=3))
    def first_outlets(self, documents: list[dict[str, Any]]) -> None:
        for document in documents:
            self.import_outlet(document)

    @rule(document=outlet_documents)
    def import_outlet(self, document: dict[str, Any]) -> None:
        with ledger.write() as book:
            outlets.put(book, [outlet(**document)], self.clock.now)

    @rule(name=names, disable=st.booleans())
    def pause(self, name: str, disable: bool) -> None:
        status, hold = ("disabled", Hold.DISABLED) if disable else ("paused", Hold.PAUSED)
        with ledger.write() as book:
            outlets.set_status(book, [name], status, "test", self.clock.now)
            deliveries.hold_for_status(book, [name], hold)

    @rule(name=names)
    def resume(self, name: str) -> None:
        with ledger.write() as book:
            outlets.set_status(book, [name], "active", None, self.clock.now)
            deliveries.resume(book, [name], self.clock.now)

    @rule(
        name=st.none() | names,
        number=which,
        states=st.sampled_from(
            [("exhausted", "rejected"), ("delivered",), ("superseded", "canceled", "held", "claimed")]
        ),
    )
    def replay(self, name: str | None, number: int, states: Sequence[str]) -> None:
        release_id = self.release(number).id if name is None and self.releases() else None
        before = self.rows()
        with ledger.write() as book:
            chosen = [State(state) for state in states]
            deliveries.replay(book, self.clock.now, states=chosen, release_id=release_id, outlet_id=name)
        for id, row in self.rows().items():
            if row.state != before[id].state:
                assert before[id].state in {"delivered", "rejected", "exhausted"} & set(states), "replay took it"
                self.replayed[id] += 1
        self.before = self.rows()

    # --- producers

    @rule(uri=uris, step=st.integers(1, 2), content=contents)
    def publish(self, uri: str, step: int, content: dict[str, Any]) -> None:
        newest = self.newest(uri)
        if newest is None or newest.status != "canceled":
            self.take(uri, (newest.version if newest else 0) + step, content)

    @rule(uri=uris, version=st.integers(1, 5), content=contents, kill=st.booleans())
    def late_older_version(self, uri: str, version: int, content: dict[str, Any], kill: bool) -> None:
        newest = self.newest(uri)
        if newest is not None and newest.version > version:
            self.take(uri, version, content | ({"status": "canceled"} if kill else {}))

    @rule(uri=uris)
    def kill(self, uri: str) -> None:
        newest = self.newest(uri)
        if newest is None:
            return
        gone = {"status": "canceled", "body_html": None, "translations": {}, "embargo_until": None, "urgency": 1}
        with ledger.write() as book:
            document = releases.get(book, newest.id).model_copy(update={"version": newest.version + 1, **gone})
            releases.take(book, document, self.clock.now)

    def take(self, uri: str, version: int, content: dict[str, Any]) -> None:
        fields = {"uri": uri, "version": version, **content}
        if "embargo_until" in fields:
            fields["embargo_until"] = self.moment(fields["embargo_until"])
        with ledger.write() as book:
            releases.take(book, release(**fields), self.clock.now)

    @precondition(lambda self: self.releases())
    @rule(number=which, seconds=st.none() | seconds)
    def move_embargo(self, number: int, seconds: float | None) -> None:
        try:
            with ledger.write() as book:
                embargo.move(book, self.release(number).id, None if seconds is None else self.moment(seconds))
        except DocumentRefused:
            pass

    # --- planning and making

    @precondition(lambda self: self.releases())
    @rule(number=which, act=elsewhere)
    def plan(self, number: int, act: Any) -> None:
        self.meanwhile(act, 0)
        planning.plan(self.release(number).id, self.clock.now)

    @precondition(lambda self: self.to_make(translations))
    @rule(
        number=which,
        outcome=st.sampled_from(["made", "made", "held", "vanish"]),
        act=elsewhere,
        moments=st.integers(0, 2),
    )
    def translate(self, number: int, outcome: str, act: Any, moments: int) -> None:
        self.meanwhile(act, moments)
        self.make(making.make_translation, self.to_make(translations), number, outcome)

    @precondition(lambda self: self.to_make(renditions))
    @rule(
        number=which,
        outcome=st.sampled_from(["made", "made", "held", "vanish"]),
        act=elsewhere,
        moments=st.integers(0, 2),
    )
    def format(self, number: int, outcome: str, act: Any, moments: int) -> None:
        self.meanwhile(act, moments)
        self.make(making.make_renditions, self.to_make(renditions), number, outcome)

    @precondition(lambda self: self.releases())
    @rule()
    def prepare_all(self) -> None:
        for row in self.releases():
            planning.plan(row.id, self.clock.now)
        for table, work in ((translations, making.make_translation), (renditions, making.make_renditions)):
            for number in range(len(self.to_make(table))):
                self.make(work, self.to_make(table), number, "made")

    @precondition(lambda self: self.releases())
    @rule(number=which, language=st.none() | st.sampled_from(["en", "de", "ko"]))
    def promote(self, number: int, language: str | None) -> None:
        with ledger.write() as book:
            deliveries.promote(book, self.release(number).id, self.clock.now, language)

    def make(self, work: Any, wanted: list[Any], number: int, outcome: str) -> None:
        self.world.outcome = outcome
        try:
            if wanted:
                work(*wanted[number % len(wanted)])
        except Vanished:
            pass
        self.world.outcome = "made"
        self.world.meanwhile = None

    def meanwhile(self, act: Any, moments: int) -> None:
        """Let something happen between two transactions of what comes next."""
        self.world.moments = moments
        self.world.meanwhile = None if act is None else lambda: self.happen(*act)

    def happen(self, what: str, number: int, other: int) -> None:
        uri, name = URIS[number % 2], NAMES[other]
        acts: dict[str, Any] = {
            "pause": lambda: self.pause(name, False),
            "disable": lambda: self.pause(name, True),
            "resume": lambda: self.resume(name),
            "move": lambda: self.move_embargo(number, 100.0),
            "lift": lambda: self.move_embargo(number, None),
            "advance": lambda: self.advance(450.0),
            "sweep": self.sweep,
            "publish": lambda: self.publish(uri, 1, {}),
            "kill": lambda: self.kill(uri),
            "work": lambda: self.work(other),
            "make": self.prepare_all,
        }
        acts[what]()

    # --- drains and outlets

    @rule(worker=workers)
    def work(self, worker: int) -> None:
        """A drain goes on to its next turn."""
        mine = self.workers[worker]
        known = {id(going) for going in mine.going}
        self.world.running = mine.name
        mine.step()
        active = self.active()
        for going in mine.going:
            if id(going) not in known:
                self.started(going, mine, active)

    def started(self, going: Going, mine: Worker, active: set[str]) -> None:
        claim = going.item.claim
        going.unwelcome = claim.outlet_id not in active
        assert self.keys.setdefault(claim.id, going.header("Idempotency-Key")) == going.header("Idempotency-Key")
        for other in self.going():
            if other is not going and other.item.claim.id == claim.id:
                assert other.lease_until < self.clock.now, "two workers hold one delivery"
        row = self.rows()[claim.id]
        assert (row.state, row.claimed_by, row.attempt) == (State.CLAIMED, mine.name, claim.attempt)

    @precondition(lambda self: self.waiting())
    @rule(number=which, answer=answers)
    def outlet_answers(self, number: int, answer: str) -> None:
        self.answer(self.waiting()[number % len(self.waiting())], answer)

    @precondition(lambda self: self.waiting())
    @rule(worker=workers, answer=answers)
    def all_answer(self, worker: int, answer: str) -> None:
        for going in self.waiting():
            self.answer(going, answer)
        self.work(worker)

    @rule(worker=workers)
    def vanish(self, worker: int) -> None:
        self.workers[worker].vanish()

    @rule(worker=workers)
    def stop(self, worker: int) -> None:
        """SIGTERM: it claims no more and ends when nothing is on its way."""
        self.workers[worker].stopping = True

    def answer(self, going: Going, answer: str) -> None:
        if answer in ("delivered", "silent", "cut"):
            self.receive(going)
        if answer == "delivered":
            going.ends_with(200)
        elif answer in ("lost", "cut"):
            going.accepted, accepted = True, going.accepted
            going.ends_with(None, ErrorKind.RESET)
            going.accepted = accepted
        elif answer in ("unreachable", "blocked"):
            going.ends_with(None, ErrorKind.CONNECT if answer == "unreachable" else ErrorKind.BLOCKED)
        elif answer != "silent":
            status = {"failed": 500, "throttled": 429, "rejected": 400, "gone": 410}[answer]
            going.ends_with(status, **{"retry-after": "30"} if answer == "throttled" else {})

    def receive(self, going: Going) -> None:
        """The outlet takes it; here the promises to outlets are kept or broken."""
        going.accepted = True
        claim, heading = going.item.claim, going.item.heading
        assert self.clock.now <= going.ends < going.lease_until
        action = going.header("Fanwire-Action")
        assert (action == "kill") == (heading.status == "canceled")
        earlier = self.received[heading.uri, claim.outlet_id, claim.language]
        assert all(version <= heading.version for version, _ in earlier), f"v{heading.version} after {earlier}"
        assert action == "kill" or "kill" not in {action for _, action in earlier}, "something after a kill"
        assert not going.unwelcome, "claimed although the outlet was not active"
        with ledger.read() as book:
            document = releases.get(book, claim.release_id)
        assert not document.embargoed_at(self.clock.now), "received before its embargo"
        assert going.transfer.body == words(document, claim.language, claim.format), "old bytes"
        excuses = sum(id == claim.id for id, _ in self.unsure) + self.replayed[claim.id]
        assert self.accepted[claim.id] <= excuses, "accepted again without a reason"
        self.accepted[claim.id] += 1
        earlier.append((heading.version, action))

    # --- time

    @rule(seconds=seconds)
    def advance(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def expire_leases(self) -> None:
        with ledger.write() as book:
            deliveries.expire_leases(book, self.clock.now)

    @rule()
    def lift_embargoes(self) -> None:
        with ledger.write() as book:
            deliveries.lift_embargoes(book, self.clock.now)

    @rule()
    def sweep(self) -> None:
        """The clock ticks, and all its hints are lost."""
        sweep.sweep(self.clock.now)

    # --- promises about the ledger

    @invariant()
    def every_row_has_a_next_step(self) -> None:
        active, now_rows = self.active(), self.rows()
        for row in now_rows.values():
            free = row.lease_until is None and row.claimed_by is None
            if row.state == State.HELD:
                assert free and row.due_at is None and row.reason in set(Hold), row
                waits_for_outlet = row.reason in (Hold.PAUSED, Hold.DISABLED)
                assert not waits_for_outlet or row.outlet_id not in active, f"forgotten although active: {row}"
            elif row.state == State.DUE:
                assert free and row.due_at is not None and row.first_due_at is not None, row
            elif row.state == State.CLAIMED:
                assert row.lease_until is not None and row.claimed_by in {w.name for w in self.workers}, row
            else:
                assert row.state in FINAL and free and row.due_at is None, row
            if row.state == State.DELIVERED:
                assert self.accepted[row.id], f"not received: {row}"

    @invariant()
    def history_only_grows(self) -> None:
        now_rows = self.rows()
        for id, was in self.before.items():
            row = now_rows[id]
            assert row.attempt >= was.attempt
            if was.state in FINAL:
                assert row.state == was.state, f"{was.state} became {row.state}"
        with ledger.read() as book:
            noted = book.execute(select(attempts)).all()
        for attempt in noted:
            row = now_rows[attempt.delivery_id]
            assert 1 <= attempt.attempt <= row.attempt
            assert row.state != State.CLAIMED or attempt.attempt < row.attempt, "ended and yet going on"
        self.unsure |= {(a.delivery_id, a.attempt) for a in noted if a.verdict == Verdict.UNSURE}
        self.before = now_rows

    # --- the end: let everything run

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.let_run()
        finally:
            for worker in self.workers:
                worker.vanish()

    def let_run(self) -> None:
        with ledger.read() as book:
            idle = list(book.execute(select(outlet_rows.c.id).where(outlet_rows.c.status != "active")).scalars())
        for name in idle:
            self.resume(name)
        quiet = 0
        for _ in range(200):
            self.tick()
            self.every_row_has_a_next_step()
            self.history_only_grows()
            quiet = quiet + 1 if all(row.state in FINAL for row in self.rows().values()) else 0
            if quiet > 2 and not self.going() and all(row.planned_at is not None for row in self.releases()):
                break
        self.check_the_end()

    def tick(self) -> None:
        """A second of a healthy wire … or half a minute, so that it does not take all day."""
        self.clock.now += 0.3
        found = sweep.sweep(self.clock.now)
        for release_id in found.to_plan:
            planning.plan(release_id, self.clock.now)
        for release_id, language in found.to_translate:
            making.make_translation(release_id, language)
            making.make_renditions(release_id, language)
        for release_id, language in found.to_format:
            making.make_renditions(release_id, language)
        for number in range(len(self.workers)):
            self.work(number)
            for going in self.waiting():
                self.answer(going, "delivered")
        if not found.due:
            self.clock.now += 30

    def check_the_end(self) -> None:
        ended = self.rows().values()
        assert [row for row in ended if row.state not in FINAL] == [], "not final"
        for uri in URIS:
            newest = self.newest(uri)
            if newest is None:
                continue
            mine = {(row.outlet_id, row.language): row.state for row in ended if row.release_id == newest.id}
            assert set(mine.values()) <= {State.DELIVERED, State.REJECTED, State.EXHAUSTED}, mine
            for (of, name, language), got in self.received.items():
                if of == uri and mine.get((name, language)) not in (State.REJECTED, State.EXHAUSTED):
                    assert got == [] or got[-1][0] == newest.version, f"{name} in {language} still has {got}: {mine}"

    # --- what the machine sees

    def rows(self) -> dict[int, Row]:
        with ledger.read() as book:
            return {row.id: row for row in book.execute(select(rows).order_by(rows.c.id))}

    def releases(self) -> list[Row]:
        with ledger.read() as book:
            return list(book.execute(select(release_rows).order_by(release_rows.c.id)))

    def release(self, number: int) -> Row:
        found = self.releases()
        return found[-1 - number % len(found)]

    def newest(self, uri: str) -> Row | None:
        with ledger.read() as book:
            return releases.find(book, uri)

    def active(self) -> set[str]:
        with ledger.read() as book:
            return set(book.execute(select(outlet_rows.c.id).where(outlet_rows.c.status == "active")).scalars())

    def to_make(self, table: Any) -> list[tuple[int, str]]:
        query = select(table.c.release_id, table.c.language).where(table.c.state != Making.MADE).distinct()
        with ledger.read() as book:
            return [tuple(row) for row in book.execute(query.order_by(table.c.release_id, table.c.language))]

    def going(self) -> list[Going]:
        return [going for worker in self.workers for going in worker.going]

    def waiting(self) -> list[Going]:
        """What may still arrive: not answered, and not broken off by its deadline."""
        return [
            going
            for going in self.going()
            if going.answer is None and not going.accepted and self.clock.now <= going.ends
        ]

    def moment(self, later: float) -> datetime:
        return datetime.fromtimestamp(self.clock.now + later, UTC)


@pytest.mark.timeout(0 if MORE else 300)
@pytest.mark.usefixtures("book")
def test_whatever_happens_every_promise_holds(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    with quick(), monkeypatch.context() as patch:
        world.install(patch)
        run_state_machine_as_test(
            lambda: Wire(world),
            settings=settings(
                max_examples=MORE or EXAMPLES[ledger_url.partition("+")[0].partition(":")[0]],
                stateful_step_count=STEPS,
                derandomize=not MORE,
                database=None,
                deadline=None,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
