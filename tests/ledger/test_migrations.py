"""A ledger of an earlier version keeps everything it holds when it is brought to this version's tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, text

from tasks import ledger
from tasks.ledger.schema import attempts, awaited_engines, deliveries, translations
from tasks.translation.drafts import draft_waits
from tests.support.postgres import Postgres

NOW = 1_800_000_000.0


@pytest.fixture(params=["sqlite", "postgresql"])
def second(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A ledger with the tables of migration 0002, empty."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.sqlite'}"
        ledger.upgrade(url, "0002")
        engine = ledger.open_ledger(url)
        yield engine
        engine.dispose()
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.new_database()
    ledger.upgrade(server.url(name), "0002")
    engine = ledger.open_ledger(server.url(name))
    yield engine
    engine.dispose()
    server.drop(name)


def insert(connection: Connection, table: str, **values: Any) -> None:
    columns, names = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({names})"), values)


def new_release(connection: Connection, id: int, embargo_until: float | None = None) -> None:
    insert(
        connection, "releases", id=id, uri=f"urn:{id}", version=1, digest="x", language="en", status="usable",
        urgency=5, embargo_until=embargo_until, document="{}", received_at=NOW, planned_at=NOW, hint_at=NOW,
    )  # fmt: skip


def new_outlet(connection: Connection, id: str, status: str = "active", why: str | None = None) -> None:
    insert(connection, "outlets", id=id, status=status, status_reason=why, document="{}", updated_at=NOW)


def new_translation(connection: Connection, release_id: int, language: str, state: str, reason: str | None) -> None:
    insert(
        connection, "translations", release_id=release_id, language=language, state=state, reason=reason, hint_at=NOW,
        lease_until=0, attempt=1,
    )  # fmt: skip


def new_delivery(connection: Connection, id: int, outlet_id: str, state: str, reason: str | None, **more: Any) -> None:
    values = {
        "release_id": 1,
        "language": "en",
        "format": "ninjs",
        "version": 1,
        "urgency": 5,
        "attempt": 0,
        "tries": 0,
    }
    insert(
        connection, "deliveries", id=id, outlet_id=outlet_id, state=state, reason=reason, approval=False,
        **values | more,
    )  # fmt: skip


def rows(engine: Engine) -> dict[int, Any]:
    with engine.connect() as connection:
        return {row.id: row for row in connection.execute(select(deliveries))}


def test_what_deliveries_wait_for_is_carried_over(second: Engine) -> None:
    with second.begin() as connection:
        new_release(connection, 1)
        new_release(connection, 2, embargo_until=1_800_003_600.0)
        for name, status, why in (
            ("a", "active", None), ("b", "active", None), ("c", "active", None), ("d", "active", None),
            ("e", "active", None), ("paused", "paused", "paused by operations"), ("gone", "disabled", "410 Gone"),
        ):  # fmt: skip
            new_outlet(connection, name, status, why)
        new_delivery(connection, 1, "a", "held", "embargo", release_id=2)
        new_delivery(connection, 2, "a", "held", "translation")
        new_delivery(connection, 3, "b", "held", "approval")
        new_delivery(connection, 4, "c", "held", "rendition")
        new_delivery(connection, 5, "paused", "held", "outlet paused")
        new_delivery(connection, 6, "gone", "held", "outlet disabled")
        new_delivery(connection, 7, "d", "due", "embargo", due_at=NOW)  # what an outlet said, not a hold
        new_delivery(connection, 8, "e", "delivered", None, ended_at=NOW)
    ledger.upgrade(second.url.render_as_string(hide_password=False))
    found = {id: (row.state, row.hold_kind, row.hold_detail, row.reason) for id, row in rows(second).items()}
    assert found == {
        1: ("held", "embargo", "2027-01-15T09:00:00Z", "embargo"),
        2: ("held", "translation", None, "translation"),
        3: ("held", "approval", None, "approval"),
        4: ("held", "rendition", None, "rendition"),
        5: ("held", "outlet_paused", "paused by operations", "outlet paused"),
        6: ("held", "outlet_disabled", "410 Gone", "outlet disabled"),
        7: ("due", None, None, "embargo"),
        8: ("delivered", None, None, None),
    }


OLD_ATTEMPTS = {
    "delivered": (200, "200 OK", "http_200"),
    "rejected": (404, "404 Not Found: no such feed", "http_404"),
    "redirect": (301, "301 Moved Permanently: points to https://x.example/", "redirect"),
    "timeout": (None, "timed out after 30 s waiting for the answer", "timeout"),
    "reset": (None, "connection closed while sending", "connection_reset"),
    "refused": (None, "connection refused", "connection_refused"),
    "tls": (None, "TLS: certificate has expired", "tls"),
    "dns": (None, "the host name cannot be resolved", "dns"),
    "address": (None, "address 10.0.0.1 is refused; FANWIRE_ALLOWED_NETWORKS may allow it", "refused_address"),
    "secret": (None, "secret env:X: is not set", "secret_missing"),
    "rendition": (None, "there is no rendition in en as text", "rendition_missing"),
    "vanished": (None, "the worker vanished", "worker_vanished"),
    "limit": (503, "the outlet's limit per minute", "rate_limit"),
    "killed": (None, "the release was killed", "release_killed"),
    "corrected": (None, "version 2 came", "newer_version"),
    "other": (None, "something else", "unknown"),
}
"""Status and sentence of an old row, and its code now."""


def test_what_attempts_met_gets_a_code_as_far_as_it_is_known(second: Engine) -> None:
    with second.begin() as connection:
        new_release(connection, 1)
        for id, (name, (status, sentence, _)) in enumerate(OLD_ATTEMPTS.items()):
            new_outlet(connection, name)
            new_delivery(connection, id, name, "exhausted", sentence, status=status, verdict="failed")
            insert(
                connection, "attempts", delivery_id=id, attempt=1, verdict="failed", status=status, detail=sentence,
                started_at=NOW, seconds=1,
            )  # fmt: skip
        new_outlet(connection, "held")
        new_outlet(connection, "fresh")
        new_delivery(connection, 98, "held", "held", "translation")
        new_delivery(connection, 99, "fresh", "due", None, due_at=NOW)
    ledger.upgrade(second.url.render_as_string(hide_password=False))
    wanted = {id: code for id, (_, _, code) in enumerate(OLD_ATTEMPTS.values())}
    with second.connect() as connection:
        noted = {row.delivery_id: row.code for row in connection.execute(select(attempts))}
    assert noted == wanted
    assert {id: row.code for id, row in rows(second).items()} == wanted | {98: None, 99: None}


def test_which_engines_translations_wait_for_is_carried_over(second: Engine) -> None:
    with second.begin() as connection:
        new_release(connection, 1)
        insert(
            connection, "engines", name="mine", failures=5, rest_until=NOW, minute=0, minute_requests=0,
            minute_characters=0, month="", month_characters=0, month_cost=0,
        )  # fmt: skip
        new_translation(connection, 1, "de", "held", "google en→de: answered 500; then deepl en→de: rests")
        new_translation(connection, 1, "es", "held", "no engine for en→es; left out: mt (no key), ct2 (no files)")
        new_translation(connection, 1, "fr", "held", "asked mine in vain")
        new_translation(connection, 1, "ko", "made", "google en→ko: answered 500")
        new_translation(connection, 1, "ja", "wanted", None)
        new_translation(connection, 1, "th", "held", "the body grew beyond what it may hold")
    ledger.upgrade(second.url.render_as_string(hide_password=False))
    with second.connect() as connection:
        found = {(row.language, row.engine) for row in connection.execute(select(awaited_engines))}
    assert found == {("de", "google"), ("de", "deepl"), ("es", "mt"), ("es", "ct2"), ("fr", "mine")}


def test_what_apertium_made_and_has_not_left_waits_for_an_editor(second: Engine) -> None:
    """The reason is that of a draft made today; what has left, and what people approved, stays as it is."""
    made = {"state": "made", "hint_at": NOW, "lease_until": 0, "attempt": 1, "release_id": 1}
    with second.begin() as connection:
        new_release(connection, 1)
        new_outlet(connection, "a")
        for id, (language, engine, status, state) in enumerate((
            ("es", "apertium", "checked", "held"), ("fr", "apertium", "checked", "delivered"),
            ("de", "apertium", "checked", "due"), ("pt", "apertium", "approved", "held"),
            ("zh-Hant", "opencc", "checked", "held"),
        )):  # fmt: skip
            insert(connection, "translations", language=language, engine=engine, status=status, **made)
            new_delivery(connection, id, "a", state, "embargo" if state == "held" else None, language=language)
    ledger.upgrade(second.url.render_as_string(hide_password=False))
    with second.connect() as connection:
        found = {row.language: (row.status, row.reason) for row in connection.execute(select(translations))}
    assert found == {
        "es": ("draft", draft_waits(["apertium"])),
        "de": ("draft", draft_waits(["apertium"])),
        "fr": ("checked", None),
        "pt": ("approved", None),
        "zh-Hant": ("checked", None),
    }


def test_seals_that_were_emptied_before_that_was_recorded_are_named_and_texts_are_still_to_be_sealed(
    second: Engine,
) -> None:
    url = second.url.render_as_string(hide_password=False)
    ledger.upgrade(url, "0024")
    with second.begin() as connection:
        for id in (1, 2):
            new_release(connection, id)
        connection.execute(text("UPDATE releases SET seal_at = NULL, retained = 4 * (id - 1)"))
        for id, leaves in ((1, None), (2, b"x"), (3, None)):
            insert(connection, "seals", id=id, kind="deliveries", release_id=2, form=1, statement="{}", hash="x",
                   signature="x", leaves=leaves)  # fmt: skip
    ledger.upgrade(url)
    with second.connect() as connection:
        entry = connection.execute(text("SELECT act, new FROM audit")).one()
        sealed = connection.execute(text("SELECT seal_at FROM releases ORDER BY id")).scalars().all()
    assert (entry.act, json.loads(entry.new)["seals"]) == ("release.retain", [1, 3])
    assert sealed == [0, None], "of the second one retention has taken the bytes"
