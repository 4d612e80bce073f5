"""What the output of an engine is for: `publish`, or only a `draft` that a person reads before it goes out.

An engine declares its grade (`Capabilities.grade`); the translation file may say another one, for all its pairs of
languages or for some. A text is as good as the worst engine that had a part in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tasks.model.languages import LanguageTag

Grade = Literal["publish", "draft"]
"""publish: what passes the checks may go out as it is · draft: only after a person has approved it."""
PUBLISH: Grade = "publish"
DRAFT: Grade = "draft"
GRADES: tuple[Grade, ...] = (PUBLISH, DRAFT)
EVERY = "*"
"""Stands for each language that has no entry of its own."""
Grades = Mapping[str, Mapping[str, Grade]]
"""Grades by source and then by target language."""


def said_of(grades: Grades, source: str, target: str) -> Grade | None:
    """The grade for a pair of languages; None where nothing is said of it. The nearest entry counts, and that of the
    source before that of the target."""
    for one in _broader(source):
        for other in _broader(target):
            if (found := grades.get(one, {}).get(other)) is not None:
                return found
    return None


def _broader(language: str) -> tuple[str, ...]:
    tag = LanguageTag(language)
    return (*tag.broader, tag.base, EVERY)
