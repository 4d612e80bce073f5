"""Retention takes what the policy no longer keeps and nothing else; what it has archived is read, and comes back."""

from __future__ import annotations

import gzip
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select, update

from tasks import ledger, planning
from tasks.ledger import (
    archive_rows,
    audit,
    deliveries,
    feed_rows,
    media_rows,
    notices,
    publications,
    refusals,
    releases,
    retained_rows,
)
from tasks.ledger.media_rows import StoredFile, StoredSize
from tasks.ledger.releases import Outcome
from tasks.ledger.schema import (
    attempts,
    feed_entries,
    media_files,
    media_removals,
    release_media,
    renditions,
    translations,
)
from tasks.ledger.schema import releases as release_table
from tasks.media_store.folder_store import Folder
from tasks.model.acts import Act
from tasks.model.publication import read_publication
from tasks.model.release import Release
from tasks.model.retention_policy import DAY, RetentionPolicy, Stage
from tasks.model.states import State, Verdict
from tasks.operations import chain, kill, replay, report, sealer
from tasks.operations.report_documents import written
from tasks.operations.retention import archive_file, archived, legal_holds, retention_run
from tasks.operations.retention.eligibility import Kept
from tasks.operations.retention.pace import Pace
from tasks.operations.sealer import Sealing
from tasks.runtime.errors import NotPossible
from tasks.runtime.seal_key import SealKey
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, states, take
from tests.support.samples import URI, outlet, release

on_both, on_sqlite = pytest.mark.usefixtures("book"), pytest.mark.usefixtures("sqlite_ledger")
POLICY = RetentionPolicy()


class Wire:
    """Where retention puts and finds files, and its runs; what is final is sealed before each."""

    def __init__(self, folder: Path) -> None:
        self.archive, self.media = Folder(folder / "archive"), Folder(folder / "media")
        self.sealing = Sealing(SealKey("the secret of this wire, long enough"), folder / "seals.head")

    def run(self, days: float, policy: RetentionPolicy = POLICY, **more: Any) -> retention_run.Summary:
        """A run so many days after all was taken."""
        pace = Pace(60, yields=False)
        self.seal(NOW + days * DAY)
        done = retention_run.run(
            policy, archive=self.archive, media=self.media, pace=pace, now=NOW + days * DAY, **more
        )
        assert self.broken() == []
        return done

    def seal(self, now: float) -> None:
        """Seal all that is to be sealed."""
        while sealer.seal(now, self.sealing):
            pass

    def broken(self) -> list[str]:
        """What `fanwire audit --verify` finds."""
        with ledger.read() as connection:
            return chain.verify(connection, [self.sealing.key.public]).faults

    def content(self, uri: str = URI) -> bytes:
        with ledger.read() as connection:
            row = archive_rows.get(connection, uri)
        assert row is not None
        return archived.content_of(row, self.archive)


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    sealer._progress.__init__()  # type: ignore[misc]
    return Wire(tmp_path)


@pytest.fixture
def delivered() -> int:
    """A release that outlet `a` took at the second try, and `b` refused; and a later one, which nobody has yet."""
    receivers(outlet("a"), outlet("b"))
    number = take()
    render(number)
    first, second = claim()
    refused = replace(
        result(second, State.REJECTED), verdict=Verdict.REJECTED, code="http_404", reason="404: no such desk"
    )
    finish(replace(result(first, State.DUE, NOW + 2), reason="503: later"), refused)
    [again] = claim(now=NOW + 3)
    finish(replace(result(again), reason="<p>Thank you</p>", code="http_200"))
    with ledger.write() as connection:
        publications.note(connection, [(again.id, read_publication({"status": "published"}))], NOW + 5)
    take(uri="urn:later")
    return number


def count(table: Table, *where: Any) -> int:
    with ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


def stage(number: int) -> int:
    with ledger.read() as connection:
        return connection.execute(select(release_table.c.retained).where(release_table.c.id == number)).scalar_one()


def as_reported(connection: Any, number: int) -> tuple[str, str, str]:
    found = replace(report.report(connection, number), made_at=0.0)
    as_json, as_csv, as_html = ("".join(written(found, form, "Fanwire")) for form in ("json", "csv", "html"))
    return as_json, as_csv, as_html


