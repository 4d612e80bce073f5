"""Amazon Translate as its reference describes it: TranslateText over JSON 1.1; every signature is computed anew."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

from .loopback import Answer, Asked, Loopback, answer, translated_html

KEY_ID, SECRET, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-west-1"
LANGUAGES = {"en", "es", "es-MX", "de", "ar", "fr", "fr-CA", "pt", "pt-PT", "zh", "zh-TW"}


def refused(status: int, name: str, message: str) -> Answer:
    document = {"__type": name, "message": message}
    return answer(status, document, Content_Type="application/x-amz-json-1.1")


class AmazonDouble(Loopback):
    def answer(self, asked: Asked) -> Answer:
        problem = unauthorised(asked)
        if problem:
            return problem
        if asked.headers.get("x-amz-target") != "AWSShineFrontendService_20170701.TranslateText":
            return refused(400, "UnknownOperationException", "")
        if asked.headers.get("content-type") != "application/x-amz-json-1.1":
            return refused(404, "UnknownOperationException", "")
        text, source, target = (asked.json[name] for name in ("Text", "SourceLanguageCode", "TargetLanguageCode"))
        if source not in LANGUAGES or target not in LANGUAGES:
            return refused(400, "UnsupportedLanguagePairException", f"Unsupported language pair: {source} to {target}.")
        if len(text.encode()) > 10_000:
            said = "Input text size exceeds limit. Max length of request text allowed is 10000 bytes"
            return refused(400, "TextSizeLimitExceededException", said)
        given = {"SourceLanguageCode": source, "TargetLanguageCode": target}
        return answer(200, {"TranslatedText": self.spoil(translated_html(text)), **given})


def unauthorised(asked: Asked) -> Answer | None:
    """By the four steps of AWS's documentation, from what was received."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/translate/aws4_request, SignedHeaders=([\w;-]+), "
        r"Signature=([0-9a-f]{64})",
        asked.headers.get("authorization", ""),
    )
    if not found:
        return refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    key_id, day, region, names, signature = found.groups()
    if key_id != KEY_ID:
        return refused(400, "UnrecognizedClientException", "The security token included in the request is invalid.")
    stamp = asked.headers["x-amz-date"]
    sent = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - sent) > timedelta(minutes=15) or stamp[:8] != day:
        return refused(400, "InvalidSignatureException", "Signature expired")
    if region != REGION or not {"host", "x-amz-date", "x-amz-target"} <= set(names.split(";")):
        return refused(400, "InvalidSignatureException", "Credential should be scoped to a valid region.")
    lines = "".join(f"{name}:{asked.headers[name].strip()}\n" for name in names.split(";"))
    body = hashlib.sha256(asked.body).hexdigest()
    request = hashlib.sha256(f"POST\n/\n\n{lines}\n{names}\n{body}".encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{day}/{region}/translate/aws4_request\n{request}"
    key = ("AWS4" + SECRET).encode()
    for part in (day, region, "translate", "aws4_request", to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(key.hex(), signature):
        said = "The request signature we calculated does not match the signature you provided."
        return refused(400, "InvalidSignatureException", said)
    return None
