"""LibreTranslate against a double that does what version 1.9.6 does, limits and unescaping included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tasks.model.documents import DocumentRefused
from tasks.model.release import Release
from tasks.translation.configuration import EngineDocument
from tasks.translation.engine_support import words
from tasks.translation.engines.libretranslate import LibreTranslate
from tasks.translation.errors import Fatal, Retryable, TranslationHeld, Unsupported
from tasks.translation.pieces import Opaque, Open, shown
from tasks.translation.translate import translate

from .doubles import LibreTranslateDouble
from .loopback import answer

ACME, SEALOOM = Opaque(7, "Acme & Co"), Opaque(9, "SeaLoom 3")


@pytest.fixture
def double(running: Callable[[Any], Any]) -> Any:
    return running(LibreTranslateDouble())


@pytest.fixture
def libre(double: Any, document: Callable[..., EngineDocument]) -> Any:
    return LibreTranslate("libretranslate", document(url=double.url, options={"char_limit": "2000"}))


def test_plain_text_goes_with_words_for_opaque_pieces(libre: Any, double: Any) -> None:
    assert libre.translate([(ACME, " sells a ", SEALOOM, "\nnow."), ("Hello.",)], "en", "es") == [
        (ACME, " sills un ", SEALOOM, " nuw."),
        ("Hillu.",),
    ]
    assert double.asked[0].json == {
        "q": ["XQZAA sells a XQZAB now.", "Hello."],
        "source": "en",
        "target": "es",
        "format": "text",
    }


@pytest.mark.parametrize(
    "text", ["Write &lt;b&gt; here.", "It is &amp;amp; here.", "A&copy here.", "R&#68; and &#x41; here."]
)
def test_what_looks_like_html_stays_as_it_is(libre: Any, text: str) -> None:
    """The server unescapes everything: a text about `&lt;b&gt;` would get a tag."""
    (result,) = libre.translate([(text, ACME)], "en", "es")
    assert next(word for word in text.split() if "&" in word) in shown(result)


def test_an_ampersand_is_no_reason_to_hide_a_word(libre: Any, double: Any) -> None:
    libre.translate([("R&D at AT&T, you & me.",)], "en", "es")
    assert double.asked[0].json["q"] == ["R&D at AT&T, you & me."]


@pytest.mark.parametrize(
    ("pair", "codes"),
    [(("en", "pt"), ("en", "pt-BR")), (("en", "pt-PT"), ("en", "pt")), (("zh-Hans", "en"), ("zh-Hans", "en"))],
)
def test_codes_of_languages(libre: Any, double: Any, pair: tuple[str, str], codes: tuple[str, str]) -> None:
    libre.translate([("Hello.",)], *pair)
    assert (double.asked[0].json["source"], double.asked[0].json["target"]) == codes


def test_pairs_and_models(libre: Any, double: Any, document: Callable[..., EngineDocument]) -> None:
    for source in ("en", "ko", "ja", "ar", "zh-Hans", "zh-Hant", "vi", "th", "id", "ms", "de", "ru", "fr", "es", "pt"):
        assert source == "en" or libre.pairs()[source, "en"] == libre.pairs()["en", source] == 1
    assert libre.pairs()["fr", "de"] == 2
    assert libre.model("en", "es") == "libretranslate"
    assert double.asked == []
    other = LibreTranslate("second", document(url=double.url, languages=["en", "es"], model="Argos 1.9"))
    assert other.pairs() == {("en", "es"): 1, ("es", "en"): 1}
    assert other.model("en", "es") == "libretranslate Argos 1.9"
    with pytest.raises(Unsupported, match="libretranslate cannot do en→de"):
        other.translate([("Hello.",)], "en", "de")


def test_the_servers_limits_are_kept(double: Any, document: Callable[..., EngineDocument]) -> None:
    double.batch_limit, double.char_limit = 2, 40
    options = {"char_limit": "40", "batch_limit": "2"}
    libre = LibreTranslate("libretranslate", document(url=double.url, options=options))
    assert libre.capabilities.units == 2
    assert len(libre.translate([("a" * 40,), ("b" * 40,), ("Hello.",)], "en", "es")) == 3
    with pytest.raises(Unsupported, match="more than the 40 characters"):
        libre.translate([("a" * 41,)], "en", "es")
    assert [len(asked.json["q"]) for asked in double.asked] == [2, 1]


def test_limits_that_nobody_told_are_said_by_the_server(libre: Any, double: Any) -> None:
    double.char_limit = 10
    with pytest.raises(Unsupported, match=r"answered 400: Invalid request: request \(12\) exceeds text limit \(10\)"):
        libre.translate([("Hello world.",)], "en", "es")


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1.5"])
def test_a_limit_that_is_no_number_is_refused(document: Callable[..., EngineDocument], limit: str) -> None:
    with pytest.raises(DocumentRefused, match=r"engines\.mine\.options\.char_limit"):
        LibreTranslate("mine", document(url="http://127.0.0.1:1", options={"char_limit": limit}))


def test_keys(double: Any, document: Callable[..., EngineDocument], monkeypatch: pytest.MonkeyPatch) -> None:
    double.needs_key = True
    monkeypatch.setenv("OTHER", "wrong-key-999")
    fields = {"url": double.url}
    assert LibreTranslate("libre", document(key="env:LIBRE_KEY", **fields)).translate([("Hello.",)], "en", "es")
    for key, said in (({}, "to get an API key"), ({"key": "env:OTHER"}, "403: Invalid"), ({"key": "env:NO"}, "env:NO")):
        with pytest.raises(Fatal, match=said) as caught:
            LibreTranslate("libre", document(**fields, **key)).translate([("Hello.",)], "en", "es")
        assert "wrong-key-999" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "said", "kind", "after"),
    [
        (429, "Slowdown: 10 per 1 minute", Retryable, None), (500, "Cannot translate text", Retryable, None),
        (403, "Too many request limits violations", Retryable, 1800), (400, "Invalid JSON format", Fatal, None),
        (400, "ko is not supported", Unsupported, None),
        (400, "Thai (th) is not available as a target language from German (de)", Unsupported, None),
    ],
)  # fmt: skip
def test_what_its_errors_mean(libre: Any, double: Any, status: int, said: str, kind: Any, after: int | None) -> None:
    double.instead = answer(status, {"error": said})
    with pytest.raises(kind, match=f"answered {status}: ") as caught:
        libre.translate([("Hello.",)], "en", "es")
    assert getattr(caught.value, "after", None) == after


FAULTS = {
    "words lost": lambda text: text.replace("XQZAA", ""),
    "words doubled": lambda text: text.replace("XQZAA", "XQZAA XQZAA"),
    "words damaged": lambda text: text.replace("XQZAA", "XQZAAs"),
    "words cut": lambda text: text.replace("XQZA", "XQZ A"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_repaired_is_held(
    libre: Any, double: Any, make_release: Callable[..., Release], fault: Any
) -> None:
    double.spoil = FAULTS[fault]
    with pytest.raises(TranslationHeld, match=r"^libretranslate en→es: "):
        translate(make_release(), "es", engines=[libre])


class TestWords:
    """What stands for opaque pieces, in scripts that join words and in those that do not."""

    UNIT = ("We met ", ACME, " today.")

    @pytest.mark.parametrize(
        "text", ["오늘 XQZAA를 만났다.", "我们今天见了XQZAA的人。", "قابلنا وXQZAA اليوم.", "xqzaa"]
    )
    def test_neighbours_of_a_word(self, text: str) -> None:
        assert ACME in words.read((text,), self.UNIT)

    @pytest.mark.parametrize("text", ["XQZAAs", "éXQZAA", "XQZAAм", "XQZA", "XQZ AA", "XQZAB"])
    def test_damage(self, text: str) -> None:
        assert words.read((text,), self.UNIT) == (text,)

    def test_two_that_were_run_together(self) -> None:
        unit = (ACME, SEALOOM)
        assert words.write(unit) == ("XQZAAXQZAB",)
        assert words.read(("在XQZABXQZAA的",), unit) == ("在", SEALOOM, ACME, "的")

    def test_marks_of_elements_are_left_alone(self) -> None:
        assert words.read((Open(1), "XQZAA"), self.UNIT) == (Open(1), ACME)

    def test_more_than_there_are_words_for(self, libre: Any) -> None:
        many = tuple(Opaque(n, str(n)) for n in range(700))
        assert words.write(many) == ()
        assert libre.translate([many, ("Hello.",)], "en", "es") == [(), ("Hillu.",)]
