"""What comes back of deliveries that were sent as e-mails: the only steps after `delivered`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection, func, insert, literal, or_, select, update

from tasks.ledger import seals
from tasks.ledger.deliveries.conditions import IS_FAILED, NOT_HELD, d
from tasks.ledger.schema import attempts, deliveries
from tasks.model.codes import Code
from tasks.model.states import State, Verdict

RETURNED = (Code.BOUNCED, Code.DELAYED)
"""The codes of what is noted here: no transfer of ours."""


MOST = 20
"""Returns of one delivery that are noted; beyond them only what ends it, so that nobody fills the ledger by sending us
the same message again and again."""


class Taken(Enum):
    """What a return has changed."""

    UNKNOWN = "unknown"
    """There is no such delivery."""
    LATER = "later"
    """Its delivery is in flight: nothing is changed, and it is to be read again."""
    NOTED = "noted"
    """It stands among the attempts, unless too much does, and the state is as before."""
    ENDED = "ended"
    """The delivery has ended otherwise than it had before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What another server says of a delivery that it, or the relay before it, had taken."""

    delivery_id: int
    attempt: int
    """The attempt that it is about."""
    state: State | None
    """How the delivery ends by it; None if it goes on."""
    verdict: Verdict
    status: int | None
    code: Code
    reason: str


def take_return(connection: Connection, came: Return, now: float) -> tuple[Taken, str | None]:
    """Note a return among the attempts of its delivery, and end the delivery if it says so; what was changed, and the
    outlet.

    A delivery ends by it if it counted as delivered or waits for another try, and nothing was sent to its outlet since
    that attempt. What has ended otherwise stays as it is.
    """
    row = connection.execute(
        select(d.outlet_id, d.release_id, d.state).where(d.id == came.delivery_id).with_for_update()
    ).first()
    if row is None:
        return Taken.UNKNOWN, None
    if row.state == State.CLAIMED:
        return Taken.LATER, row.outlet_id
    sent = or_(attempts.c.code.is_(None), attempts.c.code.notin_(RETURNED))
    last = select(func.max(attempts.c.attempt)).where(attempts.c.delivery_id == came.delivery_id, sent)
    newest = came.attempt >= (connection.execute(last).scalar() or 0)
    ends = came.state is not None and newest and row.state in (State.DELIVERED, State.DUE)
    if not ends and _noted(connection, came.delivery_id) >= MOST:
        return Taken.NOTED, row.outlet_id
    number = connection.execute(
        update(deliveries).where(d.id == came.delivery_id).values(attempt=d.attempt + 1).returning(d.attempt)
    ).scalar_one()
    if ends:
        values = NOT_HELD | {"state": came.state, "verdict": came.verdict, "status": came.status, "code": came.code}
        values |= {"reason": came.reason, "due_at": None, "ended_at": now}
        connection.execute(update(deliveries).where(d.id == came.delivery_id).values(values))
    connection.execute(
        insert(attempts).values(
            delivery_id=came.delivery_id, attempt=number, verdict=came.verdict, status=came.status, code=came.code,
            detail=came.reason, started_at=now, seconds=0.0,
        )
    )  # fmt: skip
    seals.look_again(connection, [row.release_id], now)
    return (Taken.ENDED if ends else Taken.NOTED), row.outlet_id


def _noted(connection: Connection, delivery_id: int) -> int:
    """How many returns of a delivery stand among its attempts."""
    query = select(func.count()).where(attempts.c.delivery_id == delivery_id, attempts.c.code.in_(RETURNED))
    return connection.execute(query).scalar_one()


def refused_lately(connection: Connection, outlet_id: str, since: float) -> int:
    """How many releases have come back from an outlet for good since that moment."""
    query = select(func.count(d.release_id.distinct())).where(
        d.outlet_id == outlet_id,
        IS_FAILED,
        d.state == literal(State.REJECTED.value),
        d.code == Code.BOUNCED,
        d.ended_at >= since,
    )
    return connection.execute(query).scalar_one()


def outlet_of(connection: Connection, delivery_id: int) -> str | None:
    """The outlet of a delivery; None if there is no such delivery."""
    return connection.execute(select(d.outlet_id).where(d.id == delivery_id)).scalar()
