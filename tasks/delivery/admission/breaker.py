"""The breaker: whoever keeps failing is left alone for a while, so that it costs no places in the loop and no time.

It rests outlets, and hosts. An outlet may be wrong in itself, by a path or a key, while its neighbours on the same
platform are well; and when a platform is down, hundreds of outlets are. So every attempt counts for its outlet, and for
its host only what is about the host (`Observation` in admit.py says which). The breaker itself knows subjects: a host
as `host:port`, an outlet by `outlet_subject`. Why consecutive failures and not a share of them: an outlet that gets two
releases a day never makes a share.

    closed ── 5 failures in a row, or `throttled` ──► open ── its time is over ──► half-open: exactly one probe goes
      ▲                                                ▲                                │             │
      │                                                └──── the probe fails: twice the time ─────────┤
      └──────────────────────────────── the probe is answered ────────────────────────────────────────┘

What each verdict says about an outlet, or a host:

| verdict | says | so |
|---|---|---|
| delivered, rejected | it answers (a final no is an answer) | closed, and all is forgotten |
| failed, unsure | it does not | one more failure in a row; of a probe: open again, for twice the time |
| throttled | it answers, and wants time | open so long; ended by that time and a probe, not by what was on its way |
| blocked, ours | nothing: it got no request | if this was the probe, another may go |
| deferred | nothing | |

A failure of a host that is open already changes nothing: it was on its way when the others failed, and is of the same
outage. A *soft* failure of a host, one after it took the connection, counts only of a probe: it opens the host again,
but no number of them opens one that is closed. Openings after failures last

| opening in a row | 1 | 2 | 3 | 4 | 5 | 6 … |
|---|---|---|---|---|---|---|
| seconds, ± 20 % | 60 | 120 | 240 | 480 | 960 | 1800 |

Key `fanwire:breaker:{subject}`, a hash, for those that failed lately and no others; gone a day after the last failure
(or after the end of the opening), and at once when there is an answer:

| field | holds |
|---|---|
| `failures` | failures in a row |
| `openings` | openings in a row |
| `failed_at` | when the last failure was recorded, or that the outlet asked for time |
| `until` | end of the opening; none while closed |
| `asked` | 1 if the outlet asked for that time (throttled) |
| `appointed` | 1 once a delivery was told to come back right at the end of this opening, and so to be the probe |
| `probing` | end of the probe's lease; a prober that dies keeps others away no longer than that |
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from tasks.delivery.admission.shared_state import Call, Script, SharedState, decoded, delete_keys
from tasks.model.states import Verdict

THRESHOLD: Final = 5
"""Failures in a row that open. A delivery alone makes five in its first 75 s (backoff.py), a burst at once."""
FIRST_OPENING: Final = 60.0
"""Seconds of the first opening: a restart or a deployment is over by then."""
LONGEST_OPENING: Final = 30 * 60.0
"""Seconds, the longest opening: a host that is back waits at most so long, and one probe in so long costs nothing."""
RETRY_AFTER_BOUNDS: Final = (1.0, 3600.0)
"""Seconds, at least and at most, for which a Retry-After opens the breaker of a whole host. A longer one still holds
for the delivery that got it; for the others of the host one probe an hour asks again."""
JITTER: Final = 0.2
"""The share of an opening that chance adds or takes (time that was asked for is only added to): hosts that failed
together, by an outage between us and them, are not to be probed together."""
KEEP: Final = 24 * 3600
"""Seconds that a host is remembered after it last failed: longer than the longest wait between two tries (4 h)."""
FAILING_LATELY: Final = 300.0
"""Seconds for which a failure of an outlet speaks against its host. A platform that is down fails for all within
minutes; one whose outlets were given up one by one fails for each of them at a time of its own."""
LEASE_MARGIN: Final = 15.0
"""Seconds beyond a transfer's deadline until a probe is given up: for writing the verdict, and clocks that differ."""
APPOINTED_WITHIN: Final = 1.0
"""Seconds after an opening within which the appointed probe comes."""
PROBE_HEAD_START: Final = 10.0
"""Seconds that all others stay behind a probe: nearly all answers take less. (For the few that take up to their
deadline the others wait twice.)"""
SPREAD: Final = (30.0, 0.2, 300.0)
"""Over how many seconds the others come back: this many, plus this share of the wait, at most so many. A platform with
300 outlets in 15 languages gets its 4,500 deliveries over 42 s after a first opening, over 5 min after a long one."""

ANSWERED: Final = frozenset({Verdict.DELIVERED, Verdict.REJECTED})
FAILING: Final = frozenset({Verdict.FAILED, Verdict.UNSURE})
NOT_SENT: Final = frozenset({Verdict.BLOCKED, Verdict.OURS})

