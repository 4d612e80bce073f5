"""DeepL against a double that keeps its published limits, and that spoils tags as DeepL has been seen to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tasks.model.release import Release
from tasks.translation.configuration import EngineDocument
from tasks.translation.engines.deepl import FREE, PRO, DeepL
from tasks.translation.errors import QuotaUsedUp, TranslationHeld, Unsupported
from tasks.translation.pieces import Close, Opaque, Open
from tasks.translation.translate import translate

from .doubles import DEEPL_KEY, DeepLDouble
from .loopback import answer, links

ACME = Opaque(7, "Acme & Co")
UNIT = ("The ", Open(3), "sea & the ", Open(4), "shore", Close(4), Close(3), " of ", ACME, " <i> are calm.")


@pytest.fixture
def double(running: Callable[[Any], Any]) -> Any:
    return running(DeepLDouble())


@pytest.fixture
def deepl(double: Any, document: Callable[..., EngineDocument]) -> Any:
    return DeepL("deepl", document(url=double.url, key="env:DEEPL_KEY"))


def test_elements_and_opaque_pieces_come_back(deepl: Any, double: Any) -> None:
    assert deepl.translate([UNIT, ("Hello.",)], "en", "es") == [
        ("La ", Open(3), "sie & la ", Open(4), "shuri", Close(4), Close(3), " de ", ACME, " <o> eri celm."),
        ("Hillu.",),
    ]
    assert double.asked[0].json == {
        "text": ['The <a id="1">sea &amp; the <a id="2">shore</a></a> of XQZAA &lt;i&gt; are calm.', "Hello."],
        "source_lang": "EN",
        "target_lang": "ES",
        "split_sentences": "0",
        "preserve_formatting": True,
        "tag_handling": "xml",
        "tag_handling_version": "v2",
        "outline_detection": False,
        "non_splitting_tags": ["a"],
    }


@pytest.mark.parametrize(
    ("pair", "codes"),
    [
        (("es", "en"), ("ES", "EN-US")), (("de", "en-GB"), ("DE", "EN-GB")), (("en", "pt"), ("EN", "PT-BR")),
        (("pt", "en"), ("PT", "EN-US")), (("en", "pt-PT"), ("EN", "PT-PT")), (("en", "zh-Hans"), ("EN", "ZH-HANS")),
        (("zh-Hant", "en"), ("ZH", "EN-US")), (("en", "zh-Hant"), ("EN", "ZH-HANT")),
    ],
)  # fmt: skip
def test_codes_of_languages(deepl: Any, double: Any, pair: tuple[str, str], codes: tuple[str, str]) -> None:
    deepl.translate([("Hello.",)], *pair)
    assert (double.asked[0].json["source_lang"], double.asked[0].json["target_lang"]) == codes


def test_where_deepl_handles_no_tags_it_gets_none(deepl: Any, double: Any) -> None:
    assert deepl.translate([UNIT, ("A <b>, says ", ACME, ".")], "en", "th") == [(), ("ก <ข>, ณกนณ ", ACME, ".")]
    assert double.asked[0].json["text"] == ["A <b>, says XQZAA."]
    assert "tag_handling" not in double.asked[0].json


def test_a_text_in_such_a_language_gets_its_links_all_the_same(
    deepl: Any, make_release: Callable[..., Release]
) -> None:
    body = (
        '<p>The company has opened <a href="https://norvik.example/plant">its <b>first</b> plant</a> near the sea.</p>'
    )
    release = make_release(headline="A new plant", subheadline=None, body_html=body)
    made = translate(release, "th", engines=[deepl]).body_html
    assert links(made) == links(release.html)
    assert re.search(r">[ก-๙]+ <b>[ก-๙]+</b> [ก-๙]+</a>", made)


def test_pairs_models_and_options(deepl: Any, double: Any, document: Callable[..., EngineDocument]) -> None:
    for source in ("en", "ko", "ja", "ar", "zh-Hans", "zh-Hant", "vi", "th", "id", "ms", "de", "ru", "fr", "es", "pt"):
        assert source == "en" or {(source, "en"), ("en", source)} <= deepl.pairs().keys()
    assert not {("en", "en-GB"), ("pt", "pt-PT"), ("pt-PT", "en"), ("zh-Hans", "zh-Hant")} & deepl.pairs().keys()
    assert deepl.model("en", "es") == "deepl v2"
    assert double.asked == []
    fields = {"model": "quality_optimized", "options": {"formality": "prefer_more"}, "languages": ["en", "es"]}
    other = DeepL("second", document(url=double.url, key="env:DEEPL_KEY", **fields))
    assert other.pairs().keys() == {("en", "es"), ("es", "en")}
    assert (other.name, other.model("en", "es")) == ("second", "deepl v2 quality_optimized")
    other.translate([("Hello.",)], "en", "es")
    assert double.asked[0].json["model_type"] == "quality_optimized"
    assert double.asked[0].json["formality"] == "prefer_more"
    with pytest.raises(Unsupported, match="deepl cannot do en→de"):
        other.translate([("Hello.",)], "en", "de")


def test_the_address_goes_by_the_key(document: Callable[..., EngineDocument], monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of DeepL Free is refused by DeepL Pro's server."""
    addresses = []

    class Noted:
        def __init__(self, name: Any, url: str, **_: Any) -> None:
            addresses.append(url)

        def post(self, *_: Any, **__: Any) -> Any:
            return {"translations": [{"text": "Hillu."}]}

    monkeypatch.setattr("tasks.translation.engines.deepl.Service", Noted)
    for name, key in (("PRO_KEY", "0a1b"), ("FREE_KEY", "0a1b:fx")):
        monkeypatch.setenv(name, key)
        DeepL("deepl", document(key=f"env:{name}")).translate([("Hello.",)], "en", "es")
    assert addresses == [PRO, FREE]


