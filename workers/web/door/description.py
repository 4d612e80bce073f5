"""`GET /openapi.json`: the door as OpenAPI 3.1, made from its table of operations; `GET /docs`: the same for people."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tasks.model.release import Release
from workers.envelope import Receipt
from workers.web.door import schemas
from workers.web.door.operation import COMMON_REFUSALS, REFUSALS, Operation
from workers.web.prefix import prefix

_REF = "#/components/schemas/{model}"
_MODELS = (
    schemas.Kill, schemas.Embargo, schemas.Replay, schemas.Refusal, schemas.Releases, schemas.Progress,
    schemas.Embargoed, schemas.Replayed, schemas.Stored, schemas.Rehearsed,
)  # fmt: skip
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "Names the request: sent again with the same key within a day, it is not done again and gets the "
    "same answer; another request with this key is refused (422).",
}  # fmt: skip
_CONSENT = {
    "name": "Fanwire-Consent", "in": "header", "required": False,
    "schema": {"type": "string", "enum": ["jump", "revive", "jump,revive"]},
    "description": "What is unusual and meant: revive a killed release, jump over versions.",
}  # fmt: skip


def routes(operations: Sequence[Operation]) -> list[Route]:
    """The routes of the description."""
    return [
        Route("/openapi.json", partial(_as_json, operations)),
        Route("/docs", partial(_as_page, operations)),
    ]


async def _as_json(operations: Sequence[Operation], _request: Request) -> Response:
    return JSONResponse(document(operations), headers={"cache-control": "public, max-age=3600"})


async def _as_page(operations: Sequence[Operation], _request: Request) -> Response:
    found = document(operations)
    names = {one.id: one for one in operations}
    text = _ENVIRONMENT.get_template("docs.html").render(
        document=found, operations=names, pretty=_pretty, prefix=prefix()
    )
    return HTMLResponse(text, headers={"content-security-policy": _POLICY, "cache-control": "public, max-age=3600"})


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document of OpenAPI."""
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fanwire for producers", "version": version("fanwire"),
            "description": "Send press releases to the wire, see how far they are, withdraw them.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": prefix() or "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }  # fmt: skip


def _operation(one: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.id,
        "summary": one.summary,
        "parameters": [*_in_path(one.path), *map(_parameter, one.parameters)],
        "responses": _responses(one),
    }
    if one.description:
        found["description"] = one.description
    if one.repeatable:
        found["parameters"].append(_KEY)
    if one.consent:
        found["parameters"].append(_CONSENT)
    if one.body:
        content = {kind: {"schema": schema} for kind, schema in one.body.items()}
        found["requestBody"] = {"required": one.body_required, "content": content}
    return found


def _in_path(path: str) -> list[dict[str, Any]]:
    """The parameters of a path: the URI of a release, one part of it, with its `/` as %2F."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1},
         "description": "The URI of a release; '/', '?', '#' and '%' in it are percent-encoded."}
        for name in re.findall(r"{(\w+)}", path)
    ]  # fmt: skip


def _parameter(one: Any) -> dict[str, Any]:
    return {
        "name": one.name, "in": "query", "required": False, "schema": dict(one.schema), "description": one.description,
    }  # fmt: skip


def _responses(one: Operation) -> dict[str, Any]:
    found = {str(status): {"description": said, "content": content} for status, (said, content) in one.answers.items()}
    told = COMMON_REFUSALS | {status: REFUSALS[status] for status in one.refusals}
    for status, said in sorted(told.items()):
        found[str(status)] = {
            "description": said,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
        }
    return found


def _schemas() -> dict[str, Any]:
    """The models that the document names, and those within them."""
    _, found = models_json_schema([(model, "validation") for model in _MODELS], ref_template=_REF)
    named: dict[str, Any] = dict(found["$defs"])
    for name, schema in (
        ("Release", Release.model_json_schema(ref_template=_REF)),
        ("Receipt", TypeAdapter(Receipt).json_schema(ref_template=_REF)),
    ):
        named |= schema.pop("$defs", {})
        named[name] = schema
    return dict(sorted(named.items()))


def _pretty(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


_ENVIRONMENT = Environment(
    loader=PackageLoader("workers.web.door", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