Outcome = tuple[str, Verdict, float | None]
"""Host or other subject, verdict of an attempt, and the seconds that the outlet asked to wait, if it did."""


class Decision(Enum):
    """What the breaker decides about one delivery."""

    GO = "go"
    PROBE = "probe"
    """Go as the only one to this host; its verdict decides for the others."""
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Permission:
    """The breaker's answer to one delivery that wants to go to a host."""

    decision: Decision
    until: float = 0.0
    """When to come back, seconds since the epoch; only with WAIT, and never in the past."""
    rests_until: float = 0.0
    """The end of the opening, seconds since the epoch; only with WAIT."""


@dataclass(frozen=True, slots=True)
class Change:
    """A host whose breaker was opened or closed by the outcomes just recorded."""

    host: str
    until: float | None
    """The end of the opening, seconds since the epoch; None: the breaker is closed again, and all may go."""
    openings: int
    """How many openings in a row this makes, or how many there were."""


@dataclass(slots=True)
class _Report:
    """What a batch of outcomes says about one host."""

    answered: bool = False
    failures: int = 0
    """Since the last answer."""
    throttled: bool = False
    retry_after: float = -1.0
    """Seconds that it asked for; -1: it did not say."""
    not_sent: bool = False
    """One attempt was not sent at all."""
    soft: bool = False
    """It took a connection, and failed then."""


_ANSWERED_ONLY: Final = _Report(answered=True)
"""The report of nearly every host nearly always; it goes to Redis without arguments."""


class Breaker:
    """The circuit breaker of all hosts: decides before a chunk is sent, and records outcomes after they were
    written."""

    def __init__(self, shared_state: SharedState, *, deadline: float, rng: Callable[[], float] = random.random) -> None:
        """`deadline`: the longest that a transfer can take, seconds. `rng`: random numbers from [0, 1)."""
        self._shared_state = shared_state
        self._lease = deadline + LEASE_MARGIN
        self._rng = rng

    def permissions(self, hosts: Sequence[str], now: float) -> list[Permission]:
        """For each delivery, by its host and in the order given, whether it may go now (seconds since the epoch).

        Name a host as often as deliveries want to go there: each gets a moment of its own to come back, and if the host
        needs a probe the first of them is it. So order them by urgency. One round trip; without Redis all may go.
        """
        return self._shared_state.run(self.permissions_call(hosts, now))

    def record(self, outcomes: Iterable[Outcome], now: float) -> list[Change]:
        """Record what became of attempts, in the order they ended, at about `now` (seconds since the epoch).

        Returns the hosts that this opened or closed. One round trip; without Redis nothing is recorded.
        """
        return self._shared_state.run(self.record_call(outcomes, now))

    def forget(self, hosts: Iterable[str]) -> None:
        """Close the breaker for these hosts, as when operations say that they were repaired."""
        self._shared_state.run(delete_keys(map(_key, hosts)))

    def rests(self, hosts: Sequence[str], now: float) -> dict[str, float] | None:
        """The hosts that are left alone now, each with the end of its rest (seconds since the epoch); changes nothing.

        None without Redis: then nobody knows.
        """
        return self._shared_state.run(
            Call(
                script=_LOOK,
                keys=list(map(_key, hosts)),
                arguments=[],
                read=lambda reply: {
                    hosts[int(place) - 1]: float(until) for place, until in reply if float(until) > now
                },
                fallback=None,
            )
        )

    def permissions_call(self, hosts: Sequence[str], now: float) -> Call[list[Permission]]:
        """The Redis call behind `permissions`."""
        distinct = list(dict.fromkeys(hosts))
        return Call(
            script=_ASK,
            keys=[_key(host) for host in distinct],
            arguments=[now, now + self._lease],
            read=lambda reply: self._read_permissions(hosts, distinct, reply, now),
            fallback=[Permission(Decision.GO)] * len(hosts),
        )

    def failing(self, hosts: Sequence[str], now: float) -> set[str]:
        """Those that failed when they were last tried, lately (`FAILING_LATELY`)."""
        return self._shared_state.run(
            Call(
                script=_FAILING,
                keys=list(map(_key, hosts)),
                arguments=[now - FAILING_LATELY],
                read=lambda reply: {hosts[int(place) - 1] for place in reply},
                fallback=set(),
            )
        )

    def record_call(self, outcomes: Iterable[Outcome], now: float, soft: Collection[str] = ()) -> Call[list[Change]]:
        """The Redis call behind `record`, for a round trip shared with `FailingHosts` (`SharedState.run_both`).

        `soft`: hosts that had a soft failure among these.
        """
        reports = _report(outcomes)
        for host in soft:
            reports.setdefault(host, _Report()).soft = True
        well = [host for host, report in reports.items() if report == _ANSWERED_ONLY]
        others = [host for host, report in reports.items() if report != _ANSWERED_ONLY]
        arguments: list[str | int | float] = [
            now, THRESHOLD, FIRST_OPENING, LONGEST_OPENING, JITTER, *RETRY_AFTER_BOUNDS, KEEP, len(well),
        ]  # fmt: skip
        for one in map(reports.__getitem__, others):
            arguments += [
                int(one.answered), one.failures, int(one.throttled), one.retry_after, int(one.not_sent), int(one.soft),
                self._rng(),
            ]  # fmt: skip
        hosts = well + others
        return Call(
            script=_RECORD,
            keys=[_key(host) for host in hosts],
            arguments=arguments,
            read=lambda reply: _changes(hosts, reply),
            fallback=[],
        )

    def _read_permissions(
        self, hosts: Sequence[str], distinct: Sequence[str], reply: Any, now: float
    ) -> list[Permission]:
        standing = {distinct[int(place) - 1]: (int(kind), float(until)) for place, kind, until in reply}
        permissions = []
        for host in hosts:
            kind, until = standing.get(host, (_FREE, 0.0))
            permissions.append(self._permission(kind, until, now))
            standing[host] = (_NEXT[kind], until)
        return permissions

    def _permission(self, kind: int, until: float, now: float) -> Permission:
        if kind == _FREE:
            return Permission(Decision.GO)
        if kind == _PROBE:
            return Permission(Decision.PROBE)
        if kind == _APPOINTED:
            return Permission(Decision.WAIT, until + APPOINTED_WITHIN * self._rng(), until)
        start = max(until, now)
        least, share, most = SPREAD
        spread = min(least + share * (start - now), most)
        return Permission(Decision.WAIT, start + PROBE_HEAD_START + spread * self._rng(), start)


