"""The package index of models: as Argos has it, as others may, and what is broken in one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workers.models import ModelRefused
from workers.models.index import ARGOS, leading, mirrored, read_index, targets
from workers.models.plan import wanted


def entry(source: str = "en", target: str = "es", version: Any = "1.0", **fields: Any) -> dict[str, Any]:
    """As Argos writes it."""
    code = f"translate-{source}_{target}"
    link = f"https://models.example/v1/{code}-{str(version).replace('.', '_')}.argosmodel"
    return {
        "package_version": version, "argos_version": version, "from_code": source, "from_name": source.upper(),
        "to_code": target, "to_name": target.upper(), "links": [link, "ipfs://Qm"], "code": code, **fields,
    }  # fmt: skip


def index(*entries: Any, address: str = ARGOS) -> Any:
    return read_index(json.dumps(entries).encode(), address)


def test_an_index_as_argos_has_it() -> None:
    [package] = index(entry(version="1.9"))
    assert (package.pair, package.name, package.version) == (("en", "es"), "translate-en_es-1_9", "1.9")
    assert package.links == ("https://models.example/v1/translate-en_es-1_9.argosmodel",)
    assert (package.size, package.sha256, package.licence) == (None, None, None)


def test_an_index_of_ones_own_may_say_more() -> None:
    more: dict[str, Any] = {"size": 12, "sha256": "A" * 64, "license": "CC0", "links": ["archives/m.argosmodel"]}
    [package] = index(entry(**more), address="https://own.example/models/index.json")
    assert (package.size, package.sha256, package.licence) == (12, "a" * 64, "CC0")
    assert package.links == ("https://own.example/models/archives/m.argosmodel",)


@pytest.mark.parametrize(
    ("code", "tag"), [("zt", "zh-Hant"), ("zh", "zh-Hans"), ("pb", "pt-BR"), ("pt", "pt"), ("nb", "nb")]
)
def test_the_codes_of_argos_are_tags(code: str, tag: str) -> None:
    assert [package.pair for package in index(entry(target=code))] == [("en", tag)]


def test_of_several_versions_the_highest_one_counts() -> None:
    found = index(entry(version="1.9"), entry(version="1.10"), entry(version="1.2"))
    assert [package.version for package in found] == ["1.10"]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "translate-en_es",
        {},
        entry(type="sbd"),
        entry(target="xx"),
        entry(target="../es"),
        entry(version="../../1"),
        entry(version=None),
        entry(links="https://models.example/m"),
        entry(links=[]),
        entry(links=["ipfs://Qm", "file:///etc/passwd", "http://models.example/m", "https://[", 7]),
    ],
)
def test_an_entry_that_cannot_be_used_hides_no_other(bad: Any) -> None:
    assert [package.pair for package in index(bad, entry(target="fr"))] == [("en", "fr")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html>not here</html>", "is no package index: it is no JSON"),
        (b"[" * 100_000, "is no package index: it is no JSON"),
        (b'{"message": "Not Found"}', "is no package index: it must be a list of at most 20,000 models"),
        (b"[]", "has no model that can be used (of 0 entries)"),
        (b'[{"type": "sbd"}]', "has no model that can be used (of 1 entries)"),
    ],
)
def test_what_is_no_index_says_so(content: bytes, says: str) -> None:
    with pytest.raises(ModelRefused) as refused:
        read_index(content, "https://own.example/index.json")
    assert str(refused.value) == f"https://own.example/index.json {says}"


def test_an_archive_on_a_mirror_has_the_same_name() -> None:
    [package] = index(entry())
    assert mirrored(package, "http://mirror.example/m/") == ("http://mirror.example/m/translate-en_es-1_0.argosmodel",)


PAIRS = [("en", "es"), ("en", "pt"), ("en", "pb"), ("en", "zt"), ("de", "en"), ("fr", "en"), ("en", "fr"), ("de", "fr")]


@pytest.mark.parametrize(
    ("source", "target", "names"),
    [
        ("en", "es", ["en_es"]),
        ("en-GB", "es-MX", ["en_es"]),
        ("en", "pt-BR", ["en_pb"]),
        ("en", "pt-PT", ["en_pt"]),
        ("en", "zh-TW", ["en_zt"]),
        ("de", "fr", ["de_fr"]),
        ("de", "es", ["de_en", "en_es"]),
        ("en", "zh-Hans", []),
        ("es", "fr", []),
        ("en", "vi", []),
    ],
)
def test_models_lead_directly_or_by_way_of_english(source: str, target: str, names: list[str]) -> None:
    found = leading(index(*(entry(*pair) for pair in PAIRS)), source, target)
    assert [package.name for package in found] == [f"translate-{name}-1_0" for name in names]


def test_what_is_wanted() -> None:
    packages = index(*(entry(*pair) for pair in PAIRS))
    found, missing = wanted(packages, "en", [], both=False)
    assert {package.pair[1] for package in found} == {"es", "pt", "zh-Hant", "fr"}
    assert missing == ["ar", "de", "id", "ja", "ko", "ms", "ru", "th", "vi", "zh-Hans"]
    both, _ = wanted(packages, "en", ["fr"], both=True)
    assert {package.pair for package in both} == {("en", "fr"), ("fr", "en")}
    assert targets(packages, "de") == ["en", "es", "fr", "pt", "pt-BR", "zh-Hant"]


@pytest.mark.parametrize(
    ("source", "languages", "both", "says"),
    [
        (
            "en",
            ["es", "vi", "ja"],
            False,
            "from en to vi, ja; it has models from en to es, fr, pt, pt-BR, zh-Hant. ",
        ),
        ("en", ["es"], True, "from en to es and back; "),
        ("ko", ["es"], False, "from ko to es; it has no model from ko. "),
    ],
)
def test_a_language_that_cannot_be_had(source: str, languages: list[str], both: bool, says: str) -> None:
    with pytest.raises(ModelRefused) as refused:
        wanted(index(*(entry(*pair) for pair in PAIRS)), source, languages, both=both)
    assert f"the index has no model {says}" in str(refused.value)
