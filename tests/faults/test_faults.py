"""Kills, a broker that comes and goes, bad outlets: nothing is missing, nothing is stale, nothing doubled blindly.

What arrived is what the farm's outlets say, never what Fanwire says (oracle.py).
"""

from __future__ import annotations

import time
from random import Random
from typing import Any

import redis
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from tasks.ledger.schema import deliveries, releases
from tasks.model.states import State
from tests.support.postgres import Postgres
from tests.support.processes import until

from . import chaos
from .conftest import BAD_EACH, BAD_MANNERS, HOPELESS, PRESS
from .scene import Scene

KILLS = 21
SEED = 20261122


def assert_sound(scene: Scene) -> None:
    settled = scene.settled()
    outcome = scene.verify()
    print(outcome.told())
    assert outcome.sound, outcome.told()
    assert settled, scene.stack.told()


def test_twenty_kills_while_a_release_is_corrected_twice(scene: Scene) -> None:
    """Parents and pool processes of all workers, SIGKILL and SIGTERM, while 500 outlets get three versions."""
    dice = Random(SEED)
    uri: str | None = None
    killed: list[str] = []
    while len(killed) < KILLS:
        if len(killed) % (KILLS // 3) == 0:
            with scene.held_back():
                uri = scene.send(uri, circuits=["press"])
                killed.append(f"drain {until(lambda: chaos.kill_a_drain(scene.stack, scene.book))} with what it had")
        did = chaos.kill_some_worker(scene.stack, dice)
        killed += [did] if did != "-" else []
        time.sleep(dice.uniform(0.3, 1.5))
    print(killed)
    assert_sound(scene)
    outcome = scene.verify()
    assert outcome.states == {"delivered": PRESS}
    assert outcome.unsure  # of the drains that were killed with what they had


def test_a_broker_emptied_killed_frozen_and_restarted_empty(scene: Scene) -> None:
    """One fault after the other while a release, its correction and its kill go out."""
    uri = scene.send(circuits=["press"])
    scene.wait_for(uri, PRESS // 5)
    assert chaos.empty_broker(scene.stack) != "-"
    scene.wait_for(uri, PRESS // 2)
    assert chaos.kill_broker(scene.stack) != "-"
    with scene.held_back():
        scene.send(uri)  # as soon as there is a broker again
        scene.wait_for(uri, PRESS // 5, version=2)
        assert scene.accepted(uri, 2) < PRESS
        assert chaos.freeze_broker(scene.stack, 15) != "-"
    scene.kill(uri)
    scene.wait_for(uri, PRESS // 5, version=3)
    before = run_of_broker(scene)
    assert chaos.kill_broker(scene.stack, and_empty=True) != "-"
    assert_sound(scene)
    later = scene.send(circuits=["tenth-1"])
    scene.wait_for(later, PRESS // 10)
    assert run_of_broker(scene) != before


def run_of_broker(scene: Scene) -> str:
    """What the broker calls itself since it was started."""
    with redis.Redis.from_url(scene.stack.admin) as client:
        return str(client.info("server")["run_id"])


def test_bad_outlets_end_with_a_reason_and_hold_up_nobody(scene: Scene) -> None:
    """Reset after the body, one byte a second, 1 GB, 200 after the deadline …: each as it must, others undisturbed."""
    uri = scene.send(circuits=["bad", "tenth-0"])
    assert_sound(scene)
    good = {one["outlet"]: one["time"] for one in reversed(scene.farm.receipts(release=uri)) if is_good(one)}
    rows = select(deliveries).select_from(deliveries.join(releases)).where(releases.c.uri == uri)
    with scene.book.connect() as connection:
        found = connection.execute(rows).all()
    assert len(good) == PRESS // 10
    given_up = max(row.ended_at for row in found if row.state == State.EXHAUSTED)
    assert max(good.values()) < given_up, "the good ones waited until the bad ones were given up"
    states = {row.outlet_id: row.state for row in found}
    ended = {name: {states[f"{name}-{n}"] for n in range(BAD_EACH)} for name in BAD_MANNERS}
    delivered = ("reset-once", "huge", "endless", "late-once", "unavailable", "throttled")
    assert ended == {
        **{name: {"delivered"} for name in delivered},
        **{name: {"exhausted"} for name in HOPELESS},
        **{name: {"rejected"} for name in ("gone", "moved")},
    }


def is_good(receipt: dict[str, Any]) -> bool:
    return bool(receipt["outlet"].startswith("press"))


def test_kills_during_fan_out(scene: Scene) -> None:
    """The worker that plans is killed at another moment of it each time; then those that format and deliver."""
    dice = Random(SEED)
    for number in range(3):
        scene.send(circuits=["press"] if number == 2 else [f"tenth-{number}"])
        time.sleep(dice.uniform(0, 0.15))
        until(lambda: chaos.kill_worker(scene.stack, "intake") != "-")
        if number == 2:
            chaos.kill_worker(scene.stack, "format")
            chaos.kill_worker(scene.stack, "deliver")
    assert_sound(scene)
    assert scene.verify().states == {"delivered": PRESS + 2 * PRESS // 10}


def freeze_in_flight(scene: Scene) -> tuple[int, set[str]] | None:
    """Freeze a drain while outlets have not answered it yet: its number, and these outlets; None if there are none."""
    frozen = chaos.freeze_a_drain(scene.stack, scene.book)
    if frozen is None:
        return None
    pending = {receipt["outlet"] for receipt in scene.farm.receipts() if receipt["outcome"] == "pending"}
    if waiting := pending & chaos.outlets_claimed(scene.book, frozen):
        return frozen, waiting
    chaos.thaw(frozen)
    return None


def any_lost(scene: Scene, uri: str, outlets: set[str]) -> bool:
    """Whether the first version of a release has ended at one of these outlets, so that no result counts any more."""
    ended = select(deliveries.c.id).join(releases).where(releases.c.uri == uri, releases.c.version == 1)
    ended = ended.where(deliveries.c.outlet_id.in_(outlets), deliveries.c.state.not_in([State.CLAIMED, State.DUE]))
    try:
        with scene.book.connect() as connection:
            return connection.execute(ended.limit(1)).first() is not None
    except DBAPIError:
        return False  # it is being restarted


def test_postgres_restarted_a_worker_frozen_past_its_lease_and_two_clocks(
    scene_on_postgres: Scene, server: Postgres
) -> None:
    """The correction comes while the frozen worker still holds claims of the first version; then it wakes."""
    scene = scene_on_postgres
    with chaos.second_clock(scene.stack) as ticks:
        with scene.held_back():
            uri = scene.send(circuits=["press"])
            scene.wait_for(uri, PRESS // 5)
            server.restart()
            scene.wait_for(uri, PRESS // 5 + 50)
            found = until(lambda: freeze_in_flight(scene))
        assert found
        frozen, waiting = found
        try:
            scene.send(uri)
            scene.wait_for(uri, PRESS // 2, version=2)
            server.restart()
            until(lambda: any_lost(scene, uri, waiting), scene.stack.told)  # its leases are over, and others had one
        finally:
            chaos.thaw(frozen)
        chaos.unseat_clock(scene.book)
        assert_sound(scene)
        assert "leases expired" in ticks.read_text()
    outcome = scene.verify()
    assert outcome.states == {"delivered": PRESS}
    until(lambda: "late verdicts" in scene.stack.log("deliver"), scene.stack.told)
