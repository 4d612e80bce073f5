"""The life of a delivery in the ledger, and the only function that makes each step.

    plan ──► held ──promote──► due ──claim──► claimed ──finish──► delivered · rejected · exhausted
                                ▲                │ └────finish──► due (again, later)
                                └─expire_leases──┘
    delivered, due ──take_return──► rejected · exhausted      (an e-mail that came back)
    due (later) ──try_now──► due (at once)
    held, due ──supersede, end_for_removed──► superseded · canceled
    due ──wait_anew──► held                    claimed ──claim──► held

What a held row waits for, in this order; `promote` goes from one to the next:

    embargo ──► translation ──► approval ──► media ──► rendition ──► due
                    ▲          (only if a person must approve it)
                    └──wait_anew── all of them but the embargo, when the translation changes

A row that came back from a drain meanwhile is due, and finds at its next claim that its text is being made or approved
anew: `claim` puts it back where it has to wait. So no outlet gets half of an old text, or one it wants approved first.

A claim carries the row's attempt number, and a result is only taken for that number: a worker that wakes up after its
lease can neither finish nor reschedule what somebody else has claimed since.

    holds.py        planning a delivery, and everything that holds it or lets it go
    claims.py       what drains take
    results.py      what drains bring back, and what becomes of claims whose worker vanished
    returns.py      what comes back of e-mails that were delivered
    corrections.py  what corrections, kills, replays and the removal of an outlet do to deliveries
    conditions.py   the conditions that these statements share
    locks.py        what must not happen at the same time
"""

from __future__ import annotations

from tasks.ledger.deliveries.claims import Claim, any_claimed, claim, count_due, first_attempts, in_flight, next_due
from tasks.ledger.deliveries.corrections import (
    REPLAYABLE,
    Replayed,
    corrections,
    end_for_removed,
    may_have,
    missed,
    replay,
    replay_missed,
    supersede,
)
from tasks.ledger.deliveries.holds import (
    Planned,
    adopt,
    any_planned,
    begin,
    forgotten,
    hold_again,
    hold_for_status,
    lift_embargoes,
    plan,
    promote,
    resume,
    still_open,
    try_now,
    wait_anew,
    waive_approval,
    with_rows,
)
from tasks.ledger.deliveries.locks import one_counter_at_a_time, revising
from tasks.ledger.deliveries.results import (
    VANISHED,
    Result,
    expire_leases,
    finish,
    last_taken,
    locked_holders,
    overdue_holders,
    refused_in_a_row,
    unsettled,
)
from tasks.ledger.deliveries.returns import Return, Taken, outlet_of, refused_lately, take_return

__all__ = [
    "REPLAYABLE",
    "VANISHED",
    "Claim",
    "Planned",
    "Replayed",
    "Result",
    "Return",
    "Taken",
    "adopt",
    "any_claimed",
    "any_planned",
    "begin",
    "claim",
    "corrections",
    "count_due",
    "end_for_removed",
    "expire_leases",
    "finish",
    "first_attempts",
    "forgotten",
    "hold_again",
    "hold_for_status",
    "in_flight",
    "last_taken",
    "lift_embargoes",
    "locked_holders",
    "may_have",
    "missed",
    "next_due",
    "one_counter_at_a_time",
    "outlet_of",
    "overdue_holders",
    "plan",
    "promote",
    "refused_in_a_row",
    "refused_lately",
    "replay",
    "replay_missed",
    "resume",
    "revising",
    "still_open",
    "supersede",
    "take_return",
    "try_now",
    "unsettled",
    "wait_anew",
    "waive_approval",
    "with_rows",
]  # fmt: skip
