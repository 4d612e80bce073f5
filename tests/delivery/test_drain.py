"""The drain, against real outlets: every row ends as it must, nothing is sent twice, and nothing is forgotten."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import signal
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import nullcontext
from functools import partial
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import structlog
from farm import Farm
from farm_tally import FAULTS
from sqlalchemy import delete, func, select, update

from tasks import ledger, planning, policies
from tasks.building.renditions import build_renditions
from tasks.delivery import payloads, settling, transports
from tasks.delivery.admission.admit import Admission, Observation
from tasks.delivery.name_servers import NAME_SERVERS
from tasks.delivery.transfers import loop
from tasks.delivery.transfers.resolver import Resolver
from tasks.ledger import counts, deliveries, journal, metrics, notices, outlets, presence, releases
from tasks.ledger.schema import attempts, renditions
from tasks.ledger.schema import deliveries as rows
from tasks.model.states import State, Verdict
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.delivery.conftest import patient_state
from tests.support.at_once import AtOnce
from tests.support.drains import breaking_at_first, drain
from tests.support.forks import fork_python
from tests.support.processes import end, environment, until
from tests.support.samples import URI, outlet, release
from tests.support.threads import PATIENCE, begin

TIMES = {
    "ALLOWED_NETWORKS": "127.0.0.0/8",
    "DEADLINE": "60",
    "CONNECT_TIMEOUT": "60",
    "LEASE": "120",
    "RETRY_BASE": "0.2",
    "RETRY_CAP": "1",
}
PENDING = {"manner": "slow", "delay": 60}
"""The manner of an outlet that has a delivery for as long as its test takes, and has not answered."""

PLAN: dict[str, dict[str, Any]] = {
    **{f"fast-{n:03}": {} for n in range(60)},
    **{f"tls-{n}": {"tls": True} for n in range(5)},
    **{f"slow-{n:02}": {"manner": "slow", "delay": 0.4} for n in range(40)},
    "unavailable": {"manner": "unavailable"},
    "throttled": {"manner": "throttled", "retry_after": 1},
    "reset": {"manner": "reset", "times": 1},
    "late": {"manner": "late", "delay": 30, "times": 1},
    "moved": {"manner": "moved"},
    "missing": {"manner": "missing"},
    "gone": {"manner": "gone"},
    "hang": {"manner": "hang"},
    "broken": {"manner": "broken"},
    "refuse": {"manner": "refuse"},
    "huge": {"manner": "huge", "size": 0},
    "drip": {"manner": "drip", "delay": 0.01},
}


@pytest.fixture(scope="module")
def sown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with Farm(PLAN, tmp_path_factory.mktemp("farm")) as sown:
        yield sown


@pytest.fixture
def farm(sown: Farm) -> Farm:
    """The farm, having forgotten other tests; each outlet of PLAN is there under its name."""
    sown.reset()
    return sown


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch, sown: Farm) -> Iterator[None]:
    """Short waits for the next try, and nothing in this process's memory of another test's ledger."""
    configure(monkeypatch, CA_FILE=str(sown.ca_file), **TIMES)
    payloads.forget_renditions()
    secrets.forget()
    yield
    payloads.forget_renditions()


@pytest.fixture
def sqlite(sqlite_ledger: None) -> None:
    """An empty SQLite ledger."""


def configure(monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
    for name, value in names.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()


def plant(farm: Farm, *names: str, **fields: Any) -> None:
    """Import outlets of the farm: those whose name begins with one of `names`."""
    chosen = [document for id, document in farm.outlets.items() if id.startswith(names)]
    with ledger.write() as connection:
        outlets.put(connection, [outlet(**(document | fields)) for document in chosen], time.time())


def take(**fields: Any) -> int:
    """A release in the ledger, and no more; its number."""
    with ledger.write() as connection:
        return releases.take(connection, release(**fields), time.time()).release_id


def prepare(number: int) -> int:
    """Plan and format a release, so that its deliveries are due."""
    planning.plan(number, time.time())
    build_renditions(number, "en")
    return number


def states(number: int) -> dict[str, int]:
    with ledger.read() as connection:
        return counts.total(counts.states(connection, number))


def row(name: str, number: int = 1) -> Any:
    with ledger.read() as connection:
        return connection.execute(select(rows).where(rows.c.outlet_id == name, rows.c.release_id == number)).one()


def tried(name: str) -> list[tuple[str, int | None]]:
    """Verdict and status of each attempt at an outlet, in order."""
    with ledger.read() as connection:
        query = select(attempts.c.verdict, attempts.c.status).join(rows, rows.c.id == attempts.c.delivery_id)
        of_outlet = query.where(rows.c.outlet_id == name).order_by(attempts.c.attempt)
        return [tuple(found) for found in connection.execute(of_outlet)]


def drain_until_final(number: int) -> None:
    """Drain again and again, as the clock makes workers do."""

    def over() -> bool:
        drain()
        with ledger.read() as connection:
            return not counts.unfinished(connection, number)

    until(over, lambda: states(number))


def times(found: dict[str, int]) -> int:
    return sum(found.values())


# --- how rows end


@pytest.mark.usefixtures("book")
def test_every_manner_ends_as_it_must(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that never take it have a horizon; the others are tried again for as long as this machine needs."""
    configure(monkeypatch, DEADLINE="5")
    plant(farm, *PLAN)
    plant(farm, "hang", "refuse", retry={"horizon": 5})
    plant(farm, "broken", retry={"base": 0.05, "cap": 0.2, "horizon": 5})
    number = prepare(take())
    drain_until_final(number)
    expected = {"moved": "rejected", "missing": "rejected", "gone": "rejected",
                "hang": "exhausted", "broken": "exhausted", "refuse": "exhausted"}  # fmt: skip
    for name in PLAN:
        assert row(name).state == expected.get(name, "delivered"), name
    assert tried("fast-000") == [("delivered", 200)]
    assert tried("unavailable") == [("failed", 503), ("delivered", 200)]
    assert tried("throttled") == [("throttled", 429), ("delivered", 200)]
    assert tried("reset") == [("unsure", None), ("delivered", 200)]
    assert tried("late") == [("unsure", None), ("delivered", 200)]
    assert tried("huge") == tried("drip") == [("delivered", 200)]
    assert tried("missing") == [("rejected", 404)]
    assert {verdict for verdict, _ in tried("hang")} == {"unsure"}
    assert {verdict for verdict, _ in tried("refuse")} == {"failed"}
    assert set(tried("broken")) == {("failed", 500)}
    assert len(tried("broken")) >= 4
    assert "/moved" in row("moved").reason
    with ledger.read() as connection:
        gone = outlets.get(connection, "gone")
    assert gone is not None
    assert gone.status == "disabled"
    tally = farm.tally()
    assert tally["faultless"], {name: found for name, found in tally.items() if found}
    assert tally["releases"][URI]["1"]["en"]["outlets"] == len(PLAN) - len(expected)


