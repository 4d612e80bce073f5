"""A unit as one plain sentence for an engine, and what is opaque found again in the translation.

Names and figures stand in the sentence as they are: engines do better with words than with signs for them. In the
translation a name is found as it is, a figure by its value; it gets the form that the target language has for it. For
what no engine may read (addresses, codes, tickers, images) stands a placeholder word, and so do names where the two
languages have different letters, since engines write names anew then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from string import ascii_uppercase as LETTERS

from tasks.translation.alignment.links import Link, Span, overlap
from tasks.translation.alignment.projection import WORD, Element, Sentence
from tasks.translation.figures import currencies, dates
from tasks.translation.figures.recogniser import Figure, figures_in
from tasks.translation.function_words import function_words
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import TERM, Close, Opaque, Open, Text, spans
from tasks.translation.protection import placeholders

MOST_PIECES = 50
FIGURES = ("date", "amount")
_NAMES = ("name", TERM)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""Line feeds among them: a unit is one sentence, and engines cut at them."""
_STANDS_FOR_NOTHING = "\ufffc"
"""Written for a piece that shows nothing, in sentences that no engine gets."""
_SMALL = 3
"""Most letters of a word that belongs to the sentence more than to a figure (`de`), and fewer than a word has of which
something must become."""
_SIGN = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(currencies.CODES, key=len, reverse=True)))})\s?\Z")
_ALONE = rf"(?<!{placeholders.LETTER})(?<!\d)(?<!\d[.,])"
_ENDS = rf"(?!{placeholders.LETTER})(?![.,]?\d)"
"""What may not stand beside a name or figure, or it would be part of another."""


def shown(text: Text) -> Sentence:
    """A text as its readers see it."""
    return _sentence(text, lambda piece: piece.shown or _STANDS_FOR_NOTHING)


def written(unit: Text, pair: LanguagePair) -> Sentence | None:
    """A unit as an engine gets it; None if it has more than MOST_PIECES, each of which must be found again."""
    if sum(isinstance(piece, Opaque) for piece in unit) > MOST_PIECES:
        return None
    hidden = _hidden(unit, pair)
    beginning = _beginning(unit)
    words = iter(placeholders.word(beginning, index) for index in range(len(hidden)))
    return _sentence(unit, lambda piece: next(words) if piece in hidden else piece.said or piece.shown)


def found_again(unit: Text, translated: str, pair: LanguagePair) -> Sentence | None:
    """A translation of what `written` gave, with the opaque pieces of the unit; None if one of them is lost or changed,
    or is there too often."""
    hidden = _hidden(unit, pair)
    places = _placeholders_in(translated, _beginning(unit), hidden)
    if len(places) != len(hidden):
        return None
    visible = [piece for piece in unit if isinstance(piece, Opaque) and piece not in hidden]
    for pieces in _alike(visible):
        spans = _places_of(pieces[0], translated, [span for span, _ in places], pair)
        if len(spans) != len(pieces):
            return None
        places += zip(spans, pieces, strict=True)
    return Sentence(translated, tuple(sorted(places, key=lambda place: place[0])))


def unanswered(source: Sentence, links: Sequence[Link], pair: LanguagePair) -> bool:
    """Whether there is a word inside an inline element, neither short nor a function word, for which nothing in the
    translation stands: then nobody knows where the element ends."""
    small = function_words(pair.source)
    for found in WORD.finditer(source.text):
        inside = any(overlap(found.span(), element.span) for element in source.elements)
        if (
            len(found[0]) < _SMALL
            or not inside
            or found[0].lower() in small
            or any(overlap(found.span(), span) for span, _ in source.opaques)
        ):
            continue
        if not any(overlap(found.span(), link.source) for link in links):
            return True
    return False


def lost_meaning(unit: Text, result: Text, pair: LanguagePair) -> bool:
    """Whether an inline element has nothing but function words in a translation, and had others in the unit:
    `<a>de</a>` for `<a>plans</a>`."""
    where = spans(result)
    return any(
        not _meant(result[where[id]], pair.target) and _meant(unit[span], pair.source)
        for id, span in spans(unit).items()
        if id in where
    )


def _meant(text: Text, language: str) -> bool:
    """Whether there is any word that means something by itself."""
    words = re.findall(r"\w+", shown(text).text.lower())
    return not function_words(language).issuperset(words)


def _sentence(text: Text, of: Callable[[Opaque], str]) -> Sentence:
    """The text as one string, with what `of` gives for its opaque pieces."""
    parts: list[str] = []
    opaques: list[tuple[Span, Opaque]] = []
    opened: dict[int, int] = {}
    closed: dict[int, int] = {}
    length = 0
    for piece in text:
        if isinstance(piece, Open):
            opened[piece.id] = length
        elif isinstance(piece, Close):
            closed[piece.id] = length
        else:
            said = _CONTROL.sub(" ", piece) if isinstance(piece, str) else of(piece)
            if isinstance(piece, Opaque):
                opaques.append(((length, length + len(said)), piece))
            parts.append(said)
            length += len(said)
    elements = tuple(Element(id, (start, closed.get(id, length))) for id, start in opened.items())
    return Sentence("".join(parts), tuple(opaques), elements)


