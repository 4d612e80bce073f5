"""Checks that stop a translation. Every engine loses something sometimes, so none is believed.

`problem_with` looks at one unit, `problem_in_body` at the whole body once more. Both name what is wrong, or give None.
Each check is a small function that gives what it finds; their limits come from human translations (`make bench`).
"""

from __future__ import annotations

from collections.abc import Iterator

from tasks.translation import scripts
from tasks.translation.checks import elements, language, shape
from tasks.translation.checks.body import problem_in_body
from tasks.translation.checks.figure_values import figures
from tasks.translation.checks.problem import Problem
from tasks.translation.pieces import Text

__all__ = ["CHECKS", "Problem", "problem_in_body", "problem_with", "problem_with_structure", "problems_with"]

CHECKS = (
    "empty", "inline", "anchor", "opaque", "url", "name", "quantity", "date", "order", "repeated", "residue", "script",
    "capitals", "length", "truncated",
)  # fmt: skip
"""The names of the checks, in the order in which they are made."""


def problem_with(unit: Text, result: Text, source: str, target: str) -> str | None:
    """The first thing that is wrong with the translation `result` of `unit`; None if it may pass."""
    found = next(_problems(unit, result, source, target), None)
    return None if found is None else str(found)


def problems_with(unit: Text, result: Text, source: str, target: str) -> list[Problem]:
    """Everything that is wrong with it, at most one problem of a kind."""
    return list(_problems(unit, result, source, target))


def problem_with_structure(unit: Text, result: Text) -> str | None:
    """The same for what a person approved: only what would break the page, or lose a link."""
    for check in (shape.empty, elements.inline, elements.anchor):
        for problem in check(unit, result):
            return str(problem)
    return None


def _problems(unit: Text, result: Text, source: str, target: str) -> Iterator[Problem]:
    for problem in shape.empty(unit, result):
        yield problem
        return
    latin = "Latn" in scripts.scripts_of(source) and "Latn" in scripts.scripts_of(target)
    yield from elements.inline(unit, result)
    yield from elements.anchor(unit, result)
    yield from elements.opaque(unit, result)
    yield from elements.order(unit, result, target)
    yield from elements.url(unit, result)
    yield from elements.name(unit, result, latin)
    yield from figures(unit, result, source, target)
    yield from shape.repeated(unit, result)
    yield from language.residue(unit, result, source, target)
    yield from language.script(unit, result, source, target)
    yield from shape.capitals(unit, result)
    yield from shape.length(unit, result, source, target)
    yield from shape.truncated(unit, result, source, target)
