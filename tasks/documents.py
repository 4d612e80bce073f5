"""What release and outlet documents share: strict models, and refusals that name field, fault and an example."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo


class Document(BaseModel):
    """A document that people write: unknown fields are refused, values never change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, use_attribute_docstrings=True)


D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a document: where (dotted field path), what, and a value that would be right."""

    field: str
    problem: str
    example: str | None = None

    def __str__(self) -> str:
        hint = f" (for example {self.example})" if self.example else ""
        return f"{self.field}: {self.problem}{hint}"


class DocumentRefused(ValueError):
    """A document that cannot be taken; `problems` says why, field by field."""

    def __init__(self, what: str, problems: list[Problem]):
        self.what = what
        self.problems = problems
        super().__init__(f"{what} refused: " + "; ".join(map(str, problems)))


def read(model: type[D], data: Any, what: str) -> D:
    """Validate `data` as `model`; raises DocumentRefused with every problem found, not just the first."""
    if not isinstance(data, dict):
        raise DocumentRefused(
            what, [Problem("(document)", f"must be an object with fields, not {type(data).__name__}")]
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DocumentRefused(what, [_problem(model, entry) for entry in error.errors(include_url=False)]) from None


def _problem(model: type[BaseModel], error: Any) -> Problem:
    path = error["loc"]
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        known = sorted(_fields_at(model, path[:-1]))
        message = "is not a known field" + (f"; known fields are {', '.join(known)}" if known else "")
    field = _field_at(model, path)
    return Problem(".".join(map(str, path)) or "(document)", message, _example(field) if field else None)


def _example(field: FieldInfo) -> str | None:
    if not field.examples:
        return None
    return json.dumps(field.examples[0], ensure_ascii=False)


def _field_at(model: type[BaseModel], path: tuple[str | int, ...]) -> FieldInfo | None:
    """The field that the longest readable beginning of `path` names; list indexes and keys are passed over."""
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


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `Model`, `Model | None`, `list[Model]` or `dict[str, Model]`, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        inner = _model_in(argument)
        if inner:
            return inner
    return None
