"""Taking a release: whose it is, which versions may follow, and what could never be delivered. On both databases."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tasks import ledger
from tasks.ledger import audit, releases
from tasks.ledger.releases import Consent, Outcome, Sender
from tasks.model.acts import UNSIGNED, Actor, Role
from tasks.model.release import MAX_VERSION
from tasks.operations.kill import kill
from tests.support.samples import URI, release
from tests.support.threads import run_together

pytestmark = pytest.mark.usefixtures("book")

KILL: dict[str, Any] = {"status": "canceled", "body_html": None}


def by(name: str | None = None, *consent: Consent, named: bool = False, max_jump: int = 1000) -> Sender:
    actor = UNSIGNED if name is None else Actor(Role.PRODUCER, name)
    return Sender(actor=actor, producer=name, consent=frozenset(consent), named=named, max_jump=max_jump)


def take(sender: Sender | None = None, **fields: Any) -> releases.Taken:
    with ledger.write() as connection:
        return releases.take(connection, release(**fields), ledger.now(connection), sender or by())


def row() -> Any:
    with ledger.read() as connection:
        return releases.find(connection, URI)


ACME, OTHER = by("acme"), by("other")


def test_a_release_belongs_to_the_producer_that_first_sent_it() -> None:
    assert take(ACME).outcome == "new"
    for stranger in (OTHER, by(), by("other", Consent.JUMP, Consent.REVIVE, named=True)):
        for fields in ({}, {"version": 2}, {"version": 2, **KILL}, {"version": MAX_VERSION, **KILL}):
            assert take(stranger, **fields) == releases.Taken(Outcome.FOREIGN, 0, 1, False)
    assert take(ACME, version=2).outcome == "new"
    assert (row().version, row().producer, row().sent_by) == (2, "acme", "producer acme")


def test_a_stranger_learns_nothing_of_what_the_ledger_has() -> None:
    take(ACME)
    assert {take(OTHER, **fields).outcome for fields in ({}, {"headline": "Another"}, {"version": 7})} == {"foreign"}


def test_what_was_sent_unsigned_goes_to_the_producer_whom_the_file_names() -> None:
    take()
    assert take(ACME, version=2).outcome == "foreign"
    assert take(by("acme", named=True), version=2).outcome == "new"
    assert row().producer == "acme"
    assert take(by("other", named=True), version=3).outcome == "foreign"
    assert take(version=3).outcome == "foreign"
    assert take(ACME, version=3).outcome == "new"


def test_operations_may_kill_what_anybody_sent_and_it_stays_the_producers() -> None:
    take(ACME)
    with audit.acting_as(Actor(Role.OPERATOR, "jane@wire-1")), ledger.write() as connection:
        kill(connection, releases.get(connection, row().id), "Wrong company")
    assert (row().version, row().status, row().producer) == (2, "canceled", "acme")
    assert row().sent_by == "operator jane@wire-1"
    assert take(ACME, version=3).outcome == "killed"
    assert take(by("acme", Consent.REVIVE), version=3).outcome == "new"


@pytest.mark.parametrize(
    ("taken", "version", "fields", "consent", "outcome"),
    [
        ([1, 3], 2, {}, [], "outdated"),
        ([1, 3], 2, KILL, [], "outdated"),
        ([1, 3], 2, {}, [Consent.JUMP, Consent.REVIVE], "outdated"),
        ([1, 3], 1, {}, [], "known"),  # the same again, however old
        ([1, 3], 1, {"headline": "Another"}, [], "conflict"),
        ([1], 1001, {}, [], "new"),
        ([1], 1002, {}, [], "jump"),
        ([1], 1002, {}, [Consent.JUMP], "new"),
        ([1], MAX_VERSION, KILL, [], "jump"),
        ([1], MAX_VERSION, KILL, [Consent.JUMP], "new"),
        ([1_800_000_000], 1_800_000_001, {}, [], "new"),
        ([], 1_800_000_000, {}, [], "new"),
        ([], MAX_VERSION - 1000, {}, [], "new"),
        ([], MAX_VERSION - 999, {}, [], "jump"),
        ([], MAX_VERSION - 999, {}, [Consent.JUMP], "new"),
        ([1, -2], 3, {}, [], "killed"),
        ([1, -2], 3, {}, [Consent.JUMP], "killed"),
        ([1, -2], 3, {}, [Consent.REVIVE], "new"),
        ([1, -2], 3, KILL, [], "new"),
        ([1, -2], 1, {}, [], "known"),
        ([1, -3], 2, {}, [Consent.REVIVE], "outdated"),
        ([-1], 2, {}, [], "killed"),  # killed before it came
    ],
)
def test_which_versions_may_follow(
    taken: list[int], version: int, fields: dict[str, Any], consent: list[Consent], outcome: str
) -> None:
    """`taken`: versions, a negative one a kill."""
    for number in taken:
        assert take(by(None, Consent.JUMP), version=abs(number), **(KILL if number < 0 else {})).outcome == "new"
    before = row()
    found = take(by(None, *consent), version=version, **fields)
    assert found.outcome == outcome
    assert bool(found.release_id) is (outcome in {"new", "known"})
    assert found.newest == (abs(taken[-1]) if taken else 0)
    if outcome == "new":
        assert row().version == version
    else:
        assert row() == before


def test_each_version_is_recorded_with_who_sent_it() -> None:
    take(ACME)
    take(ACME)
    take(OTHER, version=2)
    take(ACME, version=2, correction_note="A wrong figure")
    take(ACME, version=3, **KILL)
    take(by("acme", Consent.REVIVE), version=4)
    with ledger.read() as connection:
        entries = audit.latest(connection, audit.Wanted(uri=URI), 9)
    assert [(entry["act"], entry["version"], entry["role"], entry["actor"]) for entry in entries] == [
        (act, version, "producer", "acme")
        for version, act in ((4, "release.revive"), (3, "release.kill"), (2, "release.correct"), (1, "release.publish"))
    ]
    assert entries[0]["old"] == {"version": 3, "status": "canceled"}
    assert entries[0]["new"]["consent"] == ["revive"]
    assert entries[2]["remark"] == "A wrong figure"


def test_of_two_that_come_first_at_once_one_gets_the_uri() -> None:
    """And of two versions at once, never the lower one after the higher one."""
    senders = [by(name) for name in ("a", "b", "c", "d")]
    found = run_together([partial(take, each, version=n) for n, each in enumerate(senders, 1)])
    assert sorted(taken.outcome for taken in found) == ["foreign"] * 3 + ["new"]
    owner = senders[[taken.outcome for taken in found].index(Outcome.NEW)]
    first = row().version
    found = run_together([partial(take, owner, version=first + n) for n in (1, 2, 3, 4)])
    taken = [first + n for n, one in zip((1, 2, 3, 4), found, strict=True) if one.outcome == "new"]
    assert {one.outcome for one in found} <= {Outcome.NEW, Outcome.OUTDATED}
    assert row().version == first + 4
    with ledger.read() as connection:
        entries = audit.latest(connection, audit.Wanted(uri=URI), 9)
    assert [entry["version"] for entry in entries] == [*sorted(taken, reverse=True), first]