@pytest.mark.usefixtures("sqlite")
def test_an_answer_stands_in_the_journal_before_anything_is_said_of_it(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(farm, "fast-00", "missing")
    prepare(take())
    noted: list[bool] = []

    def look(item: payloads.Payload, *_: Any) -> None:
        pages = [page.results() for page in journal.pages(policies.journals_folder())]
        noted.append(item.claim.id in {result.delivery_id for results in pages for result, _ in results})

    monkeypatch.setattr(import_module("tasks.delivery.drain"), "_log_attempt", look)
    drain()
    assert noted == [True] * 11


@pytest.mark.usefixtures("sqlite")
def test_an_unsure_delivery_is_tried_again_under_the_same_key(farm: Farm) -> None:
    plant(farm, "reset")
    drain_until_final(prepare(take()))
    first, second = farm.receipts(outlet="reset")
    assert first["key"] == second["key"] == first["webhook_id"]
    assert first["key"].startswith("fw_")
    assert first["translation"] == second["translation"] == "source"


@pytest.mark.usefixtures("sqlite")
def test_an_outlet_that_says_it_is_gone_keeps_its_other_rows_held(farm: Farm) -> None:
    plant(farm, "gone", "fast-00")
    numbers = [prepare(take()), prepare(take(uri="urn:x:other")), prepare(take(uri="urn:x:third", urgency=9))]
    while drain().verdicts:
        pass
    ended = sorted(row("gone", number).state for number in numbers)
    assert ended in (["held", "held", "rejected"], ["held", "rejected", "rejected"], ["rejected"] * 3)
    later = prepare(take(uri="urn:x:later"))
    drain()
    assert (row("gone", later).state, row("gone", later).hold_kind) == ("held", "outlet_disabled")
    with ledger.write() as connection:
        outlets.set_status(connection, ["gone"], "active", None, time.time())
        assert deliveries.resume(connection, ["gone"], time.time()) >= 1
    drain()
    assert row("gone", later).state == "rejected"


@pytest.mark.usefixtures("sqlite")
def test_the_row_of_an_outlet_paused_since_it_was_due_is_not_sent(farm: Farm) -> None:
    """`hold_for_status` holds due rows; one that was claimed then becomes due again after it failed."""
    plant(farm, "throttled", "fast-00")
    number = prepare(take())
    drain()
    with ledger.write() as connection:
        outlets.set_status(connection, ["throttled"], "paused", "test", time.time())
    drain_until_final(number)
    assert (row("throttled").state, row("throttled").hold_kind) == ("held", "outlet_paused")
    assert len(farm.receipts(outlet="throttled")) == 1
    with ledger.write() as connection:
        outlets.set_status(connection, ["throttled"], "active", None, time.time())
        assert deliveries.resume(connection, ["throttled"], time.time()) == 1
    drain_until_final(number)
    assert row("throttled").state == "delivered"


@pytest.mark.usefixtures("sqlite")
def test_a_missing_secret_is_our_fault_and_stops_nobody_else(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(farm, "fast-00")
    plant(farm, "fast-000", auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_NO_SUCH"})
    number, began = prepare(take()), time.time()
    summary = drain()
    found = row("fast-000")
    assert (found.state, found.verdict, found.tries, found.attempt) == ("due", "ours", 0, 1)
    assert "env:FANWIRE_SECRET_NO_SUCH" in found.reason
    assert found.due_at > began + 30
    assert states(number) == {"delivered": 9, "due": 1}
    assert str(summary) == f"1 ours (fast-000), 9 delivered · {URI} v1"


@pytest.mark.usefixtures("sqlite")
def test_the_first_of_a_chunk_go_on_while_the_others_begin(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def noting(name: str) -> Callable[..., Any]:
        method = getattr(loop.TransferLoop, name)

        def noted(*arguments: Any) -> Any:
            steps.append(name)
            return method(*arguments)

        return noted

    for name in ("start", "turn"):
        monkeypatch.setattr(loop.TransferLoop, name, noting(name))
    monkeypatch.setattr(import_module("tasks.delivery.drain"), "START_AT_ONCE", 20)
    monkeypatch.setattr(import_module("tasks.delivery.drain"), "ThreadPoolExecutor", lambda *_: AtOnce())
    plant(farm, "fast-0")
    assert states(prepare(take())) == {"due": 60}
    assert str(drain()) == f"60 delivered · {URI} v1"
    began = [len(list(together)) for step, together in groupby(steps) if step == "start"]
    assert began == [20, 5 + 20, 15]  # of a first claim of 25, and of a second one


@pytest.fixture
def _name_servers_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine's name servers answer nothing."""

    def away(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(loop, "Resolver", partial(Resolver, getaddrinfo=away))
    NAME_SERVERS.last = 0.0
    yield
    NAME_SERVERS.last = 0.0


@pytest.mark.usefixtures("sqlite", "_name_servers_away")
def test_name_servers_that_are_away_are_charged_to_no_outlet(farm: Farm) -> None:
    with ledger.write() as connection:
        outlets.put(connection, [outlet(f"o{n}", url=f"https://o{n}.example/wire") for n in range(3)], time.time())
    plant(farm, "fast-000")
    number, began = prepare(take()), time.time()
    drain()
    for name in ("o0", "o1", "o2"):
        found = row(name)
        assert (found.state, found.verdict, found.code, found.tries) == ("due", "ours", "name_server", 0)
        assert found.reason == "our name servers do not answer"
        assert began + 5 < found.due_at <= time.time() + 11
    assert states(number) == {"delivered": 1, "due": 3}
    with ledger.read() as connection:
        assert notices.latest(connection, 5) == []
    NAME_SERVERS.away_since -= 100  # so long ago
    with ledger.write() as connection:
        NAME_SERVERS.notice(connection)
        NAME_SERVERS.notice(connection)
        [notice] = notices.latest(connection, 5)
    assert (notice["kind"], notice["subject"]) == ("name server", socket.gethostname())
    assert "No outlet is charged" in notice["text"]


@pytest.mark.usefixtures("sqlite")
def test_a_missing_rendition_stops_nobody_else(farm: Farm) -> None:
    plant(farm, "fast-00")
    plant(farm, "fast-01", format="text")
    number = prepare(take())
    with ledger.write() as connection:
        connection.execute(delete(renditions).where(renditions.c.format == "text"))
    drain()
    assert states(number) == {"delivered": 10, "due": 10}
    assert (row("fast-010").verdict, row("fast-010").tries) == ("ours", 0)
    assert "no rendition in en as text" in row("fast-010").reason


@pytest.mark.usefixtures("sqlite")
def test_the_outlets_own_horizon_holds_for_our_own_fault_too(farm: Farm) -> None:
    plant(farm, "fast-00")
    plant(farm, "fast-000", format="text", retry={"horizon": 0.001})
    number = prepare(take())
    with ledger.write() as connection:
        connection.execute(delete(renditions).where(renditions.c.format == "text"))
    drain()
    assert states(number) == {"delivered": 9, "due": 1}, "its first attempt, from which its horizon counts"
    with ledger.write() as connection:
        connection.execute(update(rows).where(rows.c.state == "due").values(due_at=time.time()))
    drain()
    assert states(number) == {"delivered": 9, "exhausted": 1}


@pytest.mark.usefixtures("book")
def test_what_cannot_be_prepared_ends_at_a_horizon_from_its_first_attempt(farm: Farm) -> None:
    auth = {"type": "bearer", "secret": "env:FANWIRE_SECRET_NO_SUCH"}
    plant(farm, "fast-000", auth=auth, retry={"horizon": 0.001})
    number = prepare(take())
    drain()
    assert states(number) == {"due": 1}
    with ledger.write() as connection:
        connection.execute(update(rows).values(due_at=time.time()))
    drain()
    assert states(number) == {"exhausted": 1}


@pytest.mark.usefixtures("sqlite", "valkey")
def test_what_waited_for_a_rest_until_its_horizon_is_tried_before_it_ends(farm: Farm, server: str) -> None:
    """Its outlet is well again, and nobody has asked it since; the other one is not."""
    plant(farm, "fast-000", "broken")
    number, shared, now = prepare(take()), patient_state(server), time.time()
    failed = [Observation("a.example:80", name, Verdict.FAILED, None, True) for name in ("fast-000", "broken")]
    Admission(shared, deadline=30).record(failed * 5, now)
    drain(shared_state=shared)
    assert states(number) == {"due": 2}
    with ledger.write() as connection:
        connection.execute(update(rows).values(due_at=now, first_due_at=now - settings().retry_horizon))
    drain(shared_state=shared)
    assert states(number) == {"delivered": 1, "exhausted": 1}
    assert (row("fast-000").tries, row("broken").tries) == (1, 1)


@pytest.mark.usefixtures("sqlite")
def test_an_outlet_that_no_version_can_read_stops_nobody_else(farm: Farm) -> None:
    plant(farm, "fast-00")
    number = prepare(take())
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE outlets SET document = '{}' WHERE id = 'fast-003'")
    drain()
    assert states(number) == {"delivered": 9, "due": 1}
    assert row("fast-003").verdict == "ours"


@pytest.mark.usefixtures("sqlite")
def test_an_address_inside_is_refused(farm: Farm) -> None:
    plant(farm, "fast-00")
    plant(farm, "fast-000", url="http://169.254.169.254/latest/meta-data")
    number = prepare(take())
    drain()
    assert states(number) == {"delivered": 9, "rejected": 1}
    assert row("fast-000").verdict == "blocked"


@pytest.mark.usefixtures("sqlite")
def test_with_nothing_due_a_drain_ends_at_once_without_a_word() -> None:
    assert str(drain()) == "—"


# --- refusals


def noticed() -> list[tuple[str, str]]:
    with ledger.read() as connection:
        return [(one["kind"], one["subject"]) for one in notices.latest(connection, 100)][::-1]


@pytest.mark.usefixtures("sqlite")
def test_an_outlet_that_refuses_one_release_after_another_raises_one_notice(farm: Farm) -> None:
    plant(farm, "missing", "moved", "fast-000")
    for number in range(2):
        prepare(take(uri=f"urn:x:{number}"))
        drain()
        assert noticed() == []
    for number in range(2, 5):
        prepare(take(uri=f"urn:x:{number}"))
        drain()
        assert sorted(noticed()) == [("refusing", "missing"), ("refusing", "moved")]
    with ledger.read() as connection:
        [text] = [one["text"] for one in notices.latest(connection, 9) if one["subject"] == "moved"]
    assert text.startswith("has refused the last 3 releases, at last urn:x:2 v1 with redirect (307 ")
    assert "correct the `url` of its document; `fanwire outlets test moved`" in text
    with ledger.write() as connection:  # it was mended, and breaks again
        connection.execute(update(rows).where(rows.c.outlet_id == "missing").values(state="delivered"))
    for number in range(5, 8):
        prepare(take(uri=f"urn:x:{number}"))
        drain()
    assert sorted(noticed()) == [("refusing", "missing"), ("refusing", "missing"), ("refusing", "moved")]


@pytest.mark.usefixtures("sqlite")
@pytest.mark.parametrize(("prefix", "found"), [("fast-000", ["fast-000"]), ("fast-0", ["outlets"])])
def test_missing_secrets_raise_a_notice_each_or_one_for_many(farm: Farm, prefix: str, found: list[str]) -> None:
    plant(farm, prefix, auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_NO_SUCH"})
    for number in range(2):
        prepare(take(uri=f"urn:x:{number}"))
        drain()
        assert noticed() == [("credentials", subject) for subject in found]
    with ledger.read() as connection:
        [one] = notices.latest(connection, 9)
    assert ("env:FANWIRE_SECRET_NO_SUCH" in one["text"]) is (prefix == "fast-000")
    assert "worker `deliver` has" in one["text"]


# --- order and versions


@pytest.mark.usefixtures("sqlite")
def test_the_urgent_release_goes_first_although_it_came_second(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, IN_FLIGHT="1")
    plant(farm, "fast-00")
    prepare(take(uri="urn:x:slow", urgency=7))
    prepare(take(uri="urn:x:flash", urgency=1))
    drain()
    assert [receipt["release"] for receipt in farm.receipts()] == ["urn:x:flash"] * 10 + ["urn:x:slow"] * 10


@pytest.mark.usefixtures("sqlite")
@pytest.mark.parametrize("kill", [False, True], ids=["correction", "kill"])
def test_once_a_newer_version_is_here_the_older_is_not_sent(farm: Farm, kill: bool) -> None:
    plant(farm, "fast-00")
    first = prepare(take())
    second = take(version=2, **({"status": "canceled", "body_html": None} if kill else {}))  # not even planned
    drain()
    assert states(first) == {"canceled" if kill else "superseded": 10}
    assert not farm.receipts()
    prepare(second)
    drain()
    assert states(second) == ({} if kill else {"delivered": 10})
    assert {(r["version"], r["action"]) for r in farm.receipts()} == (set() if kill else {(2, "publish")})


@pytest.mark.usefixtures("sqlite")
def test_a_correction_and_a_kill_follow_the_first_version_in_order(farm: Farm) -> None:
    plant(farm, "fast-00", "broken", "reset")
    prepare(take())
    drain()
    prepare(take(version=2, headline="Corrected"))
    drain()
    killed = prepare(take(version=3, status="canceled", body_html=None))
    drain_until_final(killed)
    assert [(r["version"], r["action"]) for r in farm.receipts(outlet="fast-001")] == [
        (1, "publish"), (2, "correct"), (3, "kill"),
    ]  # fmt: skip
    assert [row("broken", number).state for number in (1, 2)] == ["superseded", "canceled"]
    tally = farm.tally()
    assert not tally["stale"]
    assert not tally["after_kill"]
    # 'broken' never had anything, so there is nothing that it must withdraw; 'reset' may have it
    assert {r["action"] for r in farm.receipts(outlet="broken")} == {"publish"}
    assert "kill" in {r["action"] for r in farm.receipts(outlet="reset")}


# --- stopping


@pytest.mark.usefixtures("sqlite")
def test_asked_to_stop_it_finishes_what_is_in_flight_and_takes_no_more(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, IN_FLIGHT="10", CLAIM_CHUNK="5")
    plant(farm, "slow")
    number = prepare(take())
    summary = drain(stopping=lambda: "delivered" in states(number))
    found = states(number)
    assert set(found) == {"delivered", "due"}
    assert found["delivered"] == farm.health()["accepted"] < 40
    assert farm.health()["pending"] == 0
    assert summary.more_due
    assert str(summary).endswith("more is due")


@pytest.mark.usefixtures("sqlite")
def test_when_its_time_is_used_it_leaves_the_rest(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is time for some of the forty, two by two."""
    configure(monkeypatch, IN_FLIGHT="2", DRAIN_BUDGET="2")
    plant(farm, "slow")
    number = prepare(take())
    assert drain().more_due
    found = states(number)
    assert set(found) == {"delivered", "due"}
    assert times(found) == 40


# --- the ledger away, and several drains


@pytest.mark.usefixtures("sqlite")
@pytest.mark.parametrize("busy_seconds", [0.2, 30])
def test_no_verdict_is_lost_while_the_ledger_is_locked(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, busy_seconds: float
) -> None:
    """It is locked for longer than any transfer may take: answers are read meanwhile, so each is sent once."""
    monkeypatch.setattr(ledger.connection, "SQLITE_BUSY_SECONDS", busy_seconds)
    configure(monkeypatch, DEADLINE="4")
    ledger.reset()
    plant(farm, "slow", "fast")
    number = prepare(take())
    with sqlite3.connect(settings().home / "ledger.sqlite", isolation_level=None) as other:
        draining = begin(drain)
        until(lambda: farm.health()["accepted"] >= 20)
        other.execute("BEGIN IMMEDIATE")
        wait([draining], settings().deadline + 0.3)
        assert not draining.done(), "it ended although it could write nothing"
        other.execute("COMMIT")
    draining.result(PATIENCE)
    drain_until_final(number)
    assert states(number) == {"delivered": 100}
    tally = farm.tally()
    assert (tally["receipts"], tally["doubled"]) == (100, [])
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(attempts)).scalar_one() == 100


@pytest.mark.usefixtures("sqlite")
def test_out_of_touch_it_breaks_off_what_is_on_the_wire(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may have its claims by then, and send something newer; what it had is sent again under the same key."""
    plant(farm, "slow-0")
    number, names = prepare(take()), [f"slow-0{n}" for n in range(10)]
    out: list[float] = []

    farm.set_manners(dict.fromkeys(names, PENDING))

    def out_of_touch(since: float) -> bool:
        """Once: when all ten are on the wire."""
        if not out and farm.health()["pending"] == 10:
            out.append(time.monotonic())
            farm.set_manners({name: PLAN[name] for name in names})
        return bool(out) and out[0] >= since

    seen: list[Observation] = []
    record = Admission.record

    def noting(self: Admission, observations: Any, *rest: Any) -> Any:
        seen.extend(observations)
        return record(self, observations, *rest)

    monkeypatch.setattr(Admission, "record", noting)
    monkeypatch.setattr(presence, "out_of_touch", out_of_touch)
    drain_until_final(number)
    assert out
    assert {one.verdict for one in seen} == {Verdict.OURS, Verdict.DELIVERED}, "no outlet is to blame"
    assert tried("slow-00") == [("unsure", None), ("delivered", 200)]
    assert states(number) == {"delivered": 10}
    keys = {receipt["outlet"]: receipt["key"] for receipt in farm.receipts()}
    assert len({(receipt["outlet"], receipt["key"]) for receipt in farm.receipts()}) == len(keys) == 10


@pytest.mark.usefixtures("sqlite")
@pytest.mark.parametrize("at_once", [False, True], ids=["beside", "at once"])
@pytest.mark.parametrize("broken", ["what is written", "what is claimed", "both"])
def test_whatever_breaks_beside_the_loop_the_verdicts_that_are_known_are_written(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, broken: str, at_once: bool
) -> None:
    """The drain ends with the error, and holds no claim when it has ended: this process lives, and nobody frees it.
    At once: a claim breaks before anything is written, and so the loop ends before that."""
    if at_once:
        monkeypatch.setattr(import_module("tasks.delivery.drain"), "ThreadPoolExecutor", lambda *_: AtOnce())
    plant(farm, "fast-00")
    number = prepare(take())
    late = prepare(take(uri="urn:x:late"))
    finish, claim = deliveries.finish, deliveries.claim
    done: list[str] = []

    def once(name: str, work: Any, *rest: Any, **more: Any) -> Any:
        if name in done or broken not in (name, "both") or (name == "what is claimed" and not farm.receipts()):
            return work(*rest, **more)
        done.append(name)
        raise RuntimeError(name)

    monkeypatch.setenv("FANWIRE_CLAIM_CHUNK", "10")
    monkeypatch.setenv("FANWIRE_IN_FLIGHT", "10")
    monkeypatch.setattr(settling, "OWN_FAULT_RETRY", 0.1)  # of what was broken off before any of it was sent
    settings.cache_clear()
    with monkeypatch.context() as breaking:
        breaking.setattr(deliveries, "finish", partial(once, "what is written", finish))
        breaking.setattr(deliveries, "claim", partial(once, "what is claimed", claim))
        with pytest.raises(RuntimeError):
            drain()
    found = states(number), states(late)
    assert done
    assert not any("claimed" in one for one in found), found
    drain_until_final(number)
    drain_until_final(late)
    assert (states(number), states(late)) == ({"delivered": 10}, {"delivered": 10})
    tally = farm.tally()
    found_faults = {name for name in FAULTS if tally[name]}
    assert found_faults <= {"doubled"}, "what was broken off may have arrived; then it came again with the same key"


@pytest.mark.usefixtures("sqlite")
@pytest.mark.parametrize("times", [1, 2])
def test_a_write_that_breaks_at_the_end_of_a_drain_is_made_once_more(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    plant(farm, "fast-00")
    number = prepare(take())
    monkeypatch.setattr(deliveries, "finish", breaking_at_first(deliveries.finish, times))
    kind = import_module("tasks.delivery.drain").Drain
    monkeypatch.setattr(kind, "_write_if_time", kind._keep)  # nothing is written before
    with pytest.raises(RuntimeError, match="broken") if times > 1 else nullcontext():
        drain(stopping=lambda: len(farm.receipts()) == 10)
    assert states(number) == {"delivered" if times == 1 else "claimed": 10}


@pytest.mark.usefixtures("sqlite")
def test_verdicts_that_are_written_are_not_written_again_when_what_follows_breaks(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(farm, "fast-00")
    number = prepare(take())
    monkeypatch.setattr(Admission, "record", breaking_at_first(Admission.record))
    with pytest.raises(RuntimeError, match="broken"):
        drain()
    drain_until_final(number)
    assert states(number) == {"delivered": 10}
    with ledger.read() as connection:
        counted = metrics.stored(connection)[metrics.ATTEMPTS]
        delivered = connection.scalar(select(func.count()).where(attempts.c.verdict == Verdict.DELIVERED))
    assert counted["delivered http_200"].value == delivered == 10


@pytest.mark.usefixtures("book")
def test_drains_side_by_side_send_each_delivery_once(farm: Farm, ledger_url: str, tmp_path: Path) -> None:
    plant(farm, "fast", "slow", "tls")
    numbers = [prepare(take(uri=f"urn:x:{n}")) for n in range(4)]
    env = environment(tmp_path, LEDGER_URL=ledger_url, CA_FILE=str(farm.ca_file), CLAIM_CHUNK="7", **TIMES)
    code = "from tests.support.drains import drain; print(drain())"
    running = [fork_python(code, env, tmp_path / f"drain-{n}.log") for n in range(3)]
    try:
        assert [process.wait(PATIENCE) for process in running] == [0, 0, 0]
    finally:
        for process in running:
            end(process)
    assert [states(number) for number in numbers] == [{"delivered": 105}] * 4
    tally = farm.tally()
    assert tally["faultless"]
    assert tally["receipts"] == 420


@pytest.mark.usefixtures("sqlite")
def test_what_a_killed_drain_had_is_sent_again_under_the_same_key(farm: Farm, tmp_path: Path) -> None:
    """Some outlets have answered, and most have not."""
    plant(farm, "slow")
    number, silent = prepare(take()), [f"slow-{n}" for n in range(10, 40)]
    env = environment(settings().home, CA_FILE=str(farm.ca_file), **TIMES)
    code = "from tests.support.drains import drain; drain()"
    farm.set_manners(dict.fromkeys(silent, PENDING))
    killed = fork_python(code, env, tmp_path / "killed.log")
    try:
        until(lambda: farm.health()["pending"] >= 10)
    finally:
        killed.send_signal(signal.SIGKILL)
        end(killed)
        farm.set_manners({name: PLAN[name] for name in silent})
    assert states(number).get("claimed", 0) > 0
    drain()
    assert states(number)["claimed"]
    with ledger.write() as connection:
        connection.execute(
            update(rows).where(rows.c.state == "claimed").values(lease_until=time.time())
        )  # its time is over
    with ledger.write() as connection:
        assert deliveries.expire_leases(connection, time.time() + 0.01) > 0
    drain_until_final(number)
    assert states(number) == {"delivered": 40}
    keys = Counter((receipt["outlet"], receipt["key"]) for receipt in farm.receipts())
    assert len(keys) == 40


# --- on the wire


@pytest.mark.usefixtures("sqlite")
def test_what_stands_on_the_wire(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve()
    key = b"0123456789abcdef01234567"
    monkeypatch.setenv("FANWIRE_SECRET_SIGNING", "whsec_" + base64.b64encode(key).decode())
    monkeypatch.setenv("FANWIRE_SECRET_TOKEN", "geheim")
    auth = {"type": "bearer", "secret": "env:FANWIRE_SECRET_TOKEN", "signing_secret": "env:FANWIRE_SECRET_SIGNING"}
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a", url=server.url(), auth=auth, headers={"X-Desk": "Ö"})], time.time())
    prepare(take())
    began = time.time()
    drain()
    [request] = server.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert request.line == "POST /wire HTTP/1.1"
    assert headers["idempotency-key"] == headers["webhook-id"]
    assert headers["fanwire-release"] == URI
    assert (headers["fanwire-version"], headers["fanwire-action"]) == ("1", "publish")
    assert headers["content-language"] == "en"
    assert "json" in headers["content-type"]
    assert headers["authorization"] == "Bearer geheim"
    assert headers["x-desk"] == "%C3%96"
    assert int(began) <= int(headers["webhook-timestamp"]) <= time.time()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(request.body)["uri"].startswith(URI)


@pytest.mark.usefixtures("sqlite")
def test_one_line_of_the_log_per_attempt_has_everything_and_no_secret(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setenv("FANWIRE_SECRET_TOKEN", "geheim")
    plant(farm, "fast-000", "moved", auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_TOKEN"})
    prepare(take())
    drain()
    written = logged()
    lines = [line for line in written if line["event"] == "attempt"]
    assert {line["outlet"]: line["verdict"] for line in lines} == {"fast-000": "delivered", "moved": "rejected"}
    assert {line["state"] for line in lines} == {State.DELIVERED.value, State.REJECTED.value}
    assert all(line["seconds"] >= 0 and line["address"] for line in lines)
    assert {(line["delivery"], line["release"]) for line in lines} == {
        (row("fast-000").id, URI), (row("moved").id, URI),
    }  # fmt: skip
    assert "geheim" not in str(written)


@pytest.mark.usefixtures("sqlite")
def test_every_line_about_a_delivery_names_it_and_its_release(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    """What a transport logs too; and a line about something else names neither."""

    def broken(wanted: Any, *_: Any, **__: Any) -> Any:
        structlog.get_logger().info("a transport at work", outlet=wanted.id)
        if wanted.id == "fast-000":
            raise RuntimeError("a bug in a transport")
        return real(wanted, *_, **__)

    real = transports.prepare
    monkeypatch.setattr(transports, "prepare", broken)
    plant(farm, "fast-000", "gone")
    prepare(take())
    drain()
    structlog.get_logger().info("something else")
    lines = logged()
    ids = {name: (row(name).id, URI) for name in ("fast-000", "gone")}
    about = {"a transport at work", "delivery cannot be prepared", "outlets disabled", "attempt"}
    assert about == {line["event"] for line in lines if "delivery" in line}
    for line in lines:
        outlet = line.get("outlet") or (line.get("outlets") or [None])[0]
        expected = ids[outlet] if line["event"] in about else (None, None)
        assert (line.get("delivery"), line.get("release")) == expected, line