def counted(shared_state: SharedState, now: float) -> dict[tuple[str, str], int] | None:
    """How many hosts and outlets the breaker knows, {(`host` or `outlet`, state): n}; None while Redis is away.

    States: `open`, `probing` (its time is over, and a probe decides), `failing` (lately, and it is still closed). Asked
    for in pieces, so that no drain waits.
    """
    found: dict[tuple[str, str], int] = {(kind, state): 0 for kind in ("host", "outlet") for state in _STATES}
    cursor = "0"
    while True:
        call: Call[Any] = Call(
            script=_COUNT, keys=[_key("")], arguments=[cursor, now], read=lambda reply: reply, fallback=None
        )
        reply = shared_state.run(call)
        if reply is None:
            return None
        cursor = decoded(reply[0])
        for place, n in enumerate(reply[1:]):
            kind, state = divmod(place, len(_STATES))
            found[("host", "outlet")[kind], _STATES[state]] += int(n)
        if cursor == "0":
            return found


_STATES: Final = ("open", "probing", "failing")
_COUNT: Final = Script("""
local found = redis.call('SCAN', ARGV[1], 'MATCH', KEYS[1] .. '*', 'COUNT', 500)
local reply, now = {found[1], 0, 0, 0, 0, 0, 0}, tonumber(ARGV[2])
for _, key in ipairs(found[2]) do
    local ends = tonumber(redis.call('HGET', key, 'until') or '')
    local place = 4
    if ends and now < ends then
        place = 2
    elseif ends then
        place = 3
    end
    if string.sub(key, #KEYS[1] + 1, #KEYS[1] + 7) == 'outlet/' then
        place = place + 3
    end
    reply[place] = reply[place] + 1
end
return reply
""")

_FREE, _PROBE, _APPOINTED, _BEHIND = range(4)
_NEXT: Final = {_FREE: _FREE, _PROBE: _BEHIND, _APPOINTED: _BEHIND, _BEHIND: _BEHIND}
"""From how a host stands for one delivery to how it stands for the next one of the same chunk."""

_ASK: Final = Script("""
local now, lease = tonumber(ARGV[1]), ARGV[2]
local reply = {}
for i, key in ipairs(KEYS) do
    local is = redis.call('HMGET', key, 'until', 'probing', 'appointed')
    local ends, probing = tonumber(is[1] or ''), tonumber(is[2] or '')
    local kind = 3                                        -- behind the probe
    if not ends then
        kind = 0
    elseif now < ends then
        if not is[3] then
            kind = 2
            redis.call('HSET', key, 'appointed', 1)
        end
    elseif not probing or probing <= now then             -- nobody probes, or the one that did has died
        kind = 1
        redis.call('HSET', key, 'probing', lease)
    end
    if kind ~= 0 then
        reply[#reply + 1] = {i, kind, is[1]}
    end
end
return reply
""")

