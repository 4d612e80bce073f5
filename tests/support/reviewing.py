"""What tests of review share: releases that are planned, and translations as workers build them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.building.translations import build_translation
from tasks.ledger import releases
from tasks.runtime.settings import settings
from tests.support.delivery_steps import receivers
from tests.support.samples import release


def present() -> float:
    """Now, by the clock of the ledger."""
    with ledger.read() as connection:
        return ledger.now(connection)


def planned(*outlets: Any, policy: planning.Policy = planning.no_approval, **fields: Any) -> int:
    """A release for these outlets; its number."""
    receivers(*outlets)
    with ledger.write() as connection:
        taken = releases.take(connection, release(**fields), present())
    planning.plan(taken.release_id, policy=policy)
    return taken.release_id


def make(number: int, language: str) -> None:
    """What workers do, as far as they get."""
    build_translation(number, language)
    build_renditions(number, language)


def translation_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let this be the translation file of the test."""
    (tmp_path / "translation.yaml").write_text(text)
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(tmp_path / "translation.yaml"))
    settings.cache_clear()
