"""The invented outlets: many, various, valid, and the same every time."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import outlets
import pytest
from farm_manners import read_plan

from tasks.model.outlet import Outlet
from tasks.model.readers import read_release

HERE = Path(outlets.__file__).parent
LANGUAGES = {"en", "ko", "ja", "ar", "zh-Hans", "zh-Hant", "vi", "th", "id", "ms", "de", "ru", "fr", "es", "pt"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outlets")
    outlets.write(path)
    return path


@pytest.fixture(scope="module")
def documents(directory: Path) -> list[Outlet]:
    plan = json.loads((directory / "plan.json").read_text())
    return [
        Outlet.model_validate({"id": name, "url": "https://127.0.0.2/o/x", **entry["outlet"]})
        for name, entry in plan.items()
    ]


def test_are_as_many_and_various_as_real_ones(documents: list[Outlet]) -> None:
    assert len(documents) == 6500
    assert len({outlet.country for outlet in documents}) == 90
    assert {language for outlet in documents for language in outlet.languages} == LANGUAGES
    assert len({outlet.name for outlet in documents}) == 6500
    assert {outlet.format for outlet in documents} == {"ninjs", "newsmlg2", "html", "text"}
    assert 100 < sum(len(outlet.languages) == 2 for outlet in documents) < 300
    assert 50 < sum(outlet.machine_translation == "refuse" for outlet in documents) < 250
    assert min(Counter(outlet.languages[0] for outlet in documents).values()) >= 80


def test_the_release_suits_every_outlet_picky_ones_too(documents: list[Outlet]) -> None:
    topics = set(read_release((HERE / "release.md").read_text()).topics)
    picky = [outlet for outlet in documents if outlet.topics]
    assert 500 < len(picky) < 1000
    assert all(topics & set(outlet.topics) for outlet in picky)


def test_manners_have_their_shares() -> None:
    manners = Counter(entry["manner"] for entry in outlets.invent(6500).values())
    assert manners["fast"] == 5915
    assert manners == {"fast": 5915} | {name: round(6500 * share) for name, share in outlets.REAL_MANNERS.items()}


def test_one_seed_one_plan(tmp_path: Path) -> None:
    assert outlets.invent(300, seed=4) == outlets.invent(300, seed=4)
    assert outlets.invent(300, seed=4) != outlets.invent(300, seed=5)
    first, second = (outlets.write(tmp_path / "same", count=300).read_text() for _ in range(2))
    assert first == second


def test_germans_only() -> None:
    plan = outlets.invent(6500, language="de", manners="good")
    assert len(plan) == 6500
    for entry in plan.values():
        assert entry["manner"] == "fast"
        assert 0.02 <= entry["delay"] <= 0.4
        document = entry["outlet"]
        assert document["languages"] == ["de"]
        assert not {"topics", "machine_translation"} & set(document)


def test_a_language_that_nobody_speaks() -> None:
    with pytest.raises(SystemExit, match="no country speaks 'tlh'"):
        outlets.invent(10, language="tlh")


def test_secrets_are_by_reference_and_private(directory: Path) -> None:
    text = (directory / "plan.json").read_text()
    secrets = [*(directory / "secrets").iterdir(), directory / "secrets.env"]
    assert len(secrets) > 300
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    assert not [path for path in secrets if path.read_text().partition("=")[2] and path.read_text() in text]
    assert "whsec_" not in text
    simulated = read_plan(json.loads(text), directory)
    asking = [outlet for outlet in simulated if outlet.document.get("auth")]
    assert len(asking) > 500
    assert all(outlet.credential or outlet.signing_key for outlet in asking)


@pytest.mark.parametrize(
    ("text", "expected"), [("Gia Định: Thời báo", "gia-dinh-thoi-bao"), ("Brückenkopf", "brueckenkopf")]
)
def test_slug(text: str, expected: str) -> None:
    assert outlets.slug(text) == expected
