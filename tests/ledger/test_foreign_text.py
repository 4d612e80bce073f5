"""What strangers say goes into every column that may hold it, on both databases: a NUL costs no transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, String, Text, select
from sqlalchemy.exc import OperationalError

from tasks import ledger
from tasks.building import reason_of
from tasks.building import translations as building
from tasks.building.translations import build_translation
from tasks.ledger import (
    artifacts,
    audit,
    engine_usage,
    memory_entries,
    notices,
    outlets,
    refusals,
    translation_rows,
)  # fmt: skip
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.schema import attempts, deliveries, metadata, translations
from tasks.model.acts import Act, Actor, Role
from tasks.translation.errors import Fatal
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.samples import outlet

pytestmark = pytest.mark.usefixtures("book")

WORDS = "a\0b\ud800c\x1bd"
KEPT = "a\ufffdb\ufffdc\x1bd"


def hold(connection: Connection, number: int) -> None:
    key = TranslationKey(number, "de")
    attempt = artifacts.claim(connection, key, now=NOW, lease=60)
    assert attempt is not None
    translation_rows.hold(connection, key, attempt=attempt, now=NOW, reason=WORDS, wait=1, units=f'["{WORDS}"]')


def memory(connection: Connection, _: int) -> None:
    row = {"key": "k", "maker": WORDS, "source": WORDS, "target": WORDS, "origin": WORDS * 100}
    memory_entries.keep(connection, [row | {"source_language": "en", "target_language": "de"}], now=NOW)


def usage(connection: Connection, _: int) -> None:
    engine_usage.put(connection, "deepl", engine_usage.lock(connection, "deepl") | {"reason": WORDS})


def record(connection: Connection, _: int) -> None:
    entry = audit.Entry(act=Act.PUBLISH, subject=WORDS, remark=WORDS, new={"a": WORDS})
    audit.record(connection, entry, by=Actor(Role.OPERATOR, WORDS * 200))


@pytest.mark.parametrize(
    "write",
    [
        hold,
        memory,
        usage,
        record,
        lambda connection, _: notices.add(connection, "failing", WORDS, WORDS, NOW),
        lambda connection, _: notices.add_unless_known(connection, "failing", WORDS, WORDS, NOW),
        lambda connection, _: refusals.keep(connection, b"\0", WORDS, NOW, uri=WORDS, sent_by=WORDS * 200),
        lambda connection, _: outlets.set_status(connection, ["a"], "paused", WORDS, NOW),
    ],
    ids=["translation", "memory", "engine", "audit", "notice", "notice once", "refusal", "outlet"],
)
def test_whatever_a_stranger_says_is_kept(write: Callable[[Connection, int], Any]) -> None:
    receivers(outlet("a", languages=["de"]))
    number = take()
    with ledger.write() as connection:
        write(connection, number)
        found = [row for table in metadata.sorted_tables for row in connection.execute(select(table)).mappings()]
    assert any(KEPT in str(value) for row in found for value in row.values())


def test_an_answer_of_an_outlet_is_kept() -> None:
    receivers(outlet("a"))
    render(take())
    (one,) = claim()
    finish(replace(result(one), reason=WORDS))
    with ledger.read() as connection:
        assert connection.execute(select(deliveries.c.reason)).scalars().all() == [KEPT]
        assert connection.execute(select(attempts.c.detail)).scalars().all() == [KEPT]


def test_the_error_of_an_engine_is_the_reason_and_no_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    receivers(outlet("a", languages=["de"]))
    number = take()

    def fail(*_: Any) -> Any:
        raise Fatal(f"the engine says {WORDS}")

    monkeypatch.setattr(building, "_draft", fail)
    build_translation(number, "de")
    with ledger.read() as connection:
        assert connection.execute(select(translations.c.reason)).scalars().all() == [f"Fatal: the engine says {KEPT}"]


def test_an_error_of_the_ledger_is_no_sql() -> None:
    error = OperationalError("SELECT secret FROM deliveries", {"a": 1}, RuntimeError("the server is gone\nmore"))
    assert reason_of(error) == "OperationalError: the server is gone"
    assert reason_of(ValueError("two\nlines")) == "ValueError: two\nlines"


OURS = {
    "language", "source_language", "target_language", "status", "state", "format", "verdict", "code", "hold_kind",
    "digest", "sha256", "key", "kind", "act", "role", "month", "office", "content_type", "id", "outlet_id", "name",
    "engine", "producer", "holder", "claimed_by", "machine", "uri", "reviewer", "item", "type", "original", "seed",
    "label", "value", "country", "day", "token_sha256", "old_token_sha256", "statement", "hash",
    "signature", "message_id", "event",
}  # fmt: skip
"""Columns of text in which no stranger has a part, or whose text was checked before: names, codes and digests."""


def test_every_other_column_of_text_is_one_for_the_words_of_strangers() -> None:
    bare: Sequence[str] = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if type(column.type) in (String, Text) and column.name not in OURS
    ]
    assert bare == []
