"""Checks that stop a translation. Every engine loses something sometimes, so none is believed.

`problem_with` looks at one unit, `problem_in_body` at the whole body once more. Both name what is wrong, or give None.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TypeVar

from lxml import html as lxml_html

from tasks.markup import text_of
from tasks.translation import numerals, placeholders
from tasks.translation.pieces import Close, Opaque, Open, Text, has_letters, shown, spans, words_of

Thing = TypeVar("Thing")

ALIKE = frozenset((("id", "ms"), ("ms", "id"), ("zh", "zh")))
"""Pairs so near to each other that a sentence may rightly stay the same."""
_ENDS = ".!?…。！？؟।"
_LONG = 40
"""Characters from which the length of a unit says something."""
_RATIOS = {("zh", "zh"): (0.8, 1.25), ("id", "ms"): (0.7, 1.5), ("ms", "id"): (0.7, 1.5)}
_RATIO = (0.6, 1.9)
"""Length of a translation to that of its source; Apertium's real ones lie between 0.8 and 1.45."""
_SAME_WORDS = 0.6
"""More of a unit's words than this unchanged: it was not translated. In a short one all must be."""
_FEW_WORDS = 8
_SHOWN = 100
"""Characters of a name or an address in a reason."""


def problem_with(unit: Text, result: Text, source: str, target: str) -> str | None:
    """What is wrong with the translation `result` of `unit`; None if it may pass."""
    return (
        _empty(unit, result)
        or _inline(unit, result)
        or _opaque(unit, result)
        or _numbers(unit, result, source, target)
        or _untranslated(unit, result, source, target)
        or _shape(unit, result, source, target)
    )


def problem_with_structure(unit: Text, result: Text) -> str | None:
    """The same for what a person approved: only what would break the page, or lose a link."""
    return _empty(unit, result) or _inline(unit, result)


def _empty(unit: Text, result: Text) -> str | None:
    if has_letters(unit) and not has_letters(result):
        return "it came back empty"
    return None


def _inline(unit: Text, result: Text) -> str | None:
    """Every inline element once, closed in the order of opening, and with a text if it had one."""
    wanted = Counter(piece.id for piece in unit if isinstance(piece, Open))
    found = Counter(piece.id for piece in result if isinstance(piece, Open))
    if wanted != found:
        return f"inline element {_difference(wanted, found)}"
    stack: list[int] = []
    for piece in result:
        if isinstance(piece, Open):
            stack.append(piece.id)
        elif isinstance(piece, Close) and (not stack or stack.pop() != piece.id):
            return f"inline element {piece.id} is closed where it is not open"
    if stack:
        return f"inline element {stack[-1]} is never closed"
    held, stands = _with_words(unit), _with_words(result)
    lost = next((id for id in wanted if id in held and id not in stands), None)
    return None if lost is None else f"inline element {lost} lost its text {shown(unit[held[lost]])[:40]!r}"


def _with_words(text: Text) -> dict[int, slice]:
    """Where each inline element is that has a word in it."""
    words = [0]
    for piece in text:
        said = piece if isinstance(piece, str) else piece.shown if isinstance(piece, Opaque) else ""
        words.append(words[-1] + bool(re.search(r"\w", said)))
    return {id: span for id, span in spans(text).items() if words[span.stop] > words[span.start]}


def _opaque(unit: Text, result: Text) -> str | None:
    wanted = Counter(piece for piece in unit if isinstance(piece, Opaque))
    found = Counter(piece for piece in result if isinstance(piece, Opaque))
    if wanted == found:
        left = placeholders.left_over(words_of(result))
        return (
            f"{left!r} of the engine's own was left in it"
            if left and not placeholders.left_over(words_of(unit))
            else None
        )
    lost, added = [[piece.shown or "an image" for piece in some] for some in (wanted - found, found - wanted)]
    return f"protected {_difference(Counter(lost), Counter(added))}"


def _numbers(unit: Text, result: Text, source: str, target: str) -> str | None:
    before = words_of(unit)
    wanted = numerals.values(before, source)
    found = numerals.values(words_of(result), target, numerals.literals(before, source))
    if Counter(wanted) != Counter(found):
        return f"number {_difference(Counter(wanted), Counter(found))}"
    if wanted != found:  # it may be right, but nobody can tell: the next rung lets the engine have no numbers
        return f"the numbers changed places: {', '.join(map(_said, found[:8]))}"
    return None


