"""What a drain reads for a claim: renditions kept while they are as they were made, each with where it came from."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from sqlalchemy import event, update

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.delivery import payloads
from tasks.ledger import deliveries, outlets, releases, rendition_rows, translation_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.deliveries import Claim
from tasks.ledger.schema import renditions, translations
from tasks.model.states import State, Verdict
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.samples import outlet, release

pytestmark = pytest.mark.usefixtures("book", "_nothing_kept")
FORMATS = ("html", "newsmlg2", "ninjs", "text")


@pytest.fixture
def _nothing_kept() -> None:
    payloads.forget_renditions()


@pytest.fixture
def claims() -> list[Claim]:
    """Twelve deliveries of one release, claimed: three outlets a format."""
    receivers = [outlet(f"{form}-{n}", format=form) for form in FORMATS for n in range(3)]
    with ledger.write() as connection:
        outlets.put(connection, receivers, time.time())
        number = releases.take(connection, release(), time.time()).release_id
    planning.plan(number, time.time())
    build_renditions(number, "en")
    with ledger.write() as connection:
        return deliveries.claim(connection, "test", now=ledger.now(connection), lease=60, limit=100)


def loaded(claims: list[Claim]) -> list[payloads.Payload]:
    with ledger.read() as connection:
        chunk, broken = payloads.read_payloads(connection, claims)
    assert broken == []
    return chunk


def test_every_format_says_where_it_came_from(claims: list[Claim]) -> None:
    assert [(item.claim.format, item.translation) for item in loaded(claims)] == [
        (claim.format, "source") for claim in claims
    ]
    assert len(claims) == 12


def test_a_text_says_in_which_variant_it_is_written() -> None:
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a", languages=["en"]), outlet("b", languages=["en-US"])], time.time())
        number = releases.take(connection, release(language="en-US"), time.time()).release_id
    planning.plan(number, time.time())
    for language in ("en", "en-US"):
        build_renditions(number, language)
    with ledger.write() as connection:
        claims = deliveries.claim(connection, "test", now=ledger.now(connection), lease=60, limit=100)
    found = {item.claim.language: (item.written_in, item.translation) for item in loaded(claims)}
    assert found == {"en": ("en-US", "source"), "en-US": ("en-US", "source")}


def test_what_is_kept_costs_no_query_for_each_delivery(claims: list[Claim]) -> None:
    loaded(claims)
    asked: list[str] = []
    with ledger.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
        payloads.read_payloads(connection, claims)
    assert len(asked) == 3  # outlets, headings, when renditions were made


def test_what_is_made_anew_is_loaded_anew(claims: list[Claim]) -> None:
    before = {item.claim.format: item.rendition.body for item in loaded(claims)}
    number = claims[0].release_id
    with ledger.write() as connection:
        made = translation_rows.finished(connection, TranslationKey(number, "en"))
        assert made is not None
        approved = made.model_copy(update={"engine": "apertium", "status": "approved", "source": "de"})
        connection.execute(update(translations).values(document=approved.model_dump_json()))
        rendition_rows.rebuild(connection, number, time.time())
    build_renditions(number, "en")
    for item in loaded(claims):
        assert item.translation == 'machine;engine="apertium";status="approved";from="de"'
        assert item.rendition.body != before[item.claim.format]


def test_a_document_that_cannot_be_read_costs_the_header_and_nothing_else(claims: list[Claim]) -> None:
    with ledger.write() as connection:
        connection.execute(update(translations).values(document='{"language": "en", "colour": "red"}'))
    assert {item.translation for item in loaded(claims)} == {None}


def test_without_a_rendition_nothing_is_sent(claims: list[Claim]) -> None:
    with ledger.write() as connection:
        connection.execute(update(renditions).where(renditions.c.format == "text").values(body=None, made_at=None))
    with ledger.read() as connection:
        chunk, broken = payloads.read_payloads(connection, claims)
    assert {item.claim.format for item in chunk} == {"html", "newsmlg2", "ninjs"}
    assert {fault.reason for fault in broken} == {"there is no rendition in en as text"}


def test_room_is_bounded(claims: list[Claim], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "CACHE_BYTES", 1)
    loaded(claims)
    assert len(payloads._cache) == 1
    monkeypatch.setattr(payloads, "CACHE_BYTES", 64 * 1024 * 1024)
    loaded(claims)
    assert len(payloads._cache) == len(FORMATS)


def test_a_later_version_corrects_only_for_whoever_may_have_an_older_one() -> None:
    receivers(outlet("had-it"), outlet("may-have-it"), outlet("refused-it"))
    first = take()
    render(first)
    for done in claim():
        verdict = {"had-it": Verdict.DELIVERED, "may-have-it": Verdict.UNSURE, "refused-it": Verdict.FAILED}
        finish(replace(result(done), verdict=verdict[done.outlet_id], state=State.EXHAUSTED))
    receivers(outlet("new"))
    render(take(version=2, now=NOW + 1))
    with ledger.write() as connection:
        chunk, broken = payloads.read_payloads(
            connection, deliveries.claim(connection, "test", now=NOW + 1, lease=60, limit=100)
        )
    assert broken == []
    actions = {item.outlet.id: item.action for item in chunk}
    assert actions == {"had-it": "correct", "may-have-it": "correct", "refused-it": "publish", "new": "publish"}
    assert [item.earlier_versions for item in chunk if item.action == "correct"] == [(1,), (1,)]
    assert {item.heading.first_received for item in chunk} == {NOW}
    bodies = {item.rendition.body for item in chunk}
    assert len(bodies) == 1  # what differs is a header


def test_a_kill_is_a_kill() -> None:
    receivers(outlet("had-it"))
    render(take())
    finish(*map(result, claim()))
    render(take(version=2, status="canceled"))
    with ledger.write() as connection:
        chunk, _ = payloads.read_payloads(connection, deliveries.claim(connection, "t", now=NOW, lease=60, limit=9))
    assert [item.action for item in chunk] == ["kill"]
