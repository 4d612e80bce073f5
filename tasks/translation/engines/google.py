"""Google Cloud Translation, version 3 of its API ("Advanced"), over HTTP.

    google: {key: "file:/run/secrets/google-token", options: {project: my-project, location: global}}

`key` is an OAuth access token. Google's last an hour: let something write a fresh one to the file in time, such as
`gcloud auth print-access-token`. `model` is `general/nmt` (the default), `general/translation-llm` or the number of a
model of one's own, which needs its `options.location`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from tasks.translation.configuration import EngineDocument, required
from tasks.translation.engine_support import tags
from tasks.translation.engine_support.http_service import Service, batches, key_behind, texts_in
from tasks.translation.engines import Capabilities, Pair, pairs_between
from tasks.translation.errors import EngineError, QuotaUsedUp, Retryable, Unsupported
from tasks.translation.grades import PUBLISH
from tasks.translation.pieces import Text

ADDRESS = "https://translate.googleapis.com"
MOST_TEXTS, MOST_CHARACTERS = 1_024, 30_000
"""Of one request, markup included; Google answers soonest to about 5,000."""
USUAL_MODEL = "general/nmt"

_AS_OURS = """
af am ar az be bg bn bs ca cs cy da de el en es et eu fa fi fil fr fr-CA ga gl gu ha he hi hr ht hu hy id is it ja jv ka
kk km kn ko ky lo lt lv mk ml mn mr ms mt my ne nl pa pl ps pt-PT ro ru si sk sl so sq sr sv sw ta te th tr uk ur uz vi
yo zu
"""
_CODES = {tag: tag for tag in _AS_OURS.split()} | {"pt": "pt-BR", "nb": "no", "zh-Hans": "zh-CN", "zh-Hant": "zh-TW"}
"""Our tag to Google's code."""
_MINUTE = 60.0


class Google:
    """Google Cloud Translation. Inline elements go along as `<a id="1">`; opaque pieces as `translate="no"`, whose
    content must come back."""

    OPTIONS = frozenset(("project", "location"))
    capabilities = Capabilities(inline="native", grade=PUBLISH, units=100, characters=5_000)

    def __init__(self, name: str, document: EngineDocument):
        """Raises DocumentRefused for one without key or project."""
        required(name, document, "key", "options.project")
        self.name = name
        self._key = document.key or ""
        location = document.options.get("location", "global")
        self._parent = f"projects/{quote(document.options['project'], safe=':')}/locations/{quote(location, safe='')}"
        self._model = document.model or USUAL_MODEL
        self._service = Service(name, document.url or ADDRESS, timeout=document.timeout, meaning=_meaning)
        self._pairs = pairs_between(document.among(_CODES), scripts=False)

    def pairs(self) -> dict[Pair, int]:
        """All pairs of a fixed list of languages, each in one step."""
        return self._pairs

    def model(self, source: str, target: str) -> str:
        """`google v3 general/nmt`"""
        self._check(source, target)
        return f"google v3 {self._model}"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine. Texts that are more than one request may hold, tags included, go in several."""
        self._check(source, target)
        written = [tags.write(unit, opaque="span", attributes=' translate="no"', fill=True) for unit in units]
        answers: list[str] = []
        for batch in batches(written, units=MOST_TEXTS, size=MOST_CHARACTERS):
            answers += self._asked(batch, _CODES[source], _CODES[target])
        return [tags.read(answer, unit, opaque="span") for answer, unit in zip(answers, units, strict=True)]

    def _check(self, source: str, target: str) -> None:
        if (source, target) not in self._pairs:
            raise Unsupported(f"google cannot do {source}→{target}")

    def _asked(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        body = {
            "contents": list(texts),
            "mimeType": "text/html",
            "sourceLanguageCode": source,
            "targetLanguageCode": target,
            "model": f"{self._parent}/models/{self._model}",
        }
        headers = {"Authorization": f"Bearer {key_behind(self._key)}"}
        found = self._service.post(f"/v3/{self._parent}:translateText", body, headers=headers)
        return texts_in(found, len(texts), "translations", "translatedText")


def _meaning(status: int, found: Any, said: str) -> EngineError | None:
    """A used-up quota is a 403 or a 429: one of the day is over until midnight in California, one of a minute soon."""
    if status == 400 and re.search("language", said, re.IGNORECASE):
        return Unsupported(said)
    if status not in (403, 429):
        return None
    details = f"{said} {found}"
    if re.search(r"daily ?limit|per ?day", details, re.IGNORECASE):
        return QuotaUsedUp(said)
    over = re.search(r"(?:quota|limit)[ _]?exceeded|RESOURCE_EXHAUSTED", details, re.IGNORECASE)
    return Retryable(said, after=_MINUTE) if status == 429 or over else None


ENGINE = Google
