"""The same small faults in a Lua script for Redis: they are put in by patterns, one line at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

RULES: Final[tuple[tuple[str, str, str], ...]] = (
    ("a comparison is another", r"(?<![<>=~])<(?![=])", "<="),
    ("a comparison is another", r"(?<![<>=~])<(?![=])", ">="),
    ("a comparison is another", r"<=", "<"),
    ("a comparison is another", r"<=", ">"),
    ("a comparison is another", r"(?<![<>=~])>(?![=])", ">="),
    ("a comparison is another", r"(?<![<>=~])>(?![=])", "<="),
    ("a comparison is another", r">=", ">"),
    ("a comparison is another", r">=", "<"),
    ("a comparison is another", r"==", "~="),
    ("a comparison is another", r"~=", "=="),
    ("and becomes or, or and", r"\band\b", "or"),
    ("and becomes or, or and", r"\bor\b", "and"),
    ("an operator is left out", r"\bnot ", ""),
    ("an operator is another", r" \+ ", " - "),
    ("an operator is another", r" - ", " + "),
    ("an operator is another", r" \* ", " / "),
    ("an operator is another", r" / ", " * "),
    ("an operator is another", r" \^ ", " * "),
    ("a function is its contrary", r"\bmath\.min\b", "math.max"),
    ("a function is its contrary", r"\bmath\.max\b", "math.min"),
    ("a constant is another", r"\btrue\b", "false"),
    ("a constant is another", r"\bfalse\b", "true"),
)
"""Name, what is found, and what replaces it."""
NUMBER: Final = re.compile(r"(?<![\w.%])\d+(?![\w.])")
CONDITION: Final = re.compile(r"^(\s*(?:else)?if )(.+)( then)$")
EFFECT: Final = re.compile(r"^(\s*)(redis\.call\(|[a-z]\w*(?:\[[^=]*\])?(?:, \w+)* = )")
"""A line that has an effect and nothing else: a call, or an assignment to something that there is already."""


def lua_mutants(script: str) -> Iterator[tuple[int, str, str]]:
    """The number of the changed line (the first is 0), the rule, and the whole script with the fault."""
    lines = script.splitlines()
    for number, line in enumerate(lines):
        code, comment, rest = line.partition("--")
        for rule, changed in _changes(code):
            yield number, rule, "\n".join([*lines[:number], changed + comment + rest, *lines[number + 1 :]])


def _changes(code: str) -> Iterator[tuple[str, str]]:
    quoted = [match.span() for match in re.finditer(r"'[^']*'", code)]

    def outside(match: re.Match[str]) -> bool:
        return not any(start < match.start() < end for start, end in quoted)

    for rule, pattern, new in RULES:
        for match in filter(outside, re.finditer(pattern, code)):
            yield rule, code[: match.start()] + new + code[match.end() :]
    for match in filter(outside, NUMBER.finditer(code)):
        yield "a constant is another", code[: match.start()] + str(int(match[0]) + 1) + code[match.end() :]
    if condition := CONDITION.match(code.rstrip()):
        for outcome in ("true", "false"):
            yield f"a condition is always {outcome}", f"{condition[1]}{outcome}{condition[3]}"
    if effect := EFFECT.match(code):
        yield "a statement is left out", effect[1]
