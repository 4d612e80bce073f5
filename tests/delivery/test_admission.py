"""Admission: what must not go now does not go, and a host that is dead costs no transfer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tasks import ledger
from tasks.delivery import transports
from tasks.delivery.admission.admit import Admission, Observation
from tasks.delivery.admission.failing_hosts import HostNotice, Stage
from tasks.delivery.admission.in_flight import over_limit
from tasks.delivery.admission.shared_state import SharedState
from tasks.delivery.disabling import apply_notice
from tasks.delivery.payloads import Payload, read_payloads
from tasks.delivery.transfers.window import SLOW_AFTER, SLOW_FACTOR, Window
from tasks.ledger import deliveries, notices, outlets, releases
from tasks.ledger.releases import Consent, Sender
from tasks.model.codes import Code
from tasks.model.states import State, Verdict
from tasks.runtime.settings import settings
from tests.delivery.conftest import patient_state
from tests.support.delivery_steps import NOW, claim, receivers, render, take
from tests.support.processes import own_valkey
from tests.support.samples import outlet, release
from tests.support.stepped_time import SteppedTime
from tests.support.threads import run_together

pytestmark = pytest.mark.usefixtures("book")
URL = "http://127.0.0.1:9/wire"
REVIVING = Sender(consent=frozenset({Consent.REVIVE}))


@pytest.fixture
def shared_state(tmp_path: Path) -> Iterator[SharedState]:
    with own_valkey(tmp_path / "valkey") as url:
        yield patient_state(url)


def loaded(*claims: Any) -> list[Payload]:
    with ledger.read() as connection:
        return read_payloads(connection, claims)[0]


def claimed(**fields: Any) -> list[Payload]:
    """Three releases claimed for one outlet."""
    receivers(outlet("a", **fields))
    for name in "xyz":
        render(take(uri=f"urn:{name}:1"))
    return loaded(*claim())


def test_a_resting_host_is_passed_over_before_a_transfer_starts(shared_state: SharedState) -> None:
    chunk = claimed(url="http://127.0.0.2:81/")
    admission = Admission(shared_state, deadline=30)
    assert admission.not_admitted(chunk, set(), NOW) == {}
    admission.record([seen("another", connected=False)] * 5, NOW)
    refused = admission.not_admitted(chunk, set(), NOW + 1)
    assert {(one.state, one.code) for one in refused.values()} == {(State.DUE, Code.RESTING_HOST)}
    assert all("its host 127.0.0.2:81 failed and rests until 2027-01-15T" in one.reason for one in refused.values())
    assert all(one.host_rests and one.due_at and NOW + 40 < one.due_at < NOW + 130 for one in refused.values())
    after = admission.not_admitted(chunk, set(), NOW + 100)
    assert len(after) == 2  # one goes as the probe


def platform(*names: str) -> dict[str, Payload]:
    """A release claimed for each of these outlets of one host."""
    receivers(*(outlet(name, url=f"http://127.0.0.2:81/{name}") for name in names))
    render(take())
    return {item.outlet.id: item for item in loaded(*claim())}


def seen(name: str, verdict: Verdict = Verdict.FAILED, *, connected: bool = True) -> Observation:
    return Observation("127.0.0.2:81", name, verdict, None, connected)


def test_an_outlet_that_fails_rests_and_its_neighbours_do_not(shared_state: SharedState) -> None:
    """Two wrong paths on a platform of seven, however often they fail."""
    names = "abcdefg"
    chunk = platform(*names)
    admission = Admission(shared_state, deadline=30)
    admission.record([seen("a"), seen("b", Verdict.UNSURE)] * 20, NOW, lambda _: names)
    refused = admission.not_admitted([*chunk.values()], set(), NOW + 1)
    assert refused.keys() == {chunk["a"].claim.id, chunk["b"].claim.id}
    assert {one.code for one in refused.values()} == {Code.RESTING_OUTLET}
    assert all("the outlet failed and rests until 2027-01-15T" in one.reason for one in refused.values())


def test_an_outlet_that_asks_for_time_does_not_ask_for_its_neighbours(shared_state: SharedState) -> None:
    chunk = platform("a", "b")
    admission = Admission(shared_state, deadline=30)
    admission.record([seen("a", Verdict.THROTTLED)], NOW)
    assert admission.not_admitted([*chunk.values()], set(), NOW + 1).keys() == {chunk["a"].claim.id}


@pytest.mark.parametrize(("failing", "all_rest"), [("abcde", False), ("abcdef", True)])
def test_a_host_rests_when_most_of_its_outlets_fail(shared_state: SharedState, failing: str, all_rest: bool) -> None:
    """Six of ten, at their first failure already; its probe counts for all."""
    names = "abcdefghij"
    chunk = platform(*names)
    admission = Admission(shared_state, deadline=30)
    admission.record([seen(name) for name in failing], NOW, lambda host: names if host == "127.0.0.2:81" else "")
    refused = admission.not_admitted([*chunk.values()], set(), NOW + 1)
    assert (len(refused) == 10) is all_rest
    if all_rest:
        assert {one.code for one in refused.values()} == {Code.RESTING_HOST}
        went = set(chunk) - {name for name in names if chunk[name].claim.id in _refused(admission, chunk, NOW + 100)}
        assert len(went) == 1
        admission.record([seen(went.pop(), Verdict.DELIVERED)], NOW + 101)
        assert not _refused(admission, chunk, NOW + 102)


@pytest.mark.parametrize(("failed", "code"), [("a", Code.RESTING_OUTLET), ("another", Code.RESTING_HOST)])
def test_who_comes_for_the_last_time_goes_although_its_outlet_or_its_host_rests(
    shared_state: SharedState, failed: str, code: Code
) -> None:
    """Two of three; and a limit per minute holds for them all the same."""
    chunk = claimed(url="http://127.0.0.2:81/", limits={"per_minute": 2})
    first, second, third = (item.claim.id for item in chunk)
    admission = Admission(shared_state, deadline=30)
    admission.record([seen(failed, connected=False)] * 5, NOW)
    refused = admission.not_admitted(chunk, set(), NOW + 1, {first, second})
    assert {id: one.code for id, one in refused.items()} == {second: Code.RATE_LIMIT, third: code}


def test_a_small_platform_rests_outlet_by_outlet(shared_state: SharedState) -> None:
    chunk = platform(*"abc")
    admission = Admission(shared_state, deadline=30)
    admission.record([seen("a"), seen("b")] * 4, NOW, lambda _: "abc")
    assert not _refused(admission, chunk, NOW + 1)


def test_a_probe_that_is_not_sent_is_left_to_another(shared_state: SharedState) -> None:
    """The host may be probed, but not by an outlet that rests itself."""
    chunk = platform("a", "b")
    admission = Admission(shared_state, deadline=30)
    admission.record([seen("x", connected=False)] * 5, NOW)
    admission.record([Observation("127.0.0.2:81", "a", Verdict.THROTTLED, 500.0, True)], NOW + 1)
    assert admission.not_admitted([chunk["a"]], set(), NOW + 80)
    assert not admission.not_admitted([chunk["b"]], set(), NOW + 80)


def test_an_outlet_that_rests_keeps_no_neighbour_from_being_the_probe(shared_state: SharedState) -> None:
    """All in one chunk, and the outlet that rests comes first."""
    chunk = platform("a", "b", "c")
    admission = Admission(shared_state, deadline=30)
    admission.record([seen("x", connected=False)] * 5, NOW)
    admission.record([Observation("127.0.0.2:81", "a", Verdict.THROTTLED, 500.0, True)], NOW + 1)
    refused = admission.not_admitted([chunk[name] for name in "abc"], set(), NOW + 80)
    assert refused.keys() == {chunk["a"].claim.id, chunk["c"].claim.id}


def test_outlets_that_failed_long_ago_do_not_stop_their_neighbours(shared_state: SharedState) -> None:
    """Most of a platform was given up: each of those is tried now and then, and fails, and the others are well."""
    names = "abcdefghij"
    chunk = platform(*names)
    admission = Admission(shared_state, deadline=30)
    admission.record([seen(name) for name in "abcdef"], NOW, lambda _: names)
    assert len(_refused(admission, chunk, NOW + 1)) == 10
    admission.record([seen("j", Verdict.DELIVERED)], NOW + 100)
    for place, name in enumerate("abcdef"):
        now = NOW + 3600 + 240 * place
        admission.record([seen(name)], now, lambda _: names)
        assert not _refused(admission, {"j": chunk["j"]}, now + 1)
    admission.record([seen(name) for name in "abcdef"], NOW + 9000, lambda _: names)
    assert len(_refused(admission, chunk, NOW + 9001)) == 10


def _refused(admission: Admission, chunk: dict[str, Payload], now: float) -> set[int]:
    return set(admission.not_admitted([*chunk.values()], set(), now))


def test_a_limit_per_minute_gives_each_its_moment(shared_state: SharedState) -> None:
    chunk = claimed(url="http://127.0.0.3:82/", limits={"per_minute": 2})
    refused = Admission(shared_state, deadline=30).not_admitted(chunk, set(), NOW)
    assert sorted(round(one.due_at - NOW) for one in refused.values() if one.due_at) == [30, 60]
    assert not any(one.host_rests for one in refused.values())


def test_a_paused_outlet_and_an_outdated_version_are_stopped_without_redis() -> None:
    chunk = claimed()
    with ledger.write() as connection:
        outlets.set_status(connection, ["a"], "paused", "test", NOW)
    take(uri="urn:x:1", version=2)
    again = loaded(*(item.claim for item in chunk))
    refused = Admission(SharedState(None), deadline=30).not_admitted(again, set(), NOW)
    assert sorted((one.state, one.reason) for one in refused.values()) == [
        (State.HELD, "outlet paused"),
        (State.HELD, "outlet paused"),
        (State.SUPERSEDED, "a newer version came"),
    ]


def test_nothing_of_a_claim_is_sent_to_an_outlet_that_was_removed_meanwhile() -> None:
    chunk = claimed()
    with ledger.write() as connection:
        outlets.set_status(connection, ["a"], "removed", None, NOW)
    refused = Admission(SharedState(None), deadline=30).not_admitted(
        loaded(*(item.claim for item in chunk)), set(), NOW
    )
    assert {(one.state, one.code) for one in refused.values()} == {(State.CANCELED, Code.OUTLET_REMOVED)}
    assert len(refused) == len(chunk)


@pytest.mark.parametrize(
    ("newer", "state", "code"),
    [
        ([{"status": "canceled", "body_html": None}], State.CANCELED, Code.RELEASE_KILLED),
        ([{}, {"status": "canceled", "body_html": None}], State.CANCELED, Code.RELEASE_KILLED),
        ([{"status": "canceled", "body_html": None}, {}], State.SUPERSEDED, Code.NEWER_VERSION),  # killed and revived
        ([{}], State.SUPERSEDED, Code.NEWER_VERSION),
    ],
)
def test_what_replaced_a_claimed_version_says_how_its_delivery_ends(
    newer: list[dict[str, Any]], state: State, code: Code
) -> None:
    receivers(outlet("a"))
    render(take())
    claims = claim()
    with ledger.write() as connection:  # not planned yet: only the drain ends what is claimed
        for version, fields in enumerate(newer, 2):
            releases.take(connection, release(version=version, **fields), NOW, REVIVING)
    [refused] = Admission(SharedState(None), deadline=30).not_admitted(loaded(*claims), set(), NOW).values()
    assert (refused.state, refused.code) == (state, code)
    assert refused.reason == ("the release was killed" if state is State.CANCELED else "a newer version came")


def test_no_more_are_in_flight_than_an_outlet_takes_whoever_claims() -> None:
    receivers(outlet("a", limits={"in_flight": 2}), outlet("b"))
    for name in range(6):
        render(take(uri=f"urn:{name}"))

    def drain() -> list[int]:
        with ledger.write() as connection:
            chunk, _ = read_payloads(connection, deliveries.claim(connection, "w", now=NOW, lease=60, limit=4))
            over = over_limit(connection, chunk)
        return [item.claim.id for item in chunk if item.outlet.id == "a" and item.claim.id not in over]

    assert len([*chain(*run_together([drain] * 3))]) == 2


def test_a_host_that_failed_for_seven_days_loses_its_outlets_and_somebody_is_told() -> None:
    receivers(outlet("a", url="https://dead.example/one"), outlet("b", url="https://dead.example:443/two"), outlet("c"))
    number = take()
    with ledger.write() as connection:
        apply_notice(connection, HostNotice("dead.example:443", Stage.WARNING, 2, date(2026, 11, 1)))
        apply_notice(connection, HostNotice("dead.example:443", Stage.DEAD, 7, date(2026, 11, 1)))
        told = [(row["kind"], row["subject"]) for row in notices.latest(connection, 9)]
        still = [found.id for found in outlets.everyone(connection) if found.status == "active"]
    assert told == [("dead", "dead.example:443"), ("failing", "dead.example:443")]
    assert still == ["c"]
    assert render(number) == 1


RELAY = "relay.example:587"


@pytest.mark.usefixtures("mail_relay")
def test_a_relay_that_failed_for_seven_days_costs_no_outlet_anything() -> None:
    receivers(outlet("a", url="mailto:a@bote.example", format="email"), outlet("b", url=f"http://{RELAY}/"))
    with ledger.write() as connection:
        apply_notice(connection, HostNotice(RELAY, Stage.DEAD, 7, date(2026, 11, 1)))
        assert [found.status for found in outlets.everyone(connection)] == ["active", "active"]
        assert [(row["kind"], row["subject"]) for row in notices.latest(connection, 9)] == [("failing", RELAY)]


@pytest.fixture
def mail_relay(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A relay is configured, which nobody asks."""
    monkeypatch.setenv("FANWIRE_SMTP_URL", f"smtp://{RELAY}")
    monkeypatch.setenv("FANWIRE_SMTP_FROM", "wire@wire.example")
    settings.cache_clear()
    transports.forget()
    yield
    transports.forget()


