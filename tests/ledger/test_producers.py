"""Producers in the ledger: their tokens, and how much each has sent in a day."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Engine, select

from tasks import ledger
from tasks.ledger import producer_rows, releases
from tasks.ledger.releases import Outcome, Sender
from tasks.ledger.schema import metadata
from tasks.model.acts import Actor, Role
from tasks.model.producers import DoorProducer
from tasks.operations import door_access as acts
from tasks.runtime.errors import NotPossible, UserError
from tests.support.samples import release
from tests.support.threads import PATIENCE, begin, run_together

pytestmark = pytest.mark.usefixtures("book")

ACME = Sender(actor=Actor(Role.PRODUCER, "acme"), producer="acme", per_day=5)
NOON = 1_764_417_600.0
"""2025-11-29T12:00:00Z."""


def add(name: str = "acme", **fields: object) -> str:
    with ledger.write() as connection:
        return acts.add(connection, name, DoorProducer.model_validate(fields))


def whose(token: str) -> str | None:
    with ledger.read() as connection:
        found = producer_rows.by_token(connection, acts.digest(token), ledger.now(connection))
    return found.name if found else None


def test_a_token_is_known_and_never_kept(book: Engine) -> None:
    token = add(issuers=["Acme"])
    assert whose(token) == "acme"
    assert whose(token + "x") is None
    with ledger.read() as connection:
        rows = [row for table in metadata.tables.values() for row in connection.execute(select(table))]
    assert token not in str(rows)
    with pytest.raises(NotPossible, match="already"):
        add()
    with pytest.raises(UserError, match="lower-case"):
        add("Acme Ltd")


def test_another_token_ends_the_one_before_at_once_or_after_an_overlap(book: Engine) -> None:
    tokens = [add()]
    for overlap in (0.0, 3600.0):
        with ledger.write() as connection:
            tokens.append(acts.new_token(connection, "acme", overlap))
    assert list(map(whose, tokens)) == [None, "acme", "acme"]
    with ledger.read() as connection:
        later = ledger.now(connection) + 3601
        assert producer_rows.by_token(connection, acts.digest(tokens[1]), later) is None
        assert producer_rows.by_token(connection, acts.digest(tokens[2]), later) is not None


def test_who_was_revoked_is_not_known_until_added_anew(book: Engine) -> None:
    token = add(per_day=3)
    with ledger.write() as connection:
        acts.new_token(connection, "acme", 3600.0)
        acts.revoke(connection, "acme")
        assert producer_rows.standing(connection) == {}
        for again in (acts.revoke, acts.new_token):
            with pytest.raises(NotPossible, match="was revoked"):
                again(connection, "acme")
        with pytest.raises(NotPossible, match="no producer"):
            acts.revoke(connection, "nobody")
    assert whose(token) is None
    assert whose(add(per_day=4)) == "acme"
    with ledger.read() as connection:
        assert producer_rows.standing(connection) == {"acme": DoorProducer(per_day=4)}


def test_nobody_is_revoked_while_a_transaction_holds_its_token(book: Engine) -> None:
    token = add()
    with ledger.write() as connection:
        assert producer_rows.by_token(connection, acts.digest(token), ledger.now(connection), hold=True)

        def revoke() -> None:
            with ledger.write() as other:
                acts.revoke(other, "acme")

        revoked = begin(revoke)
        with ledger.read() as look:
            row = producer_rows.get(look, "acme")
        assert row is not None
        assert row.revoked_at is None
    revoked.result(PATIENCE)
    assert whose(token) is None


def send(number: int, now: float = NOON, **fields: object) -> releases.Taken:
    with ledger.write() as connection:
        return releases.take(connection, release(uri=f"urn:x:{number}", **fields), now, ACME)


def test_a_day_has_a_limit_that_those_who_send_at_once_do_not_pass(book: Engine) -> None:
    outcomes = [taken.outcome for taken in run_together([partial(send, number) for number in range(12)])]
    assert (outcomes.count(Outcome.NEW), outcomes.count(Outcome.LIMIT)) == (5, 7)
    with ledger.read() as connection:
        assert producer_rows.counted(connection, "2025-11-29") == {"acme": 5}
        limited = releases.would_take(connection, release(uri="urn:x:new"), ACME, NOON)
    assert (limited.outcome, limited.limit_ends) == (Outcome.LIMIT, NOON + 12 * 3600)


def test_what_is_known_and_a_kill_cost_nothing_and_the_next_day_begins_anew(book: Engine) -> None:
    for number in range(5):
        send(number)
    assert send(0).outcome is Outcome.KNOWN
    assert send(0, version=2, status="canceled", body_html=None).outcome is Outcome.NEW
    assert send(1, version=2).outcome is Outcome.LIMIT
    assert send(1, now=NOON + 12 * 3600, version=2).outcome is Outcome.NEW
    with ledger.write() as connection:
        producer_rows.forget_days(connection, before="2025-11-30")
        assert producer_rows.counted(connection, "2025-11-29") == {}
        assert producer_rows.counted(connection, "2025-11-30") == {"acme": 1}
