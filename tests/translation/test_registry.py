"""Which engines there are: those that ship, anybody's own, and what is said of one that cannot be used."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.model.documents import DocumentRefused
from tasks.model.release import Release
from tasks.translation import routing
from tasks.translation.configuration import EngineDocument
from tasks.translation.drafts import Resources
from tasks.translation.engine_support import registry
from tasks.translation.engine_support.metering import CostCap, MemoryMeter, Metered
from tasks.translation.engines import ENGINES
from tasks.translation.translate import draft
from tests.docs.documents import block
from tests.support import packages

EXAMPLE = "### An engine of your own"
NEEDED: dict[str, dict[str, Any]] = {
    "apertium": {},
    "opencc": {},
    "ct2": {"folder": "/nowhere"},
    "apertium-apy": {"url": "http://127.0.0.1:2737"},
    "libretranslate": {"url": "http://127.0.0.1:5000"},
    "deepl": {"key": "env:K"},
    "google": {"key": "env:K", "options": {"project": "p"}},
    "azure": {"key": "env:K"},
    "amazon": {"key": "env:K", "options": {"key_id": "AKIA", "region": "eu-central-1"}},
    "openai": {"key": "env:K", "model": "gpt-4o-mini"},
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Installs a package as pip would leave it: a module, and metadata with an entry point."""
    folder = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(str(folder))
    installed = []

    def install(module: Any, code: Any, points: Any, name: str = "fanwire-own") -> None:
        packages.install(folder, name, {f"{module}.py": code}, {"fanwire.engines": points})
        importlib.invalidate_caches()
        installed.append(module)

    forget()
    yield install
    monkeypatch.undo()
    forget()
    for module in installed:
        sys.modules.pop(module, None)


def forget() -> None:
    registry._made.cache_clear()
    ENGINES.forget()


@pytest.fixture
def file(tmp_path: Path) -> Any:
    """A translation file; its path."""

    def write(document: Any) -> Path:
        path = tmp_path / "translation.yaml"
        path.write_text(document if isinstance(document, str) else yaml.safe_dump(document), "utf-8")
        return path

    return write


def test_every_type_that_ships_can_be_made() -> None:
    assert NEEDED.keys() == ENGINES.sources().keys()
    assert ENGINES.left_out() == {}
    for kind, fields in NEEDED.items():
        engine = registry.make_engine("mine", EngineDocument.model_validate({"type": kind} | fields))
        assert engine.name == "mine"


@pytest.mark.parametrize("kind", [kind for kind, fields in NEEDED.items() if fields])
def test_what_a_type_needs_is_named(kind: Any) -> None:
    with pytest.raises(DocumentRefused) as caught:
        registry.make_engine("mine", EngineDocument(type=kind))
    assert all(problem.field.startswith("engines.mine.") for problem in caught.value.problems)
    assert {problem.problem for problem in caught.value.problems} == {"is required"}


def test_an_engine_is_made_once_for_as_long_as_its_entry_stays(file: Any) -> None:
    first = registry.load_registry(file("engines: {apertium: {}, opencc: {}}")).engines
    second = registry.load_registry(file("engines: {opencc: {languages: [zh]}, apertium: {}, libretranslate: {}}"))
    assert second.engines["apertium"] is first["apertium"]
    assert second.engines["opencc"] is not first["opencc"]
    assert list(second.left_out) == ["libretranslate"]


def test_the_example_in_the_documentation_translates(
    install: Any, file: Any, make_release: Callable[..., Release]
) -> None:
    toml, code, configuration = (block("CONTRIBUTING.md", kind, EXAMPLE) for kind in ("toml", "python", "yaml"))
    project = tomllib.loads(toml)["project"]
    install("fanwire_serbian", code, project["entry-points"]["fanwire.engines"], project["name"])
    found = registry.load_registry(file(configuration))
    assert found.left_out == {}
    assert list(found.engines) == ["serbian", "apertium"]
    release = make_release(
        language="sr-Cyrl",
        headline="Нови погон у Луци",
        subheadline=None,
        dateline=None,
        protect=[],
        body_html='<p>Компанија је рекла да је <a href="https://x.example/">нови погон</a> отворен.</p>',
    )
    engine = Metered(found.engines["serbian"], EngineDocument(), MemoryMeter(), cost_cap=CostCap())
    made = draft(release, "sr-Latn", Resources([engine])).translation
    assert made.headline == "Novi pogon u Luci"
    assert made.body_html == ('<p>Kompanija je rekla da je <a href="https://x.example/">novi pogon</a> otvoren.</p>')
    assert (made.engine, made.model) == ("serbian", "serbian 1.0")


