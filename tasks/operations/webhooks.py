"""Tells producers at their webhooks what has become of their releases (docs/producers.md, "Webhooks").

`look` finds what there is to say and writes it into the ledger; `send` sends it, signed after Standard Webhooks, to
addresses that the address policy allows, until it has arrived.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import structlog
from sqlalchemy import Connection, Row, exists, select

from tasks import ledger
from tasks.delivery.drain import open_transfers
from tasks.delivery.policy import DeliveryPolicy
from tasks.delivery.signing import BadSigningSecret, sign
from tasks.delivery.transfers.transfer import Answer, Transfer
from tasks.delivery.verdicts import judge
from tasks.ledger import counts, notices, producer_rows, releases, webhook_rows
from tasks.ledger.schema import release_media
from tasks.ledger.webhook_rows import Message, Watched
from tasks.model.producers import DoorProducer
from tasks.model.states import Hold, MediaState, Verdict
from tasks.runtime import moments
from tasks.runtime.secrets import SecretMissing, resolve

log = structlog.get_logger()

AT_ONCE = 50
"""Releases that one look has, and messages that one task sends, at most."""
CONNECTIONS = 16
"""To webhooks, at once."""
DEADLINE = 15.0
"""Seconds that one message may take."""
LEASE = 120.0
"""Seconds for which messages are the sender's; longer than all of one task can take."""
FIRST_WAIT, LONGEST_WAIT = 5.0, 3600.0
"""Seconds until a message is sent again; they double with each failure."""
GIVEN_UP_AFTER = 72 * 3600.0
"""Seconds after which a message that has not arrived is given up."""
NOTICED = 8
"""Failures in a row of one message after which operations hear of it, which is after twenty minutes."""
LOOK_SHARE, LONGEST_LOOK = 0.1, 300.0
"""A release is looked at again after this share of its age, and at least so often (seconds)."""
OF_OUTLETS = frozenset({Hold.PAUSED, Hold.DISABLED, Hold.UNVERIFIED})
"""Holds that are the business of an outlet and of operations, and may last for ever."""


class Event(StrEnum):
    """What a producer hears of a release."""

    FINISHED = "release.finished"
    """Nothing of it is open any more, but for outlets that are paused, disabled or unverified."""
    WAITING = "release.waiting"
    """Languages wait for an editor."""
    STUCK = "release.stuck"
    """Languages are held for something that may need somebody: a translation that cannot be made, a file."""
    KILLED = "release.killed"
    """It was withdrawn."""


def look(connection: Connection, now: float, base: str) -> int:
    """Look at the releases of which producers want to hear, and write what there is to say; the number of messages.

    `base`: the address of the web server, for links; may be empty.
    """
    written = 0
    for watched, row in webhook_rows.to_look_at(connection, now, AT_ONCE):
        newest = row and releases.find(connection, row.uri)
        if row is None or newest is None or newest.id != row.id:  # what has replaced it is watched itself
            webhook_rows.watch_no_more(connection, watched.release_id)
            continue
        found = _situation(connection, row)
        for event, languages in found.items():
            if set(languages) - set(watched.told.get(event, ())) or event not in watched.told:
                body = _body(connection, row, event, languages, now, base)
                webhook_rows.add(connection, watched.producer, event, body, now)
                written += 1
        _look_again(connection, watched, row, found, now)
    return written


def _look_again(
    connection: Connection, watched: Watched, row: Row[Any], found: Mapping[Event, Sequence[str]], now: float
) -> None:
    if Event.FINISHED in found:
        webhook_rows.watch_no_more(connection, row.id)
        return
    wait = min(LONGEST_LOOK, max(webhook_rows.FIRST_LOOK, (now - row.received_at) * LOOK_SHARE))
    webhook_rows.look_again(connection, watched.release_id, {event.value: found[event] for event in found}, now + wait)


def _situation(connection: Connection, row: Row[Any]) -> dict[Event, list[str]]:
    """What there is to say of a release as it stands, each with the languages that it is about."""
    found: dict[Event, list[str]] = {Event.KILLED: []} if row.status == "canceled" else {}
    if row.planned_at is None or counts.being_built(connection, row.id):
        return found
    holds = counts.holds(connection, row.id)
    if waiting := _languages(holds, Hold.APPROVAL):
        found[Event.WAITING] = waiting
    stuck = [one for one in holds if one["kind"] in (Hold.TRANSLATION, Hold.RENDITION) and one["detail"]]
    if any(one["kind"] == Hold.MEDIA for one in holds) and _has_refused_file(connection, row.id):
        stuck += [one for one in holds if one["kind"] == Hold.MEDIA]
    if stuck:
        found[Event.STUCK] = sorted({one["language"] for one in stuck})
    if all(one["kind"] in OF_OUTLETS for one in holds) and not counts.unfinished(connection, row.id):
        found[Event.FINISHED] = []
    return found