@pytest.mark.usefixtures("mail_relay")
def test_a_relay_rests_for_all_and_refusals_of_addresses_do_not_count(shared_state: SharedState) -> None:
    receivers(*(outlet(name, url=f"mailto:{name}@bote.example", format="email") for name in "abc"))
    render(take())
    chunk = loaded(*claim())
    admission = Admission(shared_state, deadline=30)

    def happened(verdict: Verdict, of_host: Verdict) -> dict[int, Any]:
        seen = [Observation(RELAY, name, verdict, None, connected=True, of_host=of_host) for name in "vwxyz"]
        admission.record(seen, NOW)
        return admission.not_admitted(chunk, set(), NOW + 1)

    assert happened(Verdict.REJECTED, Verdict.DELIVERED) == {}
    assert happened(Verdict.THROTTLED, Verdict.DELIVERED) == {}, "one mailbox is busy, and not the relay"
    refused = happened(Verdict.FAILED, Verdict.FAILED)  # it took the connection, and is at fault all the same
    assert {one.code for one in refused.values()} == {Code.RESTING_HOST}
    assert len(refused) == 3
    assert all(RELAY in one.reason for one in refused.values())


def test_slow_transfers_do_not_count_against_the_window() -> None:
    clock = SteppedTime()
    window = Window(10, time_source=clock)
    for number in range(10):
        window.enter(number)
    assert window.room() == 0
    clock.now += SLOW_AFTER + 0.1
    assert window.room() == 10
    for number in range(10, 10 * SLOW_FACTOR):
        window.enter(number)
    clock.now += SLOW_AFTER + 0.1
    assert window.room() == 0  # however slow: not more than so many in all
    window.leave(3)
    window.leave(77)
    assert window.room() == 2
