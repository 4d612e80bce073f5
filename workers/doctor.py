"""`fanwire doctor` and `fanwire outlets test`: looks at what is configured and says what is unsafe."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import redis
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from tasks import ledger
from tasks.delivery import transports, trust
from tasks.delivery.courier import Courier
from tasks.delivery.guard import Guard
from tasks.delivery.secrets import SecretMissing, resolve
from tasks.delivery.transports import Parcel
from tasks.delivery.verdicts import judge
from tasks.documents import DocumentRefused
from tasks.ledger import outlets
from tasks.ledger.schema import deliveries
from tasks.outlet import Outlet
from tasks.settings import settings
from tasks.states import FINAL, State
from workers.broker import broker_url

TEST_BODY = b"This is a test delivery of a press-release wire. Publish nothing of it."


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Literal["fine", "note", "unsafe"]
    what: str


def examine() -> list[Finding]:
    """Look at everything; a part that cannot be reached is a finding, not an error."""
    found: list[Finding] = []
    for part in (_settings, _broker, _ledger, _secrets):
        found += _guarded(part)
    return found


def _guarded(part: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(part())
    except DocumentRefused as refusal:
        return [Finding("unsafe", str(refusal))]
    except (redis.RedisError, SQLAlchemyError, OSError) as error:
        return [Finding("unsafe", f"{part.__name__.strip('_')}: {str(error).splitlines()[0]}")]


def _settings() -> Iterator[Finding]:
    policy = settings()
    yield Finding("fine", f"home is {policy.home.absolute()}")
    yield Finding("fine", f"a transfer takes at most {policy.deadline:g} s, a claim is leased for {policy.lease:g} s")
    for network in policy.allowed_networks:
        yield Finding("note", f"addresses in {network} are dialled although they are not public")
    trust.bundle()


def _broker() -> Iterator[Finding]:
    client = redis.Redis.from_url(broker_url(), socket_timeout=5, socket_connect_timeout=5)
    server: dict[str, Any] = client.info()
    yield Finding("fine", f"the broker answers ({server.get('server_name', 'redis')} {server.get('redis_version')})")
    if server.get("maxmemory_policy") != "noeviction":
        yield Finding("unsafe", "the broker throws out data when it is full: set maxmemory-policy noeviction")
    if not server.get("aof_enabled"):
        yield Finding(
            "note",
            "the broker keeps no log (appendonly no): after its restart releases without a receipt are sent again",
        )


def _ledger() -> Iterator[Finding]:
    with ledger.read() as book:
        count = outlets.count(book)
        yield Finding("fine", f"the ledger is {ledger.safe_ledger_url()} and has {count:,} outlets")
        d = deliveries.c
        stuck = select(func.count()).where(
            ~(
                d.state.in_(FINAL)
                | ((d.state == State.DUE) & d.due_at.is_not(None))
                | ((d.state == State.CLAIMED) & d.lease_until.is_not(None))
                | ((d.state == State.HELD) & d.reason.is_not(None))
            )
        )
        n = book.execute(stuck).scalar_one()
        yield Finding("unsafe" if n else "fine", f"{n} deliveries have no next step")


def _secrets() -> Iterator[Finding]:
    with ledger.read() as book:
        everyone = outlets.everyone(book)
    missing: dict[str, str] = {}
    for outlet in everyone:
        for reference in (outlet.auth.secret, outlet.auth.signing_secret):
            if reference and reference not in missing:
                try:
                    resolve(reference)
                except SecretMissing as error:
                    missing[reference] = f"{error} (outlet {outlet.id})"
    for problem in missing.values():
        yield Finding("unsafe", problem)
    if not missing:
        yield Finding("fine", "every secret that an outlet names can be read")


def test_outlet(outlet: Outlet) -> dict[str, Any]:
    """One test delivery: verdict, detail, status and seconds."""
    policy = settings()
    parcel = Parcel(
        key=f"fw_test_{uuid.uuid4().hex}",
        release="urn:fanwire:test",
        version=1,
        action="test",
        language=outlet.languages[0],
        content_type="text/plain; charset=utf-8",
        body=TEST_BODY,
    )
    courier = Courier(
        in_flight_hint=1,
        connect_timeout=policy.connect_timeout,
        answer_cap_bytes=policy.answer_cap_bytes,
        trust=trust.bundle(),
        allowed=Guard(policy.allowed_networks).allows,
    )
    try:
        transfer = transports.prepare(outlet, parcel, key=None, deadline=policy.deadline, now=time.time())
        courier.start(transfer)
        while not (answers := courier.turn(1.0)):
            pass
    except SecretMissing as error:
        return {"outlet": outlet.id, "verdict": "ours", "detail": str(error), "status": None, "seconds": 0.0}
    finally:
        courier.close()
    judgement = judge(answers[0])
    return {
        "outlet": outlet.id,
        "verdict": judgement.verdict.value,
        "detail": judgement.detail,
        "status": judgement.status,
        "seconds": round(answers[0].seconds, 3),
    }
