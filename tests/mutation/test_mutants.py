"""The faults that mutation testing makes, and those that it leaves alone."""

from __future__ import annotations

import pytest

from tests.mutation.lua import lua_mutants
from tests.mutation.mutants import mutants


def changed(source: str) -> set[str]:
    """The changed lines of all mutants of some lines of Python."""
    diffs = "\n".join(mutant.diff for mutant in mutants(source, "some.py"))
    return {line[1:].strip() for line in diffs.splitlines() if line.startswith("+")}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = b < c", {"a = b <= c", "a = b >= c"}),
        ("a = b and (not c)", {"a = b or not c", "a = b", "a = not c", "a = b and c"}),
        ("a = b + 1", {"a = b - 1", "a = b + 2"}),
        ("a = b if c else d", {"a = b", "a = d"}),
        ("a = min(b, c)", {"a = max(b, c)"}),
        ("a = 'key'", {"a = 'keyx'"}),
        ("a = IPv6Network('2000::/3')", {"a = IPv6Network('2000::/4')"}),
        ("a = ('b', 'c')", {"a = ('b',)", "a = ('c',)", "a = ('bx', 'c')", "a = ('b', 'cx')"}),
        ("a = b in (c, d)", {"a = b not in (c, d)", "a = b in (c,)", "a = b in (d,)"}),
        ("a = {'b': c, **d}", {"a = {**d}", "a = {'b': c}", "a = {'bx': c, **d}"}),
        ("a = b[:c]", {"a = b"}),
        ("a = select(b).where(c, d)", {"a = select(b)", "a = select(b).where(c)", "a = select(b).where(d)"}),
        ("a = update(b).values(c=d, e=f)", {"a = update(b).values(c=d)", "a = update(b).values(e=f)"}),
        ("if a:\n    b()", {"if True:", "if False:", "pass"}),
        ("def a():\n    if b:\n        return c\n    return d", {"if True:", "if False:", "pass", "return None"}),
        ("class A:\n    b: int = 1", {"b: int = 2"}),
    ],
)
def test_faults(source: str, expected: set[str]) -> None:
    assert changed(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""What the module does."""',
        "import a",
        "def a(b: c | None) -> d | None: ...",
        "A = dict[str, int | None]",
        "@cache(1)\ndef a(): ...",
        "a = 'a text for people'",
        "a = f'{b} of {c}'",
        "a = lru_cache(maxsize=10)(b)",
        "class A(Enum):\n    B = 'b'",
    ],
)
def test_what_is_left_alone(source: str) -> None:
    assert changed(source) == set()


def test_a_mutant_has_its_fault_and_no_other() -> None:
    found = []
    for mutant in mutants("a = 1\nb = a + 10\n", "some.py"):
        names: dict[str, int] = {}
        exec(mutant.code, names)
        found.append((mutant.line, names["a"], names["b"]))
    assert found == [(1, 2, 12), (2, 1, -9), (2, 1, 12)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("if a < b then", {"if a <= b then", "if a >= b then", "if true then", "if false then"}),
        ("local a = b and not c", {"local a = b or not c", "local a = b and c"}),
        ("local a = math.min(b, c)", {"local a = math.max(b, c)"}),
        ("a = b ~= 0", {"a = b == 0", "a = b ~= 1", ""}),
        ("redis.call('DEL', key)", {""}),
        ("local a = string.format('%.3f < 1', b)  -- 1 < 2", set()),
    ],
)
def test_faults_in_lua(line: str, expected: set[str]) -> None:
    assert {script for _, _, script in lua_mutants(line)} == expected


def test_a_script_is_mutated_where_python_hands_it_in() -> None:
    (mutant, *_) = mutants('A = Script("""\nlocal a = 1\n""")', "some.py")
    assert mutant.line == 2
    assert mutant.diff.endswith("-local a = 1\n+local a = 2")
