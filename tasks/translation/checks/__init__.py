"""Checks that stop a translation. Every engine loses something sometimes, so none is believed.

`problem_with` looks at one unit, `problem_in_body` at the whole body once more. Both name what is wrong, or give None.
Each check is a small function that gives what it finds; their limits come from human translations (`make bench`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tasks.translation.checks import elements, form, language, language_identity, measures, shape, wording
from tasks.translation.checks.body import problem_in_body
from tasks.translation.checks.figure_values import figures
from tasks.translation.checks.problem import Found, Problem
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Text

__all__ = ["CHECKS", "Problem", "problem_in_body", "problem_with", "problem_with_structure", "problems_with"]

Check = Callable[[Text, Text, LanguagePair], Found]
"""Given a unit, its translation and their languages: what is wrong with the translation."""
_IN_ORDER: tuple[Check, ...] = (
    elements.inline, elements.anchor, elements.opaque, elements.order, elements.url, elements.name,
    figures, measures.measure, measures.weekday, shape.repeated, form.chatter, form.markup, form.characters,
    language.residue, language.script, language_identity.language, shape.capitals, shape.length, shape.truncated,
    form.quotes, form.question, form.glued, wording.doubled, wording.articles, wording.spelling,
)  # fmt: skip
"""The checks of a unit that is not empty; what is easiest to understand comes first, as one reason is given."""
_OF_STRUCTURE: tuple[Check, ...] = (shape.empty, elements.inline, elements.anchor)
CHECKS = (
    "empty", "inline", "anchor", "opaque", "url", "name", "quantity", "date", "order", "repeated", "chatter", "markup",
    "characters", "residue", "script", "language", "capitals", "length", "truncated", "quotes", "question", "glued",
    "doubled", "articles", "spelling",
)  # fmt: skip
"""The names of all checks, as a problem has them."""


def problem_with(unit: Text, result: Text, pair: LanguagePair) -> str | None:
    """The first thing that is wrong with the translation `result` of `unit`; None if it may pass."""
    found = next(_problems(unit, result, pair), None)
    return None if found is None else str(found)


def problems_with(unit: Text, result: Text, pair: LanguagePair, *, by_person: bool = False) -> list[Problem]:
    """Everything that is wrong with a translation, at most one problem of a kind.

    `by_person`: names may have endings, stand in compounds and in the letters of the language, as people write them;
    and people know their words better than dictionaries do.
    """
    if not by_person:
        return list(_problems(unit, result, pair))
    found = _problems(elements.names_as_words(unit), elements.names_as_words(result), pair)
    of_words = ("articles", "doubled", "spelling")
    kept = [problem for problem in found if problem.check not in of_words]
    return [*elements.names_by_person(unit, result, pair), *kept]


def problem_with_structure(unit: Text, result: Text, pair: LanguagePair) -> str | None:
    """The first thing that is wrong with a translation that a person approved: only what would break the page, or lose
    a link."""
    return next((str(problem) for check in _OF_STRUCTURE for problem in check(unit, result, pair)), None)


def _problems(unit: Text, result: Text, pair: LanguagePair) -> Iterator[Problem]:
    for problem in shape.empty(unit, result, pair):
        yield problem
        return
    for check in _IN_ORDER:
        yield from check(unit, result, pair)