@on_both
def test_a_release_loses_one_thing_after_the_other(wire: Wire, delivered: int) -> None:
    policy = RetentionPolicy.model_validate(
        {"days": {"renditions": 60, "answers": 70, "attempts": 80, "deliveries": 90, "releases": 100}}
    )
    assert wire.run(59, policy).taken.total() == 0
    assert (wire.run(61, policy).taken["renditions"], stage(delivered)) == (1, Stage.NO_BYTES)
    assert count(renditions, renditions.c.body.is_not(None), renditions.c.release_id == delivered) == 0
    assert (wire.run(71, policy).taken["answers"], stage(delivered)) == (3, Stage.NO_ANSWERS)
    assert count(attempts, attempts.c.detail.is_not(None)) == 0
    assert (wire.run(81, policy).taken["attempts"], stage(delivered)) == (2, Stage.ARRIVED_ONLY)
    assert count(attempts) == 1
    assert states(delivered) == {"delivered": 1, "rejected": 1}
    done = wire.run(91, policy)
    assert (done.taken["archived"], done.taken["deliveries"], stage(delivered)) == (1, 2, Stage.NO_DELIVERIES)
    assert done.finished
    assert states(delivered) == {}
    assert count(translations, translations.c.release_id == delivered) == 1
    assert (wire.run(101, policy).taken["texts"], stage(delivered)) == (1, Stage.NO_TEXTS)
    with ledger.read() as connection:
        left = releases.get(connection, delivered)
    assert (left.headline, left.translations) == (release().headline, {})
    assert "Porto" not in (left.body_html or "")
    assert wire.run(200, policy).taken.total() == 0
    with ledger.read() as connection:
        took = [entry["new"] for entry in audit.latest(connection, audit.Wanted(act=Act.RETAIN), 50)]
    assert [one["took"] for one in took] == ["texts", "the texts of answers", "the bytes of renditions"]
    assert [len(one.get("seals", ())) for one in took] == [1, 1, 0]


@on_both
def test_by_the_defaults_the_archive_file_has_all_and_the_report_is_the_same(wire: Wire, delivered: int) -> None:
    wire.run(119)
    with ledger.read() as connection:
        before = as_reported(connection, delivered)
        tried = connection.execute(select(attempts).order_by(attempts.c.delivery_id, attempts.c.attempt)).all()
        acts = audit.latest(connection, audit.Wanted(uri=URI), 50)
    wire.run(121)
    assert count(attempts) == 0
    with archived.as_ledger(wire.content()) as connection:
        assert as_reported(connection, delivered) == before
        assert connection.execute(select(attempts).order_by(attempts.c.delivery_id, attempts.c.attempt)).all() == tried
        assert audit.latest(connection, audit.Wanted(uri=URI), 50) == acts
    with ledger.read() as connection:
        [newest] = audit.latest(connection, audit.Wanted(uri=URI, act=Act.ARCHIVE), 50)
        row = archive_rows.get(connection, URI)
    assert newest["new"]["sha256"] == row.sha256
    assert row.name == "2027-01/" + row.name[8:]


@on_sqlite
def test_what_is_open_held_unplanned_or_last_stays(wire: Wire, delivered: int) -> None:
    with ledger.write() as connection:
        legal_holds.put(connection, URI, 1, "a court asked for it")
        releases.take(connection, release(uri="urn:unplanned"), NOW)
    render(take(uri="urn:last"))
    finish(*map(result, claim()))  # of the later release nothing is rendered, so its deliveries are held
    done = wire.run(500)
    assert done.kept == {Kept.LEGAL_HOLD: 1, Kept.OPEN: 1, Kept.UNPLANNED: 1, Kept.NEWEST: 1}
    assert (states(delivered), done.taken["deliveries"]) == ({"delivered": 1, "rejected": 1}, 0)
    with ledger.write() as connection:
        legal_holds.end(connection, URI, 1)
    assert wire.run(500).taken["archived"] == 1


@on_sqlite
def test_a_newer_version_and_an_embargo_keep_a_release(wire: Wire, delivered: int) -> None:
    with ledger.write() as connection:
        releases.take(connection, release(version=2), NOW + 100 * DAY)
        connection.execute(
            update(release_table).where(release_table.c.uri == URI).values(planned_at=NOW)
        )  # so that only its age keeps it
    assert wire.run(150).kept[Kept.YOUNGER] == 1
    assert count(attempts) == 3  # they go with the deliveries, so that the file has them
    assert wire.run(221).taken["archived"] == 1
    with ledger.write() as connection:
        number = releases.take(connection, release(uri="urn:embargoed"), NOW).release_id
        late = {"planned_at": NOW, "embargo_until": NOW + 300 * DAY}
        connection.execute(update(release_table).where(release_table.c.id == number).values(late))
    wire.run(299)
    assert stage(number) == Stage.WHOLE


