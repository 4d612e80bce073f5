"""`fanwire outlets show`: one outlet, what became of its deliveries, and whether it rests."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tasks.delivery.admission.breaker import Breaker, outlet_subject
from tasks.delivery.transports import host_of
from tasks.ledger import deliveries, outlet_history
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.operations.outlet_acts import in_words_missed
from tasks.operations.report import STATES_IN_ORDER
from tasks.runtime.errors import UserError
from tasks.runtime.foreign_text import printable
from tasks.runtime.moments import read, shown, utc
from workers.broker import shared_state
from workers.cli.screen import counted, out

LAST = 50
"""Attempts that the success rate counts."""
LISTED = 10
"""Attempts that are printed."""
_IN_HEADING = ("id", "name", "country", "status", "status_reason")


@dataclass(frozen=True)
class Rest:
    """What the breaker knows of an outlet and its host."""

    known: bool
    """False while nobody can be asked, because no broker is up."""
    until: float | None = None
    """The end of its rest, seconds since the epoch; None: neither rests."""


def rest_of(outlet_id: str, url: str) -> Rest:
    """Whether an outlet, or the host of its URL, is left alone after failures."""
    subjects = [host_of(url), outlet_subject(outlet_id)]
    try:
        with closing(shared_state()) as state:
            found = Breaker(state, deadline=0).rests(subjects, time.time())
    except UserError:  # there is no broker
        found = None
    return Rest(known=found is not None, until=max((found or {}).values(), default=None))


def look(connection: Connection, row: Any, rest: Rest) -> dict[str, Any]:
    """All that is shown of the row of an outlet. Moments are ISO 8601 in UTC."""
    document: dict[str, Any] = json.loads(row.document)
    attempts = outlet_history.recent(connection, row.id, LAST)
    verdicts = Counter(attempt["verdict"] for attempt in attempts)
    next_try = outlet_history.next_try(connection, row.id)
    return (
        {"format": Outlet.model_fields["format"].default}
        | document
        | {
            "status": row.status,
            "status_reason": row.status_reason,
            "host": host_of(document["url"]),
            "rests_until": None if rest.until is None else utc(rest.until),
            "rest_known": rest.known,
            "next_try_at": None if next_try is None else utc(next_try),
            "deliveries": outlet_history.states(connection, row.id),
            "missed": deliveries.missed(connection, row.id),
            "success": verdicts[Verdict.DELIVERED] / len(attempts) if attempts else None,
            "verdicts": dict(verdicts.most_common()),
            "attempts": [attempt | {"started_at": utc(attempt["started_at"])} for attempt in attempts],
        }
    )


def show(connection: Connection, row: Any, rest: Rest) -> None:
    """Print an outlet for people."""
    found = look(connection, row, rest)
    why = f" ({row.status_reason})" if row.status_reason else ""
    name = f"{found['name']} · " if found["name"] != row.id else ""
    _print(f"{row.id} · {name}{found['country']} · {row.status}{why}")
    for field, value in found.items():
        if field in Outlet.model_fields and field not in _IN_HEADING:
            _print(f"{field:<11}  {_in_words(value)}")
    states = ", ".join(
        f"{found['deliveries'][state]:,} {state}" for state in STATES_IN_ORDER if state in found["deliveries"]
    )
    _print(f"deliveries   {states or 'none yet'}")
    if found["missed"]:
        _print(
            f"missed       {in_words_missed(found['missed'])}; to send it: fanwire replay --outlet {row.id} --missed"
        )
    if found["next_try_at"]:
        _print(f"next try     {shown(read(found['next_try_at']))}")
    _print(f"host         {_host(found['host'], rest)}")
    if not found["attempts"]:
        return
    verdicts = ", ".join(f"{n} {verdict}" for verdict, n in found["verdicts"].items())
    share = f"{100 * found['success']:.0f} %"
    _print(f"success      {share} of the last {counted(len(found['attempts']), 'attempt')}: {verdicts}")
    for attempt in found["attempts"][:LISTED]:
        _print(_attempt(attempt))


def _host(host: str, rest: Rest) -> str:
    if not rest.known:
        return f"{host}: nobody knows whether it rests, for no broker is up"
    if rest.until is None:
        return f"{host} does not rest"
    return (
        f"{host}; it or the outlet rests after failures until {shown(rest.until)}; `fanwire outlets resume` ends that"
    )


def _attempt(attempt: dict[str, Any]) -> str:
    said = f": {attempt['detail']}" if attempt["detail"] else ""
    return (
        f"{shown(read(attempt['started_at']))}  {attempt['verdict']:<9}  {attempt['code'] or 'unknown':<12}  "
        f"{attempt['seconds']:.1f} s  {attempt['language']}  {attempt['release']} v{attempt['version']}{said}"
    )


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _print(line: str) -> None:
    out.print(printable(line), markup=False)
