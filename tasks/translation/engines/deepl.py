"""DeepL, version 2 of its API, over HTTP.

    deepl: {key: env:DEEPL_KEY, model: prefer_quality_optimized, options: {formality: prefer_more}}

`model` is DeepL's `model_type`, `options.formality` its `formality`; both may be left out. `url` is for an address
other than that of DeepL Pro, or of DeepL Free for a key that ends in `:fx`.

Inline elements go along as XML. Opaque pieces do not: ignored tags have been found at the start of the sentence
instead of in their places (deepl-python #93), which no check could see; a word for each stays where it belongs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tasks.translation.configuration import EngineDocument, required
from tasks.translation.engine_support import tags, words
from tasks.translation.engine_support.http_service import Service, as_json, batches, key_behind, texts_in
from tasks.translation.engines import Capabilities, Pair, pairs_between
from tasks.translation.errors import EngineError, Unsupported
from tasks.translation.grades import PUBLISH
from tasks.translation.pieces import Close, Open, Text

PRO, FREE = "https://api.deepl.com", "https://api-free.deepl.com"
MOST_TEXTS, MOST_BYTES = 50, 128 * 1024
"""Of one request, the JSON around the texts included."""
_ROOM = 4 * 1024
"""Bytes kept for what is in a request besides its texts."""

_SOURCES = """
AR BG CS DA DE EL EN ES ET FI FR HU ID IT JA KO LT LV MS NB NL PL PT RO RU SK SL SV TH TR UK VI ZH-HANS ZH-HANT
"""
_TARGETS = {code.lower(): code for code in _SOURCES.split() if not code.startswith("ZH")} | {
    "en": "EN-US",
    "en-GB": "EN-GB",
    "es-419": "ES-419",
    "pt": "PT-BR",
    "pt-PT": "PT-PT",
    "zh-Hans": "ZH-HANS",
    "zh-Hant": "ZH-HANT",
}
"""Our tag to DeepL's code for a target; for a source it is the part before the hyphen."""
_VARIANTS = frozenset(("en-GB", "es-419", "pt-PT"))
"""Only targets: as sources they are not told apart from the language."""
_WITHOUT_TAGS = frozenset(("ms", "th", "vi"))
"""DeepL translates these but handles no tags in them."""


class DeepL:
    """DeepL. Inline elements go along as `<a id="1">` where DeepL handles tags; words stand for opaque pieces."""

    OPTIONS = frozenset(("formality",))
    capabilities = Capabilities(inline="native", grade=PUBLISH, units=MOST_TEXTS, characters=20_000)

    def __init__(self, name: str, document: EngineDocument):
        """Raises DocumentRefused for one without a key."""
        required(name, document, "key")
        self.name = name
        self._document = document
        self._pairs = _pairs(document.among(_TARGETS))

    def pairs(self) -> dict[Pair, int]:
        """All pairs of a fixed list of languages, each in one step."""
        return self._pairs

    def model(self, source: str, target: str) -> str:
        """`deepl v2`, and the type of model that is asked for."""
        self._check(source, target)
        return " ".join(["deepl v2", *([self._document.model] if self._document.model else [])])

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine; an empty text for a unit with elements where DeepL handles no tags: fallbacks take them out."""
        self._check(source, target)
        tagged = not _WITHOUT_TAGS.intersection((source, target))
        worded = [words.write(unit) if tagged or not _has_elements(unit) else () for unit in units]
        texts = [tags.write(unit) if tagged else words.plain(unit) for unit in worded]
        asked = [text for text in texts if text.strip()]
        given: list[str] = []
        for batch in batches(asked, units=MOST_TEXTS, size=MOST_BYTES - _ROOM, measure=_bytes):
            given += self._asked(batch, source, target, tagged=tagged)
        answers = iter(given)
        results = [next(answers) if text.strip() else "" for text in texts]
        return [
            words.read(tags.read(result, sent) if tagged else (result,), unit)
            for result, sent, unit in zip(results, worded, units, strict=True)
        ]

    def _check(self, source: str, target: str) -> None:
        if (source, target) not in self._pairs:
            raise Unsupported(f"deepl cannot do {source}→{target}")

    def _asked(self, texts: Sequence[str], source: str, target: str, *, tagged: bool) -> list[str]:
        body: dict[str, Any] = {
            "text": list(texts),
            "source_lang": _TARGETS[source].split("-")[0],
            "target_lang": _TARGETS[target],
            "split_sentences": "0",  # each is one sentence
            "preserve_formatting": True,  # or a link's words alone would get a capital and a full stop
        }
        if tagged:
            body |= {"tag_handling": "xml", "tag_handling_version": "v2", "outline_detection": False}
            body |= {"non_splitting_tags": ["a"]}
        body |= {"model_type": self._document.model} if self._document.model else {}
        formality = self._document.options.get("formality")
        body |= {"formality": formality} if formality else {}
        key = key_behind(self._document.key or "")
        url = self._document.url or (FREE if key.endswith(":fx") else PRO)
        service = Service(self.name, url, timeout=self._document.timeout, meaning=_meaning)
        found = service.post("/v2/translate", body, headers={"Authorization": f"DeepL-Auth-Key {key}"})
        return texts_in(found, len(texts), "translations", "text")


@lru_cache(maxsize=32)
def _pairs(tags: tuple[str, ...]) -> dict[Pair, int]:
    return {pair: 1 for pair in pairs_between(tags, scripts=False) if pair[0] not in _VARIANTS}


def _has_elements(unit: Text) -> bool:
    return any(isinstance(piece, Open | Close) for piece in unit)


def _bytes(text: str) -> int:
    """What a text takes in the body, its comma included."""
    return len(as_json(text)) + 1


def _meaning(status: int, _found: Any, said: str) -> EngineError | None:
    """413 is a text too large, 400 a language or a text it cannot take; 456, a used-up quota, is known to all."""
    cannot = ("_lang", "Tag handling parsing failed")
    return Unsupported(said) if status == 413 or (status == 400 and any(words in said for words in cannot)) else None


ENGINE = DeepL
