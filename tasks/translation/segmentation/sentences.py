"""Runs as sentences, so that an engine gets one sentence at a time and the memory can know it again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from sentencex import segment

from tasks.model.languages import LanguageTag
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined


def split(text: Text, language: LanguageTag) -> list[Text]:
    """The sentences of a run, white space kept at their ends; put together they are the run again.

    No cut is made inside an inline element: half an anchor here and half in the next sentence would be two anchors.
    """
    plain = "".join(map(_plain, text))
    if not plain.strip():
        return [text]
    cuts = _cuts(plain, language.base)
    ends_at = set(cuts)
    sentences: list[list[Piece]] = [[]]
    position = depth = 0
    for piece in text:
        depth += 1 if isinstance(piece, Open) else -1 if isinstance(piece, Close) else 0
        if isinstance(piece, str) and depth == 0:
            for part, ends in _parts(piece, position, cuts):
                sentences[-1].append(part)
                if ends:
                    sentences.append([])
        else:
            sentences[-1].append(piece)
            if position + len(_plain(piece)) in ends_at and depth == 0:
                sentences.append([])
        position += len(_plain(piece))
    return [joined(sentence) for sentence in sentences if joined(sentence)]


def _plain(piece: Piece) -> str:
    """What the splitter reads: a protected `Acme Inc.` or an address must not look like the end of a sentence."""
    if isinstance(piece, Opaque):
        return "Xx" if piece.shown else ""
    return piece if isinstance(piece, str) else ""


def _cuts(plain: str, language: str) -> list[int]:
    """Positions after which a new sentence begins, ascending."""
    segments = segment(language, plain)
    cuts: list[int] = []
    position = 0
    for sentence in segments[:-1]:
        position += len(sentence)
        cuts.append(position)
    whole = "".join(segments)
    return cuts if whole == plain else []


def _parts(piece: str, position: int, cuts: Sequence[int]) -> Iterator[tuple[str, bool]]:
    """`piece` cut up, each part with whether a sentence ends after it."""
    start = 0
    for cut in cuts[bisect_right(cuts, position) : bisect_right(cuts, position + len(piece))]:
        yield piece[start : cut - position], True
        start = cut - position
    yield piece[start:], False
