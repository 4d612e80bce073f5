"""Apertium on another machine: apertium-apy, its HTTP server, with the modes of Debian's packages.

    apertium-apy: {url: "http://mt.example:2737"}

It takes one text at a time, so every unit is a request, or two where the way leads through a third language. It cuts
texts at 1,000 characters when it is busy, and gives up on the rest of very long ones without a word: none is sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tasks.translation.configuration import EngineDocument, required
from tasks.translation.engine_support import words
from tasks.translation.engine_support.http_service import Service, key_behind
from tasks.translation.engines import Capabilities, Pair
from tasks.translation.engines.apertium import ROUTES
from tasks.translation.errors import EngineError, Fatal, Unsupported
from tasks.translation.grades import DRAFT
from tasks.translation.pieces import Text

MOST_CHARACTERS = 1_000
_SPOILT = re.compile(r"\S*[*^]\S*")
"""Words with a `*`, which it takes for its own mark of unknown words, and with a `^`, on which pipelines hang."""


class ApertiumAPy:
    """A server of Apertium's APy. Plain text only; words stand for opaque pieces, and elements are left to the
    fallbacks."""

    OPTIONS: frozenset[str] = frozenset()
    capabilities = Capabilities(inline="placeholder", grade=DRAFT)

    def __init__(self, name: str, document: EngineDocument):
        """Raises DocumentRefused for one without a url."""
        required(name, document, "url")
        self.name = name
        self._key = document.key
        self._service = Service(name, document.url or "", timeout=document.timeout, meaning=_meaning)
        among = document.languages
        self._routes = {pair: route for pair, route in ROUTES.items() if among is None or {*pair} <= {*among}}

    def pairs(self) -> dict[Pair, int]:
        """The pairs that Debian's Apertium packages have; the server is not asked which of them it has."""
        return {pair: len(route) for pair, route in self._routes.items()}

    def model(self, source: str, target: str) -> str:
        """`apertium-apy eng-spa + es-fr`"""
        return f"apertium-apy {' + '.join(self._route(source, target))}"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine; an empty text for a unit with more opaque pieces than there are words for."""
        route = self._route(source, target)
        texts = [words.plain(words.write(unit, _SPOILT)) for unit in units]
        for mode in route:
            if max(map(len, texts), default=0) > MOST_CHARACTERS:
                raise Unsupported(
                    f"a sentence has more than the {MOST_CHARACTERS:,} characters that apertium-apy takes"
                )
            texts = [self._asked(text, mode) if text.strip() else "" for text in texts]
        return [words.read((text,), unit, _SPOILT) for text, unit in zip(texts, units, strict=True)]

    def _route(self, source: str, target: str) -> tuple[str, ...]:
        if (source, target) not in self._routes:
            raise Unsupported(f"apertium-apy cannot do {source}→{target}")
        return self._routes[source, target]

    def _asked(self, text: str, mode: str) -> str:
        form = {"langpair": mode.replace("-", "|"), "q": text, "format": "txt", "markUnknown": "no"}
        key = key_behind(self._key) if self._key else None
        found = self._service.post("/translate", data=form | ({"key": key} if key else {}), secret=key)
        data = found.get("responseData") if isinstance(found, dict) else None
        answer = data.get("translatedText") if isinstance(data, dict) else None
        if not isinstance(answer, str):
            raise Fatal("answered without a text")
        return answer


def _meaning(status: int, _found: Any, said: str) -> EngineError | None:
    """A pair that it has no mode for is a 400 like any other."""
    return Unsupported(said) if status == 400 and "pair" in said else None


ENGINE = ApertiumAPy
