"""Azure Translator against a double that keeps to its reference, in both versions of its API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tasks.model.documents import DocumentRefused
from tasks.runtime import secrets
from tasks.translation.configuration import EngineDocument
from tasks.translation.engines.azure import Azure
from tasks.translation.errors import Fatal, QuotaUsedUp, Retryable, Unsupported
from tasks.translation.pieces import Close, Opaque, Open

from .doubles_azure import KEY, REGION, AzureDouble, refused
from .loopback import Answer, answer, changed

UNIT = ("The ", Open(7), "big ", Opaque(9, "Norvik & Co"), Close(7), " plant < mill", Opaque(11, ""), " runs.")
V2026 = "2026-06-06"


@pytest.fixture
def double() -> Iterator[Any]:
    double = AzureDouble()
    yield double
    double.close()


@pytest.fixture
def make(double: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An engine that asks the double; options and fields as given."""
    monkeypatch.setenv("TEST_AZURE_KEY", KEY)
    secrets.forget()

    def make(key: str = "env:TEST_AZURE_KEY", languages: Any = None, url: str | None = None, **options: Any) -> Any:
        options = {"region": REGION, **options}
        return Azure("azure", EngineDocument(url=url or double.url, key=key, languages=languages, options=options))

    yield make
    secrets.forget()


@pytest.mark.parametrize("version", ["3.0", V2026])
def test_units_go_as_html_and_come_back_with_their_marks(double: Any, make: Callable[..., Any], version: Any) -> None:
    engine = make(api_version=version)
    assert engine.translate([UNIT, ("Yes.",)], "en", "es") == [
        tuple(changed(piece) if isinstance(piece, str) else piece for piece in UNIT),
        (changed("Yes."),),
    ]
    (asked,) = double.asked
    sent = asked.json[0]["Text"] if version == "3.0" else asked.json["inputs"][0]["text"]
    assert sent == (
        'The <a id="1">big <span id="1" class="notranslate">Norvik &amp; Co</span></a> plant &lt; mill'
        '<span id="2" class="notranslate"></span> runs.'
    )
    assert engine.model("en", "es") == f"azure {version}"


def test_a_custom_system_is_asked_for_alone_and_named(double: Any, make: Callable[..., Any]) -> None:
    for version in ("3.0", V2026):
        engine = make(api_version=version, system="newsroom-7")
        engine.translate([("Yes.",)], "en", "es")
        assert engine.model("en", "es") == f"azure {version} newsroom-7"
    assert double.asked[0].query["category"] == "newsroom-7"
    assert double.asked[0].query["allowFallback"] == "false"
    target = {"language": "es", "deploymentName": "newsroom-7", "allowFallback": False}
    assert double.asked[1].json["inputs"][0]["targets"] == [target]


def test_styles_for_text_from_right_to_left_are_stripped(double: Any, make: Callable[..., Any]) -> None:
    style = 'style="text-align:right;direction:rtl"'
    double.spoil = lambda text: f"<div {style}>" + text.replace('<a id="1"', f'<a id="1" {style}') + "</div>"
    (result,) = make().translate([UNIT], "en", "ar")
    assert result == tuple(changed(piece) if isinstance(piece, str) else piece for piece in UNIT)


def test_what_one_request_cannot_hold_goes_in_several(double: Any, make: Callable[..., Any]) -> None:
    units = [(f"{'&' * 900} word",)] * 12
    assert len(make().translate(units, "en", "es")) == 12
    assert len(double.asked) == 2


def test_a_text_that_no_request_could_hold_is_not_sent(double: Any, make: Callable[..., Any]) -> None:
    with pytest.raises(Unsupported, match="larger"):
        make().translate([("Yes.",), ("&" * 12_000,)], "en", "es")
    assert not double.asked


def test_the_capabilities_keep_to_the_limits() -> None:
    assert Azure.capabilities.units <= 1_000
    assert Azure.capabilities.characters <= 50_000


def test_pairs_are_in_our_tags_and_sent_in_azures(double: Any, make: Callable[..., Any]) -> None:
    pairs = make().pairs()
    assert {("en", "pt-PT"), ("pt", "en"), ("ko", "zh-Hant"), ("zh-Hans", "zh-Hant")} <= pairs.keys()
    assert not {("pt", "pt-PT"), ("fr", "fr-CA"), ("en", "en")} & pairs.keys()
    make().translate([("Yes.",)], "en", "pt-PT")
    assert double.asked[0].query["to"] == "pt-pt"
    assert make(languages=["en", "de"]).pairs() == {("en", "de"): 1, ("de", "en"): 1}
    with pytest.raises(Unsupported):
        make(languages=["en", "de"]).translate([("Yes.",)], "en", "es")
    with pytest.raises(Unsupported):
        make().model("en", "tlh")


@pytest.mark.parametrize(
    ("given", "error", "after"),
    [
        (refused(429000, "The server rejected the request because the client has exceeded request limits."), Retryable,
         None),
        (refused(429001, "exceeded request limits", Retry_After="17"), Retryable, 17),
        (refused(403001, "The operation is not allowed because the subscription has exceeded its free quota."),
         QuotaUsedUp, None),
        (refused(403000, "The operation is not allowed."), Fatal, None),
        (refused(408001, "The requested translation system is being prepared.", Retry_After="60"), Retryable, 60),
        (refused(400023, "One of the specified language pairs is not valid."), Unsupported, None),
        (refused(400077, "The maximum request size has been exceeded."), Unsupported, None),
        (refused(400074, "The body of the request is not valid JSON."), Fatal, None),
        (refused(500000, "An unexpected error occurred."), Retryable, None),
        (refused(503000, "Service is temporarily unavailable."), Retryable, None),
        (Answer(502, b"<html>Bad Gateway</html>"), Retryable, None),
        (Answer(200, b"<html>Sign in</html>"), Fatal, None),
        (answer(200, []), Fatal, None),
        (answer(200, [{"translations": []}]), Fatal, None),
        (answer(200, [{"translations": [{"text": None}]}]), Fatal, None),
        (answer(200, [{"translations": [{"text": "a"}]}] * 2), Fatal, None),
        (answer(200, {"value": []}), Fatal, None),
        (answer(200, "Yes."), Fatal, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", ["3.0", V2026])
def test_what_its_answers_mean(
    double: Any, make: Callable[..., Any], given: Any, error: Any, after: int | None, version: Any
) -> None:
    double.instead = given
    with pytest.raises(error) as caught:
        make(api_version=version).translate([("Yes.",)], "en", "es")
    assert type(caught.value) is error
    assert KEY not in str(caught.value)
    if isinstance(caught.value, Retryable):
        assert caught.value.after == after


def test_a_version_that_there_is_not_is_refused_with_its_field() -> None:
    with pytest.raises(DocumentRefused, match=r"engines\.mine\.options\.api_version"):
        Azure("mine", EngineDocument(key="env:KEY", options={"api_version": "4.0"}))