@on_sqlite
def test_customers_keep_theirs_longer_or_shorter(wire: Wire, delivered: int) -> None:
    longer = {"customers": [{"issuer": "acme  ROBOTICS", "days": {"deliveries": 300}}]}
    policy = RetentionPolicy.model_validate(longer)
    assert wire.run(200, policy).taken["archived"] == 0
    assert wire.run(301, policy).taken["archived"] == 1


@on_both
def test_what_comes_after_the_archive_is_refused_until_it_is_restored(wire: Wire, delivered: int) -> None:
    wire.run(121)
    with ledger.write() as connection:
        assert (
            releases.take(connection, release(), NOW).outcome is Outcome.KNOWN
        )  # sent again, it is not published anew
        assert releases.take(connection, release(version=2), NOW).outcome is Outcome.ARCHIVED
        with pytest.raises(NotPossible, match="fanwire retention restore"):
            kill.kill(connection, releases.get(connection, delivered))
    wire.run(401)
    assert stage(delivered) == Stage.NO_TEXTS
    with ledger.write() as connection:
        assert archived.restore(connection, URI, wire.archive, NOW + 401 * DAY) == 2
    assert wire.run(401).taken["archived"] == 0  # it waits some days for the kill
    with ledger.write() as connection:
        assert releases.get(connection, delivered) == Release.model_validate(release().model_dump())
        assert deliveries.may_have(connection, URI, 2) == {"a": ["en"]}
        killed = kill.kill(connection, releases.get(connection, delivered), "Wrong company")
        row = releases.find(connection, URI)
        acts = [entry["act"] for entry in audit.latest(connection, audit.Wanted(uri=URI), 2)]
    planning.plan(row.id)
    assert (killed.version, acts) == (2, [Act.KILL, Act.RESTORE])
    assert states(row.id) == {"held": 1}


@on_sqlite
def test_a_restored_release_goes_again_with_its_correction(wire: Wire, delivered: int) -> None:
    wire.run(121)
    first = wire.content()
    with ledger.write() as connection:
        archived.restore(connection, URI, wire.archive, NOW + 121 * DAY)
        releases.take(connection, release(version=2), NOW + 121 * DAY)
        connection.execute(update(release_table).where(release_table.c.version == 2).values(planned_at=NOW))
    assert wire.run(130).kept[Kept.YOUNGER] == 1
    assert wire.run(250).taken["archived"] == 1
    assert archive_file.header(first).versions == (1,)
    assert archive_file.header(wire.content()).versions == (1, 2)
    assert len(list(wire.archive.path.rglob("*.gz"))) == 1


