"""`fanwire engines compare`: engines side by side on the same text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.support.samples import release
from tests.translation.engines.doubles import LIBRE_KEY, LibreTranslateDouble
from tests.translation.engines.loopback import answer

from .conftest import Run

SENTENCES = "The plant is open.\n\nThe rest is $5 million and in <a>the town</a>.\nThe plant is open.\n"
ENTRY = "{name}: {{type: libretranslate, url: '{url}', key: env:LIBRE_KEY{more}}}"


@pytest.fixture
def double() -> Iterator[LibreTranslateDouble]:
    double = LibreTranslateDouble()
    yield double
    double.close()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes the translation file, from engines by name: an address, and what else the entry says."""
    path = tmp_path / "translation.yaml"
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(path))
    monkeypatch.setenv("LIBRE_KEY", LIBRE_KEY)
    settings.cache_clear()
    secrets.forget()

    def write(**engines: tuple[str, str]) -> Path:
        entries = [ENTRY.format(name=name, url=url, more=more) for name, (url, more) in engines.items()]
        path.write_text(f"engines: {{{', '.join([*entries, 'opencc: {}'])}}}")
        return path

    return write


@pytest.fixture
def sentences(tmp_path: Path) -> str:
    (tmp_path / "sentences.txt").write_text(SENTENCES)
    return str(tmp_path / "sentences.txt")


def compared(run: Run, *arguments: str, status: int = 0) -> Any:
    done = run("engines", "compare", *arguments, "--json", status=status)
    return json.loads(done.stdout.splitlines()[-1])  # here what is logged goes there too


def test_engines_stand_side_by_side(
    run: Run, write: Callable[..., Path], double: LibreTranslateDouble, sentences: str, home: None
) -> None:
    write(dear=(double.url, ", price: 20, budget: {cost: 1}"), away=("http://127.0.0.1:9", ""))
    found = compared(run, "en", "es", sentences)
    dear, away = found["engines"]
    assert (dear["engine"], dear["passed"], dear["of"], dear["stopped"]) == ("dear", 2, 2, None)
    assert (away["passed"], away["cost"]) == (0, None)
    assert "cannot be reached" in away["stopped"]
    assert found["cannot"] == {"opencc": "opencc cannot translate from en to es"}
    assert [unit["source"] for unit in found["units"]] == [
        "The plant is open.", "The rest is $5 million and in <a>the town</a>.",
    ]  # fmt: skip
    first, second = (unit["engines"] for unit in found["units"])
    assert first["dear"]["result"]
    assert "5 millones de dólares" in second["dear"]["result"]
    assert "<a>" in second["dear"]["result"]
    assert second["away"] is None
    listed = {one["name"]: one for one in json.loads(run("engines", "list", "--json").stdout)}
    assert dear["characters"] == listed["dear"]["month"]["characters"] > 0
    assert dear["cost"] == listed["dear"]["month"]["cost"] == round(dear["characters"] * 20 / 1_000_000, 6)


def test_people_read_it_as_a_table(
    run: Run, write: Callable[..., Path], double: LibreTranslateDouble, sentences: str, home: None
) -> None:
    write(house=(double.url, ""))
    double.spoil = str.upper
    told = run("engines", "compare", "en", "es", sentences, status=1).stdout
    assert "source  The plant is open.\nhouse   (refused) " in told
    assert "opencc was not asked: opencc cannot translate from en to es" in told
    assert "house   0 of 2" in told


def test_a_budget_is_kept_to(
    run: Run, write: Callable[..., Path], double: LibreTranslateDouble, sentences: str, home: None
) -> None:
    write(house=(double.url, ", budget: {characters: 20}"))
    [house] = compared(run, "en", "es", sentences)["engines"]
    assert (house["passed"], house["characters"]) == (1, 18)
    assert "has used 18 of 20 characters this month" in house["stopped"]


def test_what_a_service_refuses_is_not_counted(
    run: Run, write: Callable[..., Path], double: LibreTranslateDouble, sentences: str, home: None
) -> None:
    write(house=(double.url, ", price: 20"))
    double.instead = answer(402, {"error": "your account is empty"})
    [house] = compared(run, "en", "es", sentences, status=1)["engines"]
    assert (house["passed"], house["characters"], house["cost"]) == (0, 0, 0)
    assert "your account is empty" in house["stopped"]


def test_a_release_goes_with_its_headline(
    run: Run, write: Callable[..., Path], double: LibreTranslateDouble, tmp_path: Path
) -> None:
    write(house=(double.url, ""))
    (tmp_path / "release.json").write_text(release(headline="The plant is open").to_json())
    found = compared(run, "en", "es", str(tmp_path / "release.json"))
    assert found["units"][0]["source"] == "The plant is open"
    said = run("engines", "compare", "de", "es", str(tmp_path / "release.json"), status=1).stderr
    assert "the release is in en, and not in de" in said


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        (b"", "en es", "the file has no sentence"),
        (b"A plant.", "en es --engine opencc", "no engine translates en→es; opencc: opencc cannot translate from en"),
        (b"A plant.", "en es --engine nobody", "there is no engine 'nobody'; there are house, opencc"),
        (b"{]", "en es", "release refused: "),
        (b"\x00 \xff", "en es", "the file is no text in UTF-8"),
    ],
)
def test_what_cannot_be_compared(
    run: Run, write: Callable[..., Path], tmp_path: Path, content: bytes, arguments: str, says: str
) -> None:
    write(house=("http://127.0.0.1:9", ""))
    (tmp_path / "file").write_bytes(content)
    source, target, *more = arguments.split()
    assert says in run("engines", "compare", source, target, str(tmp_path / "file"), *more, status=1).stderr