def _hidden(unit: Text, pair: LanguagePair) -> list[Opaque]:
    """The pieces for which a placeholder word stands."""
    same_letters = bool({*pair.source_scripts} & {*pair.target_scripts})
    words = (*FIGURES, *_NAMES) if same_letters else FIGURES
    return [
        piece
        for piece in unit
        if isinstance(piece, Opaque) and not (piece.kind in words and piece.shown and piece.html is None)
    ]


def _beginning(unit: Text) -> str:
    return placeholders.beginning_for(_sentence(unit, lambda piece: piece.said or piece.shown).text)


def _placeholders_in(text: str, beginning: str, hidden: Sequence[Opaque]) -> list[tuple[Span, Opaque]]:
    """Where the placeholder word of each piece stands; without those that stand twice."""
    places: dict[int, list[Span]] = {}
    length = len(beginning) + 2
    several = rf"(?<!{placeholders.LETTER})(?:{beginning}[A-Z]{{2}})+(?!{placeholders.LETTER})"
    for found in re.finditer(several, text, re.IGNORECASE):
        for start in range(found.start(), found.end(), length):
            first, second = (LETTERS.index(letter) for letter in text[start + length - 2 : start + length].upper())
            places.setdefault(first * len(LETTERS) + second, []).append((start, start + length))
    return [(places[index][0], piece) for index, piece in enumerate(hidden) if len(places.get(index, ())) == 1]


def _alike(pieces: Sequence[Opaque]) -> list[list[Opaque]]:
    """The pieces in groups that look the same, the longest first: a name may hold a shorter one."""
    groups: dict[tuple[str, str, str | None], list[Opaque]] = {}
    for piece in pieces:
        groups.setdefault((piece.kind, piece.shown, piece.said), []).append(piece)
    return [groups[key] for key in sorted(groups, key=lambda key: -len(key[1]))]


def _places_of(piece: Opaque, text: str, taken: Sequence[Span], pair: LanguagePair) -> list[Span]:
    """Where a piece stands in a translation, in order: as the target language says it, else as the source does, else by
    its value."""
    for found in (_exactly(piece.shown, text), _exactly(piece.said or "", text), _by_value(piece, text, pair)):
        free = [span for span in found if not any(overlap(span, other) for other in taken)]
        if free:
            return free
    return []


def _exactly(words: str, text: str) -> list[Span]:
    if not words:
        return []
    before, after = _ALONE if words[0].isalnum() else "", _ENDS if words[-1].isalnum() else ""
    return [found.span() for found in re.finditer(before + re.escape(words) + after, text)]


def _by_value(piece: Opaque, text: str, pair: LanguagePair) -> list[Span]:
    if piece.kind == "amount":
        spans = _amounts_like(piece, text, pair)
    elif piece.kind == "date":
        spans = _days_like(piece, text, pair)
    else:
        return []
    return [fitted for span in spans if (fitted := _fitted(piece.shown, text, span))]


def _amounts_like(piece: Opaque, text: str, pair: LanguagePair) -> Iterator[Span]:
    wanted = [(one.value, one.unit) for one in _amounts_in(piece.said or piece.shown, pair.source)]
    for one in _amounts_in(text, pair.target):
        if wanted == [(one.value, one.unit)]:
            sign = _SIGN.search(text, 0, one.start)
            yield sign.start() if sign else one.start, one.end


def _amounts_in(text: str, language: str) -> Iterator[Figure]:
    return figures_in(text, language, dates.months_in(text, language))


def _days_like(piece: Opaque, text: str, pair: LanguagePair) -> Iterator[Span]:
    wanted = [(one.day, one.month, one.year) for one in dates.days_in(piece.said or piece.shown, pair.source)]
    for one in dates.days_in(text, pair.target):
        if wanted == [(one.day, one.month, one.year)]:
            yield one.start, one.end


def _fitted(shown: str, text: str, span: Span) -> Span | None:
    """The span with the small words at its ends that `shown` has too (`el 5 de marzo`, `1,2 millones de`); None where
    these are not there, or what stands there has others."""
    start, end = span
    words, there = shown.split(), text[start:end].split()
    if words[0].isalpha() and words[0] != there[0]:
        before = re.search(rf"(?<!\w){re.escape(words[0])}\s+\Z", text[:start])
        if before is None:
            return None
        start = before.start()
    if words[-1].isalpha() and len(words[-1]) <= _SMALL and words[-1] != there[-1]:
        after = re.compile(rf"\s+{re.escape(words[-1])}(?!\w)").match(text, end)
        if after is None:
            return None
        end = after.end()
    return start, end
