"""When a delivery that did not succeed is tried again. Pure functions: no clock, no dice, no database.

With the default settings (base 5 s, cap 4 h, horizon 72 h) a `failed` delivery is tried again after

| attempt that failed | wait (jitter takes up to a quarter off) | so at the latest after the first try |
|---|---|---|
| 1 | 5 s | 5 s |
| 2 | 10 s | 15 s |
| 3 | 20 s | 35 s |
| 4 | 40 s | 1 min 15 s |
| 5 | 1 min 20 s | 2 min 35 s |
| 6 | 2 min 40 s | 5 min 15 s |
| 7 | 5 min 20 s | 10 min 35 s |
| 8 | 10 min 40 s | 21 min 15 s |
| 9 | 21 min 20 s | 42 min 35 s |
| 10 | 42 min 40 s | 1 h 25 min |
| 11 | 1 h 25 min | 2 h 51 min |
| 12 | 2 h 51 min | 5 h 41 min |
| 13 | 4 h | 9 h 41 min |
| 14 … 28 | 4 h each | 13 h 41 min … 69 h 41 min |
| 29 | what is left | 72 h: the last try; if it fails too, the delivery is exhausted |

So an outlet that was away for a time gets its release after about twice that time, and at the latest 4 h after it is
back. Every wait after `throttled` is at least 1 min, and after `unsure` at least 20 s, unless the outlet sent
Retry-After. No wait is shorter than Retry-After, which may exceed 4 h, and none goes beyond the horizon.

The horizon says how old a release may get at an outlet, so all that passes counts: also the time in which the outlet or
its host rested because others failed there, and the time in which a limit held the delivery back. But neither ends a
delivery. One that waits for a rest has its last try at its horizon, although the rest goes on. One that a limit held
back for longer has its first try when the limit allows, and no other. But a try that we failed to make, or whose worker
vanished, is not the outlet's failing: for these the horizon counts from the first try.

Two things are not backed off: what failed by our own fault (`ours`) is tried again every 60 s (settling.py; sooner if
our name servers went away, name_servers.py), and what a vanished worker had claimed is due as soon as its lease is over
(tasks/ledger/deliveries/results.py).
"""

from __future__ import annotations

from tasks.model.states import Verdict

JITTER = 0.25
"""The share of a wait that chance may take off. It grows with the wait: a fixed spread of minutes on a wait of hours
brings everybody back in one wave (Mastodon PR 21956)."""
FLOORS = {Verdict.THROTTLED: 12, Verdict.UNSURE: 4}
"""The least wait, in units of the base, for an outlet that may be overloaded. `unsure` also leaves it time to note the
idempotency key of what it may have."""
MAX_DOUBLINGS = 60


def delay(
    attempt: int, verdict: Verdict, retry_after: float | None, *, base: float, cap: float, random: float
) -> float:
    """Seconds to wait after attempt number `attempt` (1 is the first) ended in `verdict`.

    `retry_after`: seconds that the outlet asked for; the wait is never shorter, and it alone may exceed `cap` (and the
    floors apply only without it: the outlet knows best). `next_due` ends every wait at the horizon.
    `base`, `cap`: seconds before the first retry, and at most. `random`: from [0, 1).
    """
    if attempt < 1:
        raise ValueError(f"attempts are counted from 1, not {attempt}")
    wait = min(base * 2.0 ** min(attempt - 1, MAX_DOUBLINGS), cap) * (1 - JITTER * random)
    if retry_after is not None:
        return max(wait, retry_after)
    floor = base * FLOORS.get(verdict, 0) * (1 + JITTER * random)
    return max(wait, min(floor, cap))


def next_due(
    now: float,
    first_due: float,
    attempt: int,
    verdict: Verdict,
    retry_after: float | None,
    *,
    base: float,
    cap: float,
    horizon: float,
    random: float,
) -> float | None:
    """The moment of the next try, or None if the delivery is exhausted. Moments are seconds since the epoch.

    The last try is at the horizon, however long the wait would have been or the outlet asked for.
    """
    if exhausted(now, first_due, horizon):
        return None
    return min(now + delay(attempt, verdict, retry_after, base=base, cap=cap, random=random), first_due + horizon)


def exhausted(now: float, first_due: float, horizon: float) -> bool:
    """Whether a delivery has been failing for `horizon` seconds since it was first due."""
    return now >= first_due + horizon
