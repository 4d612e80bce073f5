"""Everything that may happen to deliveries, in any order: after every step each promise of the ledger must hold.

Hypothesis plays producers, planners, builders, drains, outlets, operations and the clock against the product's own code
(machine.py), on SQLite and on PostgreSQL. `FANWIRE_EXAMPLES=2000 pytest tests/ledger/test_state_machine.py` tries more.
When it fails, what it prints is a minimal sequence of steps.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Row, select

from tasks import ledger, pipeline, planning, review
from tasks.building.renditions import build_renditions
from tasks.building.translations import build_translation
from tasks.delivery.policy import RetryPolicy
from tasks.delivery.transfers.transfer import ErrorKind
from tasks.ledger import audit, deliveries, outlets, releases, seals, translation_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.audit import Entry
from tasks.ledger.schema import attempts, renditions, translations
from tasks.ledger.schema import deliveries as rows
from tasks.ledger.schema import outlets as outlet_rows
from tasks.ledger.schema import releases as release_rows
from tasks.model.acts import Act
from tasks.model.codes import Code
from tasks.model.documents import DocumentRefused
from tasks.model.states import FINAL, ArtifactState, Hold, State, Verdict
from tasks.operations import chain, embargo, sealer
from tasks.operations import kill as kills
from tasks.operations.sealer import Sealing
from tasks.review import imports, listing
from tasks.runtime.errors import UserError
from tasks.runtime.seal_key import SealKey
from tests.ledger.machine import DRAFTED, Going, Vanished, Worker, World, quick, wipe, words
from tests.support.samples import outlet, release

EXAMPLES = {"sqlite": 30, "postgresql": 8}
STEPS = 40
MORE = int(os.environ.get("FANWIRE_EXAMPLES", "0"))
SHRINK = not os.environ.get("FANWIRE_NO_SHRINK")
"""Read at import: every test forgets the FANWIRE_ variables."""

URIS = ("urn:x:one", "urn:x:two")
NAMES = ("a", "b", "c")
POLICY: dict[str, Any] = {"deadline": 10.0, "connect_timeout": 5.0, "time_budget": 60.0,
                          "retry": RetryPolicy(5.0, 40.0, 400.0)}  # fmt: skip
POLICIES = (
    POLICY | {"lease": 20.0, "claim_chunk": 1, "in_flight": 1},
    POLICY | {"lease": 20.0, "claim_chunk": 3, "in_flight": 3},
    POLICY | {"lease": 60.0, "claim_chunk": 200, "in_flight": 400},
)


def policy(language: str) -> bool:
    """Korean goes out only after somebody approved it."""
    return language == "ko"


uris = st.sampled_from(URIS)
names = st.sampled_from(NAMES)
which = st.integers(0, 7)
workers = st.integers(0, len(POLICIES) - 1)
tongues = st.sampled_from(["en", "de", "ko"])
languages = st.lists(tongues, min_size=1, max_size=2, unique=True)
outcomes = st.sampled_from(["made", "made", "held", "vanish"])
waits = st.sampled_from([0.3, 0.0, 2.0])
seconds = st.sampled_from([0.3, 2.0, 8.0, 11.0, 25.0, 70.0, 450.0])
rarely_idle = st.sampled_from(["active", "active", "active", "active", "paused", "disabled", "unverified"])
rarely_later = st.sampled_from([None, None, None, 2.0, 70.0])
outlet_documents = st.fixed_dictionaries(
    {
        "id": names,
        "languages": languages,
        "circuits": st.sampled_from([["x"], ["x"], ["y"]]),
        "format": st.sampled_from(["ninjs", "ninjs", "text"]),
        "machine_translation": st.sampled_from(["accept", "accept", "approved", "refuse"]),
        "status": rarely_idle,
    },
    optional={"limits": st.just({"in_flight": 1})},
)
contents = st.fixed_dictionaries(
    {
        "circuits": st.sampled_from([[], [], ["x"]]),
        "urgency": st.sampled_from([5, 1]),
        "embargo_until": rarely_later,
    },
    optional={"translations": st.just({"de": {"headline": "Werk", "body_html": "<p>Text</p>"}})},
)
kinds = ["delivered", "cut", "silent", "lost", "failed", "throttled", "rejected", "gone", "unreachable", "blocked"]
answers = st.sampled_from(["delivered", "delivered", *kinds])
acts = st.sampled_from(
    ["pause", "disable", "resume", "move", "lift", "advance", "sweep", "publish", "kill", "work", "make", "approve",
     "rework", "remove"]
)  # fmt: skip
elsewhere = st.none() | st.tuples(acts, which, st.integers(0, 2))


DELIVERIES, ATTEMPTS = select(rows).order_by(rows.c.id), select(attempts)
RELEASES = select(release_rows).order_by(release_rows.c.id)
TO_MAKE = {
    table: select(table.c.release_id, table.c.language)
    .where(table.c.state != ArtifactState.MADE)
    .distinct()
    .order_by(table.c.release_id, table.c.language)
    for table in (translations, renditions)
}


class Wire(RuleBasedStateMachine):
    """One example: a ledger of its own, three drains, up to three outlets, two releases in many versions."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.clock = world.clock
        self.clock.__init__()  # type: ignore[misc]
        world.meanwhile = None
        world.status = "checked"
        wipe()
        sealer._progress.__init__()  # type: ignore[misc]
        self.workers = [Worker(f"w{n}", self.clock, **policy) for n, policy in enumerate(POLICIES)]
        self.received: dict[tuple[str, str, str], list[tuple[int, str]]] = defaultdict(list)
        self.accepted: dict[int, int] = defaultdict(int)
        self.replayed: dict[int, int] = defaultdict(int)
        self.unsure: set[tuple[int, int]] = set()
        self.keys: dict[int, str] = {}
        self.removed: set[str] = set()
        """Outlets that were removed at any time, though an import may have brought them back."""
        self.before: dict[int, Row[Any]] = {}

    # --- outlets and operations

    @initialize(
        documents=st.lists(outlet_documents, min_size=1, max_size=3, unique_by=lambda document: str(document["id"])),
        content=contents,
        answer=answers,
    )
    def begin(self, documents: list[dict[str, Any]], content: dict[str, Any], answer: str) -> None:
        """There is a release from here on: no rule has to ask for one, which each would at every choice of a step."""
        for document in documents:
            self.import_outlet(document)
        self.publish(URIS[0], 1, content, True)
        self.round(2, answer, 0.3)

    @rule(worker=workers, answer=answers, wait=waits)
    def round(self, worker: int, answer: str, wait: float) -> None:
        """All that can be made and delivered now is, and every outlet answers alike."""
        self.prepare_all()
        self.work(worker, wait)
        self.all_answer(answer, wait)

    @rule(document=outlet_documents)
    def import_outlet(self, document: dict[str, Any]) -> None:
        with ledger.write() as connection:
            outlets.put(connection, [outlet(**document)], self.clock.now)

    @rule(name=names, disable=st.booleans())
    def pause(self, name: str, disable: bool) -> None:
        status, hold = ("disabled", Hold.DISABLED) if disable else ("paused", Hold.PAUSED)
        with ledger.write() as connection:
            outlets.set_status(connection, [name], status, "test", self.clock.now)
            deliveries.hold_for_status(connection, [name], hold)

    @rule(name=names)
    def resume(self, name: str) -> None:
        with ledger.write() as connection:
            outlets.set_status(connection, [name], "active", None, self.clock.now)
            deliveries.resume(connection, [name], self.clock.now)

    @rule(name=names)
    def remove(self, name: str) -> None:
        with ledger.write() as connection:
            if outlets.set_status(connection, [name], "removed", None, self.clock.now):
                deliveries.end_for_removed(connection, [name])
                self.removed.add(name)

    @rule(
        name=st.none() | names,
        number=which,
        states=st.sampled_from([("exhausted", "rejected"), ("delivered",), ("superseded", "canceled", "claimed")]),
    )
    def replay(self, name: str | None, number: int, states: Sequence[str]) -> None:
        release_id = self.release(number).id if name is None and self.releases() else None
        before = self.rows()
        with ledger.write() as connection:
            chosen = [State(state) for state in states]
            deliveries.replay(connection, self.clock.now, states=chosen, release_id=release_id, outlet_id=name)
            uri = self.release(number).uri if release_id else None
            audit.record(connection, Entry(act=Act.REPLAY, subject="some", uri=uri, outlet_id=name))
        for id, row in self.rows().items():
            if row.state != before[id].state:
                assert before[id].state in {"delivered", "rejected", "exhausted", "canceled"} & set(states), "taken"
                assert before[id].state != "canceled" or before[id].code == "outlet_removed", "a kill stays"
                self.replayed[id] += 1
        self.before = self.rows()

    @rule(name=names)
    def replay_missed(self, name: str) -> None:
        before = self.rows()
        with ledger.write() as connection:
            there = deliveries.missed(connection, name)
            done = deliveries.replay_missed(connection, name, self.clock.now)
            audit.record(connection, audit.of_outlet(Act.REPLAY, name))
            assert set(deliveries.missed(connection, name)) <= {"kept"}, "a second time nothing is left"
        changed = [id for id, row in self.rows().items() if row.state != before[id].state]
        assert len(changed) == done.count == sum(n for what, n in there.items() if what != "kept")
        for id in changed:
            assert before[id].outlet_id == name
            assert before[id].state in {"rejected", "exhausted", "canceled"}, "taken, or refused on its merits"
            assert before[id].state != "canceled" or before[id].code == "outlet_removed", "a kill stays"
            self.replayed[id] += 1
        self.before = self.rows()

    # --- producers

    @rule(uri=uris, step=st.integers(1, 2), content=contents, ready=st.booleans())
    def publish(self, uri: str, step: int, content: dict[str, Any], ready: bool = False) -> None:
        newest = self.newest(uri)
        if newest is None or newest.status != "canceled":
            self.take(uri, (newest.version if newest else 0) + step, content)
            if ready:
                self.prepare_all()

    @rule(uri=uris, version=st.integers(1, 5), content=contents, kill=st.booleans())
    def late_older_version(self, uri: str, version: int, content: dict[str, Any], kill: bool) -> None:
        newest = self.newest(uri)
        if newest is not None and newest.version > version:
            taken = self.take(uri, version, content | ({"status": "canceled"} if kill else {}))
            assert taken.outcome != "new", "an older version could never go out"

    @rule(uri=uris, ready=st.booleans())
    def kill(self, uri: str, ready: bool = False) -> None:
        newest = self.newest(uri)
        if newest is None:
            return
        with ledger.write() as connection:
            kills.kill(connection, releases.get(connection, newest.id))
        if ready:
            self.prepare_all()

    def take(self, uri: str, version: int, content: dict[str, Any]) -> releases.Taken:
        fields = {"uri": uri, "version": version, **content}
        if fields.get("embargo_until"):
            fields["embargo_until"] = self.moment(fields["embargo_until"])
        with ledger.write() as connection:
            return releases.take(connection, release(**fields), self.clock.now)

    @rule(number=which, seconds=st.none() | seconds)
    def move_embargo(self, number: int, seconds: float | None) -> None:
        try:
            with ledger.write() as connection:
                embargo.move(connection, self.release(number).id, None if seconds is None else self.moment(seconds))
        except UserError:
            pass

    # --- planning and building

    @rule(number=which, act=elsewhere)
    def plan(self, number: int, act: Any) -> None:
        self.meanwhile(act, 0)
        planning.plan(self.release(number).id, self.clock.now, policy)

    @precondition(lambda self: self.to_make(translations))
    @rule(number=which, outcome=outcomes, act=elsewhere, moments=st.integers(0, 2))
    def translate(self, number: int, outcome: str, act: Any, moments: int) -> None:
        self.meanwhile(act, moments)
        self.make(build_translation, self.to_make(translations), number, outcome)

    @precondition(lambda self: self.to_make(renditions))
    @rule(number=which, outcome=outcomes, act=elsewhere, moments=st.integers(0, 2))
    def format(self, number: int, outcome: str, act: Any, moments: int) -> None:
        self.meanwhile(act, moments)
        self.make(build_renditions, self.to_make(renditions), number, outcome)

    def prepare_all(self) -> None:
        pipeline.sweep_ledger(self.clock.now)
        for row in self.releases():
            planning.plan(row.id, self.clock.now, policy)
        for table, work in ((translations, build_translation), (renditions, build_renditions)):
            for number in range(len(self.to_make(table))):
                self.make(work, self.to_make(table), number, "made")

    @rule(number=which, language=st.none() | tongues)
    def promote(self, number: int, language: str | None) -> None:
        with ledger.write() as connection:
            deliveries.promote(connection, self.release(number).id, self.clock.now, language)

    # --- review

    @rule(number=which, language=tongues)
    def approve(self, number: int, language: str) -> None:
        with suppress(DocumentRefused):
            review.approve(self.release(number).id, language, "Ann")

    @rule(number=which, language=tongues, by_people=st.booleans(), ready=st.booleans())
    def rework(self, number: int, language: str, by_people: bool, ready: bool = False) -> None:
        """People sent sentences, or all of them: what `review.take` does after it has checked them."""
        release_id = self.release(number).id
        self.world.status = "approved" if by_people else "checked"
        try:
            with ledger.write() as connection:
                deliveries.revising(connection)
                listing.to_change(connection, releases.get(connection, release_id), release_id, language)
                if deliveries.still_open(connection, release_id, language):
                    imports.make_anew(connection, release_id, language, self.clock.now)
                    row = releases.get(connection, release_id)
                    entry = audit.of_release(Act.IMPORT_TRANSLATION, row.uri, row.version, language)
                    audit.record(connection, entry)
        except DocumentRefused:
            pass
        if ready:
            self.prepare_all()
            self.world.status = "checked"

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
            "remove": lambda: self.remove(name),
            "move": lambda: self.move_embargo(number, 100.0),
            "lift": lambda: self.move_embargo(number, None),
            "advance": lambda: self.advance(450.0),
            "sweep": self.sweep,
            "publish": lambda: self.publish(uri, 1, {}),
            "kill": lambda: self.kill(uri),
            "work": lambda: self.work(other),
            "make": self.prepare_all,
            "approve": lambda: self.approve(number, ("de", "ko")[other % 2]),
            "rework": lambda: self.rework(number, ("de", "ko")[other % 2], other == 2),
        }
        acts[what]()

    # --- drains and outlets

    @rule(worker=workers, wait=waits)
    def work(self, worker: int, wait: float = 0.0) -> None:
        """A drain goes on to its next turn."""
        self.clock.now += wait
        mine = self.workers[worker]
        known = {id(going): going for going in mine.going}  # kept, so that no new one gets the id of one that ended
        mine.step()
        active = self.active()
        for going in mine.going:
            if id(going) not in known:
                claim = going.item.claim
                with ledger.read() as connection:
                    going.text = translation_rows.finished(connection, TranslationKey(claim.release_id, claim.language))
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

    @rule(first=workers, second=workers, uri=uris, kill=st.booleans(), answer=answers)
    def newer_comes_while_older_is_in_flight(self, first: int, second: int, uri: str, kill: bool, answer: str) -> None:
        """The outlets answer the newer one first, if it is on its way already."""
        self.publish(uri, 1, {}, True)
        self.work(first, 0.3)
        if kill:
            self.kill(uri, True)
        else:
            self.publish(uri, 1, {}, True)
        self.work(second, 0.3)
        for going in sorted(self.waiting(), key=lambda going: -going.item.heading.version):
            self.answer(going, answer)

    @precondition(lambda self: self.waiting())
    @rule(number=which, answer=answers)
    def outlet_answers(self, number: int, answer: str) -> None:
        self.answer(self.waiting()[number % len(self.waiting())], answer)

    @precondition(lambda self: self.waiting())
    @rule(answer=answers, wait=waits)
    def all_answer(self, answer: str, wait: float) -> None:
        for going in self.waiting():
            self.answer(going, answer)
        self.clock.now += wait
        for number, worker in enumerate(self.workers):
            if worker.going:
                self.work(number)

    @precondition(lambda self: self.going())
    @rule(worker=workers)
    def vanish(self, worker: int) -> None:
        self.workers[worker].vanish()

    @precondition(lambda self: self.going())
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
            headers: dict[str, Any] = {"retry-after": "30"} if answer == "throttled" else {}
            going.ends_with(status, **headers)

    def receive(self, going: Going) -> None:
        """The outlet takes it; here the promises to outlets are kept or broken."""
        going.accepted = True
        claim, heading = going.item.claim, going.item.heading
        assert self.clock.now <= going.ends < going.lease_until
        action = going.header("Fanwire-Action")
        assert (action == "kill") == (heading.status == "canceled")
        earlier = self.received[heading.uri, claim.outlet_id, claim.language]
        assert all(version <= heading.version for version, _ in earlier), f"v{heading.version} after {earlier}"
        older = {version for version, _ in earlier} - {heading.version}  # a second try has the action of the first
        assert action != "publish" or not older, "published anew to an outlet that has it"
        assert action == "kill" or "kill" not in {action for _, action in earlier}, "something after a kill"
        assert not going.unwelcome, "claimed although the outlet was not active"
        with ledger.read() as connection:
            document = releases.get(connection, claim.release_id)
        assert not document.embargoed_at(self.clock.now), "received before its embargo"
        assert going.text is not None, "claimed while its translation was being made"
        assert going.transfer.body == words(document, going.text, claim.format), "old bytes"
        drafted = claim.language == DRAFTED and going.text.status is not None and action != "kill"
        if drafted or self.rows()[claim.id].approval:
            assert going.text.status == "approved", "nobody approved it"
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
        with ledger.write() as connection:
            deliveries.expire_leases(connection, self.clock.now)

    @rule()
    def lift_embargoes(self) -> None:
        with ledger.write() as connection:
            deliveries.lift_embargoes(connection, self.clock.now)

    @rule()
    def sweep(self) -> None:
        """The clock ticks, and all its hints are lost."""
        pipeline.sweep_ledger(self.clock.now)

    @rule()
    def seal(self) -> None:
        """What is final or ready is sealed, as far as it is time to look."""
        while True:
            with ledger.read() as connection:
                release = seals.due(connection, self.clock.now)
            if release is None:
                return
            sealer.seal_release(release, self.clock.now, self.world.sealing)

    # --- promises about the ledger

    def nothing_sealed_has_changed(self) -> None:
        """Nobody edits the ledger here."""
        with ledger.read() as connection:
            assert chain.verify(connection, [self.world.sealing.key.public]).faults == []

    @invariant()
    def every_promise_holds(self) -> None:
        """Both look at the same rows, which are read once: this is done after every step."""
        now_rows, noted = self.rows_and_attempts()
        self.every_row_has_a_next_step(now_rows)
        self.history_only_grows(now_rows, noted)

    def every_row_has_a_next_step(self, now_rows: dict[int, Row[Any]]) -> None:
        for row in now_rows.values():
            free = row.lease_until is None and row.claimed_by is None
            claimed = row.lease_until is not None and row.claimed_by in {worker.name for worker in self.workers}
            right = {
                State.HELD: free
                and row.due_at is None
                and row.hold_kind in set(Hold)
                and row.reason == Hold(row.hold_kind).words
                and (row.approval or row.language == DRAFTED or row.hold_kind != Hold.APPROVAL),
                State.DUE: free and row.due_at is not None and row.first_due_at is not None,
                State.CLAIMED: claimed,
            } | dict.fromkeys(FINAL, free and row.due_at is None)
            assert row.state == State.HELD or (row.hold_kind, row.hold_detail) == (None, None), row
            assert right[row.state], row
            if row.state == State.DELIVERED:
                assert self.accepted[row.id], f"not received: {row}"

    def history_only_grows(self, now_rows: dict[int, Row[Any]], noted: Sequence[Row[Any]]) -> None:
        for id, was in self.before.items():
            row = now_rows[id]
            assert row.attempt >= was.attempt
            if was.state in FINAL:
                assert row.state == was.state, f"{was.state} became {row.state}"
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
            self.end()

    def end(self) -> None:
        for worker in self.workers:
            worker.vanish()

    def let_run(self) -> None:
        quiet = 0
        for _ in range(80):
            self.resume_all()
            self.tick()
            now_rows = self.rows()
            self.every_row_has_a_next_step(now_rows)
            quiet = quiet + 1 if all(row.state in FINAL for row in now_rows.values()) else 0
            if quiet > 2 and not self.going() and all(row.planned_at is not None for row in self.releases()):
                break
        self.check_the_end()

    def resume_all(self) -> None:
        """Again and again: the answer of one that says that it is gone may not be read yet."""
        waiting = {
            row.outlet_id
            for row in self.rows().values()
            if row.hold_kind in (Hold.PAUSED, Hold.DISABLED, Hold.UNVERIFIED)
        }
        for name in sorted(waiting - self.active()):
            self.resume(name)

    def approve_all(self) -> None:
        """Somebody looks at what waits, as often as it comes."""
        with ledger.read() as connection:
            waiting = [one for one in review.waiting(connection) if one.waits]
        for one in waiting:
            with suppress(DocumentRefused):  # it is being made anew
                review.approve(one.release_id, one.language)

    def tick(self) -> None:
        """A moment of a healthy wire, and a longer one if nothing went out: so it does not take all day."""
        self.clock.now += 0.3
        found = pipeline.sweep_ledger(self.clock.now)
        self.history_only_grows(*self.rows_and_attempts())
        for release_id in found.to_plan:
            planning.plan(release_id, self.clock.now, policy)
        for key in found.to_translate:
            build_translation(key.release_id, key.language)
            build_renditions(key.release_id, key.language)
        for key in found.to_format:
            build_renditions(key.release_id, key.language)
        self.approve_all()
        answered = 0
        for number in range(len(self.workers)):
            self.work(number)
            for going in self.waiting():
                self.answer(going, "delivered")
                answered += 1
        if not answered:  # what is due waits for an older version, or for a worker that vanished
            self.clock.now += 11 if self.going() else 30  # those that stay silent reach their deadline

    def check_the_end(self) -> None:
        self.nothing_sealed_has_changed()
        self.clock.now += 1e6
        self.seal()
        self.nothing_sealed_has_changed()
        ended = self.rows().values()
        assert [row for row in ended if row.state not in FINAL] == [], "not final"
        for uri in URIS:
            newest = self.newest(uri)
            if newest is None:
                continue
            ours = [row for row in ended if row.release_id == newest.id]
            gone = {row.outlet_id for row in ours if row.code == Code.OUTLET_REMOVED} | self.removed
            assert all(row.state == State.CANCELED for row in ours if row.code == Code.OUTLET_REMOVED)
            assert gone <= self.removed
            mine = {(row.outlet_id, row.language): row.state for row in ours if row.code != Code.OUTLET_REMOVED}
            assert set(mine.values()) <= {State.DELIVERED, State.REJECTED, State.EXHAUSTED}, mine
            for (of, name, language), got in self.received.items():
                if (
                    of == uri
                    and name not in gone
                    and mine.get((name, language)) not in (State.REJECTED, State.EXHAUSTED)
                ):
                    assert got == [] or got[-1][0] == newest.version, f"{name} in {language} still has {got}: {mine}"

    # --- what the machine sees

    def rows(self) -> dict[int, Row[Any]]:
        with ledger.read() as connection:
            return {row.id: row for row in connection.execute(DELIVERIES)}

    def rows_and_attempts(self) -> tuple[dict[int, Row[Any]], Sequence[Row[Any]]]:
        with ledger.read() as connection:
            now_rows = {row.id: row for row in connection.execute(DELIVERIES)}
            return now_rows, connection.execute(ATTEMPTS).all()

    def releases(self) -> list[Row[Any]]:
        with ledger.read() as connection:
            return list(connection.execute(RELEASES))

    def release(self, number: int) -> Row[Any]:
        found = self.releases()
        return found[-1 - number % len(found)]

    def newest(self, uri: str) -> Row[Any] | None:
        with ledger.read() as connection:
            return releases.find(connection, uri)

    def active(self) -> set[str]:
        with ledger.read() as connection:
            return set(connection.execute(select(outlet_rows.c.id).where(outlet_rows.c.status == "active")).scalars())

    def to_make(self, table: Any) -> list[tuple[int, str]]:
        with ledger.read() as connection:
            return [tuple(row) for row in connection.execute(TO_MAKE[table])]

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


