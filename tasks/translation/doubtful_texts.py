"""Whether a translation is to be believed as a whole, by how many of its sentences look wrong.

Checks of single sentences see half of what is wrong in a bad translation: what they do not see reads as badly. So where
many sentences look wrong, none of them goes out before a person has read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

OF_LANGUAGE = frozenset(
    ("chatter", "markup", "characters", "residue", "script", "language", "capitals", "repeated", "glued", "doubled",
     "articles", "spelling")
)  # fmt: skip
"""The checks that say how well an engine knows the language. A lost link or number says nothing of that."""
FOR_A_PERSON = frozenset(("articles", "doubled", "spelling"))
"""What is wrong with single words. A person who reads a draft mends it sooner than an empty sentence."""
SHARE = 0.1
"""Of the sentences of a text; human translations reach a fifth of it."""
LEAST = 2
"""So many at least: one sentence may have a word that no dictionary has."""


@dataclass(frozen=True)
class Doubt:
    """Why nothing that an engine made of a text may go out before a person has read it."""

    wrong: int
    of: int
    """Sentences that look wrong, of how many that it was asked for."""

    def __str__(self) -> str:
        return f"{self.wrong} of {self.of} sentences look wrong"


def doubt(looks_wrong: Iterable[bool]) -> Doubt | None:
    """The doubt about a text, given of each sentence whether it looks wrong; None if it is to be believed."""
    all_of_them = list(looks_wrong)
    wrong = sum(all_of_them)
    return Doubt(wrong, len(all_of_them)) if wrong >= LEAST and wrong >= SHARE * len(all_of_them) else None


def is_of_language(problems: Collection[str]) -> bool:
    """Whether checks of such names say that a sentence looks wrong."""
    return not OF_LANGUAGE.isdisjoint(problems)


def is_draft_as_a_whole(problems: Sequence[Collection[str]]) -> bool:
    """Whether a text is to wait for a person as a whole, given the checks that each of its sentences failed."""
    return doubt(map(is_of_language, problems)) is not None
