"""LibreTranslate, somebody's own server with Argos models, over HTTP.

    libretranslate: {url: "http://127.0.0.1:5000", options: {char_limit: "2000", batch_limit: "10"}}

The options are the server's own `--char-limit` (of one text) and `--batch-limit` (texts of a request), if it has any;
`key` is needed where it asks for API keys. Its HTML is never used: it translates what stands between two tags without
the sentence around it, and unescapes the whole, so that `&lt;b&gt;` in a text becomes a tag.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html.entities import html5
from typing import Any

from tasks.model.documents import DocumentRefused
from tasks.runtime.errors import Problem
from tasks.translation.configuration import EngineDocument, required
from tasks.translation.engine_support import words
from tasks.translation.engine_support.http_service import Service, batches, key_behind, texts_in
from tasks.translation.engines import Capabilities, Pair, pairs_between
from tasks.translation.errors import EngineError, Retryable, Unsupported
from tasks.translation.grades import PUBLISH
from tasks.translation.pieces import Text

_AS_OURS = """
ar az bg bn ca cs da de el en es et eu fa fi fr ga gl he hi hu id it ja ko ky lt lv ms nb nl pl ro ru sk sl sq sv th
tr uk ur vi zh-Hans zh-Hant
"""
_CODES = {tag: tag for tag in _AS_OURS.split()} | {"pt": "pt-BR", "pt-PT": "pt", "fil": "tl"}
"""Our tag to LibreTranslate's code; its plain `pt` is Portugal's."""
_LEGACY = "|".join(sorted(name for name in html5 if not name.endswith(";")))
_REFERENCE = re.compile(rf"\S*&(?:#\w+|\w+;|{_LEGACY})\S*")
"""What looks like a character reference of HTML: it unescapes plain text too."""
_BANNED_FOR = 1800.0
"""Seconds after which a server that counted too many requests begins to forget."""


class LibreTranslate:
    """A server of LibreTranslate. Plain text only: it gets whole sentences, words stand for the opaque pieces that it
    must not read, and elements follow the words that the memory teaches, or are left to the fallbacks."""

    OPTIONS = frozenset(("char_limit", "batch_limit"))

    def __init__(self, name: str, document: EngineDocument):
        """Raises DocumentRefused for one without a url, or with a limit that is no number."""
        required(name, document, "url")
        self.name = name
        self._key = document.key
        self._size = _limit(name, document, "char_limit", 10_000)
        self._batch = _limit(name, document, "batch_limit", 20)
        self._model = document.model
        self._service = Service(name, document.url or "", timeout=document.timeout, meaning=_meaning)
        self._pairs = _pairs(document.among(_CODES))

    @property
    def capabilities(self) -> Capabilities:
        """What the engine can do, within what its server takes."""
        return Capabilities(inline="plain", grade=PUBLISH, units=self._batch)

    def pairs(self) -> dict[Pair, int]:
        """All pairs that LibreTranslate has models for, by way of English; the server is not asked which of them it
        has."""
        return self._pairs

    def model(self, source: str, target: str) -> str:
        """`libretranslate`, and what the configuration says of its models."""
        self._check(source, target)
        return f"libretranslate {self._model}" if self._model else "libretranslate"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine; an empty text for a unit with more opaque pieces than there are words for."""
        self._check(source, target)
        written = [words.plain(words.write(unit, _REFERENCE)) for unit in units]
        asked = [text for text in written if text.strip()]
        if max(map(len, asked), default=0) > self._size:
            raise Unsupported(f"a sentence has more than the {self._size:,} characters that the server takes")
        given: list[str] = []
        for batch in batches(asked, units=self._batch, size=self._batch * self._size):
            given += self._asked(batch, _CODES[source], _CODES[target])
        answers = iter(given)
        results = [next(answers) if text.strip() else "" for text in written]
        return [words.read((result,), unit, _REFERENCE) for result, unit in zip(results, units, strict=True)]

    def _check(self, source: str, target: str) -> None:
        if (source, target) not in self._pairs:
            raise Unsupported(f"libretranslate cannot do {source}→{target}")

    def _asked(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        key = key_behind(self._key) if self._key else None
        body = {"q": list(texts), "source": source, "target": target, "format": "text"}
        found = self._service.post("/translate", body | ({"api_key": key} if key else {}), secret=key)
        return texts_in(found, len(texts), "translatedText")


@lru_cache(maxsize=32)
def _pairs(tags: tuple[str, ...]) -> dict[Pair, int]:
    return {pair: 1 if "en" in pair else 2 for pair in pairs_between(tags, scripts=False)}


def _limit(name: str, document: EngineDocument, option: str, usual: int) -> int:
    given = document.options.get(option, str(usual))
    if not given.isdecimal() or int(given) == 0:
        raise DocumentRefused(
            "translation file", [Problem(f"engines.{name}.options.{option}", "must be a number above 0")]
        )
    return int(given)


def _meaning(status: int, _found: Any, said: str) -> EngineError | None:
    """By its words, as it says everything with 400 and 403: no such language, too long a text, banned for a while."""
    if status == 400 and re.search("not supported|not available|exceeds text limit", said):
        return Unsupported(said)
    if status == 403 and "Too many request" in said:
        return Retryable(said, after=_BANNED_FOR)
    return None


ENGINE = LibreTranslate
