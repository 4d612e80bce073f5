"""Small faults in a module: each mutant is the module with one of them.

Faults are put into what a module *does*: conditions, comparisons, arithmetic, constants, tables, SQL clauses, keys, Lua
scripts; also where they stand outside of functions. By rule, and never one by one, these are left alone, since nothing
that Fanwire promises depends on them:

- annotations, type aliases, decorators, docstrings, imports, the values of enum members, the size of a cache;
- the wording of messages: a text with a space in it, and whatever is inside a `raise`.

A fault that would only ever end in a `NameError` or a `TypeError` is not made: it would raise the share of the killed
ones and say nothing about the tests.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from types import CodeType
from typing import Any, Final

from tests.mutation.lua import lua_mutants


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one fault."""

    line: int
    rule: str
    """What kind of fault it is."""
    diff: str
    """The fault in the normal form of `ast.unparse`, or in that of the Lua script."""
    code: CodeType


@dataclass(frozen=True, slots=True)
class _Edit:
    """One field of one node gets another value."""

    rule: str
    line: int
    owner: ast.AST
    field: str
    value: Any
    diff: str = ""
    """Only of a Lua script; that of Python is taken from the tree."""


COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
SWAPPED: Final = {"min": "max", "max": "min", "any": "all", "all": "any", "and_": "or_", "or_": "and_"}
"""Functions that take the same arguments and mean the contrary."""
DROPPED: Final = frozenset({"where", "order_by", "limit", "with_for_update", "correlate", "group_by", "strip", "lower"})
"""Methods that give back what they are called on, and can be left out."""
SHORTENED: Final = frozenset({"where", "order_by", "and_", "or_", "values", "case"})
"""Functions that also work with one argument less."""
LEFT_ALONE: Final = {
    (ast.arg, "annotation"),
    (ast.AnnAssign, "annotation"),
    (ast.FunctionDef, "returns"),
    (ast.FunctionDef, "decorator_list"),
    (ast.ClassDef, "decorator_list"),
    (ast.ClassDef, "bases"),
}


def mutants(source: str, filename: str) -> Iterator[Mutant]:
    """All mutants of a module, in the order of its lines."""
    tree = ast.parse(source)
    plain = ast.unparse(tree).splitlines()
    for edit in sorted(_edits(tree), key=lambda edit: edit.line):
        before = getattr(edit.owner, edit.field)
        setattr(edit.owner, edit.field, edit.value)
        try:
            code = compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True)
            changed = ast.unparse(tree).splitlines()
        finally:
            setattr(edit.owner, edit.field, before)
        yield Mutant(edit.line, edit.rule, edit.diff or _diff(plain, changed), code)


def _diff(before: list[str], after: list[str]) -> str:
    return "\n".join(list(unified_diff(before, after, lineterm="", n=1))[2:])


def _edits(owner: ast.AST) -> Iterator[_Edit]:
    """The edits below a node."""
    for field, value in ast.iter_fields(owner):
        if (type(owner), field) in LEFT_ALONE:
            continue
        several = isinstance(value, list)
        for place, child in enumerate(value if several else [value]):
            if not isinstance(child, ast.AST) or _is_left_alone(child):
                continue
            line = getattr(child, "lineno", 0)
            for rule, new in _changes(child, owner, field, place):
                changed = [*value[:place], *([new] if new else []), *value[place + 1 :]] if several else new
                yield _Edit(rule, line, owner, field, changed)
            if isinstance(child, ast.Call) and _name(child.func) == "Script":
                yield from _lua_edits(child)
            else:
                yield from _edits(child)


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant()):  # a docstring
            return True
        case ast.Assign(value=ast.Subscript(value=ast.Name(id=name))):  # an alias of a type
            return name in ("Callable", "dict", "list", "tuple", "type")
        case ast.ClassDef(bases=[ast.Name(id="Enum" | "StrEnum")]):
            return True
        case ast.keyword(arg="maxsize"):
            return True
    return False


def _changes(node: ast.AST, owner: ast.AST, field: str, place: int) -> Iterator[tuple[str, ast.AST | None]]:
    """By what a node may be replaced, and by which rule; None removes it from its list."""
    if isinstance(node, ast.stmt):
        yield from _of_statement(node, owner, field, place)
    elif isinstance(node, ast.expr):
        yield from _of_expression(node, owner, field)
    elif isinstance(node, ast.keyword) and isinstance(owner, ast.Call) and _name(owner.func) == "values":
        yield "an argument is left out", None


def _of_statement(node: ast.stmt, owner: ast.AST, field: str, place: int) -> Iterator[tuple[str, ast.AST | None]]:
    match node:
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.AugAssign() | ast.Raise():
            yield "a statement is left out", ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "a statement is left out", ast.Pass()
        case ast.Continue():
            yield "continue becomes break", ast.Break()
            yield "a statement is left out", ast.Pass()
        case ast.Break():
            yield "a statement is left out", ast.Pass()
        case ast.Return(value=value):
            last = place == len(getattr(owner, field)) - 1
            if not (last and isinstance(owner, ast.FunctionDef | ast.With)):
                yield "a statement is left out", ast.Pass()
            if value is not None and not (isinstance(value, ast.Constant) and value.value in (None, False)):
                yield "None is returned", ast.Return(ast.Constant(None))
    if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
        yield "an operator is another", ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)


