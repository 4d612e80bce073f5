"""The page of queues and workers: what is open, who works, who rests, rates of the last minutes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks import ledger
from tasks.ledger import engine_usage, metrics, presence
from tasks.ledger.backlog import backlog
from tasks.model.ranks import Rank
from tests.support.delivery_steps import claim, receivers, render, take
from tests.support.reviewing import translation_file
from tests.support.samples import outlet
from tests.support.visitor import Visitor, visitor
from workers import measures
from workers.web.application import application
from workers.web.metrics import Reading
from workers.web.pages import kept, queues
from workers.web.surroundings import Surroundings

pytestmark = pytest.mark.usefixtures("sqlite_ledger", "_fresh")
APP = Surroundings(application())


@pytest.fixture
def _fresh(monkeypatch: pytest.MonkeyPatch, nothing_counted: None) -> Iterator[None]:
    monkeypatch.setattr(queues, "RATES", queues.Rates())
    kept.forget()
    yield
    kept.forget()


def words(somebody: Visitor) -> str:
    """The page without its marks."""
    kept.forget()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", somebody.get("/ops/queues").text))


def test_an_idle_wire_is_shown_as_such() -> None:
    page = words(visitor(APP, Rank.READER))
    assert all(
        said in page
        for said in ("nothing is due", "No worker has sent a heartbeat yet", "runs nowhere", "No process has signed in")
    )


def test_open_work_workers_and_what_they_hold_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_role", [])
    reader = visitor(APP, Rank.READER)
    receivers(outlet("a"), outlet("b"), outlet("c", languages=["de"]))
    render(take())
    presence.be("deliver")
    name = presence.sign_in()
    claim(name, limit=1)
    now = time.time()
    with ledger.write() as connection:
        metrics.put(connection, measures.HEARTBEAT, {"deliver@wire1": now - 2, "intake@wire1": now - 400}, now)
        metrics.put(connection, measures.BROKER, {"": 1}, now)
        metrics.put(connection, measures.QUEUE, {"deliver": 3, "releases": 4321}, now)
        metrics.put(connection, measures.BREAKER, {"host open": 2}, now)
    page = words(reader)
    said = ("1 translation", "4,321", "2 host open", "deliver on wire1", "silent", "the broker answers")
    assert all(words in page for words in said)
    row = (
        reader.get("/ops/queues/fragment")
        .text.partition(f'deliver <span class="quiet small">{name.rpartition(":")[0]}</span></div>')[2]
        .partition("</tr>")[0]
    )
    assert 'data-label="Deliveries">1</td>' in row
    assert "state-alive" in row


def test_lengths_from_before_the_broker_was_lost_are_not_shown() -> None:
    with ledger.write() as connection:
        metrics.put(connection, measures.QUEUE, {"deliver": 0, "releases": 4321}, time.time() - 60)
        metrics.put(connection, measures.BROKER, {"": 0}, time.time())
    page = words(visitor(APP, Rank.READER))
    assert "the broker does not answer" in page
    assert "4,321" not in page
    assert "releases unknown" in page


def test_an_engine_that_rests_is_asked_again_by_an_operator_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translation_file(tmp_path, monkeypatch, "engines: {opencc: {}}")
    with ledger.write() as connection:
        engine_usage.lock(connection, "opencc")
        rests = {"failures": 5, "rest_until": time.time() + 600, "reason": "<b>503</b>"}
        engine_usage.put(connection, "opencc", rests)
    reader, operator = visitor(APP, Rank.READER), visitor(APP, Rank.OPERATOR)
    assert "after 5 failures: &lt;b&gt;503&lt;/b&gt;" in reader.get("/ops/queues").text
    reader.get("/ops/queues")
    assert reader.post("/ops/queues/wake", {"engine": "opencc"}).status_code == 403
    operator.get("/ops/queues")
    assert operator.post("/ops/queues/wake", {"engine": "none"}).status_code == 409
    assert operator.post("/ops/queues/wake", {"engine": "opencc"}).status_code == 303
    assert "answers, as far as is known" in words(operator)


def test_rates_are_of_the_last_minutes() -> None:
    rates = queues.Rates()
    with ledger.read() as connection:
        empty = backlog(connection, 0.0)
    for minute in range(8):
        found = {"delivered http_200": metrics.Stored(100.0 * minute, 0), "failed dns": metrics.Stored(7.0, 0)}
        rates.note(Reading(60.0 * minute, 0.0, empty, {metrics.ATTEMPTS: found}, {}))
        lately = rates.lately()
    assert lately is not None
    assert (lately.seconds, lately.by_verdict, lately.expired) == (300, {"delivered": 100.0}, 0.0)