@on_sqlite
def test_what_happened_while_the_file_was_written_keeps_the_release(
    wire: Wire, delivered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = wire.archive.write

    def meanwhile(*arguments: Any) -> None:
        write(*arguments)
        with ledger.write() as connection:
            replay.replay(connection, releases.find(connection, URI), None, states=[State.REJECTED])

    monkeypatch.setattr(Folder, "write", lambda _, *arguments: meanwhile(*arguments))
    monkeypatch.setattr("tasks.operations.retention.pace.PATIENCE", 0.0)  # for what is due now, which nobody sends here
    assert wire.run(121).taken["archived"] == 0
    assert states(delivered) == {"delivered": 1, "due": 1}


@on_sqlite
def test_a_run_that_broke_off_after_archiving_is_gone_on_with(wire: Wire, delivered: int) -> None:
    wire.run(121)
    with ledger.write() as connection:
        archived.restore(connection, URI, wire.archive, NOW + 121 * DAY)
        retained_rows.mark(connection, [delivered], Stage.ARCHIVED)  # as it stood before its rows were taken
        assert deliveries.replay(connection, NOW, states=[State.REJECTED], release_id=delivered).count == 0
    assert wire.run(1).taken["deliveries"] == 2
    assert stage(delivered) == Stage.NO_DELIVERIES


@on_sqlite
def test_who_says_that_a_release_is_archived_does_not_have_it_deleted(wire: Wire, delivered: int) -> None:
    with ledger.write() as connection:
        retained_rows.mark(connection, [delivered], Stage.ARCHIVED)
    done = wire.run(500)
    assert (done.kept[Kept.NOT_ARCHIVED], done.taken["deliveries"]) == (1, 0)
    assert states(delivered) == {"delivered": 1, "rejected": 1}


@on_sqlite
def test_a_replay_has_the_bytes_built_anew(wire: Wire, delivered: int) -> None:
    wire.run(61)
    with ledger.write() as connection:
        deliveries.replay(connection, NOW, states=[State.REJECTED], release_id=delivered)
    assert claim() == []  # it waits for its rendition
    assert states(delivered) == {"delivered": 1, "held": 1}
    assert render(delivered) == 1
    assert len(claim()) == 1


@on_sqlite
def test_a_file_that_was_changed_is_not_believed(wire: Wire, delivered: int) -> None:
    wire.run(121)
    [file] = wire.archive.path.rglob("*.gz")
    whole = file.read_bytes()
    lines = gzip.decompress(whole).splitlines(keepends=True)
    lost = next(n for n, line in enumerate(lines) if b'"attempts"' in line) + 1
    file.write_bytes(gzip.compress(b"".join(lines[:lost] + lines[lost + 1 :])))
    with pytest.raises(NotPossible, match="was changed"):
        wire.content()
    with pytest.raises(NotPossible, match="is not whole"):
        list(archive_file.rows(file.read_bytes()))
    with pytest.raises(NotPossible, match="cannot be read"):
        list(archive_file.rows(whole[:-20]))
    file.unlink()
    with pytest.raises(NotPossible, match="cannot be read"):
        wire.content()


@on_both
def test_feeds_lose_their_entries(wire: Wire) -> None:
    receivers(outlet("desk", url="pull:"))
    number = take()
    render(number)
    finish(*map(result, claim()))
    with ledger.write() as connection:
        feed_rows.put(connection, "desk", URI, 1, "en", NOW)
    assert wire.run(61).taken["feed entries"] == 1
    assert count(feed_entries) == 0


@on_both
def test_refusals_and_notices_go_by_their_age(wire: Wire) -> None:
    with ledger.write() as connection:
        for day in (0, 50, 100):
            refusals.keep(connection, b"x", "no", NOW + day * DAY)
            notices.add(connection, "gone", "a", "gone", NOW + day * DAY)
    done = wire.run(141)
    assert (done.taken["refusals"], done.taken["notices"]) == (2, 2)
    with ledger.read() as connection:
        assert [row["received_at"] for row in refusals.latest(connection, 9)] == [NOW + 100 * DAY]


@on_both
def test_files_that_no_release_has_leave_the_store_an_hour_later(wire: Wire, delivered: int) -> None:
    small, large, used = "1" * 64, "2" * 64, "3" * 64
    for sha256 in (small, large, used):
        wire.media.put(BytesIO(b"x"), sha256, "image/png")
    size = StoredSize(width=1, height=1, sha256=small, content_type="image/png", bytes=1)
    with ledger.write() as connection:
        for sha256, sizes in ((large, (size,)), (used, ())):
            file = StoredFile(sha256=sha256, content_type="image/png", bytes=1, sizes=sizes)
            media_rows.keep(connection, file, now=NOW, by="test")
        connection.execute(
            release_media.insert().values(
                release_id=delivered, item="hall", type="picture", state="stored", sha256=used, first_due_at=0,
                due_at=0, hint_at=0,
            )
        )  # fmt: skip
    policy = RetentionPolicy.model_validate({"days": {"releases": 500}})
    assert wire.run(401, policy).taken["media"] == 1
    assert wire.media.size(large) == 1
    with ledger.write() as connection:  # the same picture came again within the hour
        file = StoredFile(sha256=small, content_type="image/png", bytes=1)
        media_rows.keep(connection, file, now=NOW + 401 * DAY, by="test")
    assert wire.run(402, policy).taken["media files"] == 1
    assert [wire.media.size(sha256) for sha256 in (small, large, used)] == [1, None, 1]
    assert (count(media_files), count(media_removals)) == (2, 0)


@on_sqlite
def test_a_run_stops_when_it_is_asked_to_and_when_a_rendition_could_be_built(wire: Wire, delivered: int) -> None:
    for pace in (Pace(60, stopping=lambda: True), Pace(-1), Pace(60)):  # of the later release a rendition is wanted
        done = retention_run.run(POLICY, archive=wire.archive, media=wire.media, pace=pace, now=NOW + 121 * DAY)
        assert not done.finished
    assert stage(delivered) == Stage.WHOLE


@on_sqlite
def test_bulks_follow_what_the_last_one_took() -> None:
    pace = Pace(60)
    sizes = []
    for took in (0.001, 0.001, 0.006, 0.010, 0.050, 0.5, 0.5):
        pace._adjust(took)
        sizes.append(pace._size)
    assert sizes == [251, 314, 314, 235, 100, 100, 100]