def test_more_than_a_request_holds_goes_in_several(deepl: Any, double: Any) -> None:
    assert len(deepl.translate([(f"Sentence {n}.",) for n in range(120)], "en", "es")) == 120
    assert [len(asked.json["text"]) for asked in double.asked] == [50, 50, 20]
    wide = ["海" * 20_000, '"\\' * 15_000, "𝔸" * 15_000]
    assert deepl.translate([(text,) for text in wide], "en", "es") == [(text,) for text in wide]
    assert len(double.asked) == 5
    assert all(len(asked.body) <= 128 * 1024 for asked in double.asked)


def test_one_that_no_request_holds_is_unsupported(deepl: Any, double: Any) -> None:
    with pytest.raises(Unsupported, match="larger"):
        deepl.translate([("海" * 50_000,)], "en", "es")
    assert double.asked == []


def test_a_used_up_quota(deepl: Any, double: Any) -> None:
    double.left = 10
    with pytest.raises(QuotaUsedUp, match="answered 456: Quota for this billing period"):
        deepl.translate([("Hello, world.",)], "en", "es")


@pytest.mark.parametrize(
    ("status", "message"),
    [(400, "Value for 'target_lang' not supported."), (400, "Tag handling parsing failed"), (413, "Too large")],
)
def test_what_it_cannot_do(deepl: Any, double: Any, status: int, message: str) -> None:
    double.instead = answer(status, {"message": message})
    with pytest.raises(Unsupported, match=message):
        deepl.translate([("Hello.",)], "en", "es")


def pushed_out(text: str) -> str:
    """deepl-python #72: the last syllables of a link behind it."""
    return re.sub(r"(\w\w)</a>(?=\W|$)", r"</a>\1", text)


def swept(text: str) -> str:
    """deepl-python #93: whatever was marked stands at the start of the sentence."""
    found = re.findall(r'<a id="\d+">', text)
    return "".join(f"{tag}</a>" for tag in found) + " " + re.sub(r"</?a\b[^>]*>", "", text)


def spaces_eaten(text: str) -> str:
    """deepl-node #48: no space before a tag."""
    return text.replace(" <a", "<a")


FAULTS = {"pushed out": pushed_out, "swept": swept, "spaces eaten": spaces_eaten}


@pytest.mark.parametrize("fault", FAULTS)
def test_spoiled_tags_are_repaired_by_the_ladder(
    deepl: Any, double: Any, make_release: Callable[..., Release], fault: Any
) -> None:
    release = make_release()
    sound = translate(release, "es", engines=[deepl]).body_html
    double.spoil = FAULTS[fault]
    assert translate(release, "es", engines=[deepl]).body_html == sound
    assert "un bog stip fur" in sound


@pytest.mark.parametrize("fault", ["XQZAA", "XQZ"])
def test_a_lost_or_damaged_word_holds_the_translation(
    deepl: Any, double: Any, make_release: Callable[..., Release], fault: str
) -> None:
    double.spoil = lambda text: text.replace(fault, "Xq z")
    with pytest.raises(TranslationHeld, match=r"^deepl en→es: .*protected '.*' is missing"):
        translate(make_release(), "es", engines=[deepl])


def test_an_engine_that_fails_holds_the_translation_with_its_words(
    deepl: Any, double: Any, make_release: Callable[..., Release]
) -> None:
    double.left = 0
    with pytest.raises(TranslationHeld, match=r"deepl en→es: answered 456: Quota") as held:
        translate(make_release(), "es", engines=[deepl])
    assert held.value.again
    assert DEEPL_KEY not in str(held.value)