def _untranslated(unit: Text, result: Text, source: str, target: str) -> str | None:
    """The source text passed off as a translation, whole or for the most part."""
    if _pair(source, target) in ALIKE:
        return None
    words = _small_words(unit)
    after = set(_small_words(result, every=True))
    same = [word for word in words if word in after]
    share = 0.99 if len(words) < _FEW_WORDS else _SAME_WORDS
    if len(words) >= 4 and len(same) > share * len(words):
        return f"it was left in the source language: {' '.join(same[:6])!r}"
    return None


def _small_words(unit: Text, *, every: bool = False) -> list[str]:
    """The words, made small; without `every` only those that are no names: not written with one capital in front."""
    words = re.findall(r"[^\W\d_]{2,}", words_of(unit))
    return [word.lower() for word in words if every or word.islower() or word.isupper()]


def _shape(unit: Text, result: Text, source: str, target: str) -> str | None:
    before, after = shown(unit), shown(result)
    if not has_letters(unit):
        return None
    low, high = _RATIOS.get(_pair(source, target), _RATIO)
    if len(before) >= _LONG and not low <= len(after) / len(before) <= high:
        return f"its length is {len(after)} characters against {len(before)}"
    if len(after) > 6 * len(before) + 60:
        return f"its length is {len(after)} characters against {len(before)}"
    if _last(before) in _ENDS and _last(after) not in _ENDS:
        return f"the end of the sentence is missing after {after[-30:]!r}"
    letters = [character for character in words_of(result) if character.isalpha()]
    if len(letters) > 8 and all(map(str.isupper, letters)) and not words_of(unit).isupper():
        return "it came back in capitals"
    return None


def _last(text: str) -> str:
    """The last character that is no quotation mark, bracket or space: what ends a sentence."""
    return text.rstrip("\"'”“’»«）)]」』 \u00a0\u202f")[-1:] or " "


def _pair(source: str, target: str) -> tuple[str, str]:
    return source.split("-")[0], target.split("-")[0]


def _difference(wanted: Counter[Thing], found: Counter[Thing]) -> str:
    """`1,234.5 is missing, 12 was added`"""
    missing = [f"{_said(item)} is missing" for item in wanted if found[item] < wanted[item]]
    added = [f"{_said(item)} was added" for item in found if found[item] > wanted[item]]
    return ", ".join((missing + added)[:4])


def _said(item: object) -> str:
    if isinstance(item, str):
        return repr(item if len(item) <= _SHOWN else item[:_SHOWN] + "…")
    return f"{item:,f}" if isinstance(item, Decimal) else str(item)


def problem_in_body(before: str, after: str) -> str | None:
    """Whether a body kept its addresses, byte for byte, each around a text, and did not stay the same as a whole."""
    old, new = _addresses(before), _addresses(after)
    if Counter(address for address, _ in old) != Counter(address for address, _ in new):
        lost = Counter(address for address, _ in old) - Counter(address for address, _ in new)
        which = ", ".join(address[:_SHOWN] for address in list(lost)[:3])
        return f"the addresses changed: {which or 'there are more than before'}"
    with_text = Counter(address for address, text in old if text)
    empty = with_text - Counter(address for address, text in new if text)
    if empty:
        return f"the link to {next(iter(empty))[:_SHOWN]} lost its text"
    words = re.findall(r"[^\W\d_]+", text_of(lxml_html.fragment_fromstring(before, create_parent="div")))
    if len(words) >= 12 and _plain(before) == _plain(after):
        return "the body is the same as the source"
    return None


def _addresses(body: str) -> list[tuple[str, str]]:
    """Address and text of each link and image."""
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    found = [(node, node.get("href") or node.get("src")) for node in root.iter("a", "img")]
    return [(str(address), text_of(node)) for node, address in found if address]


def _plain(body: str) -> str:
    return text_of(lxml_html.fragment_fromstring(body, create_parent="div")).casefold()
