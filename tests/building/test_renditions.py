"""Renditions of a text: written together, and one that fails harms no other."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sqlalchemy import event, select

from tasks import ledger, planning
from tasks.building import renditions
from tasks.formatting import Article, Rendition, make_article, set_article
from tasks.ledger import artifacts, presence, releases
from tasks.ledger.artifacts import RenditionKey
from tasks.ledger.schema import deliveries
from tests.support.delivery_steps import receivers
from tests.support.samples import outlet, release

FORMATS = ("html", "json", "ninjs", "text")

pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture
def planned() -> int:
    """A release that an outlet takes in each of the formats, none of which is built; its number."""
    receivers(*(outlet(format, format=format) for format in FORMATS))
    with ledger.write() as connection:
        number = releases.take(connection, release(), time.time()).release_id
    planning.plan(number)
    return number


def waits() -> dict[str, str]:
    """The state of each delivery, by its format."""
    with ledger.read() as connection:
        rows = connection.execute(select(deliveries.c.format, deliveries.c.state))
        return {row.format: row.state for row in rows}


def test_formats_of_a_text_are_claimed_by_one_transaction_and_written_by_another(planned: int) -> None:
    assert set(waits().values()) == {"held"}
    presence.sign_in()
    begun: list[int] = []

    def note(_connection: Any) -> None:
        begun.append(threading.get_ident())

    event.listen(ledger.sql_engine(), "begin", note)
    assert str(renditions.build_renditions(planned, "en")) == "made"
    event.remove(ledger.sql_engine(), "begin", note)
    assert waits() == dict.fromkeys(FORMATS, "due")
    mine = begun.count(threading.get_ident())  # a thread beside writes beats into PostgreSQL
    assert mine == 3, "a look at what is wanted, claims, results"


def test_a_format_that_fails_holds_its_own_deliveries_only(planned: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(article: Article, format: str) -> Rendition:
        if format == "json":
            raise RuntimeError("no ink left")
        return set_article(article, format)

    monkeypatch.setattr(renditions, "set_article", failing)
    built = renditions.build_renditions(planned, "en")
    assert built.held == {"json": "rendition failed: RuntimeError: no ink left"}
    assert waits() == dict.fromkeys(FORMATS, "due") | {"json": "held"}
    monkeypatch.undo()
    assert renditions.build_renditions(planned, "en").held == {}
    assert waits() == dict.fromkeys(FORMATS, "due")


def test_the_article_is_made_once_for_all_formats(planned: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def noting(*arguments: Any, **more: Any) -> Article:
        made.append(arguments)
        return make_article(*arguments, **more)

    monkeypatch.setattr(renditions, "make_article", noting)
    assert renditions.build_renditions(planned, "en").held == {}
    assert len(made) == 1


def test_what_somebody_else_builds_is_left_to_them(planned: int) -> None:
    key = RenditionKey(planned, "en", "ninjs")
    with ledger.write() as connection:
        assert artifacts.claim(connection, key, now=ledger.now(connection), lease=60, worker="other") == 1
    assert renditions.build_renditions(planned, "en").held == {}
    assert waits() == dict.fromkeys(FORMATS, "due") | {"ninjs": "held"}
