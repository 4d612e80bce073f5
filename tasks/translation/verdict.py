"""Whether a translation is to be believed as a whole, by how many of its sentences look wrong.

Checks of single sentences see half of what is wrong in a bad translation: what they do not see reads as badly. So where
many sentences look wrong, none of them goes out before a person has read it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

OF_LANGUAGE = frozenset(
    ("chatter", "markup", "characters", "residue", "script", "language", "capitals", "repeated", "glued", "doubled",
     "articles", "spelling")
)  # fmt: skip
"""The checks that say how well an engine knows the language. A lost link or number says nothing of that."""
SHARE = 0.1
"""Of the sentences of a text; human translations reach a fifth of it."""
LEAST = 2
"""So many at least: one sentence may have a word that no dictionary has."""


def is_draft_as_a_whole(problems: Sequence[Collection[str]]) -> bool:
    """Whether a text is to wait for a person as a whole, given the checks that each of its sentences failed."""
    wrong = sum(not OF_LANGUAGE.isdisjoint(each) for each in problems)
    return wrong >= LEAST and wrong >= SHARE * len(problems)
