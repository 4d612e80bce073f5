"""Engines that do what engines do on a bad day; real ones, which an operator could have configured by entry point."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from tasks.translation.configuration import EngineDocument
from tasks.translation.engines import Capabilities, Pair
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined

SMALL = {"the": "los", "of": "de", "and": "por", "to": "al", "in": "en", "is": "es", "it": "lo", "that": "para"}
_VOWELS = str.maketrans("aeiou", "eioua")
_SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ka",
    "le",
    "mi",
    "no",
    "pu",
    "ra",
    "se",
    "ti",
    "vo",
    "zu",
    "cha",
    "dre",
    "fli",
)


def foreign(text: str) -> str:
    """Other words of the same length, the small ones Spanish: another language as far as anybody can see."""
    return re.sub("[A-Za-z]+", lambda found: SMALL.get(found[0], found[0].translate(_VOWELS)), text)


def echo(unit: Text) -> Text:
    """Gives back what it got."""
    return unit


def drop_tags(unit: Text) -> Text:
    """Loses every link and everything protected."""
    return joined(foreign(piece) for piece in unit if isinstance(piece, str))


def cut_anchors(unit: Text) -> Text:
    """Loses the links with the words in them, and the placeholders that stand for them."""
    kept: list[Piece] = []
    depth = 0
    for piece in unit:
        depth += isinstance(piece, Open) - isinstance(piece, Close)
        if depth == 0 and isinstance(piece, str):
            kept.append(foreign(piece))
    return joined(kept)


def truncate(unit: Text) -> Text:
    """Stops in the middle."""
    words = [foreign(piece) if isinstance(piece, str) else piece for piece in unit]
    half = words[: max(1, len(words) // 2)]
    last = half[-1]
    return joined([*half[:-1], last[: len(last) // 2]]) if isinstance(last, str) else joined(half)


def random_weights(unit: Text) -> Text:
    """Syllables without sense, in any number, around the pieces it got."""
    dice = random.Random(str(unit))
    return joined(_salad(piece, dice) if isinstance(piece, str) else piece for piece in unit)


def swap_numbers(unit: Text) -> Text:
    """Each figure somewhere else, those that stand behind placeholders too."""
    figures = [piece for piece in unit if isinstance(piece, Opaque)]
    digits = re.findall(r"\d", "".join(piece for piece in unit if isinstance(piece, str)))
    moved = figures[1:] + figures[:1]
    rest = digits[1:] + digits[:1]
    return joined(
        re.sub(r"\d", lambda _: rest.pop(0), foreign(piece))
        if isinstance(piece, str)
        else moved.pop(0)
        if isinstance(piece, Opaque)
        else piece
        for piece in unit
    )


def uppercase(unit: Text) -> Text:
    """SHOUTS."""
    return joined(foreign(piece).upper() if isinstance(piece, str) else piece for piece in unit)


def empty(unit: Text) -> Text:
    """Says nothing."""
    return ()


def _salad(text: str, dice: random.Random) -> str:
    words = ["".join(dice.choices(_SYLLABLES, k=dice.randint(1, 3))) for _ in range(len(text.split()) * 3)]
    return f" {' '.join(words)} " if words else text


MANNERS = {
    manner.__name__: manner
    for manner in (echo, drop_tags, cut_anchors, truncate, random_weights, swap_numbers, uppercase, empty)
}


class BadEngine:
    """`options.manner` says which; from English into `options.target`."""

    def __init__(self, name: str, document: EngineDocument) -> None:
        self.name = name
        self.capabilities = Capabilities(inline="native")
        self._manner = MANNERS[document.options["manner"]]
        self._pair = ("en", document.options["target"])

    def pairs(self) -> dict[Pair, int]:
        return {self._pair: 1}

    def model(self, source: str, target: str) -> str:
        return "of no use"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        return [self._manner(unit) for unit in units]
