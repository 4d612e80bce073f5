"""Google against a double that keeps its published limits, and says a used-up quota with 403 as Google does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tasks.model.release import Release
from tasks.translation.configuration import EngineDocument
from tasks.translation.engines.google import Google
from tasks.translation.errors import Fatal, QuotaUsedUp, Retryable, TranslationHeld, Unsupported
from tasks.translation.pieces import Close, Opaque, Open
from tasks.translation.translate import translate

from .doubles import GOOGLE_TOKEN, PROJECT, GoogleDouble, google_error
from .loopback import links

ACME, PICTURE = Opaque(7, "Acme & Co"), Opaque(8, "")
UNIT = ("The ", Open(3), "sea & the ", Open(4), "shore", Close(4), Close(3), " of ", ACME, " aren't ", PICTURE, " <i>.")
CONSUMER = f"projects/{PROJECT}"


@pytest.fixture
def double(running: Callable[[Any], Any]) -> Any:
    return running(GoogleDouble())


@pytest.fixture
def google(double: Any, document: Callable[..., EngineDocument]) -> Any:
    return Google("google", document(url=double.url, key="env:GOOGLE_TOKEN", options={"project": PROJECT}))


def test_elements_and_opaque_pieces_come_back(google: Any, double: Any) -> None:
    assert google.translate([UNIT, ("Hello.",)], "en", "es") == [
        (
            "La ",
            Open(3),
            "sie & la ",
            Open(4),
            "shuri",
            Close(4),
            Close(3),
            " de ",
            ACME,
            " erin't ",
            PICTURE,
            " <o>.",
        ),
        ("Hillu.",),
    ]
    assert double.asked[0].path == f"/v3/projects/{PROJECT}/locations/global:translateText"
    assert double.asked[0].json == {
        "contents": [
            'The <a id="1">sea &amp; the <a id="2">shore</a></a> of <span id="1" translate="no">Acme &amp; Co</span> '
            'aren\'t <span id="2" translate="no"></span> &lt;i&gt;.',
            "Hello.",
        ],
        "mimeType": "text/html",
        "sourceLanguageCode": "en",
        "targetLanguageCode": "es",
        "model": f"projects/{PROJECT}/locations/global/models/general/nmt",
    }


@pytest.mark.parametrize(
    ("pair", "codes"),
    [
        (("zh-Hans", "zh-Hant"), None), (("en", "zh-Hans"), ("en", "zh-CN")), (("zh-Hant", "en"), ("zh-TW", "en")),
        (("en", "pt"), ("en", "pt-BR")), (("pt-PT", "en"), ("pt-PT", "en")), (("en", "ar"), ("en", "ar")),
    ],
)  # fmt: skip
def test_codes_of_languages(google: Any, double: Any, pair: tuple[str, str], codes: tuple[str, str] | None) -> None:
    if codes is None:
        assert pair not in google.pairs()
        return
    google.translate([("Hello.",)], *pair)
    assert (double.asked[0].json["sourceLanguageCode"], double.asked[0].json["targetLanguageCode"]) == codes


def test_pairs_and_models(google: Any, double: Any, document: Callable[..., EngineDocument]) -> None:
    for source in ("en", "ko", "ja", "ar", "zh-Hans", "zh-Hant", "vi", "th", "id", "ms", "de", "ru", "fr", "es", "pt"):
        assert source == "en" or {(source, "en"), ("en", source)} <= google.pairs().keys()
    assert google.model("en", "es") == "google v3 general/nmt"
    assert double.asked == []
    options = {"project": PROJECT, "location": "us-central1"}
    fields = {"url": double.url, "key": "env:GOOGLE_TOKEN", "languages": ["en", "es"], "options": options}
    other = Google("second", document(model="general/translation-llm", **fields))
    assert other.pairs().keys() == {("en", "es"), ("es", "en")}
    assert other.model("en", "es") == "google v3 general/translation-llm"
    other.translate([("Hello.",)], "en", "es")
    where = f"projects/{PROJECT}/locations/us-central1"
    assert double.asked[0].path == f"/v3/{where}:translateText"
    assert double.asked[0].json["model"] == f"{where}/models/general/translation-llm"
    with pytest.raises(Unsupported, match="google cannot do en→de"):
        other.model("en", "de")


def test_more_than_a_request_holds_goes_in_several(google: Any, double: Any) -> None:
    assert len(google.translate([("Hello.",)] * 1_500, "en", "es")) == 1_500
    google.translate([("a" * 20_000,), ("b" * 20_000,)], "en", "es")
    assert [len(asked.json["contents"]) for asked in double.asked] == [1_024, 476, 1, 1]
    with pytest.raises(Unsupported, match="larger"):
        google.translate([("&" * 7_000,)], "en", "es")


QUOTA = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "RATE_LIMIT_EXCEEDED",
    "domain": "googleapis.com",
}


@pytest.mark.parametrize(
    ("back", "kind"),
    [
        (google_error(403, "PERMISSION_DENIED", "Daily Limit Exceeded"), QuotaUsedUp),
        (google_error(403, "PERMISSION_DENIED", "User Rate Limit Exceeded"), Retryable),
        (google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'v3 and v2 general model characters' "
         "and limit 'v3 and v2 general model characters per day' of service 'translate.googleapis.com'"), QuotaUsedUp),
        (google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'v3 and v2 general model characters'",
         **QUOTA, metadata={"quota_limit": "ContentSizePerMinutePerProject", "consumer": CONSUMER}), Retryable),
        (google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.",
         **QUOTA, metadata={"quota_limit": "ContentSizePerDayPerProject", "consumer": CONSUMER}), QuotaUsedUp),
        (google_error(403, "PERMISSION_DENIED", "Cloud Translation API has not been used in project 1 before"), Fatal),
        (google_error(403, "PERMISSION_DENIED", "This API method requires billing to be enabled.",
         reason="BILLING_DISABLED"), Fatal),
        (google_error(403, "PERMISSION_DENIED", "The API requires a quota project, which is not set."), Fatal),
        (google_error(400, "INVALID_ARGUMENT", "Target language is invalid."), Unsupported),
        (google_error(400, "INVALID_ARGUMENT", "Invalid value at 'contents'"), Fatal),
        (google_error(503, "UNAVAILABLE", "The service is currently unavailable."), Retryable),
    ],
)  # fmt: skip
def test_what_its_errors_mean(google: Any, double: Any, back: Any, kind: Any) -> None:
    double.instead = back
    with pytest.raises(kind) as caught:
        google.translate([("Hello.",)], "en", "es")
    assert type(caught.value) is kind
    if kind is Retryable and back.status != 503:
        assert caught.value.after == 60


def styled(text: str) -> str:
    """What Google adds to HTML that runs from right to left."""
    style = 'style=";text-align:right;direction:rtl"'
    return f'<div dir="rtl" {style}>{text.replace("<a ", f"<a {style} ")}</div>'


def spaced(text: str) -> str:
    return re.sub(r'(translate="no">)([^<]*)(</span>)', r"\1 \2 \3", text)


@pytest.mark.parametrize("fault", [styled, spaced])
def test_spoiled_tags_are_repaired_by_the_ladder(
    google: Any, double: Any, make_release: Callable[..., Release], fault: Any
) -> None:
    release = make_release()
    sound = translate(release, "es", engines=[google]).body_html
    double.spoil = fault
    assert translate(release, "es", engines=[google]).body_html == sound
    assert sorted(links(sound)) == sorted(links(release.html))


def swept(text: str) -> str:
    """Everything that is not to be translated at the start of the sentence."""
    kept = re.findall(r"<span [^>]*>[^<]*</span>", text)
    return "".join(kept) + " " + re.sub(r"<span [^>]*>[^<]*</span>", "", text)


def swallowing(text: str) -> str:
    return re.sub(r"</span>( \w+)", r"\1</span>", text)


@pytest.mark.parametrize("fault", [swept, swallowing])
def test_what_cannot_be_repaired_is_held(
    google: Any, double: Any, make_release: Callable[..., Release], fault: Any
) -> None:
    double.spoil = fault
    with pytest.raises(TranslationHeld, match=r"^google en→es: "):
        translate(make_release(), "es", engines=[google])


def test_names_that_were_swept_from_their_words_hold_the_translation(
    google: Any, double: Any, make_release: Callable[..., Release]
) -> None:
    """No count of them would tell: both are there, but nobody knows any more who met whom."""
    body = "<p>The team of SeaLoom 3 has met the people of Norvik Tidal in the city.</p>"
    release = make_release(headline="A new plant", subheadline=None, body_html=body)
    translate(release, "es", engines=[google])
    double.spoil = swept
    with pytest.raises(
        TranslationHeld, match="paragraph 1: protected 'SeaLoom 3' is missing, 'Norvik Tidal' is missing"
    ):
        translate(release, "es", engines=[google])


def test_a_used_up_quota_holds_the_translation_until_later(
    google: Any, double: Any, make_release: Callable[..., Release]
) -> None:
    double.instead = google_error(403, "PERMISSION_DENIED", "Daily Limit Exceeded")
    with pytest.raises(TranslationHeld, match="google en→es: answered 403: Daily Limit Exceeded") as held:
        translate(make_release(), "es", engines=[google])
    assert held.value.again
    assert GOOGLE_TOKEN not in str(held.value)
