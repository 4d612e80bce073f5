"""A wire in the middle of its work, for tests that look at pages: releases that go out, wait, and were killed."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import insert, update

from tasks import ledger
from tasks.ledger import audit, outlets, releases
from tasks.ledger.audit import acting_as
from tasks.ledger.schema import attempts, deliveries, translations
from tasks.ledger.schema import releases as release_rows
from tasks.model.acts import Actor, Role
from tasks.model.states import State, Verdict
from tests.support.samples import release

GOING = "urn:newsml:nordvelt.example:20261123:plants-2030"
HELD = "urn:newsml:acme.example:20261124:forecast"
KILLED = "urn:newsml:orbis.example:20261121:merger"
OUTLETS = 240
LANGUAGES = ("en", "de", "es", "ja")
URLS = ("https://desk.example/in", "ftp://u@files.example/in", "mailto:desk@bote.example", "pull:")
EVIL = "</script><img src=x onerror=alert(1)>\"'<b>&amp;"
"""What strangers write who mean harm."""


def fill() -> None:
    """Put it all into the ledger that is configured."""
    with ledger.write() as connection, acting_as(Actor(Role.OPERATOR, "jane@wire-1", "192.0.2.7")):
        now = ledger.now(connection)
        outlets.put(connection, [_outlet(number) for number in range(OUTLETS)], now)
        going = _take(connection, now - 900, uri=GOING, headline="Nordvelt raises its forecast for 2030", version=1)
        _deliver(connection, going, now)
        held = _take(connection, now - 300, uri=HELD, headline=f"Acme looks ahead {EVIL}", embargo_until=_embargo(now))
        _hold(connection, held, now)
        _take(connection, now - 80_000, uri=KILLED, headline="Orbis and Kestrel announce a merger of equals")
        _take(connection, now - 79_000, uri=KILLED, headline="Orbis and Kestrel announce a merger of equals",
              version=2, status="canceled", correction_note="Wrong company")  # fmt: skip


def _outlet(number: int) -> Any:
    from tests.support.samples import outlet

    url = URLS[number % 4]
    fields: dict[str, Any] = {"url": url, "format": "atom"} if url == "pull:" else {"url": url}
    return outlet(
        f"desk-{number:03d}", name=EVIL if number == 7 else f"The Daily Desk {number}",
        languages=[LANGUAGES[number % 4]], country=("DE", "FR", "US", "JP", "BR")[number % 5],
        circuits=["finance"] if number % 3 else [], **fields,
    )  # fmt: skip


def _embargo(now: float) -> str:
    from tasks.runtime import moments

    return moments.utc(now + 7200)


def _take(connection: Any, at: float, **fields: Any) -> int:
    sender = releases.Sender(actor=audit.actor())
    number = releases.take(connection, release(circuits=["finance"], **fields), at, sender).release_id
    moments = {"received_at": at, "planned_at": at + 1}
    connection.execute(update(release_rows).where(release_rows.c.id == number).values(moments))
    return number


def _delivery(number: int, release_id: int, **fields: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(
        ("hold_kind", "hold_detail", "reason", "due_at", "first_due_at", "verdict", "status", "code", "ended_at")
    )
    of = {"release_id": release_id, "language": LANGUAGES[number % 4], "outlet_id": f"desk-{number:03d}"}
    return empty | of | {"format": "json", "version": 1, "urgency": 4, "attempt": 1, "tries": 1} | fields


def _deliver(connection: Any, release_id: int, now: float) -> None:
    rows = [_delivery(number, release_id, first_due_at=now - 890, **_end(number, now)) for number in range(OUTLETS)]
    connection.execute(insert(deliveries), rows)
    tried = connection.execute(deliveries.select().where(deliveries.c.release_id == release_id)).all()
    answers = [
        {"delivery_id": row.id, "attempt": 1, "verdict": row.verdict, "status": row.status, "code": row.code,
         "detail": f"answered {row.status}: {EVIL}", "started_at": (row.ended_at or now - 880) - 0.21,
         "seconds": 0.21}
        for row in tried
        if row.verdict
    ]  # fmt: skip
    connection.execute(insert(attempts), answers)
    connection.execute(
        insert(translations),
        [{"release_id": release_id, "language": "ja", "state": "made", "hint_at": now, "engine": "deepl",
          "status": "draft", "reason": "a draft by deepl waits for an editor", "made_at": now,
          "document": json.dumps({"language": "ja", "headline": "x", "body_html": "<p>x</p>", "engine": "deepl"})}],
    )  # fmt: skip


def _end(number: int, now: float) -> dict[str, Any]:
    if number % 4 == 3:
        return {"state": State.HELD, "hold_kind": "approval", "reason": "approval", "attempt": 0, "tries": 0}
    failed = {"reason": f"answered 503: {EVIL}", "verdict": Verdict.FAILED, "status": 503, "code": "http_503"}
    if number % 20 == 6:
        return {"state": State.DUE, "due_at": now - 200, **failed}
    if number % 20 == 9:
        return {"state": State.EXHAUSTED, "ended_at": now - 100, **failed}
    if number % 20 == 17:
        rejected = {"reason": "answered 404: no such desk", "verdict": Verdict.REJECTED, "status": 404}
        return {"state": State.REJECTED, "ended_at": now - 800, "code": "http_404", **rejected}
    took = 5 + number % 37 + (number % 7) ** 3
    return {"state": State.DELIVERED, "ended_at": now - 890 + took, "verdict": Verdict.DELIVERED, "status": 200}


def _hold(connection: Any, release_id: int, now: float) -> None:
    until = _embargo(now)
    rows = [
        _delivery(number, release_id, state=State.HELD, hold_kind="embargo", hold_detail=until, reason="embargo",
                  attempt=0, tries=0)
        for number in range(0, OUTLETS, 2)
    ]  # fmt: skip
    connection.execute(insert(deliveries), rows)
