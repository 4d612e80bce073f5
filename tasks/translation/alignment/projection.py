"""Inline elements set around the words of a translation that stand for theirs.

An element gets the smallest row of words that has all that stand for its own. Words are never cut: the pieces of one
go together, and so does what is opaque. Punctuation goes with an element that had it at the same end. What is doubtful
is given up: elements that would overlap, one without words, one around many words of others, around a
figure or a name that was not in it, or that begins inside a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.translation.alignment.links import Link, Span, overlap
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Letters of scripts that set no spaces between words: Thai, Lao, Burmese, Khmer, Kana and Han."""
WORD = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[\w\u0300-\u036f\u0610-\u065f\u0670\u0900-\u0dff])+")
_FIGURE = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_OWN = 0.4
"""At least this part of a word's links leads into an element of whose words it is one. The half of `ponteva`, which is
`the bridge`, leads to `bridge`."""
_UNKNOWN = -1.0
"""The share of a word without links: it may stand in any element."""
_LIKELY = 0.25
"""The part that will do for the best word where an element has no other."""
_KEPT = 2 / 3
"""At least this part of an element's words must stand together where others are too far off."""
_REACHED = 1 / 2
"""At least this part of what leads to an element's words must come from where it is set."""
MOST_ELEMENTS = 30
"""Of a sentence that is looked at."""
_FEW = 1 / 2
"""So many words of others, for each of its own, may stand between an element's words."""

Shares = Sequence[float]
"""For each word of a translation, which part of its links leads into an element."""


@dataclass(frozen=True)
class Element:
    """Where an inline element stands in a sentence."""

    id: int
    span: Span


@dataclass(frozen=True)
class Sentence:
    """A text as one string, with what stands where in it."""

    text: str
    opaques: tuple[tuple[Span, Opaque], ...] = ()
    elements: tuple[Element, ...] = ()
    """An outer one comes before those in it."""


def projected(source: Sentence, target: Sentence, links: Sequence[Link]) -> Text | None:
    """The text of `target` with the elements of `source` around the words that `links` lead to; None if doubtful.

    Opaque pieces of both are linked by what they are.
    """
    if not source.elements:
        return _assembled(target, {})
    if len(source.elements) > MOST_ELEMENTS:
        return None
    known = [*_between_opaques(source, target), *_without_opaques(target, links)]
    words = _words(target)
    leading = [[link for link in known if overlap(link.target, word)] for word in words]
    shares = {element.id: [_share(element.span, several) for several in leading] for element in source.elements}

    def beside(element: Element) -> list[Sequence[float]]:
        """The shares of the elements that it is not in, nor they in it."""
        return [shares[other.id] for other in source.elements if not overlap(element.span, other.span)]

    places: dict[int, Span] = {}
    for element in source.elements:
        if _inside_a_word(source.text, element.span):
            return None
        span = _row(source, element, words, shares[element.id], beside(element))
        span = span and _with_punctuation(source, element, target.text, span)
        if span is None or not _alike(source, element.span, target, span) or not _reached(element.span, span, known):
            return None
        places[element.id] = span
    return _assembled(target, places) if _nested_alike(source.elements, places) else None


def needs_no_links(source: Sentence) -> bool:
    """Whether opaque pieces alone say where all the elements go: each has nothing else in it, or all there is."""
    every = _words(source)
    opaque = {span for span, _ in source.opaques}
    for element in source.elements:
        inside = [word for word in every if overlap(word, element.span)]
        if not inside or not (set(inside) <= opaque or inside == every):
            return False
    return True


def _between_opaques(source: Sentence, target: Sentence) -> Iterator[Link]:
    where = {piece: span for span, piece in source.opaques}
    for span, piece in target.opaques:
        if piece in where:
            yield Link(where[piece], span)


def _without_opaques(target: Sentence, links: Sequence[Link]) -> list[Link]:
    """The links that lead to words; where opaque pieces belong is known."""
    return [link for link in links if not any(overlap(link.target, span) for span, _ in target.opaques)]


def _words(sentence: Sentence) -> list[Span]:
    """The words of a sentence in order, an opaque piece being one; letters of scripts without spaces stand alone."""
    whole = [span for span, _ in sentence.opaques]
    words = [found.span() for found in WORD.finditer(sentence.text)]
    return sorted([*whole, *(word for word in words if not any(overlap(word, span) for span in whole))])


def _inside_a_word(text: str, span: Span) -> bool:
    return any(
        place in range(found.start() + 1, found.end()) for found in WORD.finditer(text) for place in span
    )  # in scripts without spaces each letter is a word


def _row(
    source: Sentence, element: Element, words: Sequence[Span], shares: Shares, beside: Sequence[Shares]
) -> Span | None:
    """The smallest row of words that has all of the element's own; None where that is doubtful."""
    inside = [word for word in _words(source) if overlap(word, element.span)]
    if inside and inside == _words(source) and words:
        return words[0][0], words[-1][1]
    likely = [index for index, share in enumerate(shares) if share > max((other[index] for other in beside), default=0)]
    own = [index for index in likely if shares[index] >= _OWN]
    own = own or [index for index in likely if shares[index] == max(shares) >= _LIKELY][:1]
    if not own:
        return None
    first, last = own[0], own[-1]
    if _strangers(shares, first, last) > len(own) * _FEW:
        first, last = _densest(shares, own)
        kept = [index for index in own if first <= index <= last]
        if len(kept) < len(own) * _KEPT or _strangers(shares, first, last) > len(kept) * _FEW:
            return None
    return words[first][0], words[last][1]


