"""Azure Translator, over HTTP: version 3.0 of its API, or that of 2026-06-06, whose bodies are others.

    azure: {key: env:AZURE_TRANSLATOR_KEY, options: {region: westeurope}}

`options.region` is needed unless the resource is a global one. `options.api_version` is `3.0` (the default) or
`2026-06-06`. `options.system` names a custom system (3.0: a category, 2026-06-06: a deployment); nothing else then
translates in its stead. `url` is for resources with an address of their own, all of it but `/translate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from tasks.model.documents import DocumentRefused
from tasks.runtime.errors import Problem
from tasks.translation.configuration import EngineDocument, required
from tasks.translation.engine_support import tags
from tasks.translation.engine_support.http_service import Service, batches, key_behind
from tasks.translation.engines import Capabilities, Pair, pairs_between
from tasks.translation.errors import EngineError, Fatal, QuotaUsedUp, Unsupported
from tasks.translation.grades import PUBLISH
from tasks.translation.pieces import Text

ADDRESS = "https://api.cognitive.microsofttranslator.com"
V3, V2026 = "3.0", "2026-06-06"
MOST_TEXTS, MOST_CHARACTERS = 1_000, 50_000
"""Of one request, markup included."""

_AS_OURS = """
af am ar az bg bn bs ca cs cy da de el en es et eu fa fi fil fr ga gl gu he hi hr ht hu hy id is it ja ka kk km kn ko
lo lt lv mk ml mr ms mt my nb ne nl or pa pl ps pt ro ru sk sl so sq sv sw ta te th tr uk ur uz vi zh-Hans zh-Hant zu
"""
_CODES = {tag: tag for tag in _AS_OURS.split()} | {
    "fr-CA": "fr-ca",
    "pt-PT": "pt-pt",
    "mn": "mn-Cyrl",
    "sr": "sr-Cyrl",
    "sr-Latn": "sr-Latn",
}
"""Our tag to Azure's code; `pt` is Brazil's in both."""
_NO_SUCH = frozenset((400019, 400023, 400035, 400036, 400075, 400079))
"""Its error codes for a language or pair that it does not have."""
_TOO_LONG = frozenset((400050, 400072, 400077))


class Azure:
    """Azure Translator. Inline elements go along as `<a id="1">`, opaque pieces as `<span id="1"
    class="notranslate">`."""

    OPTIONS = frozenset(("region", "api_version", "system"))
    capabilities = Capabilities(inline="native", grade=PUBLISH, units=100, characters=25_000)

    def __init__(self, name: str, document: EngineDocument):
        """Raises DocumentRefused for one without a key, or with a version that there is not."""
        required(name, document, "key")
        self.name = name
        self._key = document.key or ""
        self._region = document.options.get("region")
        self._version = document.options.get("api_version", V3)
        self._system = document.options.get("system")
        if self._version not in (V3, V2026):
            problem = Problem(f"engines.{name}.options.api_version", f"must be {V3!r} or {V2026!r}")
            raise DocumentRefused("translation file", [problem])
        self._service = Service(name, document.url or ADDRESS, timeout=document.timeout, meaning=_meaning)
        self._pairs = pairs_between(document.among(_CODES))

    def pairs(self) -> dict[Pair, int]:
        """All pairs of a fixed list of languages, each in one step."""
        return self._pairs

    def model(self, source: str, target: str) -> str:
        """`azure 3.0`, and the custom system if there is one."""
        self._check(source, target)
        return " ".join(["azure", self._version, *([self._system] if self._system else [])])

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine. Texts that are more than one request may hold, tags included, go in several."""
        self._check(source, target)
        written = [tags.write(unit, opaque="span", attributes=' class="notranslate"', fill=True) for unit in units]
        requests = list(batches(written, units=MOST_TEXTS, size=MOST_CHARACTERS))
        answers = [text for texts in requests for text in self._asked(texts, _CODES[source], _CODES[target])]
        return [tags.read(answer, unit, opaque="span") for answer, unit in zip(answers, units, strict=True)]

    def _check(self, source: str, target: str) -> None:
        if (source, target) not in self._pairs:
            raise Unsupported(f"azure cannot do {source}→{target}")

    def _asked(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        query = {"api-version": self._version}
        body: Any
        if self._version == V3:
            query |= {"from": source, "to": target, "textType": "html"}
            query |= {"category": self._system, "allowFallback": "false"} if self._system else {}
            body = [{"Text": text} for text in texts]
        else:
            custom = {"deploymentName": self._system, "allowFallback": False} if self._system else {}
            targets = [{"language": target, **custom}]
            body = {"inputs": [{"text": t, "language": source, "textType": "Html", "targets": targets} for t in texts]}
        found = self._service.post(f"/translate?{urlencode(query)}", body, headers=self._headers())
        return _texts_in(found if self._version == V3 else _inside(found, "value"), len(texts))

    def _headers(self) -> dict[str, str]:
        headers = {"Ocp-Apim-Subscription-Key": key_behind(self._key)}
        return headers | ({"Ocp-Apim-Subscription-Region": self._region} if self._region else {})


def _texts_in(found: Any, wanted: int) -> list[str]:
    """The first translation of each result; raises Fatal for anything but `wanted` strings."""
    if not isinstance(found, list) or len(found) != wanted:
        given = f"{len(found)} results" if isinstance(found, list) else "no results"
        raise Fatal(f"answered with {given} for {wanted} texts")
    translations = [_inside(result, "translations") for result in found]
    texts = [_inside(some[0], "text") if isinstance(some, list) and some else None for some in translations]
    strings = [text for text in texts if isinstance(text, str)]
    if len(strings) != wanted:
        raise Fatal(f"answered with a text for only {len(strings)} of {wanted}")
    return strings


def _inside(found: Any, name: str) -> Any:
    return found.get(name) if isinstance(found, dict) else None


def _meaning(_status: int, found: Any, said: str) -> EngineError | None:
    """By its six-digit codes: a used-up quota is a 403, and a pair or size it cannot do is a 400 like any other."""
    code = str(_inside(_inside(found, "error"), "code"))
    number = int(code) if code.isascii() and code.isdigit() else 0
    if number == 403001:
        return QuotaUsedUp(said)
    return Unsupported(said) if number in _NO_SUCH | _TOO_LONG else None


ENGINE = Azure
