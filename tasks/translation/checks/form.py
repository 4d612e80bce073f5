"""What no sentence of a finished text has, whatever its language: markup as text, spoilt or foreign characters, lost or
turned quotation marks, words run together, and what a language model says beside its translation."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache

from tasks.language_data import data_of
from tasks.runtime.foreign_text import REPLACEMENT, harmful
from tasks.translation import scripts
from tasks.translation.checks.problem import Found, Problem
from tasks.translation.kept_readings import kept
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Text, words_of
from tasks.translation.protection.addresses import without_addresses

_MARKUP = re.compile(
    r"""&(?:[a-z]{2,8}|\#\d{2,6}|\#x[0-9a-f]{2,5});      # an entity
    | </?[a-z][^<>]{0,200}>? | <!--                      # a tag
    | \*\*|(?<![\w*])__(?=\w)|(?<=\w)__(?!\w)|``|\]\(    # Markdown
    | \[/?(?:b|i|u|url|quote|br)\]                       # BBCode
    | ^\s*[{\[]\s*["'“][^"'”:]{1,40}["'”]\s*[:,\]]       # JSON
    | \\[nrt](?![a-z])|\\u[0-9a-f]{4}                    # escapes
    | ^\s*\#{1,6}\s
    | (?<![\w&/\#])\#[^\W\d_]\w+                          # a hashtag
    | (?<!\.)\.\.(?![./]) | ,[,.](?!\d)                   # two marks for one """,
    re.VERBOSE | re.IGNORECASE,
)

_MOJIBAKE = re.compile(
    r"[\u00c2\u00c3\u00c5\u00d0\u00d1\u00d8\u00d9\u00e2\u00e3\u00e5-\u00e9\u00ef]"
    r"[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{1,3}"
)
"""Where UTF-8 was read as Windows-1252; what comes of reading it rightly decides."""
_MOJIBAKE_1251 = re.compile(
    "(?:[\u0420\u0421][\u0400-\u045f\u0490\u0491\u00a0-\u00bb\u2013-\u203a\u20ac\u2116\u2122]){2,}"
)
_PRIVATE = re.compile("[\ue000-\uf8ff\u0080-\u009f\u2580-\u259f\ufffc\u0120\u010a]")
"""Characters of private use, controls, and what models have for a space inside themselves: `▁`, `Ġ`."""
_HALF_WIDTH = re.compile("[\uff66-\uff9d]+|[\u2e80-\u2fd5]|[\u1100-\u11ff\u3131-\u318e]")
"""Kana of half the width, radicals in place of characters, letters of Hangul that make no syllable."""
_PERSIAN = re.compile("[^\\W\\d_]*[\u06a9\u06cc\u06c0\u06c1\u06c2\u06be\u06d2\u06d5][^\\W\\d_]*")
"""Letters of Persian and Urdu that look as Arabic ones do."""

_DIGITS = {"Arab": "\u0660-\u0669", "Thai": "\u0e50-\u0e59", "Deva": "\u0966-\u096f"}
_WIDE = "\uff10-\uff19"
"""Digits as wide as Han characters."""
_WORD = re.compile(r"[^\W\d_]+")
_LOOKALIKE = frozenset(
    "".join(
        (
            "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bd\u03bf\u03c1\u03c5",
            "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0430\u0435\u043e\u0440\u0441\u0443",
            "\u0445\u0456\u0458\u0455",
        )
    )
)
"""Greek and Cyrillic letters that nobody can tell from Latin ones."""

_DOUBLE = re.compile('[“”„‟«»「」『』《》"＂]|‹|›')
_OPENS, _CLOSES = "“„«「『《", "”»」』》"
_QUOTATION = 3
"""Words from which what stands in quotation marks is a quotation; fewer may be a name, which other languages do without
the marks. Three letters count as a word in scripts without spaces."""
_INCHES = re.compile(r'(?<=\d)[”"″]')
_SINGLE = re.compile(r"(?<!\w)['‘‚](?=\w)|(?<=[\w.,!?])['’](?!\w)")
_GLUED = re.compile(
    r"(?<![^\W\d_])[^\W\d_A-Z]{3,}(?<=[a-zß-ÿ])[A-ZÀ-Þ][a-zß-ÿ]{2,}"  # trabajoenHamburgo
    r"|(?<=[a-zß-ÿ]{2})[.,;:!?][A-Za-zÀ-ÿ]{3,}(?![./@])"  # fin.Principio
)


def _words(text: Text) -> str:
    return unicodedata.normalize("NFC", words_of(text))


def markup(unit: Text, result: Text, _pair: LanguagePair) -> Found:
    """Problems where entities, tags or other markup stand in the text for readers to see, and not in the source."""
    added = next(iter(_markup_in(_words(result)) - _markup_in(_words(unit))), None)
    if added:
        yield Problem("markup", f"{added[:40]!r} stands in it as text", (added,))


@kept
def _markup_in(text: str) -> Counter[str]:
    return Counter(match[0].casefold() for match in _MARKUP.finditer(text))


def characters(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems with characters that belong to no text, or to no text of the language."""
    before, after = _words(unit), _words(result)
    if after.isascii() and after.isprintable():
        return
    wrong = next(_wrong_characters(before, after, pair), None)
    if wrong:
        yield Problem("characters", wrong)


def _wrong_characters(before: str, after: str, pair: LanguagePair) -> Iterator[str]:
    odd = [found for found in [*harmful(after), *_PRIVATE.findall(after)] if found not in before]
    if REPLACEMENT in after and REPLACEMENT not in before:
        yield f"{REPLACEMENT!r} stands for letters that were lost"
    if odd:
        yield f"it has the character {unicodedata.name(odd[0], f'U+{ord(odd[0]):04X}')}"
    for match in _MOJIBAKE.finditer(after):
        if match[0] not in before and _reads_as_utf8(match[0], "cp1252"):
            yield f"{match[0]!r} is {_reads_as_utf8(match[0], 'cp1252')!r} in a wrong encoding"
    for match in _MOJIBAKE_1251.finditer(after):
        if match[0] not in before and _reads_as_utf8(match[0], "cp1251"):
            yield f"{match[0][:20]!r} is {_reads_as_utf8(match[0], 'cp1251')[:20]!r} in a wrong encoding"
    foreign = [digit for digit in _digits_beside(pair.target_scripts).findall(after) if digit not in before]
    if foreign:
        yield f"{''.join(foreign[:4])!r} are digits of another script"
    half = _HALF_WIDTH.search(after)
    if half and half[0] not in before:
        yield f"{half[0][:10]!r} are no whole characters"
    yield from _mixed(before, after, pair)


def _reads_as_utf8(text: str, encoding: str) -> str:
    """What the text is if its bytes are UTF-8; empty if they are not."""
    try:
        return text.encode(encoding).decode("utf-8")
    except UnicodeError:
        pass
    try:  # Python's Windows-1252 has holes where browsers have controls
        return text.encode("latin-1").decode("utf-8") if encoding == "cp1252" else ""
    except UnicodeError:
        return ""


@cache
def _digits_beside(own: tuple[str, ...]) -> re.Pattern[str]:
    """Finds digits that texts in these scripts do not have."""
    native = "".join(of for script, of in _DIGITS.items() if script in own)
    wide = _WIDE if {"Hani", "Kana", "Hang"}.intersection(own) else ""
    return re.compile(rf"(?![0-9{native}{wide}])\d")


def _mixed(before: str, after: str, pair: LanguagePair) -> Iterator[str]:
    """Words of two alphabets, of which one letter only looks like the other's."""
    own = pair.target_scripts
    for word in _WORD.findall(after) if not _LOOKALIKE.isdisjoint(after) else ():
        alien = [letter for letter in word if letter in _LOOKALIKE]
        latin = scripts.letters_in(word, ("Latn",))
        mixed = bool(latin) and (len(alien) + latin == len(word) or "Cyrl" in own or "Latn" in own)
        disguised = "Cyrl" not in own and "Grek" not in own and not latin and len(alien) == len(word)
        if alien and (mixed or disguised) and word not in before:
            yield f"{word!r} has {unicodedata.name(alien[0]).lower()}, which only looks right"
    if pair.target.base == "ar":
        for word in _PERSIAN.findall(after):
            if word not in before:
                yield f"{word!r} has letters of Persian or Urdu"


def quotes(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where quotation marks are lost, left alone or turned around."""
    before, after = (_DOUBLE.findall(_INCHES.sub("", _words(text))) for text in (unit, result))
    if not before and not after:
        return
    words = _words(result)
    if before and not after:
        if (len(before) == 1 or _quotes_somebody(_words(unit))) and not _SINGLE.search(words):
            yield Problem("quotes", "the quotation marks are lost")
        return
    if len(before) % 2 != len(after) % 2:
        yield Problem("quotes", f"a quotation mark has no partner: {''.join(after[:6])!r}")
        return
    if not before:
        return
    opening, closing = _marks(pair.target)
    if len(before) % 2 == 0 and (after[0] in closing or after[-1] in opening) and before[0] not in closing:
        yield Problem("quotes", f"the quotation marks are turned: {''.join(after[:6])!r}")


def _quotes_somebody(text: str) -> bool:
    quoted = _DOUBLE.split(_INCHES.sub("", text))[1::2]
    return any(len(scripts.words_in(part)) >= _QUOTATION * (1 if " " in part else 3) for part in quoted)


@cache
def _marks(language: str) -> tuple[str, str]:
    """The marks that only open a quotation in a language, and those that only close one."""
    own = data_of(language).quotes
    mine = [(own.open, own.close), (own.inner_open or "", own.inner_close or "")]
    opens = {mark.strip() for mark, _ in mine} | set(_OPENS)
    closes = {mark.strip() for _, mark in mine} | set(_CLOSES)
    either = opens & closes | ({"»", "«"} if own.open.strip() == "„" and own.inner_open != "«" else set())
    return "".join(opens - either), "".join(closes - either)


def question(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where a statement became a question; Thai and Japanese ask without a mark."""
    if data_of(pair.source).vocabulary.unspaced:
        return
    if _ASKS.search(_words(result)) and not _ASKS.search(_words(unit)):
        yield Problem("question", "the source asks nothing, and it does", ("?",))


_ASKS = re.compile("[?？؟]")


def glued(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where two words or two sentences stand together without a space, and not in the source."""
    if "Latn" not in pair.target_scripts:
        return
    before = _words(unit)
    for match in _GLUED.finditer(without_addresses(_words(result))):
        if match[0] not in before:
            yield Problem("glued", f"{match[0]!r} is run together", (match[0],))
            return


def chatter(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where a language model speaks of its translation, in any language that it is asked in."""
    before, after = _words(unit), _words(result)
    for language in dict.fromkeys(("en", pair.target.base, pair.source.base)):
        said = _chatter_in(after, language)
        if said and not any(_chatter_in(before, own) for own in ("en", pair.source.base)):
            yield Problem("chatter", f"{said[:60]!r} is no part of the translation", (said,))
            return


@kept
def _chatter_in(text: str, language: str) -> str | None:
    """What a language model says of its translation in this language, if it does."""
    found = _chatter(language).search(text)
    return found[0] if found else None


@cache
def _chatter(language: str) -> re.Pattern[str]:
    patterns = data_of(language).vocabulary.chatter
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)", re.IGNORECASE)
