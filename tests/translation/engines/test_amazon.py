"""Amazon Translate against a double that computes every signature anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.runtime import secrets
from tasks.translation.configuration import EngineDocument
from tasks.translation.engines.amazon import Amazon, signed
from tasks.translation.errors import Fatal, QuotaUsedUp, Retryable, Unsupported
from tasks.translation.pieces import Close, Opaque, Open

from .doubles_amazon import KEY_ID, REGION, SECRET, AmazonDouble, refused
from .loopback import Answer, answer, changed

UNIT = ("The ", Open(7), "big ", Opaque(9, "Norvik & Co"), Close(7), " plant < mill", Opaque(11, ""), " runs.")


@pytest.fixture
def double() -> Iterator[Any]:
    double = AmazonDouble()
    yield double
    double.close()


@pytest.fixture
def make(double: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An engine that asks the double; options and fields as given."""
    monkeypatch.setenv("TEST_AWS_SECRET", SECRET)
    secrets.forget()

    def make(key: str = "env:TEST_AWS_SECRET", languages: Any = None, **options: Any) -> Any:
        options = {"key_id": KEY_ID, "region": REGION, **options}
        return Amazon("amazon", EngineDocument(url=double.url, key=key, languages=languages, options=options))

    yield make
    secrets.forget()


@pytest.mark.parametrize(
    ("headers", "body", "names", "signature"),
    [
        ({}, b"", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
)
def test_the_signature_is_that_of_the_published_suite(
    headers: dict[str, Any], body: bytes, names: str, signature: str
) -> None:
    """`post-vanilla` and `post-x-www-form-urlencoded` of AWS's Signature Version 4 test suite."""
    given = signed(
        {"Host": "example.amazonaws.com", **headers},
        body,
        path="/",
        scope=("us-east-1", "service"),
        key_id=KEY_ID,
        secret=SECRET,
        now=datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
    )
    credential = f"Credential={KEY_ID}/20150830/us-east-1/service/aws4_request"
    assert given["Authorization"] == (f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}")
    assert given["X-Amz-Date"] == "20150830T123600Z"


def test_units_go_as_html_and_come_back_with_their_marks(double: Any, make: Callable[..., Any]) -> None:
    assert make().translate([UNIT, ("Così — naïve 中",)], "en", "es") == [
        tuple(changed(piece) if isinstance(piece, str) else piece for piece in UNIT),
        (changed("Così — naïve 中"),),
    ]
    assert [asked.json["Text"] for asked in double.asked] == [
        'The <a id="1">big <span id="1" translate="no">Norvik &amp; Co</span></a> plant &lt; mill'
        '<span id="2" translate="no"></span> runs.',
        "Così — naïve 中",
    ]
    assert make().model("en", "es") == "amazon 2017-07-01"


def test_one_text_a_request_and_none_that_is_too_long(double: Any, make: Callable[..., Any]) -> None:
    assert Amazon.capabilities.units == 1
    with pytest.raises(Unsupported, match="larger"):
        make().translate([("Yes.",), ("語" * 3_400,)], "en", "es")
    assert not double.asked
    make().translate([("語" * 3_300,)], "en", "es")


def test_pairs_are_in_our_tags_and_sent_in_amazons(double: Any, make: Callable[..., Any]) -> None:
    pairs = make().pairs()
    wanted = {("en", "pt-PT"), ("en", "es-MX"), ("en", "fr-CA"), ("zh-Hans", "zh-Hant"), ("th", "ms")}
    assert wanted <= pairs.keys()
    assert not {("pt", "pt-PT"), ("es", "es-MX"), ("en", "en")} & pairs.keys()
    for target in ("zh-Hant", "zh-Hans", "pt-PT", "es-MX"):
        make().translate([("Yes.",)], "en", target)
    assert [asked.json["TargetLanguageCode"] for asked in double.asked] == ["zh-TW", "zh", "pt-PT", "es-MX"]
    assert make(languages=["en", "de"]).pairs() == {("en", "de"): 1, ("de", "en"): 1}
    with pytest.raises(Unsupported):
        make(languages=["en", "de"]).translate([("Yes.",)], "en", "es")
    with pytest.raises(Unsupported):
        make().model("en", "tlh")


@pytest.mark.parametrize(
    ("given", "error", "after"),
    [
        (refused(400, "TooManyRequestsException", "You have made too many requests."), Retryable, None),
        (refused(400, "com.amazon.coral.availability#ThrottlingException", "Rate exceeded"), Retryable, None),
        (answer(429, {"__type": "ThrottlingException"}, Retry_After="9"), Retryable, 9),
        (refused(503, "ServiceUnavailableException", "temporarily unavailable"), Retryable, None),
        (refused(500, "InternalServerException", "An internal server error occurred."), Retryable, None),
        (refused(400, "UnsupportedLanguagePairException", "Unsupported language pair: en to tlh."), Unsupported, None),
        (refused(400, "TextSizeLimitExceededException", "Input text size exceeds limit."), Unsupported, None),
        (refused(400, "LimitExceededException", "The specified limit has been exceeded."), Unsupported, None),
        (refused(402, "ServiceQuotaExceededException", "Quota exceeded"), QuotaUsedUp, None),
        (refused(400, "ServiceQuotaExceededException", "Quota exceeded"), QuotaUsedUp, None),
        (refused(400, "AccessDeniedException", "is not authorized to perform: translate:TranslateText"), Fatal, None),
        (refused(403, "ExpiredTokenException", "The security token included in the request is expired"), Fatal, None),
        (refused(400, "InvalidRequestException", "The request that you made is not valid."), Fatal, None),
        (Answer(502, b"<html>Bad Gateway</html>"), Retryable, None),
        (Answer(200, b"<html>Sign in</html>"), Fatal, None),
        (answer(200, {}), Fatal, None),
        (answer(200, {"TranslatedText": ["a"]}), Fatal, None),
        (answer(200, []), Fatal, None),
    ],
)
def test_what_its_answers_mean(
    double: Any, make: Callable[..., Any], given: Any, error: Any, after: int | None
) -> None:
    double.instead = given
    with pytest.raises(error) as caught:
        make().translate([("Yes.",)], "en", "es")
    assert type(caught.value) is error
    assert SECRET not in str(caught.value)
    if isinstance(caught.value, Retryable):
        assert caught.value.after == after


def test_a_wrong_secret_key_or_region_is_fatal_and_never_told(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_AWS_WRONG", "wrong-secret-77")
    for engine, why in (
        (make(key="env:TEST_AWS_WRONG"), "InvalidSignatureException"),
        (make(key_id="AKIDOTHER"), "UnrecognizedClientException"),
        (make(region="us-east-1"), "InvalidSignatureException"),
        (make(key="env:TEST_AWS_NONE"), "TEST_AWS_NONE"),
    ):
        with pytest.raises(Fatal, match=why) as caught:
            engine.translate([("Yes.",)], "en", "es")
        assert "wrong-secret-77" not in str(caught.value)
        assert SECRET not in repr(vars(engine))
