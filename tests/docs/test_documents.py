"""The examples of documents, configuration and code in the manuals are good, and say what the manuals say of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tasks.model.documents import load_yaml
from tasks.model.readers import read_release
from tasks.model.readers.outlet_files import parse_outlets
from tasks.model.states import Hold, State, Verdict
from tasks.translation import checks
from tasks.translation.configuration import EngineDocument, LanguageDocument, read_configuration
from tasks.translation.engine_support import registry
from tasks.translation.engines import ENGINES
from tests.support.processes import ROOT
from workers.offered import offered

from .documents import BLOCK, DOCUMENTS, block, blocks, name_of

EXAMPLES = {
    ("README.md", "python"): 1,  # test_quick_start.py
    ("README.md", "sh"): 2,  # test_quick_start.py
    ("docs/producers.md", "markdown"): 1,
    ("docs/producers.md", "python"): 2,  # test_quick_start.py
    ("docs/producers.md", "json"): 2,  # test_quick_start.py, tests/operations/test_webhooks.py
    ("docs/producers.md", "yaml"): 2,  # tests/workers/test_authority.py
    ("docs/producers.md", "sh"): 3,  # tests/workers/test_authority.py, tests/web/test_door_examples.py
    ("docs/operations.md", "yaml"): 1,  # tests/model/test_retention_policy.py
    ("docs/outlets.md", "yaml"): 6,
    ("docs/outlets.md", "csv"): 1,
    **{
        ("docs/outlets.md", language): 1 for language in ("python", "php", "javascript", "java", "go")
    },  # test_signatures.py
    ("docs/reports.md", "python"): 1,  # test_reports.py
    ("docs/translation.md", "yaml"): 3,
    ("deploy/README.md", "nginx"): 2,  # the only one that no test runs: there is no nginx here
    ("CONTRIBUTING.md", "toml"): 4,  # test_contributing.py, tests/translation/test_registry.py
    ("CONTRIBUTING.md", "python"): 3,  # test_contributing.py, tests/translation/test_registry.py
    ("CONTRIBUTING.md", "yaml"): 2,  # test_contributing.py, tests/translation/test_registry.py
}
"""Every code block in a language that can be run or read, by document. Who adds one adds a test, then the number here.
Blocks without a language hold commands (test_commands.py), output or pictures."""


def test_every_example_is_one_that_a_test_uses() -> None:
    found = Counter(
        (name_of(document), language)
        for document in DOCUMENTS
        if document.name not in ("cli.md", "formats.md")  # generated from the commands and the formats
        for language, _ in BLOCK.findall(document.read_text("utf-8"))
        if language
    )
    assert found == EXAMPLES


def test_the_release_is_good() -> None:
    release = read_release(block("docs/producers.md", "markdown"))
    assert release.issuer is not None
    assert release.protect == ["Acme Robotics", "RoboLift 3"]


def test_the_media_of_a_release_are_good() -> None:
    media = load_yaml(block("docs/producers.md", "yaml", "## Pictures, video, documents"))
    body = {"body_markdown": "![](media:plant-porto)\n\n![A white hall](https://acme.example/hall.jpg)"}
    release = read_release({"uri": "urn:x:y", "language": "en", "headline": "x"} | media | body)
    assert [item.caption for item in release.media] == ["The plant in Porto, seen from the sea", None]
    assert release.html.count("<figure>") == 2


@pytest.mark.parametrize("heading", ["#### Other requests", "#### Tokens of OAuth 2.0", "#### WordPress"])
def test_the_outlets_of_other_transports_are_good(heading: str) -> None:
    file = parse_outlets(block("docs/outlets.md", "yaml", heading).encode(), "yaml", heading, offered())
    assert (len(file.outlets), file.refused) == (1, [])


def test_the_outlet_is_good_in_both_forms() -> None:
    for form in ("yaml", "csv"):
        found = parse_outlets(block("docs/outlets.md", form).encode(), form, "outlets.md", offered())
        assert not found.refused, found.refused
        assert [outlet.id for outlet in found.outlets] == ["berliner-bote"]
        assert found.outlets[0].machine_translation == "refuse"
    assert found.outlets[0].limits.in_flight == 2


def test_every_other_outlet_is_good() -> None:
    for example in blocks("docs/outlets.md", "yaml")[1:]:
        found = parse_outlets(example.encode(), "yaml", "outlets.md", offered())
        assert not found.refused, found.refused
        assert found.outlets


def test_the_translation_file_is_good_and_says_everything_that_can_be_said(tmp_path: Path) -> None:
    file = tmp_path / "translation.yaml"
    file.write_text(block("docs/translation.md", "yaml", "## Engines"))
    found = read_configuration(file)
    said = {field for entry in found.engines.values() for field in entry.model_fields_set}
    assert said == set(EngineDocument.model_fields)
    assert found.languages["de"].model_fields_set == set(LanguageDocument.model_fields)
    assert found.order("de-AT") == ["deepl", "house"]
    assert registry.load_registry(file).left_out.keys() <= {"local"}  # where CTranslate2 is not installed


def test_the_first_translation_file_is_good(tmp_path: Path) -> None:
    file = tmp_path / "translation.yaml"
    file.write_text(block("docs/translation.md", "yaml"))
    assert read_configuration(file).languages["es"].publish == "approved"
    assert not registry.load_registry(file).left_out


def test_the_file_with_second_readers_is_good(tmp_path: Path) -> None:
    file = tmp_path / "translation.yaml"
    file.write_text(block("docs/translation.md", "yaml", "### Second reader"))
    readers = [read_configuration(file).for_language(language).reader for language in ("es", "fr")]
    assert [reader and (reader.engine, reader.threshold) for reader in readers] == [("judge", 90), ("apertium", 90)]
    assert not registry.load_registry(file).left_out


def first_column(document: str, heading: str) -> list[str]:
    """The first cells of the first table after a heading."""
    rows = (ROOT / document).read_text("utf-8").partition(f"\n{heading}\n")[2].partition("\n|")[2].partition("\n\n")[0]
    return [line.removeprefix("|").split("|")[0].strip() for line in rows.splitlines()[2:]]


def coded(cells: list[str]) -> list[str]:
    """What stands between backticks in them."""
    return re.findall(r"`([^`]+)`", " ".join(cells))


def test_every_type_of_engine_is_listed() -> None:
    text = (ROOT / "docs/translation.md").read_text("utf-8")
    table = text.partition("| type | is | grade | needs |")[2].partition("\n\n")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    assert set(coded([row[1] for row in rows])) == set(ENGINES.sources())
    drafts = coded([row[1] for row in rows if row[3].strip() == "draft"])
    assert set(drafts) == {"apertium", "apertium-apy"}  # tests/translation/test_grades.py asks the engines


def test_every_state_hold_verdict_and_check_is_listed() -> None:
    assert set(coded(first_column("docs/operations.md", "## States of a delivery"))) == set(State)
    assert set(coded(first_column("docs/operations.md", "### Why a delivery is held"))) == set(Hold)
    assert set(coded(first_column("docs/operations.md", "### Verdicts"))) == set(Verdict)
    assert set(coded(first_column("docs/translation.md", "## Checks"))) == set(checks.CHECKS)


def test_the_message_for_other_languages_is_json() -> None:
    message = json.loads(block("docs/producers.md", "json", "## In another language"))
    assert message["properties"]["delivery_info"]["routing_key"] == "releases"
