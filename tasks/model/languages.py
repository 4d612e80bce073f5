"""Language tags: one type for all of Fanwire, and what CLDR knows about a language."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from langcodes import Language, tag_distance
from langcodes.tag_parser import LanguageTagError
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

SHORTEST_TAG, LONGEST_TAG = 2, 35
"""Characters of a tag in a document."""
_KEPT_PARSED = 5_000
"""Tags that a process keeps parsed; a large wire knows a hundred."""
_NO_LANGUAGE = frozenset(("und", "mul", "zxx", "mis", "root"))
"""Codes that name no language: undetermined, several, none, uncoded; and the root of CLDR."""


class LanguageTag(str):
    """A language tag in the one spelling that Fanwire uses: BCP 47 as CLDR writes it, such as `pt-BR` or `zh-Hans`.

    `LanguageTag("PT_br")` parses and raises ValueError for what CLDR does not know as a language; what is parsed once
    is kept. Old codes become the current ones (`iw` is `he`), a script that goes without saying is left out (`de-Latn`
    is `de`), and one that does not is put in (`zh-TW` is `zh-Hant-TW`). Variants such as `de-1996` are dropped.

    How it travels: a tag is a `str` that is equal to its spelling and has the same hash. Documents, JSON, the ledger
    and messages hold that plain string; document models (pydantic) turn it into a LanguageTag when they are read, and
    a function that was given a plain string calls `LanguageTag(text)`, which costs a look into a cache.
    """

    __slots__ = ("base", "locale", "script", "territory")

    base: str
    """The language alone: `pt`, `zh`."""
    script: str
    """ISO 15924 code of the script, whether the tag says it or CLDR takes it as likely: `Latn`, `Hans`."""
    territory: str
    """ISO 3166-1 or UN M.49 code, `BR` or `419`; empty if the tag says none."""
    locale: Locale
    """What CLDR has about the language. Babel falls back to the base language for a script that CLDR has no data on."""

    def __new__(cls, text: str) -> LanguageTag:
        return text if type(text) is cls else _parsed(text)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, as HTML's attribute `dir` has it."""
        return str(self.locale.text_direction)

    @property
    def english_name(self) -> str:
        """The language's name in English, for operators: `German`."""
        return self.locale.get_display_name("en") or str(self)

    @property
    def broader(self) -> tuple[str, ...]:
        """The tag itself, then all tags that say less and mean the same script, the most particular one first.

        `pt-BR` gives `pt-BR`, `pt-Latn`, `pt`; `zh-Hant-TW` gives `zh-Hant-TW`, `zh-TW`, `zh-Hant` and never `zh`,
        whose script is another.
        """
        return _broader(self)

    @property
    def shortest(self) -> str:
        """The shortest tag that means the same: `de` for `de-DE`, `zh-Hant` for `zh-Hant-TW`; `pt-PT` stays.

        The script of Chinese is always said.
        """
        return _shortest(self)

    @property
    def without_territory(self) -> str:
        """The shortest tag of the language in this script, whatever the country: `pt` for `pt-PT`."""
        return _shortest(_parsed(_join(self.base, self.script)))

    def serves(self, wanted: LanguageTag) -> bool:
        """Whether who wants a language is served by a text in this one: the same language in the same script, whatever
        the country. `pt-BR` serves `pt` and `pt-PT`, `zh-TW` serves `zh-Hant` and never `zh-Hans`."""
        return self.base == wanted.base and self.script == wanted.script

    def nearest(self, known: Iterable[str]) -> str | None:
        """The tag among `known` that serves this language best; None if none does."""
        return next(iter(self.by_nearness(known)), None)

    def by_nearness(self, known: Iterable[str]) -> tuple[str, ...]:
        """The tags among `known` that serve this language, the nearest one by CLDR's language matching first.

        Of two that are equally near the one that `broader` names comes first, then as they stand in `known`.
        """
        return _by_nearness(self, tuple(known))

    def same_language(self, other: LanguageTag) -> bool:
        """Whether both are the same language, in whatever script or country."""
        return self.base == other.base

    def __reduce__(self) -> tuple[Any, ...]:
        return LanguageTag, (str(self),)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(min_length=SHORTEST_TAG, max_length=LONGEST_TAG)
        return core_schema.no_info_after_validator_function(cls, text)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "examples": ["de"]}


@lru_cache(_KEPT_PARSED)
def _parsed(text: str) -> LanguageTag:
    try:
        said = Language.get(text)
        if said.extensions or said.private or (said.language or "und") in _NO_LANGUAGE:
            raise ValueError("is none of the tags that we take")
        locale = Locale.parse(_join(said.language, said.script, said.territory), sep="-")
    except (LanguageTagError, UnknownLocaleError, ValueError, TypeError) as error:
        raise ValueError(
            f"{text!r} is not a language tag that CLDR knows; write for example 'de' or 'zh-Hans'"
        ) from error
    # Babel drops a script that CLDR has no data on, and would make Cyrillic of `ru-Latn`.
    written = locale.script or (said.script if said.script != _likely_script(locale.language) else None)
    tag = str.__new__(LanguageTag, _join(locale.language, written, locale.territory))
    tag.base = locale.language
    tag.script = written or _likely_script(_join(locale.language, locale.territory))
    tag.territory = locale.territory or ""
    tag.locale = locale
    return tag


def _likely_script(text: str) -> str:
    return Language.get(text).maximize().script or "Latn"


def _join(*parts: str | None) -> str:
    return "-".join(part for part in parts if part)


@lru_cache(_KEPT_PARSED)
def _broader(tag: LanguageTag) -> tuple[str, ...]:
    found = [str(tag)]
    if tag.territory and _likely_script(_join(tag.base, tag.territory)) == tag.script:
        found.append(_join(tag.base, tag.territory))
    found.append(_join(tag.base, tag.script))
    if _likely_script(tag.base) == tag.script:
        found.append(tag.base)
    return tuple(dict.fromkeys(found))


@lru_cache(_KEPT_PARSED)
def _by_nearness(wanted: LanguageTag, known: tuple[str, ...]) -> tuple[str, ...]:
    order = {tag: place for place, tag in enumerate(wanted.broader)}
    serving = [text for text in known if _serves(text, wanted)]
    return tuple(sorted(serving, key=lambda text: (tag_distance(wanted, text), order.get(text, len(order)))))


def _serves(text: str, wanted: LanguageTag) -> bool:
    """Whether a text that may be no tag at all serves a language."""
    try:
        return LanguageTag(text).serves(wanted)
    except ValueError:
        return False


@lru_cache(_KEPT_PARSED)
def _shortest(tag: LanguageTag) -> str:
    usual = Language.get(_join(tag.base, tag.script)).maximize()
    said = tag.base == "zh" or tag.script != _likely_script(tag.base)
    territory = tag.territory if tag.territory != usual.territory else ""
    return _join(tag.base, tag.script if said else "", territory)


def base_language(text: str) -> str:
    """The language alone in a tag as anybody wrote it, say into `lang` in HTML: `fr` for `FR-x-mtfrom-en`.

    Empty for what has no language. Nothing is refused, so this is no check.
    """
    first = text.replace("_", "-").split("-")[0].strip().lower()
    return first if first.isalpha() and 2 <= len(first) <= 8 else ""


def locale_of(tag: str) -> Locale:
    """The CLDR locale of a tag; see LanguageTag."""
    return LanguageTag(tag).locale