def _languages(holds: Sequence[Mapping[str, Any]], kind: Hold) -> list[str]:
    return sorted({one["language"] for one in holds if one["kind"] == kind})


def _has_refused_file(connection: Connection, release_id: int) -> bool:
    m = release_media.c
    query = select(exists().where(m.release_id == release_id, m.state == MediaState.REFUSED))
    return bool(connection.execute(query).scalar())


def _body(connection: Connection, row: Row[Any], event: Event, languages: Sequence[str], now: float, base: str) -> str:
    """A message, after the form of Standard Webhooks."""
    by_language = counts.states(connection, row.id)
    held = [
        {name: one[name] for name in ("language", "reason", "detail")} | {"deliveries": one["n"]}
        for one in counts.holds(connection, row.id)
        if not languages or one["language"] in languages
    ]
    data = {
        "release": row.uri, "version": row.version, "kill": row.status == "canceled", "languages": list(languages),
        "states": counts.total(by_language), "held": held,
        "link": f"{base}/releases/{quote(row.uri, safe=':;=@')}?version={row.version}",
    }  # fmt: skip
    said = {"type": event.value, "timestamp": moments.utc(now), "data": data}
    return json.dumps(said, ensure_ascii=False)


def send(policy: DeliveryPolicy) -> tuple[int, int]:
    """Send the messages that are due; how many have arrived, and how many have not."""
    with ledger.write() as connection:
        now = ledger.now(connection)
        messages = webhook_rows.claim_due(connection, now, AT_ONCE, now + LEASE)
        known = producer_rows.standing(connection)
    problems: dict[int, str | None] = {}
    transfers = []
    for message in messages:
        try:
            transfers.append(_transfer(message, known.get(message.producer), now))
        except (SecretMissing, BadSigningSecret, _NoWebhook) as error:
            problems[message.id] = str(error)
    for answer in _answers(transfers, policy):
        verdict = judge(answer)
        problems[answer.transfer.key.id] = None if verdict.verdict is Verdict.DELIVERED else verdict.detail
    with ledger.write() as connection:
        for message in messages:
            _note(connection, message, problems[message.id], known.get(message.producer))
    failed = sum(problem is not None for problem in problems.values())
    return len(messages) - failed, failed


class _NoWebhook(Exception):
    """The producer was shut out, or has no webhook any more."""


def _transfer(message: Message, producer: DoorProducer | None, now: float) -> Transfer:
    """The request that sends a message, with a fresh signature. `now`: by the ledger's clock; whoever gets a message
    refuses one that is minutes old."""
    if producer is None or producer.webhook is None or producer.webhook_key is None:
        raise _NoWebhook("the producer was shut out, or has no webhook any more")
    secrets = resolve(producer.webhook_key, written_by="webhook").split()
    body, moment = message.body.encode(), int(now)
    headers = (
        "Content-Type: application/json",
        f"webhook-id: {message.message_id}",
        f"webhook-timestamp: {moment}",
        f"webhook-signature: {sign(secrets, message.message_id, moment, body)}",
    )
    return Transfer(key=message, url=producer.webhook, headers=headers, body=body, deadline=DEADLINE)


def _answers(waiting: list[Transfer], policy: DeliveryPolicy) -> list[Answer]:
    """What came of sending, in whatever order."""
    answers: list[Answer] = []
    transfers = open_transfers(policy, CONNECTIONS)
    try:
        while waiting or transfers.in_flight:
            while waiting and transfers.in_flight < CONNECTIONS:
                transfers.start(waiting.pop(0))
            answers += transfers.turn(1.0)
    finally:
        transfers.close()
    return answers


def _note(connection: Connection, message: Message, problem: str | None, producer: DoorProducer | None) -> None:
    """Note what came of sending a message."""
    now = ledger.now(connection)
    if problem is None:
        webhook_rows.mark_arrived(connection, message, now)
        log.info("producer told", producer=message.producer, message=message.message_id)
        return
    log.warning("producer not told", producer=message.producer, message=message.message_id, problem=problem)
    given_up = producer is None or producer.webhook is None or now - message.made_at > GIVEN_UP_AFTER
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(message.failures, 60))
    webhook_rows.mark_failed(connection, message, problem, None if given_up else now + wait)
    if message.failures + 1 >= NOTICED:
        text = f"cannot be told what became of its releases: {problem}"
        notices.add_unless_known(connection, "webhook", f"producer {message.producer}", text, now)
