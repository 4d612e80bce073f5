"""What Flower takes as an event, and how long who guesses at its password has to wait."""

from __future__ import annotations

import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import HTTPError

from tasks.runtime.settings import settings
from tests.support.forks import fork_python
from tests.support.processes import end, environment, free_port, until
from tests.support.stepped_time import SteppedTime
from tests.support.threads import PATIENCE
from workers.broker_users import User
from workers.ops import flower
from workers.ops.events import fault
from workers.ops.logins import slowed
from workers.wrong_passwords import ADDRESSES, FORGOTTEN, FREE, LONGEST, WrongPasswords

HEARTBEAT: dict[str, Any] = {
    "hostname": "intake@wire-1", "utcoffset": -9.5, "pid": 17, "clock": 4, "timestamp": 1.8e9,
    "type": "worker-heartbeat", "freq": 2.0, "active": 0, "processed": 9,
    "loadavg": [0.1, 0.2, 0.3], "sw_ident": "py-celery", "sw_ver": "5.7.0",
    "sw_sys": "Linux",
}  # fmt: skip
RECEIVED: dict[str, Any] = {
    "hostname": "intake@wire-1", "utcoffset": 0, "pid": 17, "clock": 4, "timestamp": 1.8e9, "type": "task-received",
    "uuid": "e1", "name": "plan", "args": "urn:x:1 v1", "kwargs": "", "retries": 0, "eta": None, "expires": None,
    "root_id": "e1", "parent_id": None,
}  # fmt: skip


def test_an_event_of_a_worker_is_taken() -> None:
    assert fault(HEARTBEAT) is None
    assert fault(RECEIVED) is None
    assert fault(RECEIVED | {"type": "task-failed", "exception": "X()", "traceback": "line\nline"}) is None


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"freq": "60"}, "'freq' of another kind"),
        ({"freq": 0}, "'freq' of another kind"),
        ({"freq": 1e9}, "'freq' of another kind"),
        ({"timestamp": float("nan")}, "'timestamp' of another kind"),
        ({"timestamp": True}, "'timestamp' of another kind"),
        ({"clock": 10**400}, "'clock' of another kind"),
        ({"loadavg": [1, "x", 2]}, "'loadavg' of another kind"),
        ({"hostname": "a\nb"}, "'hostname' of another kind"),
        ({"heartbeats": []}, "'heartbeats', which no worker sends"),
        ({"__dict__": {}}, "'__dict__', which no worker sends"),
        ({"type": "worker-strange"}, "of a type that no worker sends"),
        ({"type": "task-started"}, "lacks uuid"),
        ({"type": 5}, "is no event"),
    ],
)
def test_an_event_that_no_worker_sends_is_not(fields: dict[str, Any], told: str) -> None:
    assert told in (fault(HEARTBEAT | fields) or "")


@pytest.mark.parametrize("nonsense", [None, 5, "x", [], {}, {"hostname": "x"}])
def test_what_is_no_event(nonsense: Any) -> None:
    assert fault(nonsense) == "is no event"


# --- wrong passwords


def wrong(known: WrongPasswords, address: str, number: int) -> None:
    for _ in range(number):
        known.note(address)


def test_each_wrong_password_after_the_first_ones_costs_twice_the_wait() -> None:
    clock = SteppedTime()
    known = WrongPasswords(clock)
    wrong(known, "192.0.2.1", FREE - 1)
    assert known.wait("192.0.2.1") == 0
    waits = []
    for _ in range(9):
        known.note("192.0.2.1")
        waits.append(known.wait("192.0.2.1"))
        clock.now += waits[-1]
        assert known.wait("192.0.2.1") == 0
    assert waits == [1, 2, 4, 8, 16, 32, LONGEST, LONGEST, LONGEST]


def test_others_do_not_wait_and_the_right_password_ends_it() -> None:
    known = WrongPasswords(SteppedTime())
    wrong(known, "192.0.2.1", FREE)
    assert known.wait("192.0.2.2") == 0
    known.forget("192.0.2.1")
    assert known.wait("192.0.2.1") == 0


def test_after_an_hour_an_address_begins_anew() -> None:
    clock = SteppedTime()
    known = WrongPasswords(clock)
    wrong(known, "192.0.2.1", 20)
    clock.now += FORGOTTEN + 1
    known.note("192.0.2.1")
    assert known.wait("192.0.2.1") == 0


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(first: str, second: str, same: bool) -> None:
    known = WrongPasswords(SteppedTime())
    wrong(known, first, FREE)
    assert (known.wait(second) > 0) is same


def test_no_number_of_addresses_fills_the_memory() -> None:
    known = WrongPasswords(SteppedTime())
    wrong(known, "192.0.2.1", FREE)
    for number in range(ADDRESSES):
        known.note(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(known._known) == ADDRESSES
    assert known.wait("192.0.2.1") == 0


def test_who_waits_is_not_let_in_with_the_right_password_either() -> None:
    clock, right = SteppedTime(), "Basic right"

    def look(handler: Any) -> bool:
        if handler.request.headers["Authorization"] != right:
            raise HTTPError(401)
        return True

    user = slowed(look, WrongPasswords(clock))

    def answer(authorization: str) -> int:
        try:
            user(SimpleNamespace(request=SimpleNamespace(headers={"Authorization": authorization}, remote_ip="::1")))
        except HTTPError as refusal:
            return refusal.status_code
        return 200

    assert [answer("Basic wrong") for _ in range(FREE)] == [401] * FREE
    assert [answer("Basic wrong"), answer(right)] == [429, 429]
    clock.now += 1
    assert [answer(right), answer("Basic wrong"), answer(right)] == [200, 401, 200]


# --- its end

WITH_A_THREAD = """
import threading, time
from workers.ops.__main__ import main

threading.Thread(target=time.sleep, args=(3600,)).start()
main(["flower", "--conf={conf}"])
"""


def test_it_ends_when_it_is_asked_to_whatever_its_threads_wait_for(
    urls: dict[User, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FANWIRE_FLOWER_PORT", str(free_port()))
    settings.cache_clear()
    *_, conf = flower.command()
    log = tmp_path / "flower.log"
    process = fork_python(
        WITH_A_THREAD.format(conf=conf.partition("=")[2]), environment(tmp_path, BROKER_URL=urls[User.FLOWER]), log
    )
    try:
        until(lambda: "Visit me at" in log.read_text(), log.read_text)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        end(process)
