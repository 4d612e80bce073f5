"""The breaker, and the shared state under it, on a real Valkey. Time is a parameter: nothing here sleeps."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import redis
import structlog

from tasks.delivery.admission import shared_state as shared_states
from tasks.delivery.admission import standing
from tasks.delivery.admission.breaker import (
    ANSWERED,
    APPOINTED_WITHIN,
    FAILING,
    FIRST_OPENING,
    JITTER,
    KEEP,
    LEASE_MARGIN,
    LONGEST_OPENING,
    NOT_SENT,
    PROBE_HEAD_START,
    SPREAD,
    THRESHOLD,
    Breaker,
    Change,
    Decision,
    Outcome,
    Permission,
    outlet_subject,
)
from tasks.delivery.admission.failing_hosts import FailingHosts
from tasks.delivery.admission.shared_state import PAUSE_AFTER_ERROR, Call, Script, SharedState, host_of
from tasks.model.states import Verdict
from tasks.runtime.settings import settings
from tests.delivery.conftest import patient_state
from tests.support.processes import own_valkey, until
from tests.support.samples import outlet
from tests.support.stepped_time import SteppedTime
from tests.support.threads import run_together
from tests.support.valkeys import be_patient
from workers.web.pages import drains

NOW = 1_800_000_000.0
DEADLINE = 30.0
LEASE = DEADLINE + LEASE_MARGIN
HOST = "bote.example:443"
KEY = f"fanwire:breaker:{HOST}"
OTHER = "anzeiger.example:443"
MIDDLE = 0.5
"""The throw of the dice that changes no opening."""


@pytest.fixture
def shared_state(valkey: redis.Redis, server: str) -> SharedState:
    return patient_state(server)


@pytest.fixture
def breaker(shared_state: SharedState) -> Breaker:
    return Breaker(shared_state, deadline=DEADLINE, rng=lambda: MIDDLE)


def failures(count: int, host: str = HOST) -> list[Outcome]:
    return [(host, Verdict.FAILED, None)] * count


def decision(breaker: Breaker, now: float, host: str = HOST) -> Decision:
    return breaker.permissions([host], now)[0].decision


def opened(breaker: Breaker, now: float = NOW) -> float:
    """Open `HOST`; until when."""
    (change,) = breaker.record(failures(THRESHOLD), now)
    assert change.until is not None
    return change.until


# --- opening


def test_a_host_that_is_not_known_may_be_sent_to(breaker: Breaker, valkey: redis.Redis) -> None:
    assert breaker.permissions([HOST, OTHER, HOST], NOW) == [Permission(Decision.GO)] * 3
    assert valkey.dbsize() == 0


def test_every_verdict_has_its_place() -> None:
    assert set(Verdict) == ANSWERED | FAILING | NOT_SENT | {Verdict.THROTTLED, Verdict.DEFERRED}


@pytest.mark.parametrize("verdict", sorted(FAILING))
def test_failures_in_a_row_open(breaker: Breaker, verdict: Verdict) -> None:
    for number in range(THRESHOLD - 1):
        assert breaker.record([(HOST, verdict, None)], NOW + number) == []
        assert decision(breaker, NOW + number) is Decision.GO
    assert breaker.record([(HOST, verdict, None)], NOW + 9) == [Change(HOST, NOW + 9 + FIRST_OPENING, 1)]
    assert decision(breaker, NOW + 9) is Decision.WAIT
    assert decision(breaker, NOW + 9, OTHER) is Decision.GO


@pytest.mark.parametrize("verdict", sorted(ANSWERED))
def test_any_answer_ends_the_row(breaker: Breaker, valkey: redis.Redis, verdict: Verdict) -> None:
    breaker.record(failures(THRESHOLD - 1), NOW)
    assert breaker.record([(HOST, verdict, None)], NOW) == []
    assert valkey.dbsize() == 0
    breaker.record(failures(THRESHOLD - 1), NOW)
    assert decision(breaker, NOW) is Decision.GO


def test_hosts_that_fare_differently_in_one_flush(breaker: Breaker) -> None:
    flush: list[Outcome] = [
        *failures(THRESHOLD, "dead:1"),
        ("well:1", Verdict.DELIVERED, None), ("busy:1", Verdict.THROTTLED, 40.0), ("ours:1", Verdict.OURS, None),
        ("once:1", Verdict.FAILED, None), ("fine:1", Verdict.REJECTED, None),
    ]  # fmt: skip
    breaker.record(failures(THRESHOLD, "well:1"), NOW)
    changes = {change.host: change for change in breaker.record(flush, NOW)}
    assert changes.keys() == {"dead:1", "well:1", "busy:1"}
    assert changes["well:1"] == Change("well:1", None, 1)
    assert changes["dead:1"].until == NOW + FIRST_OPENING
    asked = breaker.permissions(["dead:1", "well:1", "busy:1", "ours:1", "once:1", "fine:1"], NOW)
    assert [p.decision for p in asked] == [
        Decision.WAIT,
        Decision.GO,
        Decision.WAIT,
        Decision.GO,
        Decision.GO,
        Decision.GO,
    ]


def test_the_order_within_a_flush_counts(breaker: Breaker) -> None:
    success: list[Outcome] = [(HOST, Verdict.DELIVERED, None)]
    assert breaker.record(failures(9) + success + failures(THRESHOLD - 1), NOW) == []
    assert decision(breaker, NOW) is Decision.GO
    assert len(breaker.record(failures(1), NOW)) == 1


@pytest.mark.parametrize("verdict", [*sorted(NOT_SENT), Verdict.DEFERRED])
def test_what_was_not_sent_tells_nothing(breaker: Breaker, valkey: redis.Redis, verdict: Verdict) -> None:
    assert breaker.record([(HOST, verdict, None)] * 10, NOW) == []
    assert valkey.dbsize() == 0
    breaker.record(failures(THRESHOLD - 1), NOW)
    breaker.record([(HOST, verdict, None)], NOW)
    assert len(breaker.record(failures(1), NOW)) == 1


def test_a_burst_is_one_outage(breaker: Breaker) -> None:
    """What was in flight when it opened, or was written by another drain a little later, does not open it again."""
    assert breaker.record(failures(50), NOW) == [Change(HOST, NOW + FIRST_OPENING, 1)]
    assert breaker.record(failures(50), NOW + 20) == []
    assert decision(breaker, NOW + FIRST_OPENING) is Decision.PROBE


def test_an_answer_closes(breaker: Breaker, valkey: redis.Redis) -> None:
    opened(breaker)
    assert breaker.record([(HOST, Verdict.REJECTED, None)], NOW + 1) == [Change(HOST, None, 1)]
    assert decision(breaker, NOW + 1) is Decision.GO
    assert valkey.dbsize() == 0


@pytest.mark.parametrize(("dice", "share"), [(0.0, 1 - JITTER), (0.5, 1.0), (1.0, 1 + JITTER)])
def test_openings_differ(shared_state: SharedState, dice: float, share: float) -> None:
    (change,) = Breaker(shared_state, deadline=DEADLINE, rng=lambda: dice).record(failures(THRESHOLD), NOW)
    assert change.until == pytest.approx(NOW + FIRST_OPENING * share, abs=0.001)


# --- probing


def test_after_the_opening_exactly_one_goes(breaker: Breaker) -> None:
    until = opened(breaker)
    assert decision(breaker, until - 0.01) is Decision.WAIT
    assert [decision(breaker, until + 0.1 * n) for n in range(5)] == [Decision.PROBE] + [Decision.WAIT] * 4


def test_one_chunk_holds_one_probe_and_it_is_the_first(breaker: Breaker) -> None:
    until = opened(breaker)
    permissions = breaker.permissions([OTHER, HOST, HOST, OTHER, HOST], until)
    assert [p.decision for p in permissions] == [Decision.GO, Decision.PROBE, Decision.WAIT, Decision.GO, Decision.WAIT]
    assert all(p.until >= until + PROBE_HEAD_START for p in permissions if p.decision is Decision.WAIT)


@pytest.mark.parametrize("verdict", sorted(ANSWERED))
def test_a_probe_that_is_answered_closes(breaker: Breaker, valkey: redis.Redis, verdict: Verdict) -> None:
    until = opened(breaker)
    assert decision(breaker, until) is Decision.PROBE
    assert breaker.record([(HOST, verdict, None)], until + 1) == [Change(HOST, None, 1)]
    assert breaker.permissions([HOST] * 3, until + 1) == [Permission(Decision.GO)] * 3
    assert valkey.dbsize() == 0


def test_the_table_in_the_module_is_true(breaker: Breaker, valkey: redis.Redis) -> None:
    """Five failures open, for 60, 120 … 1800 seconds; what is known of a host is gone a day later."""
    assert breaker.record(failures(4), NOW) == []
    now = NOW
    openings: list[float] = []
    while len(openings) < 7:
        (change,) = breaker.record(failures(1), now)
        assert change.until is not None
        openings.append(change.until - now)
        assert 0 <= openings[-1] + 24 * 3600 - valkey.ttl(KEY) <= 60
        now = change.until
    assert openings == [60, 120, 240, 480, 960, 1800, 1800]


@pytest.mark.parametrize(("asked", "seconds"), [(60.0, 42), (1800.0, 300)])
def test_the_others_come_back_over_the_time_that_the_module_says(
    shared_state: SharedState, asked: float, seconds: float
) -> None:
    """Behind the probe, which has ten seconds for itself."""
    none, all_of_it = (Breaker(shared_state, deadline=DEADLINE, rng=rng) for rng in (lambda: 0.0, lambda: 1.0))
    none.record([(HOST, Verdict.THROTTLED, asked)], NOW)
    none.permissions([HOST], NOW)
    first, last = (breaker.permissions([HOST], NOW)[0].until - NOW - asked for breaker in (none, all_of_it))
    assert [first, last] == pytest.approx([10.0, 10.0 + seconds], abs=0.01)


def test_probes_that_fail_open_for_longer_and_longer(breaker: Breaker) -> None:
    now, spans = opened(breaker), []
    for number in range(2, 10):
        assert decision(breaker, now) is Decision.PROBE
        (change,) = breaker.record(failures(1), now + 2)
        assert change.until is not None
        assert change.openings == number
        assert decision(breaker, now + 2) is Decision.WAIT
        spans.append(round(change.until - now - 2))
        now = change.until
    assert spans == [120, 240, 480, 960, LONGEST_OPENING, LONGEST_OPENING, LONGEST_OPENING, LONGEST_OPENING]
    assert decision(breaker, now) is Decision.PROBE
    breaker.record([(HOST, Verdict.DELIVERED, None)], now)
    assert opened(breaker, now) == now + FIRST_OPENING  # a new outage begins anew


def test_a_prober_that_died_is_replaced(breaker: Breaker) -> None:
    until = opened(breaker)
    assert decision(breaker, until) is Decision.PROBE
    assert decision(breaker, until + DEADLINE + 1) is Decision.WAIT
    assert decision(breaker, until + LEASE + 0.1) is Decision.PROBE


@pytest.mark.parametrize("verdict", sorted(NOT_SENT))
def test_a_probe_that_was_not_sent_is_replaced_at_once(breaker: Breaker, verdict: Verdict) -> None:
    until = opened(breaker)
    assert decision(breaker, until) is Decision.PROBE
    assert breaker.record([(HOST, Verdict.DEFERRED, None)], until) == []  # another one, which has to wait
    assert decision(breaker, until) is Decision.WAIT
    assert breaker.record([(HOST, verdict, None)], until) == []
    assert decision(breaker, until) is Decision.PROBE


def test_many_drains_race_for_one_probe(breaker: Breaker, server: str) -> None:
    until = opened(breaker)
    drains = [Breaker(patient_state(server), deadline=DEADLINE) for _ in range(20)]
    permissions = chain(*run_together([partial(drain.permissions, [HOST] * 5, until) for drain in drains]))
    said = Counter(permission.decision for permission in permissions)
    assert said == {Decision.PROBE: 1, Decision.WAIT: 99}


# --- waiting


def test_one_is_appointed_to_probe_and_the_others_come_behind_it_spread(shared_state: SharedState) -> None:
    breaker = Breaker(shared_state, deadline=DEADLINE)
    until = opened(breaker)
    moments = [p.until for p in breaker.permissions([HOST] * 500, NOW + 1) + breaker.permissions([HOST] * 500, NOW + 2)]
    early = [moment for moment in moments if moment < until + PROBE_HEAD_START]
    assert len(early) == 1
    assert until <= early[0] <= until + APPOINTED_WITHIN
    least, share, _ = SPREAD
    behind = sorted(set(moments) - set(early))
    assert until + PROBE_HEAD_START <= behind[0]
    assert behind[-1] <= until + PROBE_HEAD_START + least + share * (until - NOW)
    assert max(Counter(int(moment) for moment in behind).values()) < 100


def test_each_opening_appoints_anew(breaker: Breaker) -> None:
    until = opened(breaker)
    assert breaker.permissions([HOST], NOW)[0].until < until + PROBE_HEAD_START
    assert breaker.permissions([HOST], NOW)[0].until >= until + PROBE_HEAD_START
    assert decision(breaker, until) is Decision.PROBE
    (change,) = breaker.record(failures(1), until)
    assert change.until is not None
    assert breaker.permissions([HOST], until)[0].until < change.until + PROBE_HEAD_START


def test_the_spread_has_an_end(shared_state: SharedState) -> None:
    breaker = Breaker(shared_state, deadline=DEADLINE, rng=lambda: 1.0)
    breaker.record([(HOST, Verdict.THROTTLED, 3600.0)], NOW)
    _, last = breaker.permissions([HOST] * 2, NOW)
    assert last.until == pytest.approx(NOW + 3600 * (1 + JITTER) + PROBE_HEAD_START + SPREAD[2], abs=0.01)


# --- throttled


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(None, FIRST_OPENING), (30.0, 30.0), (0.0, 1.0), (3600.0, 3600.0), (1e9, 3600.0)],
)
def test_throttled_opens_for_what_was_asked_and_never_less(
    shared_state: SharedState, asked: float | None, seconds: float
) -> None:
    for dice in (0.0, 0.9):
        breaker = Breaker(shared_state, deadline=DEADLINE, rng=partial(float, dice))
        breaker.forget([HOST])
        (change,) = breaker.record([(HOST, Verdict.THROTTLED, asked)], NOW)
        assert change.until is not None
        least = seconds * (1 - JITTER) if asked is None else seconds
        assert least - 0.001 <= change.until - NOW <= seconds * (1 + JITTER)
        assert decision(breaker, NOW + least - 0.1) is Decision.WAIT
        assert decision(breaker, change.until) is Decision.PROBE


@pytest.mark.parametrize("order", [1, -1])
def test_what_was_on_its_way_does_not_end_a_throttle(breaker: Breaker, order: int) -> None:
    """Ten go at once; the outlet takes some of them and asks for time. The probe after that time ends it."""
    flush: list[Outcome] = [(HOST, Verdict.DELIVERED, None), (HOST, Verdict.THROTTLED, 30.0)]
    (change,) = breaker.record(flush[::order], NOW)
    assert breaker.record([(HOST, Verdict.DELIVERED, None)] * 8, NOW + 1) == []
    assert decision(breaker, NOW + 29) is Decision.WAIT
    assert change.until is not None
    assert decision(breaker, change.until) is Decision.PROBE
    assert breaker.record([(HOST, Verdict.DELIVERED, None)], change.until) == [Change(HOST, None, 1)]
    assert decision(breaker, change.until) is Decision.GO


def test_the_longest_of_several_wishes_counts(breaker: Breaker) -> None:
    breaker.record([(HOST, Verdict.THROTTLED, 30.0), (HOST, Verdict.THROTTLED, 90.0)], NOW)
    assert breaker.record([(HOST, Verdict.THROTTLED, 10.0), (HOST, Verdict.THROTTLED, None)], NOW) == []
    assert decision(breaker, NOW + 89) is Decision.WAIT
    assert decision(breaker, NOW + 91 * (1 + JITTER)) is Decision.PROBE


def test_a_throttled_probe_opens_again(breaker: Breaker) -> None:
    until = opened(breaker)
    assert decision(breaker, until) is Decision.PROBE
    assert breaker.record([(HOST, Verdict.THROTTLED, None)], until) == [Change(HOST, until + 2 * FIRST_OPENING, 2)]


# --- soft failures


def soft(breaker: Breaker, now: float, *outcomes: Outcome) -> list[Change]:
    """A flush in which `HOST` had a failure after it took the connection."""
    return breaker._shared_state.run(breaker.record_call(outcomes, now, [HOST]))


def test_no_number_of_soft_failures_opens(breaker: Breaker, valkey: redis.Redis) -> None:
    breaker.record(failures(THRESHOLD - 1), NOW)
    for number in range(20):
        assert soft(breaker, NOW + number) == []
    assert decision(breaker, NOW + 20) is Decision.GO
    assert len(breaker.record(failures(1), NOW + 20)) == 1


def test_a_probe_that_fails_softly_opens_again(breaker: Breaker) -> None:
    until = opened(breaker)
    assert soft(breaker, until - 1) == []  # was on its way
    assert decision(breaker, until) is Decision.PROBE
    assert soft(breaker, until + 1) == [Change(HOST, until + 1 + 2 * FIRST_OPENING, 2)]


def test_an_answer_beside_a_soft_failure_closes(breaker: Breaker) -> None:
    until = opened(breaker)
    assert soft(breaker, until + 1, (HOST, Verdict.DELIVERED, None)) == [Change(HOST, None, 1)]
    assert decision(breaker, until + 1) is Decision.GO


@pytest.mark.parametrize(
    "url", ["http://outlet:8080/wire", "http://outlet:8080", "http://outlet:x8080/", "http://[outlet/8"]
)
def test_no_outlet_is_called_as_a_host(url: str) -> None:
    """An outlet may be `8080`, and a machine `outlet`, as in Compose."""
    host = host_of(url)
    assert all(outlet_subject(id) != host for id in (host.rpartition(":")[2], "8080", "8"))


def test_who_failed_when_last_tried(breaker: Breaker) -> None:
    breaker.record(failures(1) + failures(1, OTHER) + [(OTHER, Verdict.REJECTED, None)], NOW)
    assert breaker.failing([OTHER, HOST, "unknown:1"], NOW) == {HOST}
    assert Breaker(SharedState(None), deadline=DEADLINE).failing([HOST], NOW) == set()


# --- what stays


def test_every_key_ends_by_itself(breaker: Breaker, valkey: redis.Redis) -> None:
    breaker.record(failures(1, "closed:1") + failures(9, "open:1") + [("throttled:1", Verdict.THROTTLED, 600.0)], NOW)
    breaker.record(failures(9, "probed:1"), NOW)
    breaker.permissions(["probed:1", "open:1"], NOW + 100)
    lives = {str(key).removeprefix("fanwire:breaker:"): valkey.ttl(key) for key in valkey.scan_iter()}
    assert set(lives) == {"closed:1", "open:1", "throttled:1", "probed:1"}
    assert all(KEEP - 300 <= life <= KEEP + 600 * (1 + JITTER) + 5 for life in lives.values())
    assert lives["throttled:1"] > KEEP + 300


def test_nothing_grows_after_success(breaker: Breaker, valkey: redis.Redis) -> None:
    hosts = [f"host{n}.example:443" for n in range(1000)]
    for round_ in range(3):
        breaker.record([(host, Verdict.UNSURE, None) for host in hosts] * THRESHOLD, NOW + round_)
        assert valkey.dbsize() == 1000
        assert len(breaker.record([(host, Verdict.DELIVERED, None) for host in hosts], NOW + round_)) == 1000
        assert valkey.dbsize() == 0


def test_forget(breaker: Breaker, valkey: redis.Redis) -> None:
    opened(breaker)
    breaker.forget([HOST, OTHER])
    assert decision(breaker, NOW) is Decision.GO
    assert valkey.dbsize() == 0


def test_a_key_with_nonsense_in_it_stops_nobody(breaker: Breaker, valkey: redis.Redis) -> None:
    valkey.hset(KEY, mapping={"failures": "viele", "until": "morgen", "openings": "x", "probing": "?"})
    assert decision(breaker, NOW) is Decision.GO
    assert opened(breaker) == NOW + FIRST_OPENING


# --- shared state


def scripts_run(valkey: redis.Redis) -> Counter[str]:
    stats: dict[str, Any] = valkey.info("commandstats")
    return Counter({name: stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha")})


def test_a_chunk_and_a_flush_cost_one_script_each(breaker: Breaker, valkey: redis.Redis) -> None:
    hosts = [f"host{n}.example:443" for n in range(200)]
    breaker.permissions(hosts, NOW)
    breaker.record(failures(1), NOW)
    before = scripts_run(valkey)
    breaker.permissions(hosts, NOW)
    assert scripts_run(valkey) - before == {"evalsha": 1}
    breaker.record([(host, Verdict.FAILED, None) for host in hosts], NOW)
    assert scripts_run(valkey) - before == {"evalsha": 2}
    breaker.permissions([], NOW)
    breaker.record([], NOW)
    breaker.record([(HOST, Verdict.DEFERRED, None)], NOW)
    assert scripts_run(valkey) - before == {"evalsha": 2}


def test_two_calls_share_a_round_trip_and_each_script_runs_once(shared_state: SharedState, valkey: redis.Redis) -> None:
    """Even when Redis was restarted in between and knows one script of the two, or none."""
    breaker, failing_hosts = Breaker(shared_state, deadline=DEADLINE), FailingHosts(shared_state)
    for known in ("none", "one", "both"):
        if known != "both":
            valkey.script_flush()
        if known == "one":
            failing_hosts.record([(OTHER, Verdict.DELIVERED, None)], NOW)
        valkey.delete(KEY, f"fanwire:tracker:{HOST}")
        shared_state.run_both(breaker.record_call(failures(3), NOW), failing_hosts.record_call(failures(3), NOW))
        assert valkey.hget(KEY, "failures") == "3"
        assert valkey.hget(f"fanwire:tracker:{HOST}", "days") == "1"
    assert shared_state.run_both(breaker.record_call([], NOW), failing_hosts.record_call(failures(1), NOW)) == ([], [])


def test_a_thousand_hosts_in_one_call(breaker: Breaker) -> None:
    hosts = [f"host{n}.example:443" for n in range(7000)]
    breaker.record([(host, Verdict.FAILED, None) for host in hosts for _ in range(THRESHOLD)], NOW)
    assert {permission.decision for permission in breaker.permissions(hosts, NOW)} == {Decision.WAIT}


def test_no_redis_lets_everything_pass_with_one_line_in_the_log(tmp_path: Path) -> None:
    clock = SteppedTime()
    with own_valkey(tmp_path / "valkey") as url:
        breaker = Breaker(patient_state(url), deadline=DEADLINE)
        opened(breaker)
        assert decision(breaker, NOW) is Decision.WAIT
    with structlog.testing.capture_logs() as lines:
        shared_state = SharedState.at(url, time_source=clock)
        breaker = Breaker(shared_state, deadline=DEADLINE)
        for _ in range(20):
            assert breaker.permissions([HOST, OTHER], NOW) == [Permission(Decision.GO)] * 2
            assert breaker.record(failures(9), NOW) == []
            breaker.forget([HOST])
            clock.now += 1.0
    assert [(line["event"].split(":")[0], line["log_level"]) for line in lines] == [("shared state away", "warning")]
    assert url.split("@")[0] not in str(lines)


def test_a_redis_that_comes_back_is_used_again(server: str, valkey: redis.Redis) -> None:
    clock, here = SteppedTime(), [False]

    def connect() -> redis.Redis:
        if not here[0]:
            raise redis.ConnectionError("not yet")
        return redis.Redis.from_url(server)

    breaker = Breaker(SharedState(connect, time_source=clock), deadline=DEADLINE)
    with structlog.testing.capture_logs() as lines:
        assert breaker.record(failures(9), NOW) == []
        here[0] = True
        clock.now += PAUSE_AFTER_ERROR - 0.1
        assert breaker.record(failures(9), NOW) == []
        clock.now += 0.2
        assert len(breaker.record(failures(9), NOW)) == 1
        assert decision(breaker, NOW) is Decision.WAIT
    assert [line["event"].split(":")[0] for line in lines] == ["shared state away", "shared state back"]


def _the_same(client: redis.Redis) -> redis.Redis:
    return client


class Counting(redis.Redis):
    """Counts how often it is asked."""

    asked = 0

    def pipeline(self, *arguments: Any, **more: Any) -> Any:
        self.asked += 1
        return super().pipeline(*arguments, **more)


def test_a_frozen_redis_costs_its_timeout_once(tmp_path: Path) -> None:
    """Afterwards it is not even asked, until it has rested."""
    with own_valkey(tmp_path / "valkey") as url, redis.Redis.from_url(url) as patient:
        clients: list[Any] = [Counting.from_url(url, socket_timeout=0.1, socket_connect_timeout=0.1) for _ in range(2)]
        clock = SteppedTime()
        connected, fresh = (
            Breaker(SharedState(partial(_the_same, client), time_source=clock), deadline=DEADLINE) for client in clients
        )
        with closing(patient_state(url)) as state:
            opened(Breaker(state, deadline=DEADLINE))

        def has_answered() -> bool:
            clock.now += 2 * PAUSE_AFTER_ERROR
            return decision(connected, NOW) is Decision.WAIT

        until(has_answered)
        pid = int(patient.info("server")["process_id"])
        asked = clients[0].asked
        os.kill(pid, signal.SIGSTOP)
        try:
            for breaker in (connected, fresh):
                for _ in range(100):
                    assert decision(breaker, NOW) is Decision.GO
                    assert breaker.record(failures(1), NOW) == []
        finally:
            os.kill(pid, signal.SIGCONT)
            for client in clients:
                client.close()
        assert [client.asked for client in clients] == [asked + 1, 1]


@pytest.mark.parametrize("url", ["sentinel://127.0.0.1:1", "redis://:geheim@127.0.0.1:x/0", ""])
def test_an_address_that_is_none_lets_everything_pass(url: str) -> None:
    with structlog.testing.capture_logs() as lines:
        assert decision(Breaker(SharedState.at(url), deadline=DEADLINE), NOW) is Decision.GO
    assert len(lines) == 1
    assert "geheim" not in str(lines)


def test_no_shared_state_at_all_is_no_fault() -> None:
    with structlog.testing.capture_logs() as lines:
        breaker = Breaker(SharedState(None), deadline=DEADLINE)
        assert breaker.record(failures(9), NOW) == []
        assert decision(breaker, NOW) is Decision.GO
    assert lines == []


def test_an_error_of_one_script_is_not_the_other_ones(
    shared_state: SharedState, breaker: Breaker, valkey: redis.Redis
) -> None:
    valkey.set(f"fanwire:tracker:{HOST}", "not ours")
    broken = FailingHosts(shared_state).record_call(failures(1), NOW)
    with structlog.testing.capture_logs() as lines:
        changes, notices = shared_state.run_both(breaker.record_call(failures(9), NOW), broken)
    assert (len(changes), notices) == (1, [])
    assert [line["log_level"] for line in lines] == ["warning"]


def test_a_forked_child_connects_for_itself(breaker: Breaker, shared_state: SharedState) -> None:
    opened(breaker)
    mine = shared_state._client
    child = os.fork()
    if not child:
        waits = decision(breaker, NOW) is Decision.WAIT
        os._exit(0 if waits and shared_state._client is not mine else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert decision(breaker, NOW) is Decision.WAIT
    assert shared_state._client is mine


@pytest.mark.parametrize("decode", [True, False])
def test_any_client_will_do(server: str, valkey: redis.Redis, decode: bool) -> None:
    shared_state = SharedState(lambda: redis.Redis.from_url(server, decode_responses=decode))
    breaker = Breaker(shared_state, deadline=DEADLINE, rng=lambda: MIDDLE)
    until = opened(breaker)
    assert decision(breaker, until) is Decision.PROBE
    assert breaker.record([(HOST, Verdict.DELIVERED, None)], until) == [Change(HOST, None, 1)]


def test_times_of_the_connection_of_its_own(server: str) -> None:
    shared_state = SharedState.at(server)
    shared_state.run(Call(script=Script("return 1"), keys=["k"], arguments=[], read=int, fallback=0))  # in time or not
    assert shared_state._client is not None
    options = shared_state._client.connection_pool.connection_kwargs
    assert options["socket_timeout"] == options["socket_connect_timeout"] == shared_states.TIMEOUT
    assert shared_state._client.get_retry().get_retries() == 0


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Bote.Example/wire?x=1", "bote.example:443"),
        ("https://bote.example:443", "bote.example:443"),
        ("http://bote.example", "bote.example:80"),
        ("https://user:geheim@bote.example.:8443/", "bote.example:8443"),
        ("http://[::1]:8080/wire", "[::1]:8080"),
        ("sftp://bote.example/in", "bote.example:22"),
        ("gopher://bote.example/", "bote.example:0"),
    ],
)
def test_the_host_of_a_url(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize("url", ["bote.example", "https:///wire", "", "http://./x", "http://[::1/", "//u:geheim@b:x/"])
def test_a_url_without_a_host_stops_nobody(url: str, breaker: Breaker) -> None:
    assert "geheim" not in host_of(url)
    assert decision(breaker, NOW, host_of(url)) is Decision.GO


# --- what people who look are told


def test_people_are_told_who_rests_and_who_has_been_failing_for_days(
    server: str, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, own = patient_state(server), outlet_subject("cork")
    breaker, days = Breaker(state, deadline=DEADLINE), FailingHosts(state)
    breaker.record([(own, Verdict.FAILED, None)] * THRESHOLD + [(HOST, Verdict.FAILED, None)] * 2, NOW)
    for day in range(3):
        days.record([(HOST, Verdict.FAILED, None)], NOW + day * 86_400)
    before = {key: valkey.hgetall(key) for key in valkey.scan_iter()}
    found = standing.standings(state, [HOST, own, "well.example:443"], NOW + 1)
    assert found is not None
    assert (found[own].state, found[own].days, set(found)) == ("resting", 0, {HOST, own})
    assert NOW < (found[own].until or 0) < NOW + 2 * FIRST_OPENING
    assert (found[HOST].state, found[HOST].failures, found[HOST].days) == ("failing", 2, 3)
    later = standing.standings(state, [own], NOW + 10 * FIRST_OPENING) or {}
    assert (later[own].state, later[own].until) == ("half-open", None)
    assert standing.known(state, "tracker", 10) == [HOST]
    assert sorted(standing.known(state, "breaker", 10) or ()) == sorted([HOST, own])
    assert len(standing.known(state, "breaker", 1) or ()) == 1
    assert {key: valkey.hgetall(key) for key in valkey.scan_iter()} == before, "looking changes nothing"
    be_patient(monkeypatch)
    monkeypatch.setenv("FANWIRE_BROKER_URL", server)
    settings.cache_clear()
    outlets = [outlet("cork", url="https://well.example/"), outlet("bote", url=f"https://{HOST}/"), outlet("well")]
    known = drains.standings(outlets) or {}
    assert [(known[id][0].days, known[id][1].days) for id in ("cork", "bote", "well")] == [(0, 0), (0, 3), (0, 0)]
    for wanted, meant in (("resting", ["cork"]), ("failing", ["bote"])):
        group = drains.among(wanted)
        assert group is not None
        assert [one.id for one in outlets if group.has(one)] == meant


def test_without_redis_nobody_can_tell() -> None:
    nowhere = SharedState(None)
    assert standing.standings(nowhere, [HOST], NOW) is None
    assert standing.known(nowhere, "breaker", 10) is None
    assert (drains.standings([outlet()]), drains.among("resting")) == (None, None)
