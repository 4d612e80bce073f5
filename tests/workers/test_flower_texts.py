"""What operations read of tasks in Flower: the outcome first, then the release; nothing where nothing was done."""

from __future__ import annotations

import json
import time

import pytest
import redis
from celery import Celery

from tasks import ledger, pipeline, planning
from tasks.building.renditions import build_renditions
from tasks.delivery.drain import Summary
from tasks.ledger import outlets, releases
from tasks.model.states import Verdict
from tasks.runtime.settings import settings
from tests.support.samples import URI, outlet, release
from workers import clock

pytestmark = pytest.mark.usefixtures("celery")


@pytest.fixture
def celery(celery: Celery, sqlite: None) -> Celery:
    return celery


def take(*names: str, before: float = 0) -> int:
    with ledger.write() as connection:
        receivers = [outlet(name, languages=["en", "sw"], url=f"http://127.0.0.1:9/{name}") for name in names]
        outlets.put(connection, receivers, time.time())
        return releases.take(connection, release(), time.time() - before).release_id


def shown(broker: redis.Redis) -> dict[str, list[str]]:
    """The arguments of the tasks that wait, as Flower shows them, by task."""
    found: dict[str, list[str]] = {}
    for key in sorted(broker.scan_iter(_type="LIST")):
        for message in broker.lrange(key, 0, -1):
            headers = json.loads(message)["headers"]
            found.setdefault(headers["task"], []).append(headers["argsrepr"])
    return found


def test_a_plan_says_how_many_deliveries_there_are_and_what_is_to_be_translated(broker: redis.Redis) -> None:
    number = take("a", "b")
    assert pipeline.plan(number) == f"4 deliveries planned, 1 language to translate · {URI} v1"
    assert pipeline.plan(number) == f"planned before · {URI} v1"
    hinted = {"translate": [f"{URI} v1 sw"], "format": [f"{URI} v1 en"], "deliver": [f"{URI} v1"]}
    assert shown(broker) == hinted


def test_a_language_that_is_held_says_so_first() -> None:
    number = take("a")
    pipeline.plan(number)
    assert pipeline.translate(number, "sw") == (f"held: no engine for en→sw; supply a translation · {URI} v1 · sw")


def test_what_is_formatted_names_the_release_at_the_drain_too(broker: redis.Redis) -> None:
    number = take("a")
    planning.plan(number)
    assert pipeline.format(number, "en") == f"made · {URI} v1 · en"
    assert shown(broker) == {"deliver": [f"{URI} v1 en"]}


def test_hints_of_the_clock_name_releases_and_not_rows(broker: redis.Redis) -> None:
    number = take("a", before=60)
    clock.tick()
    assert shown(broker) == {"plan": [f"{URI} v1"]}
    planning.plan(number, time.time() - 60)
    broker.flushall()
    clock.tick()
    assert shown(broker) == {"translate": [f"{URI} v1 sw"], "format": [f"{URI} v1 en"]}
    build_renditions(number, "en")
    broker.flushall()
    clock.tick()
    assert shown(broker) == {"deliver": ["what is due"]}


def test_there_are_as_many_drains_as_have_something_to_do(broker: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_CLAIM_CHUNK", "2")
    monkeypatch.setenv("FANWIRE_DRAINS", "3")
    settings.cache_clear()
    pipeline.hint_drains()
    assert shown(broker) == {}
    number = take("a", "b", "c")
    planning.plan(number)
    build_renditions(number, "en")
    for _ in range(2):
        pipeline.hint_drains()
        assert shown(broker) == {"deliver": ["what is due"] * 2}


def test_a_drain_says_what_failed_first_and_at_which_outlets() -> None:
    found = Summary()
    for name in ("a", "b", "c", "d"):
        found.count("urn:x:1 v1", Verdict.FAILED, name)
    for verdict, name in (
        (Verdict.DELIVERED, "e"),
        (Verdict.DELIVERED, "f"),
        (Verdict.REJECTED, "g"),
        (Verdict.OURS, "h"),
    ):
        found.count("urn:x:1 v1", verdict, name)
    found.count("urn:x:2 v1", Verdict.DELIVERED, "a")
    assert str(found) == (
        "4 failed (a, b, c …), 1 rejected (g), 1 ours (h), 2 delivered · urn:x:1 v1 ; 1 delivered · urn:x:2 v1"
    )
    assert str(Summary()) == "—"
    assert str(Summary(more_due=True)) == "stopped, more is due"
