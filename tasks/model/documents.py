"""What all documents share: strict models, and refusals that name the field, the fault and an example."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo

from tasks.runtime import moments
from tasks.runtime.errors import Problem, UserError, in_words, kind_of
from tasks.runtime.foreign_text import harmful, named, printable

_TIMESTAMP, _INTEGER, _DECIMAL, _BOOLEAN = (
    f"tag:yaml.org,2002:{name}" for name in ("timestamp", "int", "float", "bool")
)
DEEPEST = 20
"""Levels of lists and mappings in YAML. The loader calls itself for each, and thousands end the process."""
LARGEST_YAML = 16 * 1024 * 1024
"""Characters of a YAML file: 100,000 outlets have some ten millions."""

ALIASES_GROW = 20
"""How many times larger than it is written a YAML text may become by its aliases."""


class Unreadable(ValueError):
    """A text that cannot be read; the error's own text says why, and where."""

    def __init__(self, why: str, line: int | None = None) -> None:
        """`line`: the number of the line at which reading ended, counted from 1."""
        super().__init__(why)
        self.line = line


class Yaml(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The YAML loader behind `load_yaml`. It refuses a key which stands twice; others silently take the last one.

    Dates and times stay text, which the fields that want one read: PyYAML would drop the offset of a time. Numbers are
    plain ones of at most 18 digits. What YAML 1.1 takes for numbers of base 60 and 8 (`10:30`, `0777`), for false
    (`no`, `off`) or for true stays text too: Norway is NO.
    """

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_TIMESTAMP, _INTEGER, _DECIMAL, _BOOLEAN)]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands there twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


Yaml.add_constructor(_TIMESTAMP, Yaml.construct_yaml_str)
Yaml.add_implicit_resolver(_INTEGER, re.compile(r"[-+]?(?:0|[1-9]\d{0,17})$", re.ASCII), list("-+0123456789"))
Yaml.add_implicit_resolver(_DECIMAL, re.compile(r"[-+]?\d{1,18}\.\d{0,18}$", re.ASCII), list("-+0123456789"))
Yaml.add_implicit_resolver(_BOOLEAN, re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def load_yaml(text: str, *, largest: int = LARGEST_YAML, aliases: bool = True, loader: type[Yaml] = Yaml) -> Any:
    """Return what a YAML text holds; raise Unreadable for what cannot be read.

    Everything in YAML that other people write is read here. Before anything is built, a pass over the text refuses more
    than `largest` characters, nesting beyond `DEEPEST`, and aliases (`*name`): those that make it grow beyond
    `ALIASES_GROW` times what is written, or all of them unless `aliases` is set.
    """
    if len(text) > largest:
        raise Unreadable(f"is larger than {largest:,} characters")
    try:
        _refuse_unbounded(text, loader, aliases)
        return yaml.load(text, Loader=loader)  # noqa: S506, a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise Unreadable(unreadable(error), mark.line + 1 if mark else None) from None


def _refuse_unbounded(text: str, loader: type[Yaml], aliases: bool) -> None:
    written = 0
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]  # anchor, and the nodes inside so far, aliases expanded
    anchored: dict[str, int] = {}
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 0))
            if len(open_nodes) > DEEPEST + 1:
                raise _fault(event, f"is nested deeper than {DEEPEST} levels")
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_nodes.pop()
        elif isinstance(event, yaml.ScalarEvent):
            anchor, size = event.anchor, 0
        elif isinstance(event, yaml.AliasEvent):
            if not aliases or event.anchor not in anchored:
                raise _fault(event, f"holds the alias '*{event.anchor}': write the value itself")
            anchor, size = None, anchored[event.anchor]
        else:
            continue
        written += 1
        if anchor:
            anchored[anchor] = size + 1
        outer, inside = open_nodes[-1]
        open_nodes[-1] = outer, inside + size + 1
        if inside + size > ALIASES_GROW * written:
            raise _fault(event, "has aliases ('*name') that make it grow too much: write the values themselves")


def _fault(event: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, event.start_mark)


class Document(BaseModel):
    """A document that people write. Unknown fields are refused, and values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _moment(value: Any, info: ValidationInfo) -> Any:
    """Reads a moment by the one rule; pydantic's own would take numbers, and dates without a time."""
    if info.context and info.context.get("stored"):
        return value
    if isinstance(value, datetime):
        moments.refuse_beyond(value.year)
        return value
    if not isinstance(value, str):
        raise ValueError(moments.NO_MOMENT)
    return moments.read(value)


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
"""A moment with its time zone; what a document says is read by `tasks/runtime/moments.py`."""

D = TypeVar("D", bound=Document)

MOST_TOLD = 20
"""Problems of one document that a refusal names; it only counts any more, so that it stays small."""
LONGEST_FIELD, LONGEST_PROBLEM = 200, 500
"""Characters that a refusal shows of each."""


WHOLE = "(document)"
"""The field that a problem names which is of the whole document."""


class Explained(ValueError):
    """What is wrong with a value, when the text itself says what to write: an example beside it would mislead."""


class DocumentRefused(UserError):
    """A document was refused; `problems` says why, field by field."""


def read(model: type[D], data: Any, what: str, context: Mapping[str, Any] | None = None) -> D:
    """Validate `data` as `model`; raises DocumentRefused with every problem found, not just the first.

    `context` is for the model's own validators, as pydantic hands it to them.
    """
    if not isinstance(data, dict):
        raise DocumentRefused(what, [Problem(WHOLE, f"must be an object with fields, not {kind_of(data)}")])
    try:
        strange = list(islice(_harmful(data, ()), MOST_TOLD))
    except RecursionError:
        strange = [Problem(WHOLE, "is nested too deeply")]
    if strange:
        raise DocumentRefused(what, strange)
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        problems = [_problem(model, entry) for entry in error.errors(include_url=False)[:MOST_TOLD]]
        if error.error_count() > MOST_TOLD:
            problems.append(Problem(WHOLE, f"has {error.error_count() - MOST_TOLD:,} more problems"))
        raise DocumentRefused(what, problems) from None


def _harmful(value: Any, path: tuple[str, ...]) -> Iterator[Problem]:
    """A problem for each text, and each name of a field, in which there is a harmful character."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _harmful(str(key), (*path, "(field)"))
            yield from _harmful(inner, (*path, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _harmful(inner, (*path, str(number)))
    elif isinstance(value, str) and (found := harmful(value)):
        where = printable(".".join(path))[:LONGEST_FIELD] or WHOLE
        yield Problem(where, f"holds {named(found)}: write it without")


def _problem(model: type[BaseModel], error: Any) -> Problem:
    path = error["loc"]
    message = in_words(error)
    if error["type"] == "extra_forbidden":
        known = sorted(_fields_at(model, path[:-1]))
        meant = get_close_matches(str(path[-1]), known, n=1)
        hint = f"is {meant[0]!r} meant? " if meant else ""
        message = "is not a known field" + (f"; {hint}known fields are {', '.join(known)}" if known else "")
    field = _field_at(model, path)
    where = ".".join(map(str, path))[:LONGEST_FIELD] or WHOLE
    example = None if field is None or _is_explained(error) else _example(field)
    if field is not None and example is None and error["type"] in ("model_type", "dict_type", "missing"):
        example = _example_of_fields(field)
    return Problem(where, message[:LONGEST_PROBLEM], example)


def _is_explained(error: Any) -> bool:
    return isinstance(error.get("ctx", {}).get("error"), Explained)


def _example_of_fields(field: FieldInfo) -> str | None:
    """An object as a field wants one, of the examples of those fields that it must have."""
    model = _model_in(field.annotation)
    inner = (
        {name: of.examples[0] for name, of in model.model_fields.items() if of.is_required() and of.examples}
        if model
        else None
    )
    return json.dumps(inner, ensure_ascii=False) if inner else None


_PLAINLY: dict[str | None, str] = {
    "mapping values are not allowed in this context": "text in which ':' and a space stand must be in quotes",
}
"""What the YAML parser says, and what people understand."""


def unreadable(error: Exception) -> str:
    """Why text is no JSON or no YAML, with line and column where they are known."""
    if isinstance(error, Unreadable):
        return str(error)
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return (
            f"is not YAML: line {mark.line + 1}, column {mark.column + 1}: {_PLAINLY.get(error.problem, error.problem)}"
        )
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8: byte {error.start} cannot be read"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return f"cannot be read: {(str(error).splitlines() or [''])[0]}"


def _example(field: FieldInfo) -> str | None:
    if not field.examples:
        return None
    return json.dumps(field.examples[0], ensure_ascii=False)


def _field_at(model: type[BaseModel], path: tuple[str | int, ...]) -> FieldInfo | None:
    """The field at `path`, or the last one on the way to it; list indexes and keys are passed over."""
    found: FieldInfo | None = None
    current: type[BaseModel] | None = model
    for step in path:
        if current is None or not isinstance(step, str):
            continue
        field = current.model_fields.get(step)
        if field is None:
            continue
        found, current = field, _model_in(field.annotation)
    return found


def _fields_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    field = _field_at(model, path)
    inner = _model_in(field.annotation) if field else model
    return list(inner.model_fields) if inner else []


def fields_of(field: FieldInfo) -> list[str]:
    """The names of the fields inside a field; none if it holds no document."""
    inner = _model_in(field.annotation)
    return list(inner.model_fields) if inner else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `Model`, `Model | None`, `list[Model]` or `dict[str, Model]`, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        inner = _model_in(argument)
        if inner:
            return inner
    return None