_LOOK: Final = Script("""
local reply = {}
for i, key in ipairs(KEYS) do
    local ends = redis.call('HGET', key, 'until')
    if ends then
        reply[#reply + 1] = {i, ends}
    end
end
return reply
""")

_FAILING: Final = Script("""
local reply = {}
for i, key in ipairs(KEYS) do
    if tonumber(redis.call('HGET', key, 'failed_at') or '0') >= tonumber(ARGV[1]) then
        reply[#reply + 1] = i
    end
end
return reply
""")

_RECORD: Final = Script("""
local now, threshold, open, cap = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local jitter, least, most, keep = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local well = tonumber(ARGV[9])                            -- so many first keys are of hosts that simply answered
local reply = {}

local function span(asked, openings, dice)
    if asked >= 0 then
        return math.min(math.max(asked, least), most) * (1 + jitter * dice)
    end
    return math.min(open * 2 ^ math.min(openings, 30), cap) * (1 + jitter * (2 * dice - 1))
end

for i, key in ipairs(KEYS) do
    local answered, failed, throttled, asked, freed, soft, dice = true, 0, false, -1, false, false, 0
    if i > well then
        local at = 9 + (i - well - 1) * 7
        answered, failed, throttled = ARGV[at + 1] == '1', tonumber(ARGV[at + 2]), ARGV[at + 3] == '1'
        asked, freed, soft = tonumber(ARGV[at + 4]), ARGV[at + 5] == '1', ARGV[at + 6] == '1'
        dice = tonumber(ARGV[at + 7])
    end
    local was = redis.call('HMGET', key, 'failures', 'openings', 'until', 'asked')
    local failures, openings = tonumber(was[1] or '') or 0, tonumber(was[2] or '') or 0
    local ends = tonumber(was[3] or '') or 0              -- 0 while closed

    if answered and was[1] and not (was[4] and now < ends) then
        redis.call('DEL', key)
        if ends > 0 and failed == 0 and not throttled then
            reply[#reply + 1] = {i, '', openings}
        end
        failures, openings, ends = 0, 0, 0
    end

    if soft and ends > 0 and failed == 0 then             -- the probe was one of those
        failed = 1
    end
    local opening = throttled
    if failed > 0 and ends <= now then
        failures = failures + failed
        opening = opening or ends > 0 or failures >= threshold
        if not opening then
            redis.call('HSET', key, 'failures', failures)
            redis.call('EXPIRE', key, keep)
        end
    end

    if opening then
        local new = ends <= now
        ends = math.max(ends, now + span(asked, openings, dice))
        if new then
            openings = openings + 1
        end
        redis.call('HSET', key, 'failures', failures, 'openings', openings, 'until', string.format('%.3f', ends))
        redis.call('HDEL', key, 'probing', 'appointed')
        if throttled then
            redis.call('HSET', key, 'asked', 1)
        else
            redis.call('HDEL', key, 'asked')
        end
        redis.call('EXPIRE', key, math.ceil(ends - now) + keep)
        if new then
            reply[#reply + 1] = {i, string.format('%.3f', ends), openings}
        end
    elseif freed then
        redis.call('HDEL', key, 'probing')
    end
    if failed > 0 or throttled then
        redis.call('HSET', key, 'failed_at', now)
    end
end
return reply
""")


_OUTLET: Final = "outlet/"


def outlet_subject(outlet_id: str) -> str:
    """What the breaker calls an outlet. No host is called so: there is no slash in one."""
    return f"{_OUTLET}{outlet_id}"


def outlet_of(subject: str) -> str | None:
    """The outlet that the breaker calls so; None for a host."""
    return subject.removeprefix(_OUTLET) if subject.startswith(_OUTLET) else None


def _key(host: str) -> str:
    return f"fanwire:breaker:{host}"


def _report(outcomes: Iterable[Outcome]) -> dict[str, _Report]:
    """What the outcomes say about each host; hosts about which they say nothing are left out."""
    reports: dict[str, _Report] = {}
    for host, verdict, retry_after in outcomes:
        if verdict is Verdict.DEFERRED:
            continue
        one = reports.get(host)
        if one is None:
            one = reports[host] = _Report()
        if verdict in ANSWERED:
            one.answered, one.failures = True, 0
        elif verdict in FAILING:
            one.failures += 1
        elif verdict is Verdict.THROTTLED:
            one.throttled, one.failures = True, 0
            one.retry_after = one.retry_after if retry_after is None else max(one.retry_after, retry_after)
        elif verdict in NOT_SENT:
            one.not_sent = True
    return reports


def _changes(hosts: Sequence[str], reply: Any) -> list[Change]:
    return [
        Change(hosts[int(place) - 1], float(until) if until else None, int(openings))
        for place, until, openings in reply
    ]
