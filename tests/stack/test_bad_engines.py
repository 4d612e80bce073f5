"""Bad engines in a whole Fanwire: not one of their translations reaches an outlet, and the status says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from farm import Farm

from tests.support.processes import ROOT, until
from tests.support.stacks import Stack, running
from tests.translation.bad_engines import MANNERS
from tests.translation.press_release import DOCUMENT

from .conftest import TIMES

LANGUAGES = ("es", "de", "pt", "fr", "ru", "id", "vi", "ar")
URI = "urn:x:ferries"


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory):
    plan = {f"paper-{language}": {"outlet": {"languages": [language]}} for language in ("en", *LANGUAGES)}
    with Farm(plan, tmp_path_factory.mktemp("farm")) as farm:
        yield farm


@pytest.fixture(scope="module")
def stack(farm: Farm, tmp_path_factory: pytest.TempPathFactory):
    """With one bad engine for each language, found by an entry point as any operator's would be."""
    folder = tmp_path_factory.mktemp("engines")
    information = folder / "bad_engines-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-engines\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[fanwire.engines]\nbad = tests.translation.bad_engines:BadEngine\n")
    manners = dict(zip(LANGUAGES, MANNERS, strict=True))
    configuration = {
        "engines": {
            f"bad-{language}": {"type": "bad", "options": {"manner": manner, "target": language}}
            for language, manner in manners.items()
        },
        "languages": {language: {"engines": [f"bad-{language}"]} for language in manners},
    }
    (folder / "translation.yaml").write_text(yaml.safe_dump(configuration))
    settings = {**TIMES, "BUILD_RETRY": "600", "TRANSLATION_FILE": str(folder / "translation.yaml")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{folder}:{ROOT}")
        with running(tmp_path_factory.mktemp("stack"), farm, settings) as stack:
            yield stack


def held(stack: Stack) -> dict[str, str]:
    """Language to the reason that the status gives."""
    status = json.loads(stack.run("status", URI, "--json"))
    return {hold["language"]: hold["detail"] or "" for hold in status["held"]}


def test_nothing_of_theirs_leaves(stack: Stack, farm: Farm, tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    file.write_text(json.dumps({**DOCUMENT, "uri": URI}))
    stack.run("submit", str(file))
    until(lambda: all(held(stack).get(language) for language in LANGUAGES), 60, lambda: f"{held(stack)} {stack.told()}")
    farm.wait_until_accepted(1)
    assert {receipt["language"] for receipt in farm.receipts(release=URI)} == {"en"}
    for language, reason in held(stack).items():
        assert reason.startswith(f"bad-{language} en→{language}: ")
        assert any(unit in reason for unit in ("headline", "paragraph", "heading", "list item")), reason
