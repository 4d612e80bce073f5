"""Regular expressions of ours mean the same in each Python 3.11, also in that of Debian 12 (3.11.2).

Before Python 3.11.5 a possessive group that fails in its middle keeps what it has read until then: a figure kept the
last space of `10 000 `. So a group with more than one element begins with a look ahead at what it needs, character by
character, for a repetition in there moves the place where it goes on too.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from re import _constants as codes
from re import _parser as parser
from typing import Any

import pytest

import tasks


def patterns() -> dict[str, re.Pattern[str]]:
    """All that modules of `tasks` keep, by module and name."""
    for module in pkgutil.walk_packages(tasks.__path__, "tasks."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {
        f"{name}.{key}": value
        for name, module in list(sys.modules.items())
        if name.startswith("tasks.")
        for key, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }


def may_stop_halfway(pattern: str, flags: int = 0) -> bool:
    """Whether a possessive group of it can fail after it has read something."""
    return any(halfway(group) for group in possessive(parser.parse(pattern, flags)))


def possessive(part: Any) -> Iterator[Any]:
    """What is repeated possessively in a part of an expression, however deep."""
    for code, argument in part:
        if code is codes.POSSESSIVE_REPEAT:
            yield argument[2]
        yield from (group for below in parts(argument) for group in possessive(below))


def parts(argument: Any) -> Iterator[Any]:
    if isinstance(argument, parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        yield from (part for each in argument for part in parts(each))


def halfway(group: Any) -> bool:
    elements = list(group)
    if len(elements) != 1:
        return not (elements and elements[0][0] is codes.ASSERT and all(map(is_character, elements[0][1][1])))
    code, argument = elements[0]
    return code in (codes.SUBPATTERN, codes.BRANCH, codes.MAX_REPEAT) and any(map(halfway, parts(argument)))


def is_character(element: Any) -> bool:
    return element[0] in (codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY)


@pytest.mark.parametrize(
    ("pattern", "may"),
    [
        (r"\d++(?:,\d++)*+", True), (r"(?:a|bc)++", True), (r"\d++(?:(?=,\d),\d++)*+", False), (r"[a-z]*+x?", False),
        (r"(?:(?=,\d{3}),\d{3})++", True),
    ],
)  # fmt: skip
def test_such_a_group_is_seen(pattern: str, may: bool) -> None:
    assert may_stop_halfway(pattern) is may


def test_no_possessive_group_can_fail_in_its_middle() -> None:
    found = patterns()
    assert len(found) > 100
    assert [name for name, one in found.items() if may_stop_halfway(one.pattern, one.flags & ~re.DEBUG)] == []
