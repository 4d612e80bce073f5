"""The audit table: entries stand with what they say, name who acted, and stay as they are on both databases."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tasks import ledger
from tasks.delivery.disabling import disable
from tasks.ledger import audit, outlets
from tasks.ledger.audit import Entry, Wanted
from tasks.model.acts import UNSIGNED, Act, Actor, Role
from tasks.model.outlet import Outlet
from tasks.operations.outlet_import import Imported, import_outlets, without_credentials
from tests.support.samples import URI, outlet

pytestmark = pytest.mark.usefixtures("book")

JANE = Actor(Role.OPERATOR, "jane@wire-1")


def noted(act: Act = Act.WAKE_ENGINE, **fields: Any) -> None:
    with ledger.write() as connection:
        audit.record(connection, Entry(act=act, subject="engine mine", **fields))


def listed(**wanted: Any) -> list[dict[str, Any]]:
    with ledger.read() as connection:
        return audit.latest(connection, Wanted(**wanted), 50)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'nobody'",
        "UPDATE audit SET at = 0 WHERE id = 1",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT id, 0, role, 'nobody', act, subject, uri, version, outlet_id, old, new, "
        "remark, origin FROM audit",
        "TRUNCATE audit",
    ],
)
def test_no_entry_is_changed_or_deleted(book: Engine, statement: str) -> None:
    noted()
    before = listed()
    with pytest.raises(DBAPIError), book.begin() as connection:
        connection.execute(text(statement))
    with suppress(DBAPIError), book.begin() as connection:  # what a program could set for itself first
        if book.dialect.name == "sqlite":
            connection.execute(text("PRAGMA recursive_triggers = OFF"))
        connection.execute(text(statement))
    assert listed() == before
    noted()
    assert len(listed()) == 2


def test_an_entry_stands_only_if_what_it_says_was_done() -> None:
    def fail() -> None:
        with ledger.write() as connection:
            audit.record(connection, Entry(act=Act.WAKE_ENGINE, subject="engine mine"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert listed() == []


def test_who_acts_is_bound_once_and_else_it_is_the_process() -> None:
    with audit.acting_as(JANE):
        noted()
    noted()
    with ledger.write() as connection:
        audit.record(connection, Entry(act=Act.WAKE_ENGINE, subject="engine mine"), by=UNSIGNED)
    assert [(row["role"], row["actor"]) for row in listed()] == [
        ("producer", "(unsigned)"),
        ("process", ledger.worker_name()),
        ("operator", "jane@wire-1"),
    ]


def test_where_an_act_comes_from_is_recorded_if_it_is_known() -> None:
    with audit.acting_as(Actor(Role.OPERATOR, "jane", origin="2001:db8::7")):
        noted()
    noted()
    assert [row["origin"] for row in listed()] == [None, "2001:db8::7"]


def test_whatever_strangers_wrote_is_recorded() -> None:
    noted(old={"said": "\0\ud800\u202e"}, remark="a\0\ud800" + "x" * 5000)
    [row] = listed()
    assert row["old"] == {"said": "\0\ud800\u202e"}
    assert row["remark"] == "a\ufffd\ufffd" + "x" * 1997


def test_entries_are_found_by_subject_actor_act_and_time() -> None:
    with audit.acting_as(JANE), ledger.write() as connection:
        audit.record(connection, audit.of_release(Act.KILL, URI, 2), audit.of_outlet(Act.PAUSE_OUTLET, "a"))
    noted()
    assert [row["subject"] for row in listed(uri=URI)] == [f"{URI} v2"]
    assert [row["subject"] for row in listed(outlet_id="a")] == ["outlet a"]
    assert len(listed(actor="WIRE-1")) == 2
    assert listed(actor="%") == []
    assert [row["act"] for row in listed(act="outlet")] == ["outlet.pause"]
    assert [row["act"] for row in listed(act="release.kill")] == ["release.kill"]
    with ledger.read() as connection:
        assert listed(since=ledger.now(connection) + 1) == []
    assert len(listed(since=0)) == 3


# --- what is recorded of outlets


def imported(*documents: Outlet, **options: Any) -> Imported:
    with ledger.write() as connection:
        return import_outlets(connection, documents, **options)


SECRET = {"type": "bearer", "secret": "env:FANWIRE_SECRET_A"}


def test_an_import_records_what_is_new_and_what_changes_and_nothing_else() -> None:
    imported(outlet("a"), outlet("b"))
    imported(outlet("a", name="A"), outlet("b"))
    changed, *added = listed()
    assert [(row["act"], row["outlet_id"], row["old"]) for row in added] == [
        ("outlet.add", "b", None), ("outlet.add", "a", None),
    ]  # fmt: skip
    assert (changed["act"], changed["old"], changed["new"]) == ("outlet.change", {"name": "a"}, {"name": "A"})


def test_entries_hold_no_secret_of_an_outlet() -> None:
    imported(outlet("a", url="https://u:Geheimnis@a.example/x?token=Geheimnis", headers={"X-Key": "Geheimnis"}))
    imported(outlet("a", url="https://u:Geheimnis2@a.example/", auth=SECRET), confirmed=True)
    change, add = listed()
    assert "Geheimnis" not in str([change, add])
    assert add["new"]["url"] == "https://***@a.example/x?token=***"
    assert change["new"] == {"url": "https://***@a.example/", "auth": SECRET}
    assert without_credentials("https://[broken") == "***"


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        ({}, {}, False),
        ({"auth": SECRET}, {"auth": SECRET}, True),
        ({"auth": {"signing_secret": "env:FANWIRE_SECRET_A"}}, {}, True),
        ({}, {"auth": SECRET}, True),
        ({"url": "https://u:p@a.example/"}, {}, True),
        ({"auth": SECRET}, {"auth": SECRET, "url": outlet().url}, False),
        ({"auth": SECRET}, {"auth": SECRET, "url": f"{outlet().url}/other"}, True),
    ],
)
def test_credentials_go_to_another_url_only_when_somebody_says_so(
    before: dict[str, Any], after: dict[str, Any], asked: bool
) -> None:
    imported(outlet("a", **before), outlet("b"))
    moved = outlet("a", **{"url": "https://elsewhere.example/"} | after)
    done = imported(moved, outlet("b", name="B"))
    assert ("b" in done.changed, "a" in done.changed and asked) == (True, False)
    assert [refusal.what for refusal in done.refused] == ["outlet a"] * asked
    with ledger.read() as connection:
        stands = outlets.some(connection, ["a", "b"])
    assert (stands["a"].url == moved.url) is not asked
    assert stands["b"].name == "B"
    assert imported(moved, confirmed=True).refused == []
    with ledger.read() as connection:
        assert outlets.some(connection, ["a"])["a"].url == moved.url


def test_a_worker_that_disables_outlets_records_each_once() -> None:
    imported(outlet("a"), outlet("b"))
    for _ in range(2):
        with ledger.write() as connection:
            disable(connection, ["a", "b"], "gone", "a", "410 Gone")
    entries = listed(act="outlet.disable")
    assert [(row["outlet_id"], row["role"], row["old"], row["new"]) for row in entries] == [
        (name, "process", {"status": "active", "reason": None}, {"status": "disabled", "reason": "410 Gone"})
        for name in ("b", "a")
    ]