BROKEN = {
    "import no_such_module": "type 'own' of entry point own:Own cannot be loaded: No module named 'no_such_module'",
    "raise ValueError('key=0a1b')": "of entry point own:Own cannot be loaded: is broken: ValueError in own.py",
    "": "cannot be loaded: module 'own' has no attribute 'Own'",
    "Own = 3": "entry point own:Own cannot be loaded: its ENGINE is of type int, which makes no engines",
    "def Own(name, document): raise ValueError('key=0a1b')": "engines.own: is broken: ValueError in own.py, line 1",
    "def Own(name, document): return None": "it has no method 'pairs'",
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_engine_is_left_out_and_harms_no_other(install: Any, file: Any, code: Any) -> None:
    install("own", code, {"own": "own:Own"})
    found = registry.load_registry(file({"engines": {"own": {}, "opencc": {}}}))
    assert list(found.engines) == ["opencc"]
    assert BROKEN[code] in found.left_out["own"]
    assert "0a1b" not in found.left_out["own"]


ENGINE = """
from tasks.translation.engines import Capabilities
class Own:
    def __init__(self, name, document):
        self.name = {name}
        self.capabilities = {capabilities}
    def pairs(self):
        return {pairs}
    def model(self, source, target):
        return "1"
    def translate(self, units, source, target):
        return {answer}
"""


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "'other'", "its 'name' is not the one that it was given"),
        ("capabilities", "None", "its 'capabilities' are no Capabilities"),
        ("capabilities", "Capabilities(inline='aligned')", "it has no method 'translate_aligned'"),
        ("pairs", "[('en', 'de')]", "its pairs are no {(source, target): steps}"),
        ("pairs", "{('en',): 1}", "its pairs are no {(source, target): steps}"),
        ("pairs", "{'en': 1}", "its pairs are no {(source, target): steps}"),
        ("pairs", "1 / 0", "is broken: ZeroDivisionError in own.py"),
        ("answer", "'Hallo'", None),
        ("answer", "[1 for _ in units]", None),
        ("answer", "units[:-1]", None),
    ],
)
def test_a_wrong_answer_leaves_the_text_to_the_next_engine(
    install: Any, file: Any, make_release: Callable[..., Release], field: str, value: str, says: str | None
) -> None:
    good = {
        "name": "name",
        "capabilities": "Capabilities(inline='native')",
        "pairs": "{('en', 'es'): 1}",
        "answer": "units",
    }
    install("own", ENGINE.format(**good | {field: value}), {"own": "own:Own"})
    found = registry.load_registry(file({"engines": {"own": {}}}))
    if says:
        assert says in found.left_out["own"]
        return
    engine = Metered(found.engines["own"], EngineDocument(), MemoryMeter(), cost_cap=CostCap())
    held = draft(make_release(), "es", Resources([engine]))
    assert held.translation is None
    assert held.reason.startswith("own en→es: ")


def test_an_entry_point_beats_what_ships(install: Any, file: Any) -> None:
    good = {
        "name": "name",
        "capabilities": "Capabilities(inline='native')",
        "pairs": "{('en', 'xh'): 1}",
        "answer": "units",
    }
    install("own", ENGINE.format(**good), {"deepl": "own:Own"})
    assert registry.load_registry(file({"engines": {"deepl": {}}})).engines["deepl"].pairs() == {("en", "xh"): 1}


def test_a_type_that_there_is_not_names_those_that_there_are(file: Any) -> None:
    [problem] = registry.load_registry(file({"engines": {"mine": {"type": "deeple"}}})).left_out.values()
    assert problem.startswith("engines.mine.type: there is no type 'deeple'; there are amazon, apertium, ")


def test_what_leads_to_a_language() -> None:
    pairs = [("en", "pt"), ("en", "zh-Hans")]
    assert routing.reaches(pairs, "pt-PT")
    assert routing.reaches(pairs, "zh-CN")
    assert not routing.reaches(pairs, "zh-TW")
    assert routing.pair_for(pairs, "en-GB", "pt-BR") == ("en", "pt")
    assert routing.pair_for(pairs, "pt", "en") is None


def test_an_engine_that_knows_a_variant_only_serves_the_language_and_others() -> None:
    pairs = [("en-GB", "pt-BR"), ("en-GB", "es-419"), ("en-GB", "es"), ("en-GB", "zh-TW")]
    assert routing.pair_for(pairs, "en-US", "pt") == ("en-GB", "pt-BR")
    assert routing.pair_for(pairs, "en", "pt-PT") == ("en-GB", "pt-BR")
    assert routing.pair_for(pairs, "en", "es-MX") == ("en-GB", "es-419")
    assert routing.pair_for(pairs, "en", "es-ES") == ("en-GB", "es")
    assert routing.pair_for(pairs, "en", "zh-Hant") == ("en-GB", "zh-TW")
    assert routing.pair_for(pairs, "en", "zh-Hans") is None
    assert routing.reaches(pairs, "pt")


@pytest.mark.parametrize(
    ("kind", "says"),
    [("deepl", "engines.x.options.formalitty: is no option of this type; there are formality"),
     ("apertium", "engines.x.options.formalitty: is no option of this type; it has none")],
)  # fmt: skip
def test_an_option_that_a_type_does_not_have_is_refused(kind: str, says: str) -> None:
    document = EngineDocument(type=kind, key="env:HOME", options={"formalitty": "more"})
    with pytest.raises(DocumentRefused, match=re.escape(says)):
        registry.make_engine("x", document)
