"""Seals: what is edited, deleted, put in or moved after it was sealed is found; nothing that Fanwire itself does is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from tasks import ledger, review
from tasks.delivery.disabling import disable
from tasks.ledger import archive_rows, artifacts, audit, deliveries, publications, releases, rendition_rows, seals
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.audit import Entry
from tasks.ledger.deliveries.returns import Return
from tasks.ledger.seals import Took
from tasks.model.acts import Act
from tasks.model.codes import Code
from tasks.model.publication import read_publication
from tasks.model.states import State, Verdict
from tasks.operations import chain, sealer
from tasks.operations import replay as replays
from tasks.operations.chain import Anchor, Verification
from tasks.operations.retention import legal_holds
from tasks.operations.sealer import Sealing
from tasks.runtime.seal_key import SealKey
from tests.support.delivery_steps import BYTES, NOW, claim, finish, receivers, render, result, take
from tests.support.review_files import CHINESE
from tests.support.reviewing import make
from tests.support.samples import URI, outlet

pytestmark = pytest.mark.usefixtures("book")
KEY, OTHER = SealKey("the secret of this wire, long enough"), SealKey("the secret of somebody else, too")


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    """Each test begins as a new process does."""
    sealer._progress.__init__()  # type: ignore[misc]
    yield
    sealer._progress.__init__()  # type: ignore[misc]


@pytest.fixture
def sealing(tmp_path: Path) -> Sealing:
    return Sealing(KEY, tmp_path / "seals.head")


def three() -> int:
    """A release that one outlet has, one rejected and one has not answered yet; its number."""
    receivers(outlet("has"), outlet("no"), outlet("silent"))
    number = take()
    render(number)
    has, no, silent = claim()
    finish(result(has), result(no, State.REJECTED), result(silent, State.DUE, due_at=NOW + 100))
    return number


def seal(sealing: Sealing, now: float = NOW + 100) -> int:
    """Seal all that there is to be sealed."""
    made = 0
    while more := sealer.seal(now, sealing):
        made += more
    return made


def checked(sealing: Sealing, *keys: str, anchors: tuple[Anchor, ...] = ()) -> Verification:
    with ledger.read() as connection:
        return chain.verify(connection, keys or [sealing.key.public], anchors)


def execute(book: Engine, *statements: str) -> None:
    """What somebody does who owns the database."""
    with book.begin() as connection:
        tamper(connection, *statements)


def tamper(connection: Connection, *statements: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
    else:
        for trigger in ("audit_keeps", "audit_loses_nothing", "audit_replaces_nothing"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
    for statement in statements:
        connection.execute(text(statement))
    if connection.dialect.name == "postgresql":  # for other tests, which have the same tables
        connection.execute(text("ALTER TABLE audit ENABLE TRIGGER ALL"))


def noted() -> None:
    with ledger.write() as connection:
        audit.record(connection, Entry(act=Act.WAKE_ENGINE, subject="engine mine"))


def replayed(state: State) -> int:
    """Replay what has ended so, as operations do; the number of deliveries."""
    with ledger.write() as connection:
        return replays.replay(connection, releases.find(connection, URI), None, states=[state]).count


def test_what_is_final_is_sealed_once_and_holds(sealing: Sealing) -> None:
    number = three()
    noted()
    assert seal(sealing) == 3, "of audit entries, of the texts, and of the deliveries"
    assert seal(sealing) == 0
    found = checked(sealing)
    assert (found.faults, found.seals, found.ends, found.attempts, found.releases) == ([], 3, 2, 2, 1)
    assert (found.texts, found.changed_texts, found.without_texts) == (3, 0, 0)
    assert (found.unsealed_releases, found.keys) == (1, {KEY.public}), "one delivery is open"
    [again] = claim(now=NOW + 100)
    finish(result(again))
    assert seal(sealing, NOW + 300) == 1
    found = checked(sealing)
    assert (found.faults, found.ends, found.attempts, found.unsealed_releases) == ([], 3, 4, 0)
    with ledger.read() as connection:
        [texts, first, second] = seals.of_release(connection, number)
    assert json.loads(first.statement)["previous"] == texts.hash
    assert json.loads(second.statement)["previous"] == first.hash


def test_a_large_release_is_sealed_in_steps(sealing: Sealing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "STEP", 2)
    monkeypatch.setattr(chain, "STEP", 2)
    three()
    assert seal(sealing) >= 2
    assert (checked(sealing).faults, checked(sealing).ends) == ([], 2)


def test_replays_returns_corrections_and_kills_break_nothing(sealing: Sealing) -> None:
    three()
    seal(sealing)
    assert replayed(State.REJECTED) == 1
    assert checked(sealing).opened == 1
    assert checked(sealing).faults == []
    seal(sealing, NOW + 201)
    again = {claimed.outlet_id: claimed for claimed in claim(now=NOW + 200)}
    finish(result(again["no"]), result(again["silent"], State.EXHAUSTED))
    with ledger.write() as connection:
        row = connection.execute(text("SELECT id, attempt FROM deliveries WHERE outlet_id = 'has'")).one()
        came = Return(delivery_id=row.id, attempt=row.attempt, verdict=Verdict.REJECTED, code=Code.BOUNCED,
                      state=State.REJECTED, status=None, reason="550 no such user")  # fmt: skip
        deliveries.take_return(connection, came, NOW + 250)
    assert checked(sealing).faults == []
    seal(sealing, NOW + 900)
    assert (checked(sealing).faults, checked(sealing).ends) == ([], 3)
    assert replayed(State.EXHAUSTED) == 1
    take(version=2, status="canceled", body_html=None, now=NOW + 902)
    seal(sealing, NOW + 5000)
    found = checked(sealing)
    assert (found.faults, found.ends) == ([], 3), "one was replayed, and the kill came before it was sent"


def test_a_late_answer_of_a_worker_that_had_vanished_breaks_nothing(sealing: Sealing) -> None:
    receivers(outlet("a"))
    render(take())
    [lost] = claim()
    with ledger.write() as connection:
        deliveries.expire_leases(connection, NOW + 61)
    [again] = claim(now=NOW + 61)
    finish(result(again))
    seal(sealing)
    finish(result(lost))
    found = checked(sealing)
    assert (found.faults, found.answered, found.attempts) == ([], 1, 1)


def test_an_edit_that_is_made_to_look_like_a_replay_is_found(sealing: Sealing, book: Engine) -> None:
    three()
    seal(sealing)
    forged = "INSERT INTO reopenings (delivery_id, attempt, at) VALUES (2, 1, 1800000150)"
    execute(book, forged, "UPDATE deliveries SET state = 'delivered' WHERE outlet_id = 'no'")
    note, edited = checked(sealing).faults
    assert "no audit entry says that anybody opened delivery 2 (to no in en) again" in note
    assert "delivery 2 (to no in en) was edited after it was sealed; it says delivered now" in edited
    seal(sealing, NOW + 5000)
    assert "no audit entry says" in checked(sealing).faults[0], "to be sealed makes it no truer"


def test_a_replay_to_one_outlet_is_told_from_one_to_another(sealing: Sealing, book: Engine) -> None:
    three()
    seal(sealing)
    with ledger.write() as connection:
        assert replays.replay(connection, None, "no", states=[State.REJECTED]).count == 1
    assert checked(sealing).faults == []
    execute(book, "INSERT INTO reopenings SELECT 1, attempt, at FROM reopenings")
    assert [fault.partition(": ")[2][:50] for fault in checked(sealing).faults] == [
        "no audit entry says that anybody opened delivery 1"
    ]


def say(delivery_id: int, **said: str) -> None:
    """What the outlet of a delivery says became of it."""
    with ledger.write() as connection:
        publications.note(connection, [(delivery_id, read_publication(said))], NOW + 90)


def test_what_outlets_say_is_sealed_also_when_they_say_it_late(sealing: Sealing, book: Engine) -> None:
    receivers(outlet("a"), outlet("b"))
    render(take())
    finish(*map(result, claim()))
    say(1, status="published", url="https://a.example/1")
    seal(sealing)
    assert (checked(sealing).faults, checked(sealing).publications) == ([], 1)
    say(2, status="accepted")
    found = checked(sealing)
    assert (found.faults, found.publications, found.unsealed_releases) == ([], 1, 1)
    assert seal(sealing, NOW + 5000) == 1
    found = checked(sealing)
    assert (found.faults, found.publications, found.unsealed_releases) == ([], 2, 0)
    execute(book, "UPDATE publications SET url = 'https://a.example/2' WHERE id = 1")
    assert (
        "what its outlet said of delivery 1 (to a in en) was edited after it was sealed" in checked(sealing).faults[0]
    )
    execute(book, "DELETE FROM publications WHERE id = 1")
    assert "what its outlet said of delivery 1 was deleted after it was sealed" in checked(sealing).faults[0]
    execute(book, "INSERT INTO publications (id, delivery_id, at, said_at, status) VALUES (9, 2, 5, 5, 'rejected')")
    assert "of delivery 2 (to b in en) was put in after all of its release was sealed" in checked(sealing).faults[0]


TAMPERED = {
    "a state": (
        "UPDATE deliveries SET state = 'delivered' WHERE outlet_id = 'no'",
        "delivery 2 (to no in en) was edited",
    ),
    "a time": (
        "UPDATE deliveries SET ended_at = ended_at - 0.001 WHERE outlet_id = 'has'",
        "delivery 1 (to has in en) was",
    ),
    "a reason": ("UPDATE deliveries SET reason = 'x' WHERE outlet_id = 'no'", "delivery 2 (to no in en) was edited"),
    "the release of it": ("UPDATE releases SET uri = 'urn:other'", "delivery 1 (to has in en) was edited"),
    "opened by hand": ("UPDATE deliveries SET state = 'due' WHERE outlet_id = 'no'", "it says due now"),
    "an attempt": (
        "UPDATE attempts SET verdict = 'failed' WHERE delivery_id = 1",
        "attempt 1 at delivery 1 (to has in en)",
    ),
    "an attempt gone": ("DELETE FROM attempts WHERE delivery_id = 1", "attempt 1 at delivery 1 was deleted"),
    "an attempt put in": (
        "INSERT INTO attempts (delivery_id, attempt, verdict, started_at, seconds) VALUES (1, 0, 'failed', 1, 1)",
        "attempt 0 at delivery 1 (to has in en) was put in",
    ),
    "exchanged": (
        "UPDATE deliveries SET outlet_id = CASE outlet_id WHEN 'has' THEN 'fresh' ELSE outlet_id END",
        "delivery 1 (to fresh in en) was edited",
    ),
    "an entry": ("UPDATE audit SET actor = 'nobody' WHERE id = 1", "audit entry 1 was edited"),
    "an entry gone": ("DELETE FROM audit WHERE id = 1", "audit entry 1 was deleted"),
    "the last entry gone": (
        "DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)",
        "was deleted after it was sealed",
    ),
    "entries in another order": (
        "UPDATE audit SET id = CASE id WHEN 1 THEN -2 ELSE -1 END WHERE id < 3; UPDATE audit SET id = -id WHERE id < 0",
        "audit entry 1 was edited",
    ),
    "an entry put in": (
        "INSERT INTO audit (id, at, role, actor, act, subject) VALUES (99, 5, 'process', 'x', 'engine.wake', 'x')",
        "audit entry 99 was put in later",
    ),
    "a statement": ("UPDATE seals SET statement = replace(statement, 'count', 'c0unt') WHERE id = 1", "seal 1"),
    "a hash": ("UPDATE seals SET hash = 'x' WHERE id = 1", "seal 1"),
    "leaves": (
        "UPDATE seals SET leaves = (SELECT leaves FROM seals WHERE id = 2) WHERE id = 1",
        "its leaves and its state",
    ),
    "a seal gone": ("DELETE FROM seals WHERE id = 1", "seal 1 is missing from the chain"),
    "seals exchanged": (
        "UPDATE seals SET id = CASE id WHEN 1 THEN -2 ELSE -1 END WHERE id < 3; UPDATE seals SET id = -id WHERE id < 0",
        "was put in another one's place",
    ),
    "seals of no release": (
        "UPDATE seals SET release_id = NULL; UPDATE deliveries SET state = 'delivered' WHERE outlet_id = 'no'",
        "is not kept with what it seals",
    ),
    "seals of a release that is not there": (
        "UPDATE seals SET release_id = 99, leaves = NULL WHERE release_id IS NOT NULL",
        "was put to another release",
    ),
    "leaves of entries gone": (
        "UPDATE seals SET leaves = NULL WHERE kind = 'audit'; UPDATE audit SET actor = 'nobody' WHERE id = 1",
        "has lost its leaves",
    ),
    "the moment of entries gone": (
        "UPDATE seals SET until = NULL WHERE kind = 'audit'; UPDATE audit SET actor = 'nobody' WHERE id = 1",
        "is not kept with what it seals",
    ),
    "the moment of entries": (
        "UPDATE seals SET until = 5 WHERE kind = 'audit'",
        "does not end with the last of its audit entries",
    ),
    "leaves of deliveries gone": (
        "UPDATE seals SET leaves = NULL WHERE kind = 'deliveries'; UPDATE deliveries SET reason = 'x'",
        "v1 has lost its leaves, and no audit entry says that retention took them",
    ),
    "leaves of texts gone": (
        "UPDATE seals SET leaves = NULL WHERE kind = 'texts'; UPDATE translations SET document = 'x'",
        "v1 has lost its leaves, and no audit entry says that retention took them",
    ),
    "seals of texts that are said to be others": ("UPDATE seals SET kind = 'deliveries'", "put in another one's place"),
    "a release's text": (
        "UPDATE releases SET document = replace(document, 'Porto', 'Faro')",
        "the release itself was edited",
    ),
    "its embargo": ("UPDATE releases SET embargo_until = 5", "the release itself was edited"),
    "its sender": ("UPDATE releases SET sent_by = 'nobody'", "the release itself was edited"),
    "a translation": (
        "UPDATE translations SET document = replace(document, 'Porto', 'Faro')",
        "its translation into en was edited",
    ),
    "who approved it": ("UPDATE translations SET approved_by = 'Ann'", "its translation into en was edited"),
    "a translation made a draft": ("UPDATE translations SET status = 'draft'", "its translation into en was edited"),
    "a translation gone": ("DELETE FROM translations", "its translation into en was deleted"),
    "a translation put in": (
        "UPDATE releases SET seal_at = NULL; INSERT INTO translations (release_id, language, state, hint_at, "
        "lease_until, attempt, document) SELECT release_id, 'de', state, 0, 0, 0, document FROM translations",
        "its translation into de was put in after all of its release was sealed",
    ),
    "a rendition": ("UPDATE renditions SET sha256 = 'x'", "its rendition in en as ninjs was edited"),
    "its moment": ("UPDATE renditions SET made_at = made_at + 1", "its rendition in en as ninjs was edited"),
    "wanted anew": ("UPDATE renditions SET state = 'wanted'", "its rendition in en as ninjs was edited"),
    "its bytes": (
        "UPDATE renditions SET body = (SELECT leaves FROM seals WHERE id = 1)",
        "the bytes of its rendition in en as ninjs were edited",
    ),
    "its bytes gone": ("UPDATE renditions SET body = NULL", "the bytes of its rendition in en as ninjs were deleted"),
    "a rendition gone": ("DELETE FROM renditions", "its rendition in en as ninjs was deleted"),
    "an entry put in before all others": (
        "INSERT INTO audit (id, at, role, actor, act, subject) VALUES (99, -5, 'process', 'x', 'engine.wake', 'x')",
        "audit entry 99 was put in later",
    ),
}


def test_what_is_changed_after_it_was_sealed_is_found(sealing: Sealing, book: Engine) -> None:
    three()
    receivers(outlet("fresh"))
    noted()
    noted()
    seal(sealing)
    assert checked(sealing).faults == []
    found = {}
    for what, (statements, _) in TAMPERED.items():
        with book.connect() as connection, connection.begin() as transaction:
            tamper(connection, *statements.split("; "))
            found[what] = chain.verify(connection, [KEY.public]).faults
            transaction.rollback()
    missed = {
        what: found[what] for what, (_, where) in TAMPERED.items() if not any(where in fault for fault in found[what])
    }
    assert missed == {}
    assert checked(sealing).faults == []


def changed(sealing: Sealing) -> tuple[list[str], int, int]:
    found = checked(sealing)
    return found.faults, found.texts, found.changed_texts


def test_an_approval_an_import_and_an_embargo_explain_one_change_of_their_text_each(
    sealing: Sealing, book: Engine
) -> None:
    receivers(outlet("a", languages=["zh-Hant"]))
    number = take(**CHINESE)
    make(number, "zh-Hant")
    seal(sealing)
    assert changed(sealing) == ([], 3, 0), "the release, its translation and its rendition"
    review.approve(number, "zh-Hant", "Ann")
    assert changed(sealing) == ([], 1, 2)
    make(number, "zh-Hant")
    assert changed(sealing) == ([], 1, 2)
    seal(sealing, NOW + 5000)
    assert changed(sealing) == ([], 3, 0)
    execute(book, "UPDATE translations SET approved_by = 'Bob' WHERE language = 'zh-Hant'")
    seal(sealing, NOW + 50_000)
    assert changed(sealing)[0] == [f"{URI} v1: its translation into zh-Hant was edited after it was sealed"]
    with ledger.read() as connection:
        notice = connection.execute(text("SELECT text FROM notices")).scalar_one()
    assert notice.startswith(f"1 sealed text of {URI} v1 changed, and Fanwire has not changed that; the first is its")


def test_an_entry_explains_no_change_of_another_text(sealing: Sealing, book: Engine) -> None:
    number = three()
    seal(sealing)
    with ledger.write() as connection:
        audit.record(
            connection, audit.of_release(Act.APPROVE, URI, 1, "de"), audit.of_release(Act.APPROVE, URI, 2, "en")
        )
        audit.record(connection, audit.of_release(Act.MOVE_EMBARGO, URI, 1))
    execute(
        book,
        "UPDATE translations SET document = 'x'",
        f"UPDATE renditions SET sha256 = 'x' WHERE release_id = {number}",
    )
    found = checked(sealing)
    assert [fault for fault in found.faults if "edited" in fault and "bytes" not in fault] == [
        f"{URI} v1: its translation into en was edited after it was sealed"
    ]
    assert found.changed_texts == 1, "the rendition says when the embargo ends"


def test_what_is_built_although_nobody_waits_for_it_any_more_breaks_nothing(sealing: Sealing) -> None:
    receivers(outlet("a"))
    number = take()
    with ledger.write() as connection:
        [key] = rendition_rows.unmade(connection, TranslationKey(number, "en"))
        attempt = artifacts.claim(connection, key, now=NOW, lease=900)
        assert attempt
    take(version=2, status="canceled", body_html=None)
    seal(sealing, NOW + 100)
    with ledger.read() as connection:
        assert not seals.all_sealed(connection, number), "somebody builds it"
    seal(sealing, NOW + 2000)
    with ledger.read() as connection:
        assert seals.all_sealed(connection, number)
    with ledger.write() as connection:
        rendition_rows.finish(connection, key, attempt=attempt, now=NOW + 2000, **BYTES)
    assert checked(sealing).faults == []
    seal(sealing, NOW + 2001)
    with ledger.read() as connection:
        assert seals.all_sealed(connection, number)
    assert checked(sealing).faults == []


def test_a_release_of_before_texts_were_sealed_is_counted(sealing: Sealing, book: Engine) -> None:
    three()
    seal(sealing)
    execute(book, "DELETE FROM seals WHERE kind = 'texts'")
    assert checked(sealing).without_texts == 1


def test_a_release_that_somebody_keeps_from_being_sealed_is_sealed_or_found(sealing: Sealing, book: Engine) -> None:
    three()
    execute(book, "UPDATE releases SET seal_at = NULL")
    assert checked(sealing).faults == [
        f"{URI} v1: nothing of it is sealed, although it is said to be sealed as a whole"
    ]
    execute(book, f"UPDATE releases SET seal_at = {NOW + 1e6}")
    assert seal(sealing) == 3
    assert checked(sealing).faults == []


def test_a_delivery_that_is_deleted_before_it_has_ended_is_found(sealing: Sealing, book: Engine) -> None:
    three()
    seal(sealing)
    execute(
        book,
        "DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE outlet_id = 'silent')",
        "DELETE FROM deliveries WHERE outlet_id = 'silent'",
    )
    assert checked(sealing).faults == [f"{URI} v1: its 2 deliveries are not those 3 that were planned"]


@pytest.mark.parametrize("edit", ["leaves = 'x'", "form = 99"])
def test_a_seal_that_somebody_makes_unreadable_is_found_and_keeps_nothing_else_from_being_sealed(
    sealing: Sealing, book: Engine, edit: str
) -> None:
    three()
    seal(sealing)
    execute(book, f"UPDATE seals SET {edit}", "UPDATE releases SET seal_at = 0")
    assert checked(sealing).faults
    take(uri="urn:other")
    sealer._progress.audit_due = 0.0
    assert seal(sealing, NOW + 5000) == 3, "of audit entries, and of the texts and deliveries of the other one"
    with ledger.read() as connection:
        notice = connection.execute(text("SELECT text FROM notices")).scalar_one()
    assert notice.startswith("seal 3 cannot be read: ")
    assert f"; nothing more of {URI} v1 is sealed until it can be" in notice


@pytest.mark.parametrize("new", ["{", "[]", '{"seals": 5, "took": 3}', '{"seals": [[1]], "took": []}', "[" * 100_000])
@pytest.mark.parametrize("of", [(URI, 1), (URI, None), (None, None)])
def test_an_entry_that_somebody_puts_in_ends_neither_the_check_nor_the_sealing(
    sealing: Sealing, book: Engine, of: tuple[str | None, int | None], new: str
) -> None:
    three()
    seal(sealing)
    put_in = "INSERT INTO audit (at, role, actor, act, subject, uri, version, new) VALUES (:at, 'x', 'x', :act, 'x', "
    with book.begin() as connection:  # which no trigger refuses
        for act in Act:
            said = {"at": NOW, "act": act.value, "uri": of[0], "version": of[1], "new": new}
            connection.execute(text(f"{put_in} :uri, :version, :new)"), said)
        connection.execute(text("UPDATE releases SET seal_at = 0"))
    checked(sealing)
    take(uri="urn:other")
    sealer._progress.audit_due = 0.0
    assert seal(sealing, NOW + 5000) >= 3, "of audit entries, and of the texts and deliveries of the other one"
    checked(sealing)
    with ledger.read() as connection:
        assert audit.latest(connection, audit.Wanted(), limit=3)


RECORDS = {
    "a legal hold gone": ("DELETE FROM legal_holds", "the legal hold of urn:b was deleted: no audit entry ends it"),
    "its reason": ("UPDATE legal_holds SET reason = 'x'", "the legal hold of urn:b was edited or put in"),
    "a legal hold put in": (
        "INSERT INTO legal_holds (uri, since, reason, \"by\") VALUES ('urn:c', 1, 'x', 'x')",
        "the legal hold of urn:c was edited or put in",
    ),
    "an archive file gone": ("DELETE FROM archives", "the row of the archive file of urn:b was deleted"),
    "another archive file": (
        "UPDATE archives SET sha256 = 'y'",
        "the row of the archive file of urn:b was edited or put",
    ),
    "an archive file put in": (
        "INSERT INTO archives SELECT 'urn:c', name, sha256, bytes, newest, deliveries, 1, NULL FROM archives",
        "the row of the archive file of urn:c was edited or put in",
    ),
}


def test_archive_files_and_legal_holds_are_what_their_audit_entries_say(sealing: Sealing, book: Engine) -> None:
    with ledger.write() as connection:
        legal_holds.put(connection, "urn:a", 1, "case 4711")
        legal_holds.end(connection, "urn:a", 1)
        legal_holds.put(connection, "urn:b", 1, "case 4712")
        said = {"sha256": "x" * 64, "deliveries": 1}
        row = {"uri": "urn:b", "name": "b.gz", "bytes": 1, "newest": 1, "archived_at": NOW, **said}
        archive_rows.keep(connection, row)
        audit.record(connection, audit.of_release(Act.ARCHIVE, "urn:b", 1, new={"file": "b.gz", **said}))
    assert checked(sealing).faults == []
    for statement, where in RECORDS.values():
        with book.connect() as connection, connection.begin() as transaction:
            tamper(connection, statement)
            assert any(where in fault for fault in chain.verify(connection, [KEY.public]).faults), statement
            transaction.rollback()


def test_retention_of_what_is_in_no_archive_file_is_a_finding(sealing: Sealing) -> None:
    number = three()
    seal(sealing)
    with ledger.write() as connection:
        seals.entomb(connection, [number], Took.DELIVERIES)
    assert checked(sealing).faults == [
        f"audit entry 2: retention took deliveries of {URI} v1, and no entry before says that it was archived"
    ]


def test_a_delivery_that_is_deleted_or_put_in_is_found(sealing: Sealing, book: Engine) -> None:
    receivers(outlet("a"), outlet("b"), outlet("c"))
    number = take()
    render(number)
    finish(*map(result, claim()))
    seal(sealing, NOW + 100)
    execute(book, "DELETE FROM attempts WHERE delivery_id = 3", "DELETE FROM deliveries WHERE id = 3")
    assert [fault.partition(": ")[2] for fault in checked(sealing).faults] == [
        "its 2 deliveries are not those 3 that were planned",
        "delivery 3 was deleted after it was sealed",
        "attempt 1 at delivery 3 was deleted after it was sealed",
    ]
    columns = "release_id, language, format, version, urgency, state, approval, attempt, tries"
    execute(
        book,
        f"INSERT INTO deliveries (id, outlet_id, {columns}) SELECT 77, 'c', {columns} FROM deliveries WHERE id = 1",
    )
    assert (
        "delivery 77 (to c in en) was put in or ended after all of its release was sealed" in checked(sealing).faults[0]
    )
    execute(book, "UPDATE releases SET seal_at = 0")
    seal(sealing, NOW + 5000)
    assert [fault.partition(": ")[2] for fault in checked(sealing).faults] == [
        "its 3 deliveries are not those 3 that were planned",
        "delivery 3 was deleted after it was sealed",
        "attempt 1 at delivery 3 was deleted after it was sealed",
    ], "to be sealed makes no delivery a planned one"


@pytest.mark.parametrize("also", ["", "INSERT INTO attempts (delivery_id, attempt, verdict, code, started_at, seconds) "
                                   "VALUES (2, 3, 'delivered', 'http_200', 1, 1)"])  # fmt: skip
def test_an_edit_that_is_made_to_look_like_a_return_is_found(sealing: Sealing, book: Engine, also: str) -> None:
    """What comes back of a delivery ends it as it says, and makes no delivery of what was rejected."""
    three()
    seal(sealing)
    execute(
        book,
        "INSERT INTO attempts (delivery_id, attempt, verdict, code, started_at, seconds) "
        "VALUES (2, 2, 'failed', 'bounced', 1, 0)",
        also or "SELECT 1",
        f"UPDATE deliveries SET attempt = {3 if also else 2}, state = 'delivered', verdict = 'delivered', "
        "code = 'http_200' WHERE outlet_id = 'no'",
        "UPDATE releases SET seal_at = 0",
    )
    assert "delivery 2 (to no in en) was edited" in checked(sealing).faults[0]
    seal(sealing, NOW + 5000)
    assert "delivery 2 (to no in en) was edited" in checked(sealing).faults[0]


def test_what_was_edited_does_not_become_true_by_being_sealed_anew(sealing: Sealing, book: Engine) -> None:
    three()
    seal(sealing)
    execute(book, "UPDATE deliveries SET state = 'delivered' WHERE outlet_id = 'no'", "UPDATE releases SET seal_at = 0")
    seal(sealing, NOW + 5000)
    assert "was edited" in checked(sealing).faults[0]
    with ledger.read() as connection:
        notice = connection.execute(text("SELECT kind, text FROM notices")).one()
    assert notice.kind == "edited"
    assert notice.text.startswith(f"1 sealed delivery of {URI} v1 says something else than when it was sealed")


def test_a_chain_that_was_signed_anew_is_found_by_its_key_and_by_who_kept_a_seal(
    sealing: Sealing, book: Engine, tmp_path: Path
) -> None:
    three()
    seal(sealing)
    kept = json.loads(sealing.head.read_text())
    execute(book, "DELETE FROM seals", "UPDATE deliveries SET state = 'delivered'", "UPDATE releases SET seal_at = 0")
    seal(Sealing(OTHER, tmp_path / "other.head"), NOW + 5000)
    assert f"is signed with a key that is not known, {OTHER.public}" in checked(sealing).faults[0]
    anchor = Anchor(kept["seal"], kept["hash"], "report.html")
    assert (
        "seal 3 is another one than report.html has kept" in checked(sealing, OTHER.public, anchors=(anchor,)).faults[0]
    )


def test_a_chain_whose_end_was_cut_off_is_found_by_who_kept_a_seal(sealing: Sealing, book: Engine) -> None:
    three()
    seal(sealing)
    noted()
    sealer._progress.audit_due = 0.0
    seal(sealing)
    kept = json.loads(sealing.head.read_text())
    assert kept["seal"] == 4
    assert checked(sealing, anchors=(Anchor(4, kept["hash"], "seals.head"),)).anchors == ["seals.head"]
    execute(book, "DELETE FROM seals WHERE id = 4", "DELETE FROM audit WHERE act = 'engine.wake'")
    found = checked(sealing, anchors=(Anchor(4, kept["hash"], "seals.head"),))
    assert found.faults == ["the chain ends with seal 3, and seals.head has kept seal 4"]


def test_the_chain_holds_after_rows_were_pruned(sealing: Sealing, book: Engine) -> None:
    number = three()
    noted()
    seal(sealing)
    with ledger.write() as connection:
        seals.entomb(connection, [number], Took.ATTEMPTS)
    execute(book, "DELETE FROM attempts", "DELETE FROM deliveries WHERE state <> 'due'")
    found = checked(sealing)
    assert (found.faults, found.pruned, found.seals) == ([], 1, 3)


def test_a_worker_that_disables_an_outlet_is_on_record_and_sealed(sealing: Sealing) -> None:
    receivers(outlet("a"))
    with ledger.write() as connection:
        disable(connection, ["a"], "gone", "a", "410 Gone")
    seal(sealing)
    assert checked(sealing).entries == 1
