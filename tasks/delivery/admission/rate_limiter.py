"""The rate limiter: no outlet gets more deliveries a minute than it takes, and those too many get a moment each.

The generic cell rate algorithm with reservations. Each outlet has one number, the *next free moment*; a delivery that
wants to go takes the slot there and moves it one interval on. So the first few go at once, and each of the rest gets
the very moment of its slot, one interval apart: nobody polls, and none comes back with a herd at the next full minute.

How many: with a limit of N a minute and a burst of B at once, the interval is 60 s / (N - B + 1). Then any 60 seconds,
wherever they begin, hold at most N slots: the outlet's own limiter, whatever kind of window it has, sees no more. (An
interval of 60 s / N would let N + B - 1 through in a minute that begins with a burst.) The price is a steady rate up to
a tenth below the limit.

A reservation is paid once. It is kept under the delivery's id; a delivery that comes back

- before its slot (its row was touched by hand, clocks differ) gets the same slot again;
- at its slot, or up to GRACE late, goes, and its reservation is used up: another attempt of it, later, pays anew, as
  the outlet sees another request;
- later than that (its host was open, all drains were busy) has lost it and asks anew: slots that were saved up would
  otherwise come due as a herd. If nobody waits it goes at once, for the next free moment has passed too.

A reservation of a delivery that never comes back (superseded, canceled) is a slot nobody uses, and ends by itself.
Slots are given in the order in which drains ask, which is by urgency within a chunk but not between releases. So do not
ask for what must not stand behind a queue: a kill, or the breaker's probe.

Keys:

| key | holds | time to live |
|---|---|---|
| `fanwire:rate:{outlet}` | the next free moment, as if no burst were allowed | until a minute after it |
| `fanwire:slot:{delivery}` | the moment of its slot | until its slot and GRACE are over, and a minute more |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tasks.delivery.admission.shared_state import Call, Script, SharedState

MINUTE: Final = 60.0
"""Seconds that `limits.per_minute` speaks of."""
BURST_SHARE: Final = 10
"""One in so many of a minute's deliveries may go at once, and at least one."""
GRACE: Final = 30.0
"""Seconds that a slot waits for its delivery: a drain looks every 0.2 s, a hint that was lost is made up for within
some seconds. After a stall, no more than half a minute's slots can so come together."""
MARGIN: Final = 60
"""Seconds that keys outlive their use, for clocks that differ."""


@dataclass(frozen=True, slots=True)
class RateRequest:
    """A delivery that asks the rate limiter for a slot."""

    delivery_id: int
    outlet_id: str
    per_minute: int | None
    """The outlet's limit; None if it has none."""


class RateLimiter:
    """Gives deliveries slots within their outlet's limit per minute, before a chunk is sent."""

    def __init__(self, shared_state: SharedState) -> None:
        self._shared_state = shared_state

    def reserve(self, requests: Sequence[RateRequest], now: float) -> list[float]:
        """When each may go, in the order given: `now`, or the later moment of the slot that is its own until GRACE
        after it. Moments are seconds since the epoch. One round trip, none if no outlet has a limit; without Redis all
        may go now. Raises ValueError for a limit below 1.
        """
        return self._shared_state.run(self.reserve_call(requests, now))

    def reserve_call(self, requests: Sequence[RateRequest], now: float) -> Call[list[float]]:
        """The Redis call behind `reserve`."""
        keys: list[str] = []
        arguments: list[str | int | float] = [now, GRACE, MARGIN]
        places = []
        for place, request in enumerate(requests):
            if request.per_minute is not None:
                interval, tolerance = rate(request.per_minute)
                keys += [f"fanwire:rate:{request.outlet_id}", f"fanwire:slot:{request.delivery_id}"]
                arguments += [interval, tolerance]
                places.append(place)
        everyone = [now] * len(requests)

        def read(reply: Sequence[str]) -> list[float]:
            moments = everyone.copy()
            for place, slot in zip(places, reply, strict=True):
                moments[place] = max(now, float(slot))
            return moments

        return Call(script=_RESERVE, keys=keys, arguments=arguments, read=read, fallback=everyone)


def rate(per_minute: int) -> tuple[float, float]:
    """The seconds between two slots, and by how many seconds deliveries may be early, that is: come in a burst."""
    if per_minute < 1:
        raise ValueError(f"a limit of {per_minute} a minute")
    burst = max(1, per_minute // BURST_SHARE)
    interval = MINUTE / (per_minute - burst + 1)
    return interval, (burst - 1) * interval


_RESERVE: Final = Script("""
local now, grace, margin = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local reply = {}
for i = 1, #KEYS / 2 do
    local free, mine = KEYS[2 * i - 1], KEYS[2 * i]
    local interval, tolerance = tonumber(ARGV[2 * i + 2]), tonumber(ARGV[2 * i + 3])
    local slot = tonumber(redis.call('GET', mine) or '')
    if slot and slot + grace >= now then                  -- paid already
        if slot <= now then
            redis.call('DEL', mine)
        end
    else
        local next = math.max(tonumber(redis.call('GET', free) or '') or 0, now)
        slot = next - tolerance
        if slot < now + 0.001 then                        -- sums of intervals are not exact
            slot = now
        end
        next = next + interval
        redis.call('SET', free, string.format('%.7f', next), 'EX', math.ceil(next - now) + margin)
        if slot > now then
            redis.call('SET', mine, string.format('%.7f', slot), 'EX', math.ceil(slot - now + grace) + margin)
        end
    end
    reply[i] = string.format('%.7f', slot)
end
return reply
""")