def _of_expression(node: ast.expr, owner: ast.AST, field: str) -> Iterator[tuple[str, ast.AST | None]]:
    if isinstance(owner, ast.If | ast.While | ast.comprehension) and field in ("test", "ifs"):
        for outcome in (True, False):
            yield f"a condition is always {outcome}", ast.Constant(outcome)
    match node:
        case ast.Constant(value=value):
            yield from _of_constant(value, owner)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            for other in COMPARISONS[type(op)]:
                yield "a comparison is another", ast.Compare(left, [other()], [right])
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for place, op in enumerate(ops):
                for other in COMPARISONS[type(op)]:
                    changed = [*ops[:place], other(), *ops[place + 1 :]]
                    yield "a comparison is another", ast.Compare(left, changed, comparators)
        case ast.BoolOp(op=op, values=values):
            yield "and becomes or, or and", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for rest in _one_less(values):
                yield "an operand is left out", ast.BoolOp(op, rest) if len(rest) > 1 else rest[0]
        case ast.UnaryOp(operand=operand):
            yield "an operator is left out", operand
        case ast.BinOp(left=left, op=op, right=right):
            yield "an operator is another", ast.BinOp(left, ARITHMETIC[type(op)](), right)
        case ast.IfExp(body=body, orelse=orelse):
            yield "a condition is always True", body
            yield "a condition is always False", orelse
        case ast.Subscript(value=inner, slice=ast.Slice()):
            yield "a slice is left out", inner
        case ast.Set(elts=elements) if len(elements) > 1:
            for rest in _one_less(elements):
                yield "an element is left out", ast.Set(rest)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) if len(elements) > 1 and _is_table(node, owner, field):
            for rest in _one_less(elements):
                yield "an element is left out", type(node)(rest, ast.Load())
        case ast.Dict(keys=keys, values=values) if len(keys) > 1:
            for place in range(len(keys)):
                yield "an element is left out", ast.Dict(_without(keys, place), _without(values, place))
        case ast.Call():
            yield from _of_call(node)


def _of_constant(value: object, owner: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(value, bool):
        yield "a constant is another", ast.Constant(not value)
    elif isinstance(value, int | float):
        yield "a constant is another", ast.Constant(value + 1)
    elif isinstance(value, str) and value and not _is_wording(value, owner):
        yield "a constant is another", ast.Constant(_another(value))


def _is_wording(text: str, owner: ast.AST) -> bool:
    """Whether a text is for people: it has a space, or stands in a formatted text that has one."""
    whole = ast.unparse(owner) if isinstance(owner, ast.JoinedStr) else text
    return " " in whole or "\n" in whole


def _another(text: str) -> str:
    """Another text: a number at its end gets one more, as in the prefix length of a network; else it is longer."""
    number = re.search(r"\d+$", text)
    return text[: number.start()] + str(int(number[0]) + 1) if number else f"{text}x"


def _is_table(node: ast.Tuple | ast.List, owner: ast.AST, field: str) -> bool:
    """Whether a tuple or list says the same of each element, so that it may have one less."""
    in_comparison = isinstance(owner, ast.Compare) and field == "comparators"
    of_exceptions = isinstance(owner, ast.ExceptHandler)
    of_texts = all(isinstance(element, ast.Constant) and isinstance(element.value, str) for element in node.elts)
    return in_comparison or of_exceptions or of_texts


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = _name(node.func)
    if name in SWAPPED:
        yield "a function is its contrary", ast.Call(ast.Name(SWAPPED[name], ast.Load()), node.args, node.keywords)
    if name in DROPPED and isinstance(node.func, ast.Attribute):
        yield "a call is left out", node.func.value
    if name in SHORTENED and len(node.args) > 1:
        for rest in _one_less(node.args):
            yield "an argument is left out", ast.Call(node.func, rest, node.keywords)
    if name == "sorted":
        yield "a call is left out", ast.Call(ast.Name("list", ast.Load()), node.args[:1], [])


def _name(function: ast.expr) -> str:
    """The name of a function or method that is called."""
    return getattr(function, "id", getattr(function, "attr", ""))


def _one_less(nodes: list[ast.expr]) -> Iterator[list[ast.expr]]:
    return (_without(nodes, place) for place in range(len(nodes)))


def _without(nodes: list[Any], place: int) -> list[Any]:
    return [*nodes[:place], *nodes[place + 1 :]]


def _lua_edits(call: ast.Call) -> Iterator[_Edit]:
    """The faults in the text of a `Script`."""
    (text,) = call.args
    if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
        return
    before = text.value.splitlines()
    for number, rule, changed in lua_mutants(text.value):
        diff = "\n".join([f"@@ Lua, line {number + 1} @@", f"-{before[number]}", f"+{changed.splitlines()[number]}"])
        yield _Edit(f"Lua: {rule}", text.lineno + number, call, "args", [ast.Constant(changed)], diff)
