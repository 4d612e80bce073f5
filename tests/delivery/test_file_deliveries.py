"""Files by the whole way of a drain: what the ledger knows of older versions decides which files are removed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.delivery import payloads
from tasks.delivery.files.file_names import slug
from tasks.ledger import counts, outlets, releases
from tasks.model.states import State
from tasks.runtime.settings import settings
from tests.support.drains import drain
from tests.support.samples import URI, outlet, release

pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that outlets may have files in."""
    place = tmp_path / "outlets"
    place.mkdir()
    monkeypatch.setenv("FANWIRE_HOME", str(tmp_path))
    monkeypatch.setenv("FANWIRE_DELIVERY_FOLDERS", str(place))
    settings.cache_clear()
    payloads.forget_renditions()
    yield place
    settings.cache_clear()


def send(version: int, **fields: str) -> dict[str, int]:
    """A version of the release on its whole way; the states of its deliveries."""
    with ledger.write() as connection:
        number = releases.take(connection, release(version=version, **fields), time.time()).release_id
    planning.plan(number, time.time())
    build_renditions(number, "en")
    drain()
    with ledger.read() as connection:
        return counts.total(counts.states(connection, number))


def test_a_release_its_correction_and_its_kill(folder: Path) -> None:
    rules: dict[str, dict[str, object]] = {
        "replaced": {"name": "{slug}-v{version}-{language}.{ending}"},
        "kept": {"name": "{slug}-v{version}-{language}.{ending}", "correction": "new", "kill": "remove"},
    }
    for id in rules:
        (folder / id).mkdir()
    with ledger.write() as connection:
        everyone = [
            outlet(id, format="json", url=f"file://{folder}/{id}/", transport=rule) for id, rule in rules.items()
        ]
        outlets.put(connection, everyone, time.time())

    def files() -> dict[str, list[str]]:
        return {id: sorted(path.name for path in (folder / id).iterdir()) for id in rules}

    first, second, third = (f"{slug(URI)}-v{version}-en.json" for version in (1, 2, 3))
    assert send(1) == {State.DELIVERED: 2}
    assert files() == {"replaced": [first], "kept": [first]}
    assert send(2, correction_note="Mended") == {State.DELIVERED: 2}
    assert files() == {"replaced": [second], "kept": [first, second]}
    assert send(3, status="canceled") == {State.DELIVERED: 2}
    assert files() == {"replaced": [third], "kept": []}