@pytest.fixture
def world(book: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """Both ledgers, with the model's clock, engines and outlets around the product."""
    made = World(Sealing(SealKey("the secret of this wire, long enough"), tmp_path / "seals.head"))
    with quick(), monkeypatch.context() as patch:
        made.install(patch)
        yield made


@pytest.mark.timeout(0 if MORE else 900)
def test_whatever_happens_every_promise_holds(ledger_url: str, world: World) -> None:
    run_state_machine_as_test(
        lambda: Wire(world),  # type: ignore[arg-type]
        settings=settings(
            max_examples=MORE or EXAMPLES[ledger_url.partition("+")[0].partition(":")[0]],
            stateful_step_count=STEPS,
            derandomize=not MORE,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            phases=list(Phase) if SHRINK else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


# Sequences that chance finds too seldom. Each ends by letting everything run.

A = {"id": "a", "languages": ["en"]}
ONE = {"uri": URIS[0], "step": 1}


@pytest.fixture
def wire(world: World) -> Iterator[Wire]:
    made = Wire(world)
    made.import_outlet(document=A)
    yield made
    made.end()


def test_a_claim_stopped_for_a_pause_is_not_forgotten_when_the_pause_ends_meanwhile(wire: Wire) -> None:
    wire.publish(**ONE, content={}, ready=True)
    wire.work(worker=2, wait=0.3)
    wire.pause(name="a", disable=False)
    wire.all_answer(answer="failed", wait=0.3)  # due again, although its outlet is paused
    wire.advance(seconds=6.0)
    wire.work(worker=2, wait=0.3)  # claimed and stopped; not written yet
    wire.resume(name="a")
    wire.let_run()


def test_a_resume_while_planning_forgets_nothing(wire: Wire) -> None:
    wire.pause(name="a", disable=False)
    wire.publish(**ONE, content={})
    wire.plan(number=0, act=("resume", 0, 0))
    wire.let_run()


def test_an_outlet_that_is_removed_while_planning_gets_nothing(wire: Wire) -> None:
    wire.publish(**ONE, content={})
    wire.plan(number=0, act=("remove", 0, 0))
    assert "a" not in {row.outlet_id for row in wire.rows().values() if row.state not in FINAL}
    wire.let_run()


def test_what_is_on_its_way_to_an_outlet_that_is_removed_counts_and_is_not_tried_again(wire: Wire) -> None:
    wire.publish(**ONE, content={}, ready=True)
    wire.work(worker=2, wait=0.3)
    wire.remove(name="a")
    wire.all_answer(answer="failed", wait=0.3)
    wire.work(worker=2, wait=0.3)
    assert {row.code for row in wire.rows().values() if row.outlet_id == "a"} == {Code.OUTLET_REMOVED}
    wire.let_run()


def test_a_rendition_begun_before_its_embargo_moved_says_the_new_one(wire: Wire) -> None:
    wire.publish(**ONE, content={"embargo_until": 70.0})
    wire.plan(number=0, act=None)
    wire.format(number=0, outcome="made", act=("move", 0, 0), moments=0)
    wire.let_run()


def test_what_was_delivered_is_not_sent_again_because_its_outlet_was_paused_when_we_heard(wire: Wire) -> None:
    wire.publish(**ONE, content={}, ready=True)
    wire.work(worker=0, wait=0.3)
    wire.answer(wire.waiting()[0], "delivered")
    wire.advance(seconds=25.0)
    wire.expire_leases()
    wire.history_only_grows(*wire.rows_and_attempts())
    wire.pause(name="a", disable=False)
    wire.work(worker=0, wait=0.3)
    wire.let_run()
    assert list(wire.accepted.values()) == [1]


KOREAN = {"id": "a", "languages": ["ko"]}


def test_a_text_that_changes_while_it_is_in_flight_goes_out_approved_or_not_at_all(wire: Wire) -> None:
    wire.import_outlet(document=KOREAN)
    wire.publish(**ONE, content={}, ready=True)
    wire.approve(number=0, language="ko")
    wire.prepare_all()
    wire.work(worker=2, wait=0.3)
    assert len(wire.waiting()) == 1
    wire.rework(number=0, language="ko", by_people=False, ready=True)
    wire.all_answer(answer="failed", wait=0.3)
    wire.advance(seconds=25.0)
    wire.work(worker=1, wait=0.3)
    assert wire.going() == []
    [row] = wire.rows().values()
    assert (row.state, row.hold_kind) == ("held", "approval")
    wire.let_run()


def test_a_rendition_begun_before_an_approval_is_made_anew_after_it(wire: Wire) -> None:
    wire.import_outlet(document=KOREAN)
    wire.publish(**ONE, content={}, ready=True)
    wire.rework(number=0, language="ko", by_people=False)
    wire.translate(number=0, outcome="made", act=None, moments=0)
    wire.format(number=0, outcome="made", act=("approve", 0, 1), moments=1)
    wire.let_run()
    assert list(wire.accepted.values()) == [1]
