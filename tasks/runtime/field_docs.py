"""Make the docstrings below the fields of pydantic models their descriptions, for JSON Schemas and manuals.

Pydantic has an option for it (`use_attribute_docstrings`), but parses the module anew for every class when it is
imported: a ninth of what each worker and each command needs to start. Few of them ever show a description.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache

from pydantic import BaseModel


def describe(base: type[BaseModel]) -> None:
    """Give the fields of a model, and of those derived from it so far, what stands below them. Safe to repeat."""
    models = list(_family(base))
    for model in models:
        for name, text in _docstrings(model).items():
            model.model_fields[name].description = text
    for model in models:  # in the order in which they were made, so that inner ones come before those that have them
        model.model_rebuild(force=True)


def _family(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield base
    for derived in base.__subclasses__():
        yield from _family(derived)


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstring of each field of a model that has one, its own or inherited."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseModel):
            found |= _in_module(owner.__module__).get(owner.__qualname__, {})
    return {name: text for name, text in found.items() if name in model.model_fields}


@cache
def _in_module(module: str) -> dict[str, dict[str, str]]:
    """By class and attribute, what stands as a text below the attribute."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError):  # a module without a file
        return {}
    return {node.name: dict(_in_class(node)) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _in_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for statement, following in zip(node.body, node.body[1:], strict=False):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
