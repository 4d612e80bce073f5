"""Which hosts have been failing for days, so that somebody hears of it in time and outlets of dead hosts are disabled.

What counts is days, not failures: the distinct UTC dates with a failure and no success since. A burst of thousands of
failures in one day counts once, so no single bad day can end an outlet, and a host that gets one release a week is
judged as fairly as one that gets fifty.

Of the verdicts, `failed` and `unsure` make a day count, and `delivered` forgets everything. All others change nothing.
Above all `rejected` does not forget (Mastodon PR 37235: answers 404 and 403 wiped the history of dead hosts), nor does
it count: it is the no of one outlet, and its host may serve hundreds. `throttled` is the answer of a host that is well
alive. Nothing that the host sends to us counts either: that we can be reached says nothing about it.

| days | stage | what the caller does |
|---|---|---|
| 2 | warning | a line in ledger and report |
| 4 | final warning | the same, louder: in three more days its outlets are disabled |
| 7 and every further one | dead | disables the host's outlets; what was not delivered is kept, held |

A notice belongs to the day that was added, and a day is added once, whatever number of drains see the failures: so each
stage is reported exactly once. Two failures around midnight are two days; that is why two are only a warning. `dead` is
reported again on every further day with a failure: there is none if the outlets were disabled, and if the first notice
was lost, with a drain that died or a ledger that was away, the next one makes up for it.

Key `fanwire:tracker:{host}`, a hash, only for hosts that failed since their last success; gone 100 days after the last
day that was added, and at once with a success:

| field | holds |
|---|---|
| `days` | how many |
| `since` | the first, as 2026-08-22 |
| `last` | the last: the same day is not counted again |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final

from tasks.delivery.admission.breaker import FAILING, Outcome
from tasks.delivery.admission.shared_state import Call, Script, SharedState, decoded, delete_keys
from tasks.model.states import Verdict

WARNING_DAYS: Final = 2
FINAL_WARNING_DAYS: Final = 4
DEAD_DAYS: Final = 7
"""Days; seven as in Mastodon's DeliveryFailureTracker: longer than any long weekend without its system operator."""
KEEP: Final = 100 * 24 * 3600
"""Seconds that failing days are remembered after the last one: longer than the quarter between the releases of the most
silent issuers. Shorter, and a host that is seldom tried would never be found dead (Outpost forgets after 24 h)."""


class Stage(StrEnum):
    """How long a host has been failing, in steps that call for something to be done."""

    WARNING = "warning"
    FINAL_WARNING = "final warning"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class HostNotice:
    """What operations should know: a host has reached a stage of failing."""

    host: str
    stage: Stage
    days: int
    """Days with a failure, and no success since."""
    since: date
    """The first of these days, UTC."""


class FailingHosts:
    """Counts the days on which hosts failed, and says what operations should know."""

    def __init__(self, shared_state: SharedState) -> None:
        self._shared_state = shared_state

    def record(self, outcomes: Iterable[Outcome], now: float) -> list[HostNotice]:
        """Record what became of attempts, in the order they ended, at about `now` (seconds since the epoch).

        Returns the stages that hosts reached with this. One round trip; without Redis nothing is recorded.
        """
        return self._shared_state.run(self.record_call(outcomes, now))

    def forget(self, hosts: Iterable[str]) -> None:
        """Forget the failing days of these hosts, as when operations resume an outlet."""
        self._shared_state.run(delete_keys(map(_key, hosts)))

    def record_call(self, outcomes: Iterable[Outcome], now: float) -> Call[list[HostNotice]]:
        """The Redis call behind `record`, for a round trip shared with the breaker (`SharedState.run_both`)."""
        reports: dict[str, str] = {}
        for host, verdict, _ in outcomes:
            if verdict is Verdict.DELIVERED:
                reports[host] = _SUCCESS
            elif verdict in FAILING:
                reports[host] = _THEN_FAILURE[reports.get(host, _FAILURE)]
        today = datetime.fromtimestamp(now, UTC).date()
        hosts = list(reports)
        return Call(
            script=_RECORD,
            keys=[_key(host) for host in hosts],
            arguments=[today.isoformat(), KEEP, *reports.values()],
            read=lambda reply: _notices(hosts, reply),
            fallback=[],
        )


_SUCCESS, _FAILURE, _SUCCESS_THEN_FAILURE = "s", "f", "sf"
_THEN_FAILURE: Final = {
    _FAILURE: _FAILURE,
    _SUCCESS: _SUCCESS_THEN_FAILURE,
    _SUCCESS_THEN_FAILURE: _SUCCESS_THEN_FAILURE,
}
"""From the report about a host to the report with one more failure."""

_RECORD: Final = Script("""
local today, keep = ARGV[1], ARGV[2]
local reply = {}
for i, key in ipairs(KEYS) do
    local report = ARGV[2 + i]
    if report ~= 'f' then
        redis.call('DEL', key)
    end
    if report ~= 's' then
        local last = redis.call('HGET', key, 'last')
        if not last or last < today then                  -- dates as text sort as dates
            redis.call('HSETNX', key, 'since', today)
            redis.call('HSET', key, 'last', today)
            local days = redis.call('HINCRBY', key, 'days', 1)
            redis.call('EXPIRE', key, keep)
            reply[#reply + 1] = {i, days, redis.call('HGET', key, 'since')}
        end
    end
end
return reply
""")


def stage(days: int) -> Stage | None:
    """The stage that a host reaches with this number of failing days, if any."""
    if days >= DEAD_DAYS:
        return Stage.DEAD
    return {WARNING_DAYS: Stage.WARNING, FINAL_WARNING_DAYS: Stage.FINAL_WARNING}.get(days)


def _key(host: str) -> str:
    return f"fanwire:tracker:{host}"


def _notices(hosts: Sequence[str], reply: Any) -> list[HostNotice]:
    """The notices for the days that were added, where one brings its host to a stage."""
    return [
        HostNotice(hosts[int(place) - 1], reached, int(days), date.fromisoformat(decoded(since)))
        for place, days, since in reply
        if (reached := stage(int(days))) is not None
    ]
