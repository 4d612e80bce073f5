"""What runs each second, for each chunk or at a command must cost what it finds, not what there is: no query walks a
whole table, on neither database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Select, select, text

from tasks import ledger, pipeline, planning
from tasks.delivery.payloads import read_payloads
from tasks.ledger import (
    artifacts,
    audit,
    backlog,
    counts,
    deliveries,
    feed_rows,
    late,
    notices,
    outlet_history,
    publications,
    refusals,
    releases,
    rendition_rows,
    translation_rows,
)
from tasks.ledger.artifacts import RenditionKey, TranslationKey
from tasks.ledger.deliveries import Planned, Return
from tasks.ledger.metrics import AttemptCounts
from tasks.ledger.schema import deliveries as rows
from tasks.ledger.spans import Span, span_of
from tasks.model.codes import Code
from tasks.model.states import Hold, State, Verdict
from tasks.operations import report
from tests.conftest import forget
from tests.support import population
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.postgres import TEMPLATE, Postgres
from tests.support.query_plans import walks
from tests.support.samples import outlet, release

ALL_STATES = [State.DELIVERED, State.REJECTED, State.EXHAUSTED, State.CANCELED]


RELEASES, EACH = 100, 20


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A ledger with old rows, and some releases of today in every state."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('grown') / 'ledger.sqlite'}"
        fill(url)
        yield url
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.new_database(TEMPLATE)
    # as if the tables were a thousand times as long: what is read from end to end anyway has no index
    for cost in ("seq_page_cost = 1000", "cpu_index_tuple_cost = 1"):
        server.do(f"ALTER DATABASE {name} SET {cost}")
    fill(server.url(name))
    yield server.url(name)
    server.drop(name)


def fill(url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FANWIRE_LEDGER_URL", url)
        forget()
        ledger.upgrade()
        receivers(*(outlet(f"o{n}") for n in range(30)), outlet("feed", url="pull:"))
        ledger.close()
        population.fill(url, RELEASES * EACH, NOW, EACH)
        for number in range(5):
            render(take(uri=f"urn:{number}"))
        finish(*map(result, claim(limit=100)))
        with ledger.write() as connection:
            feed_rows.put(connection, "feed", "urn:0", 1, "en", NOW)
        take(uri="urn:embargoed", embargo_until="2027-02-01T00:00:00Z")
        render(take(uri="urn:1", version=2))
        forget()


@pytest.fixture
def grown(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A transaction in the ledger of this test that is undone at its end."""
    monkeypatch.setenv("FANWIRE_LEDGER_URL", address)
    forget()
    with ledger.sql_engine().connect().execution_options(fanwire_immediate=True) as connection:
        yield connection
        connection.rollback()


def claimed_and_finished(connection: Connection) -> None:
    claims = deliveries.claim(connection, "w", now=NOW, lease=9, limit=5)
    assert claims
    read_payloads(connection, claims)
    results = [result(one, State.DELIVERED) for one in claims[1:]] + [result(claims[0], State.DUE, NOW + 9)]
    deliveries.finish(connection, results)
    AttemptCounts().count(connection, results, NOW)


def vanished(connection: Connection) -> None:
    claims = deliveries.claim(connection, "w", now=NOW, lease=9, limit=5)
    deliveries.first_attempts(connection, [one.id for one in claims])
    assert deliveries.expire_leases(connection, NOW + 9.5, horizon=1.0) >= len(claims) > 0


def came_back(connection: Connection) -> None:
    said = {"state": State.REJECTED, "verdict": Verdict.REJECTED, "code": Code.BOUNCED, "reason": "no such user"}
    deliveries.take_return(connection, Return(delivery_id=1, attempt=1, status=550, **said), NOW)  # type: ignore[arg-type]
    deliveries.refused_lately(connection, "o1", NOW - 9)


def planned(connection: Connection) -> None:
    with_rows = [Planned(outlet_ids=["o1", "o2"], language="en", format="ninjs")]
    deliveries.plan(connection, 1, 1, 5, with_rows, NOW)
    deliveries.with_rows(connection, 1, ["en"], ["o1"])
    deliveries.any_planned(connection, 1)


def corrected(connection: Connection) -> None:
    deliveries.supersede(connection, "urn:1", 2, by_kill=False)
    deliveries.may_have(connection, "urn:1", 2)
    deliveries.corrections(connection, [1, 2])


def built(connection: Connection) -> None:
    rendition_rows.late(connection, now=NOW, again_at=NOW + 9)
    translation_rows.late(connection, now=NOW, again_at=NOW + 9)
    artifacts.free(connection, ["gone"], now=NOW)
    artifacts.claim(connection, RenditionKey(6, "en", "ninjs"), now=NOW, lease=9)
    rendition_rows.unmade(connection, TranslationKey(1, "en"))


def noticed(connection: Connection) -> None:
    notices.add_unless_known(connection, "failing", "o1", "text", NOW)
    notices.latest(connection, 20)
    notices.last_of(connection, "failing", ["o1", "o2"])
    notices.mark_posted(connection, [found["id"] for found in notices.unposted(connection, 5)], NOW)


