"""Amazon Translate, over HTTP: the operation TranslateText, signed here, without an SDK.

    amazon: {key: env:AWS_SECRET_ACCESS_KEY, options: {key_id: AKIA…, region: eu-west-1}}

`key` is the secret access key of a user who may `translate:TranslateText`; those of temporary credentials, which need a
session token too, are not taken. `url` is for endpoints other than the region's own.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from tasks.translation.configuration import EngineDocument, required
from tasks.translation.engine_support import tags
from tasks.translation.engine_support.http_service import Service, as_json, batches, key_behind
from tasks.translation.engines import Capabilities, Pair, pairs_between
from tasks.translation.errors import EngineError, Fatal, QuotaUsedUp, Retryable, Unsupported
from tasks.translation.grades import PUBLISH
from tasks.translation.pieces import Text

MOST_BYTES = 10_000
"""Of one text, markup included."""
_OPERATION = "AWSShineFrontendService_20170701.TranslateText"

_AS_OURS = """
af am ar az bg bn bs ca cs cy da de el en es es-MX et fa fa-AF fi fr fr-CA ga gu ha he hi hr ht hu hy id is it ja ka kk
kn ko lt lv mk ml mn mr ms mt nl pa pl ps pt pt-PT ro ru si sk sl so sq sr sv sw ta te th tr uk ur uz vi
"""
_CODES = {tag: tag for tag in _AS_OURS.split()} | {"zh-Hans": "zh", "zh-Hant": "zh-TW", "nb": "no", "fil": "tl"}
"""Our tag to Amazon's code; `pt` is Brazil's in both."""

_ERRORS: dict[str, type[EngineError]] = {
    **dict.fromkeys(
        ("TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded", "RequestTimeout",
         "InternalServerException", "InternalFailure", "ServiceUnavailableException", "ServiceUnavailable"),
        Retryable,
    ),
    **dict.fromkeys(
        ("UnsupportedLanguagePairException", "TextSizeLimitExceededException", "LimitExceededException"), Unsupported
    ),
    "ServiceQuotaExceededException": QuotaUsedUp,
}  # fmt: skip
"""By name, as many come with status 400; what is not here, signatures and rights among it, is Fatal by its status."""


class Amazon:
    """Amazon Translate. Inline elements go along as `<a id="1">`, opaque pieces as `<span id="1" translate="no">`."""

    OPTIONS = frozenset(("key_id", "region"))
    capabilities = Capabilities(inline="native", grade=PUBLISH, units=1, characters=MOST_BYTES)

    def __init__(self, name: str, document: EngineDocument):
        """Raises DocumentRefused for one without key, key id or region."""
        required(name, document, "key", "options.key_id", "options.region")
        self.name = name
        self._secret = document.key or ""
        self._key_id, self._region = document.options["key_id"], document.options["region"]
        self._url = (document.url or f"https://translate.{self._region}.amazonaws.com").rstrip("/")
        self._service = Service(name, self._url, timeout=document.timeout, meaning=_meaning)
        self._pairs = pairs_between(document.among(_CODES))

    def pairs(self) -> dict[Pair, int]:
        """All pairs of a fixed list of languages, each in one step."""
        return self._pairs

    def model(self, source: str, target: str) -> str:
        """`amazon 2017-07-01`: the service tells no version but that of its API."""
        self._check(source, target)
        return "amazon 2017-07-01"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine. Each unit is a request; raises Unsupported before the first if one is too long."""
        self._check(source, target)
        written = [tags.write(unit, opaque="span", attributes=' translate="no"', fill=True) for unit in units]
        requests = list(batches(written, units=1, size=MOST_BYTES, measure=lambda text: len(text.encode())))
        answers = [self._asked(text, _CODES[source], _CODES[target]) for (text,) in requests]
        return [tags.read(answer, unit, opaque="span") for answer, unit in zip(answers, units, strict=True)]

    def _check(self, source: str, target: str) -> None:
        if (source, target) not in self._pairs:
            raise Unsupported(f"amazon cannot do {source}→{target}")

    def _asked(self, text: str, source: str, target: str) -> str:
        body = as_json({"Text": text, "SourceLanguageCode": source, "TargetLanguageCode": target})
        secret = key_behind(self._secret)
        where = urlsplit(self._url)
        headers = signed(
            {"Host": where.netloc, "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": _OPERATION},
            body,
            path=f"{where.path}/",
            scope=(self._region, "translate"),
            key_id=self._key_id,
            secret=secret,
            now=datetime.now(UTC),
        )
        found = self._service.post("/", data=body, headers=headers, secret=secret)
        answer = found.get("TranslatedText") if isinstance(found, dict) else None
        if not isinstance(answer, str):
            raise Fatal("answered without a text")
        return answer


def signed(
    headers: Mapping[str, str],
    body: bytes,
    *,
    path: str,
    scope: tuple[str, str],
    key_id: str,
    secret: str,
    now: datetime,
) -> dict[str, str]:
    """`headers` of a POST and what AWS Signature Version 4 adds to them; `scope` is region and service.

    Every header given is signed, so `Host` must be among them and none may be changed on the way.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    within = [stamp[:8], *scope, "aws4_request"]
    headers = {**headers, "X-Amz-Date": stamp}
    lines = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    names = ";".join(name for name, _ in lines)
    request = ["POST", path, "", *(f"{name}:{value}" for name, value in lines), "", names, sha256(body).hexdigest()]
    to_sign = ["AWS4-HMAC-SHA256", stamp, "/".join(within), sha256("\n".join(request).encode()).hexdigest()]
    key = b"AWS4" + secret.encode()
    for part in (*within, "\n".join(to_sign)):
        key = hmac.digest(key, part.encode(), "sha256")
    credential = f"Credential={key_id}/{'/'.join(within)}"
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={key.hex()}"}


def _meaning(status: int, found: Any, said: str) -> EngineError | None:
    """By the error's name, which may have a namespace in front: `com.amazon.coral.service#ThrottlingException`."""
    name = str(found.get("__type", "")).rpartition("#")[2] if isinstance(found, dict) else ""
    meant = _ERRORS.get(name)
    if meant is None and name and status < 500:
        return Fatal(f"{name}: {said}")
    return meant(f"{name}: {said}") if meant and status != 429 else None


ENGINE = Amazon
