"""What drains know of outlets and hosts, for people who look: who rests until when, and who has been failing for days.

It changes nothing. Subjects are those of the breaker: a host as `host_of` has it, an outlet by `outlet_subject`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from tasks.delivery.admission.shared_state import Call, Script, SharedState, decoded

_BREAKER, _TRACKER = "fanwire:breaker:", "fanwire:tracker:"
_ROUNDS = 200
"""Pieces of the key space that are looked through at most, of some 500 keys each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an outlet or a host stands with the drains."""

    state: Literal["closed", "failing", "resting", "half-open"]
    """Of its breaker. resting: nothing is sent there; half-open: its rest is over, and one delivery tries."""
    until: float | None = None
    """The end of its rest, seconds since the epoch."""
    failures: int = 0
    """In a row, lately."""
    days: int = 0
    """Days with failures and no success, of a host."""
    since: str | None = None
    """The first of these days, UTC."""

    @property
    def sound(self) -> bool:
        """Whether nothing is known against it."""
        return self.state == "closed" and not self.days


SOUND: Final = Standing(state="closed")


def standings(shared_state: SharedState, subjects: Iterable[str], now: float) -> dict[str, Standing] | None:
    """How these stand at `now` (seconds since the epoch), those against whom something is known; None without Redis."""
    wanted = list(dict.fromkeys(subjects))
    if not wanted:
        return {}
    keys = [prefix + subject for subject in wanted for prefix in (_BREAKER, _TRACKER)]
    call: Call[dict[str, Standing] | None] = Call(
        script=_LOOK, keys=keys, arguments=[], read=lambda reply: _read(wanted, reply, now), fallback=None
    )
    return shared_state.run(call)


def known(shared_state: SharedState, kind: Literal["breaker", "tracker"], most: int) -> list[str] | None:
    """The subjects that the breaker knows, or the hosts that have been failing for days, `most` at most; None without
    Redis. Asked for in pieces, so that no drain waits."""
    prefix = _BREAKER if kind == "breaker" else _TRACKER
    found: dict[str, None] = {}
    cursor = "0"
    for _ in range(_ROUNDS):
        call: Call[Any] = Call(script=_SCAN, keys=[prefix], arguments=[cursor], read=lambda reply: reply, fallback=None)
        reply = shared_state.run(call)
        if reply is None:
            return None
        found |= dict.fromkeys(decoded(key).removeprefix(prefix) for key in reply[1])
        cursor = decoded(reply[0])
        if cursor == "0" or len(found) >= most:
            break
    return list(found)[:most]


def _read(subjects: Sequence[str], reply: Any, now: float) -> dict[str, Standing]:
    return {
        subjects[int(place) - 1]: _standing(*(decoded(field) for field in fields), now=now) for place, *fields in reply
    }


def _standing(ends: str, failures: str, days: str, since: str, *, now: float) -> Standing:
    until = float(ends) if ends else None
    resting = until is not None and until > now
    state: Literal["closed", "failing", "resting", "half-open"] = "closed"
    if until is not None:
        state = "resting" if resting else "half-open"
    elif failures:
        state = "failing"
    return Standing(
        state=state, until=until if resting else None, failures=int(failures or 0), days=int(days or 0),
        since=since or None,
    )  # fmt: skip


_LOOK: Final = Script("""
local reply = {}
for i = 1, #KEYS / 2 do
    local breaker = redis.call('HMGET', KEYS[2 * i - 1], 'until', 'failures')
    local tracker = redis.call('HMGET', KEYS[2 * i], 'days', 'since')
    if breaker[1] or breaker[2] or tracker[1] then
        reply[#reply + 1] = {i, breaker[1] or '', breaker[2] or '', tracker[1] or '', tracker[2] or ''}
    end
end
return reply
""")

_SCAN: Final = Script("return redis.call('SCAN', ARGV[1], 'MATCH', KEYS[1] .. '*', 'COUNT', 500)")