def of_an_outlet(connection: Connection) -> None:
    outlet_history.states(connection, "o1")
    outlet_history.next_try(connection, "o1")
    outlet_history.recent(connection, "o1", 10)
    outlet_history.health(connection, ["o1", "o2"])
    deliveries.missed(connection, "o1")
    deliveries.last_taken(connection, ["o1", "o2"])
    deliveries.refused_in_a_row(connection, ["o1", "o2"], at_least=3)
    deliveries.in_flight(connection, ["o1", "o2"])


def status(connection: Connection) -> None:
    for ask in (counts.states, counts.holds, counts.texts, counts.planned, counts.engines, counts.writing,
                counts.unknowable, counts.unfinished, counts.being_built):  # fmt: skip
        ask(connection, 1)
    for lies in (span_of(connection, 1), Span(1, None)):
        counts.states(connection, 1, lies)
        counts.every_outlet_has_some(connection, lies)
        late.listed(connection, lies, limit=10)
        report.reasons(connection, lies)
        publications.of_release(connection, "urn:1", 2, lies)


def latest(connection: Connection) -> None:
    releases.latest(connection, 20)
    releases.latest(connection, 20, since=NOW)
    releases.latest(connection, 1, states=list(State))
    refusals.latest(connection, 20)


def audited(connection: Connection) -> None:
    for wanted in (audit.Wanted(), audit.Wanted(uri="urn:1"), audit.Wanted(outlet_id="o1"), audit.Wanted(since=NOW)):
        audit.latest(connection, wanted, 20)


def fetched(connection: Connection) -> None:
    feed_rows.put(connection, "feed", "urn:1", 1, "en", NOW)
    feed_rows.withdraw(connection, "urn:1", 2, NOW)
    feed_rows.newest(connection, "feed", 50)
    feed_rows.between(connection, "feed", 1, 50)
    feed_rows.next_older(connection, "feed", 50)


WORK: dict[str, Callable[[Connection], Any]] = {
    "claim and finish": claimed_and_finished,
    "expire": vanished,
    "lift": lambda c: deliveries.lift_embargoes(c, NOW),
    "adopt": lambda c: deliveries.adopt(c, NOW),
    "next due": deliveries.next_due,
    "count due": lambda c: deliveries.count_due(c, NOW, 500),
    "forgotten": deliveries.forgotten,
    "promote": lambda c: deliveries.promote(c, 1, NOW),
    "wait anew": lambda c: deliveries.wait_anew(c, 1, "en"),
    "pause": lambda c: deliveries.hold_for_status(c, ["o1"], Hold.PAUSED),
    "resume": lambda c: deliveries.resume(c, ["o1"], NOW),
    "plan": planned,
    "correct": corrected,
    "a return": came_back,
    "build": built,
    "releases to plan": lambda c: releases.unplanned(c, NOW),
    "take": lambda c: releases.take(c, release(uri="urn:1", version=3), NOW),
    "headings": lambda c: releases.headings(c, [1, 2]),
    "replay of a release": lambda c: deliveries.replay(c, NOW, states=ALL_STATES, release_id=1),
    "replay of an outlet": lambda c: deliveries.replay(c, NOW, states=ALL_STATES, outlet_id="o1", since=NOW),
    "replay of what was missed": lambda c: deliveries.replay_missed(c, "o1", NOW),
    "backlog": lambda c: backlog.backlog(c, NOW),
    "stuck": backlog.stuck,
    "notices": noticed,
    "an outlet": of_an_outlet,
    "status": status,
    "report": lambda c: report.report(c, 1),
    "latest": latest,
    "audit": audited,
    "feeds": fetched,
}


d = rows.c
UNINDEXED = {
    "no index": select(d.id).where(d.reason == "x"),
    "the wrong end of an index": select(d.id).where(d.language == "en", d.ended_at > NOW),
    "a partial index that does not fit": select(d.id).where(d.state == "delivered"),
    "an alias": select(rows.alias("deliveries_1").c.id).where(text("deliveries_1.code = 'x'")),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_no_query_of_the_hot_paths_walks_a_table(work: Callable[[Connection], Any], grown: Connection) -> None:
    with walks(grown.engine) as found:
        work(grown)
    assert not found, "\n".join(dict.fromkeys(found))


@pytest.mark.parametrize("query", UNINDEXED.values(), ids=UNINDEXED)
def test_a_query_without_its_index_is_noticed(query: Select[Any], grown: Connection) -> None:
    with walks(grown.engine) as found:
        grown.execute(query)
    assert found


def test_neither_a_whole_sweep_nor_a_plan_walks_a_table(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_LEDGER_URL", address)
    forget()
    with ledger.write() as connection:
        taken = releases.take(connection, release(uri="urn:new"), time.time())
    with walks(ledger.sql_engine()) as found:
        pipeline.sweep_ledger(NOW)
        planning.plan(taken.release_id, NOW)
    assert not found, "\n".join(dict.fromkeys(found))