def _share(span: Span, links: Sequence[Link]) -> float:
    """Which part of the links of a word lead into a span of the source; below 0 for a word without links."""
    whole = sum(link.weight for link in links)
    inside = sum(link.weight * _part(link.source, span) for link in links)
    return inside / whole if whole else _UNKNOWN


def _part(span: Span, of: Span) -> float:
    return overlap(span, of) / max(1, span[1] - span[0])


def _reached(source: Span, target: Span, links: Sequence[Link]) -> bool:
    """Whether most of what stands for the words in a span of the source is in the span of the target."""
    into = [(link.weight * _part(link.source, source), _part(link.target, target)) for link in links]
    whole = sum(weight for weight, _ in into)
    return sum(weight * part for weight, part in into) >= whole * _REACHED


def _strangers(shares: Shares, first: int, last: int) -> int:
    return sum(_UNKNOWN < share < _OWN for share in shares[first : last + 1])


def _densest(shares: Shares, own: Sequence[int]) -> tuple[int, int]:
    """The row, from one of the element's own words to another, that has the most of them less the others in it."""
    best = row = (0, own[0], own[0])
    for index in range(own[0], own[-1] + 1):
        worth = row[0] - _strangers(shares, index, index)
        if index in own:
            row = max((worth + 1, row[1], index), (1, index, index), key=lambda one: one[0])
            best = max(best, row, key=lambda one: one[0])
        else:
            row = (worth, *row[1:])
    return best[1], best[2]


def _with_punctuation(source: Sentence, element: Element, text: str, span: Span) -> Span:
    """The span with the marks at its ends that the element had at the same ends."""
    inner = source.text[slice(*element.span)].strip()
    before, after = _marks(inner), _marks(inner[::-1])
    start, end = span
    last = end
    while after and end < len(text) and (_is_mark(text[end]) or _spaced_mark(text, end)):
        end += 1 if _is_mark(text[end]) else 2
        after -= 1
    before += text[start - 1 : start] in ("¡", "¿") and any(sign in "!?" for sign in text[last:end])
    while before and start and _is_mark(text[start - 1]):
        start, before = start - 1, before - 1
    return start, end


def _marks(text: str) -> int:
    """How many marks a text begins with."""
    return next((index for index, sign in enumerate(text) if not _is_mark(sign)), 0)


def _is_mark(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "PS"


def _spaced_mark(text: str, place: int) -> bool:
    """Whether one space and then a mark follow that French sets apart."""
    return text[place].isspace() and text[place + 1 : place + 2] in ("!", "?", ":", ";", "»")


def _alike(source: Sentence, one: Span, target: Sentence, other: Span) -> bool:
    """Whether there is the same kind of thing in two spans: the same opaque pieces, figures or none, words or none."""
    pieces = [
        Counter(piece for span, piece in sentence.opaques if overlap(span, where))
        for sentence, where in ((source, one), (target, other))
    ]
    if pieces[0] != pieces[1]:
        return False
    mine, theirs = _plain(source, one), _plain(target, other)
    return all(bool(kind.search(mine)) == bool(kind.search(theirs)) for kind in (_FIGURE, _LETTER))


def _plain(sentence: Sentence, where: Span) -> str:
    """What stands in a span without the opaque pieces."""
    signs = list(sentence.text)
    for (start, end), _ in sentence.opaques:
        signs[start:end] = " " * (end - start)
    return "".join(signs[slice(*where)])


def _nested_alike(elements: Sequence[Element], places: dict[int, Span]) -> bool:
    """Whether elements that stood in each other still do, and those side by side do not overlap."""
    for index, outer in enumerate(elements):
        for inner in elements[index + 1 :]:
            shared = overlap(places[outer.id], places[inner.id])
            within = overlap(outer.span, inner.span) > 0
            if shared != (places[inner.id][1] - places[inner.id][0] if within else 0):
                return False
    return True


def _assembled(target: Sentence, places: dict[int, Span]) -> Text:
    """The text with its opaque pieces and elements; of those with the same place the outer one comes first."""
    marks: list[tuple[int, int, int, Piece]] = []
    for order, (id, (start, end)) in enumerate(places.items()):
        marks += [(start, 1, order, Open(id)), (end, 0, -order, Close(id))]
    marks += [(span[0], 2, 0, piece) for span, piece in target.opaques]
    lengths = {piece: span[1] - span[0] for span, piece in target.opaques}
    pieces: list[Piece] = []
    last = 0
    for place, _, _, piece in sorted(marks, key=lambda mark: mark[:3]):
        pieces += [target.text[last:place], piece]
        last = place + (lengths[piece] if isinstance(piece, Opaque) else 0)
    return joined([*pieces, target.text[last:]])
