"""Which columns nobody can edit unseen: each is edited by SQL, in a ledger of which everything is sealed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Connection, Float, Integer, LargeBinary, String, text

from tasks import ledger
from tasks.ledger import archive_rows, audit, publications, releases
from tasks.ledger.schema import metadata
from tasks.model.acts import Act
from tasks.model.publication import read_publication
from tasks.model.states import State
from tasks.operations import chain, replay, sealer
from tasks.operations.chain import Anchor
from tasks.operations.retention import legal_holds
from tasks.operations.sealer import Sealing
from tasks.runtime.seal_key import SealKey
from tasks.runtime.settings import settings
from tests.conftest import forget
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.processes import ROOT
from tests.support.samples import URI, outlet

pytestmark = pytest.mark.usefixtures("sqlite_ledger")
KEY = SealKey("the secret of this wire, long enough")
OTHER = "of another type than it is for, or none where one must be: edited by hand"
ELSE = "Nothing else is checked until that is mended"
BUILDING = {"reason", "hint_at", "lease_until", "claimed_by", "attempt"}
UNSEEN = {
    "releases": {"planned_at", "hint_at", "first_attempt_at", "seal_at", "retained"},
    "translations": BUILDING,
    "renditions": BUILDING,
    "deliveries": {"version", "urgency", "approval", "hold_kind", "hold_detail", "due_at", "lease_until", "claimed_by"},
    "attempts": set[str](),
    "publications": set[str](),
    "reopenings": set[str](),
    "seals": set[str](),
    "audit": set[str](),
    "archives": {"bytes", "archived_at", "restored_at"},
    "legal_holds": {"since"},
}
"""The columns of each table of which an edit is not found; docs/operations.md, "What nobody can edit unseen", lists
them."""


@pytest.fixture(scope="module")
def sealed(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Anchor]:
    """A ledger in which a release is delivered, replayed, published and sealed, and its last seal. Each test has a copy
    of it, which is faster made than another one."""
    file = shutil.copyfile(migrated, tmp_path_factory.mktemp("sealed") / "ledger.sqlite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FANWIRE_LEDGER_URL", f"sqlite:///{file}")
        forget()
        deliver_and_seal(file.with_name("seals.head"))
        with ledger.read() as connection:
            last = connection.execute(text("SELECT id, hash FROM seals ORDER BY id DESC")).first()
        forget()
    assert last is not None
    return file, Anchor(last.id, last.hash, "seals.head")


def deliver_and_seal(head: Path) -> None:
    receivers(outlet("has"), outlet("no"))
    render(take())
    has, no = claim()
    finish(result(has), result(no, State.REJECTED))
    with ledger.write() as connection:
        publications.note(connection, [(has.id, read_publication({"status": "published"}))], NOW + 90)
        replay.replay(connection, releases.find(connection, URI), None, states=[State.REJECTED])
        legal_holds.put(connection, URI, 1, "case 4711")
        said = {"sha256": "x" * 64, "deliveries": 1}
        archive_rows.keep(
            connection, {"uri": "urn:old", "name": "a.gz", "bytes": 1, "newest": 1, "archived_at": NOW, **said}
        )
        audit.record(connection, audit.of_release(Act.ARCHIVE, "urn:old", 1, new={"file": "a.gz", **said}))
    finish(*(result(one, State.REJECTED) for one in claim(now=NOW + 900)))
    sealer._progress.__init__()  # type: ignore[misc]
    sealer.seal(NOW + 1e6, Sealing(KEY, head))


@pytest.fixture
def verified(sealed: tuple[Path, Anchor], sqlite_ledger: None, tmp_path: Path) -> Callable[[Connection], list[str]]:
    """The configured ledger is such a one; gives what says what `fanwire audit --verify` finds."""
    file, anchor = sealed
    shutil.copyfile(file, settings().home / "ledger.sqlite")
    shutil.copyfile(file.with_name("seals.head"), tmp_path / "seals.head")
    return lambda connection: chain.verify(connection, [KEY.public], [anchor]).faults


def other_value(column: Column[Any]) -> str:
    """Another value of a column, in SQL."""
    name = f'"{column.name}"'
    if isinstance(column.type, LargeBinary):
        return "x'00'"
    if isinstance(column.type, Boolean):
        return f"NOT {name}"
    is_number = isinstance(column.type.dialect_impl(_dialect()), Integer | Float)
    return f"coalesce({name}, 0) + 1" if is_number else f"coalesce({name}, '') || 'x'"


def _dialect() -> Any:
    with ledger.read() as connection:
        return connection.dialect


OPEN = (
    "PRAGMA writable_schema = ON",
    "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'",
    "PRAGMA schema_version = 9999",
)
"""Has columns take NULL that may not have it."""


def edited(verified: Callable[[Connection], list[str]], statement: str, before: Collection[str] = ()) -> list[str]:
    """What is found after a statement, of which nothing stays."""
    with ledger.write() as connection:
        for trigger in ("audit_keeps", "audit_loses_nothing", "audit_replaces_nothing"):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        for one in before:
            connection.exec_driver_sql(one)
        changed = connection.execute(text(statement)).rowcount
        assert changed, statement
        found = verified(connection)
        connection.get_transaction().rollback()
    return found


@pytest.mark.parametrize("table", UNSEEN)
def test_an_edit_of_any_other_column_and_a_deletion_are_found(
    table: str, verified: Callable[[Connection], list[str]]
) -> None:
    last = f"rowid = (SELECT max(rowid) FROM {table})"
    with ledger.read() as connection:
        assert verified(connection) == []
    unseen = {
        column.name
        for column in metadata.tables[table].columns
        if not edited(verified, f'UPDATE {table} SET "{column.name}" = {other_value(column)} WHERE {last}')
    }
    assert unseen == UNSEEN[table]
    assert edited(verified, f"DELETE FROM {table} WHERE {last}")


@pytest.mark.parametrize("table", UNSEEN)
def test_a_value_of_another_type_is_found_and_named(table: str, verified: Callable[[Connection], list[str]]) -> None:
    last = f"rowid = (SELECT max(rowid) FROM {table})"
    for column in metadata.tables[table].columns:
        if column.primary_key and isinstance(column.type.dialect_impl(_dialect()), Integer):
            continue  # SQLite itself refuses
        other = "7" if isinstance(column.type, LargeBinary) else "x'ff'"
        found = edited(verified, f'UPDATE {table} SET "{column.name}" = {other} WHERE {last}')
        assert found == [f"{table}.{column.name} holds 1 value {OTHER}. {ELSE}"]


@pytest.mark.parametrize("table", UNSEEN)
def test_a_text_that_is_not_utf8_is_found_where_an_edit_is(
    table: str, verified: Callable[[Connection], list[str]]
) -> None:
    last = f"rowid = (SELECT max(rowid) FROM {table})"
    for column in metadata.tables[table].columns:
        if isinstance(column.type.dialect_impl(_dialect()), String) and column.name not in UNSEEN[table]:
            found = edited(verified, f"UPDATE {table} SET \"{column.name}\" = CAST(x'61ff' AS TEXT) WHERE {last}")
            assert found[-1] == "a text is not UTF-8: edited by hand: a\\xff", column


@pytest.mark.parametrize("table", UNSEEN)
def test_what_is_missing_where_something_must_be_is_found_and_named(
    table: str, verified: Callable[[Connection], list[str]]
) -> None:
    for column in metadata.tables[table].columns:
        if not column.nullable and not (column.primary_key and column.name == "id"):
            found = edited(verified, f'UPDATE {table} SET "{column.name}" = NULL', OPEN)
            assert found[0].startswith(f"{table}.{column.name} holds ")
            assert OTHER in found[0]


def test_a_moment_that_is_none_is_said(verified: Callable[[Connection], list[str]]) -> None:
    said = edited(verified, "UPDATE reopenings SET at = 9e18")
    assert "as it is noted for 9e+18, which is no moment" in said[0]


@pytest.mark.parametrize("edit", ["sent_by = x'ff'", "sent_by = CAST(x'ff' AS TEXT)", "uri = CAST(x'ff' AS TEXT)"])
def test_a_value_that_no_column_can_have_stops_no_sealing(edit: str, tmp_path: Path) -> None:
    receivers(outlet("has"))
    render(take())
    with ledger.write() as connection:
        connection.execute(text(f"UPDATE releases SET {edit}"))
    sealer._progress.__init__()  # type: ignore[misc]
    assert sealer.seal(NOW + 1e6, Sealing(KEY, tmp_path / "seals.head"))


@pytest.mark.parametrize("value", ["x'ff'", "CAST(x'ff' AS TEXT)"])
def test_a_last_seal_that_cannot_be_read_stops_no_sealing(
    value: str, verified: Callable[[Connection], list[str]], tmp_path: Path
) -> None:
    with ledger.write() as connection:
        audit.record(connection, audit.Entry(act=Act.WAKE_ENGINE, subject="engine mine"))
        connection.execute(text(f"UPDATE seals SET hash = {value}, statement = {value}"))
    sealer._progress.__init__()  # type: ignore[misc]
    assert sealer.seal(NOW + 2e6, Sealing(KEY, tmp_path / "seals.head"))
    with ledger.read() as connection:
        assert verified(connection)


def test_the_manual_says_of_which_columns_no_edit_is_found() -> None:
    section = (ROOT / "docs" / "operations.md").read_text().partition("\n## What nobody can edit unseen\n")[2]
    rows = [line.split("|") for line in section.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    said = {cells[1].strip(" `"): set(cells[3].replace("`", "").replace(",", " ").split()) - {"none"} for cells in rows}
    assert said == UNSEEN
