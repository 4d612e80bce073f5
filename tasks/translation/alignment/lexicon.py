"""Words of two languages that stand for each other, learnt from sentences and their translations alone.

For engines that do not say which of their words stand for which. It is the oldest of the statistical ways (IBM's model
1, both ways round, with a liking for like places), enough to find the words of a link in a sentence of which most words
are known. What it does not know it does not guess: a word that was seen too seldom gets no link.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import exp

from tasks.translation.alignment.links import Link, Span
from tasks.translation.alignment.projection import WORD

LEAST, MOST = 100, 2_000
"""Sentences to learn from: with fewer there is no lexicon, and more take too long."""
_LONGEST = 60
"""Words of a sentence from which it is learnt."""
_MOST_LINKED = 300
"""Words of a sentence that get links."""
_ROUNDS = 4
_SEEN = 3
"""Times that a word was seen, from which it is known."""
_SURE = 0.05
"""Least chance of a link: that the one word became the other, times that the other came from it. It is small where a
word becomes several, or has many forms."""
_POSSIBLE = 0.02
"""Chances below this are forgotten."""
_NEAR = 2.0
"""How much rather a word stands for one at a like place: e to this power from one end to the other."""

Words = Sequence[str]
Chances = dict[str, dict[str, float]]
"""Word of one language: {word of the other: how likely it is that the one becomes the other}."""


class Lexicon:
    """What stands for what in two languages."""

    def __init__(self, there: Chances, back: Chances) -> None:
        """Chances of what a word becomes, and of what it came from."""
        self._there, self._back = there, back

    def links(self, source: str, target: str) -> list[Link]:
        """Links between a sentence and its translation: of each word of the translation with the likeliest one."""
        ones, others = _found(source)[:_MOST_LINKED], _found(target)[:_MOST_LINKED]
        links: list[Link] = []
        for at, (word, place) in enumerate(others):
            likely = [
                (self._chance(one, word) * _nearness(of, len(ones), at, len(others)), where)
                for of, (one, where) in enumerate(ones)
                if self._chance(one, word) >= _SURE
            ]
            if likely:
                links.append(Link(max(likely)[1], place))
        return links

    def _chance(self, one: str, word: str) -> float:
        """How likely it is that a word of a translation stands for one of its source."""
        if one == word and not one.isalpha():  # a figure
            return 1.0
        return self._there.get(one, {}).get(word, 0) * self._back.get(word, {}).get(one, 0)


def learnt(sentences: Iterable[tuple[str, str]]) -> Lexicon | None:
    """The lexicon of sentences with their translations; None of too few."""
    pairs = [(_words(one), _words(other)) for one, other in sentences]
    pairs = [pair for pair in pairs if all(0 < len(words) <= _LONGEST for words in pair)][:MOST]
    if len(pairs) < LEAST:
        return None
    return Lexicon(_chances(pairs), _chances([(other, one) for one, other in pairs]))


def _found(text: str) -> list[tuple[str, Span]]:
    return [(found[0].lower(), found.span()) for found in WORD.finditer(text)]


def _words(text: str) -> Words:
    return [word for word, _ in _found(text)]


def _nearness(of: int, among: int, at: int, length: int) -> float:
    return exp(-_NEAR * abs((of + 0.5) / among - (at + 0.5) / length))


def _chances(pairs: Sequence[tuple[Words, Words]]) -> Chances:
    """What words of the first language become in the second, those of either that were seen often enough."""
    seen = Counter(word for pair in pairs for words in pair for word in set(words))
    chances: Chances = {}
    for round in range(_ROUNDS):
        counts: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for ones, others in pairs:
            for at, word in enumerate(others):
                shares = [
                    (chances[one].get(word, 0) if round else 1.0) * _nearness(of, len(ones), at, len(others))
                    for of, one in enumerate(ones)
                ]
                whole = sum(shares)
                for one, share in zip(ones, shares, strict=True):
                    counts[one][word] += share / whole if whole else 0
        chances = {one: _shares(words) for one, words in counts.items()}
    return {
        one: {word: chance for word, chance in words.items() if chance >= _POSSIBLE and seen[word] >= _SEEN}
        for one, words in chances.items()
        if seen[one] >= _SEEN
    }


def _shares(counts: dict[str, float]) -> dict[str, float]:
    whole = sum(counts.values()) or 1.0
    return {word: count / whole for word, count in counts.items()}
