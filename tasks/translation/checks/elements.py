"""Inline elements, protected pieces and addresses: each as often as in the source, each where it belongs."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from tasks.language_data import data_of
from tasks.translation.checks import written_names
from tasks.translation.checks.problem import Found, Problem, difference
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Close, Opaque, Open, Text, joined, shown, spans, words_of
from tasks.translation.protection import placeholders
from tasks.translation.protection.addresses import addresses_in

_A_WORD, _A_SIGN = re.compile(r"\w"), re.compile(r"[^\s\u200b-\u200f\u2060\ufeff\u00ad]")
_CAMEL = re.compile(r"(?<![^\W_])[A-Za-z]*[a-z][A-Z][A-Za-z]*(?![^\W_])")
"""`RoboLift`: a name that no language declines or translates."""

NAME = "name"
"""The kind of an opaque piece that is a name."""
_OF_SCIENCE = re.compile(r"[mtr]RNA|pH|PhD|[BM]Sc|[kMGT]Wh?")
"""What looks like such a name and is written otherwise in some languages: French `ARNm`."""
_FIGURES = ("amount", "number")


@cache
def _compared(language: str) -> re.Pattern[str]:
    """`rose to 7 million from 5 million` begins with the 5 in some languages."""
    words = "|".join(data_of(language).comparison.compared) or r"(?!)"
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


def inline(unit: Text, result: Text, _pair: LanguagePair) -> Found:
    """Problems with inline elements: each occurs once, and they are properly nested."""
    wanted, found = ([piece.id for piece in text if isinstance(piece, Open)] for text in (unit, result))
    if wanted != found and Counter(wanted) != Counter(found):
        yield Problem("inline", f"inline element {difference(Counter(wanted), Counter(found))}")
        return
    stack: list[int] = []
    for piece in result:
        if isinstance(piece, Open):
            stack.append(piece.id)
        elif isinstance(piece, Close) and (not stack or stack.pop() != piece.id):
            yield Problem("inline", f"inline element {piece.id} is closed where it is not open")
            return
    if stack:
        yield Problem("inline", f"inline element {stack[-1]} is never closed")


def anchor(unit: Text, result: Text, _pair: LanguagePair) -> Found:
    """Problems where an inline element (such as a link) lost its visible text or a protected piece inside it."""
    signs = _with(_A_SIGN, unit)
    if not signs:
        return
    words = _with(_A_WORD, unit)
    stands, visible = _with(_A_WORD, result), _with(_A_SIGN, result)
    where = spans(result)
    for id, span in signs.items():
        if id not in where:
            continue  # `inline` says so
        if id not in (stands if id in words else visible):
            yield Problem("anchor", f"inline element {id} lost its text {shown(unit[span])[:40]!r}")
            return
        missing = Counter(_opaques(unit[span])) - Counter(_opaques(result[where[id]]))
        if missing:
            lost = next(iter(missing)).shown
            yield Problem("anchor", f"protected {lost!r} is no longer inside inline element {id}")
            return


def _opaques(text: Text) -> list[Opaque]:
    return [piece for piece in text if isinstance(piece, Opaque)]


def _with(pattern: re.Pattern[str], text: Text) -> dict[int, slice]:
    """Where each inline element is that has something to see in it, and a word if `pattern` asks for one."""
    where = spans(text)
    if not where:
        return {}
    seen = [0]
    for piece in text:
        said = piece if isinstance(piece, str) else piece.shown if isinstance(piece, Opaque) else ""
        seen.append(seen[-1] + bool(pattern.search(said)))
    return {id: span for id, span in where.items() if seen[span.stop] > seen[span.start]}


def opaque(unit: Text, result: Text, _pair: LanguagePair) -> Found:
    """Problems with protected pieces: each stands as often as in the source, and no placeholder is left over."""
    before, after = _opaques(unit), _opaques(result)
    wanted, found = (Counter() if before == after else Counter(some) for some in (before, after))
    if wanted != found:
        lost, added = [[piece.shown or "an image" for piece in some] for some in (wanted - found, found - wanted)]
        yield Problem("opaque", f"protected {difference(Counter(lost), Counter(added))}")
        return
    left = placeholders.left_over(words_of(result))
    if left and not placeholders.left_over(words_of(unit)):
        yield Problem("opaque", f"{left!r} of the engine's own was left in it")


def order(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where protected figures of one kind changed places: nobody could tell which of two is which.

    Where one is compared with the other, languages differ in which they name first.
    """
    for kind in _FIGURES:
        wanted = [piece.shown for piece in unit if isinstance(piece, Opaque) and piece.kind == kind]
        found = [piece.shown for piece in result if isinstance(piece, Opaque) and piece.kind == kind]
        if wanted != found and sorted(wanted) == sorted(found):
            if data_of(pair.target).comparison.compares_backwards and _compared(pair.source).search(words_of(unit)):
                continue
            yield Problem("order", f"protected {', '.join(map(repr, found[:8]))} changed places")
            return


def url(unit: Text, result: Text, _pair: LanguagePair) -> Found:
    """Problems where an address that was not protected is lost or changed."""
    wanted, found = addresses_in(words_of(unit)), addresses_in(words_of(result))
    if wanted != found and Counter(wanted) != Counter(found):
        yield Problem("url", f"address {difference(Counter(wanted), Counter(found))}")


def name(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where a name with a capital inside, which all languages with Latin letters write alike, is lost."""
    if "Latn" not in pair.source_scripts or "Latn" not in pair.target_scripts:
        return
    wanted, found = _camels(unit), _camels(result)
    lost = {one for one in wanted - found if not any(other.startswith(one) for other in found)}  # `RoboLifts`
    if lost:
        yield Problem("name", f"name {difference(Counter(lost), Counter())}")


def names_by_person(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where a protected name is nowhere in the text of a person, however it is written there and how often."""
    words = shown(result)
    names = dict.fromkeys(piece.shown for piece in unit if isinstance(piece, Opaque) and piece.kind == NAME)
    lost = [one for one in names if one not in words and not written_names.stands_in(one, words, pair)]
    if lost:
        yield Problem("opaque", f"protected {difference(Counter(lost), Counter())}")


def names_as_words(text: Text) -> Text:
    """The text with protected names as words, as people read them."""
    return joined(piece.shown if isinstance(piece, Opaque) and piece.kind == NAME else piece for piece in text)


def _camels(text: Text) -> set[str]:
    found = {name for piece in text if isinstance(piece, str) for name in _CAMEL.findall(piece)}
    return {name for name in found if not _OF_SCIENCE.fullmatch(name)}
