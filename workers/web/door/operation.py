"""What the door does, one `Operation` each: the routes and the document of OpenAPI are both made from these."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from tasks.ledger import audit
from tasks.runtime.errors import UserError
from workers.web.door import asking, repeated
from workers.web.door.asking import LARGEST_JSON, Call
from workers.web.door.limits import InProgress
from workers.web.door.refusing import refused

log = structlog.get_logger()

reading, working = InProgress(of_all=64, of_one=16), InProgress(of_all=16, of_one=4)
"""Bodies that are coming, and requests that are worked on. Threads are for all routes of the web server."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of the query."""

    name: str
    schema: Mapping[str, Any]
    description: str
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that a producer can ask for."""

    method: str
    path: str
    id: str
    """Its name in the document of OpenAPI."""
    summary: str
    description: str = ""
    handler: Callable[[Call], Response] | None = None
    """Runs in a thread."""
    answers: Mapping[int, tuple[str, Mapping[str, Any]]]
    """By status: what it means, and the content by its type; refusals that all have are not among them."""
    refusals: Sequence[int] = ()
    """Statuses of refusals beside those that every operation has."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """The schema of the body, by content type; none if it has none."""
    types: tuple[str, ...] = ()
    """The content types that are taken."""
    largest: int = LARGEST_JSON
    """Bytes of the body."""
    body_required: bool = True
    parameters: Sequence[Parameter] = ()
    consent: bool = False
    """Whether it has the header Fanwire-Consent."""
    repeatable: bool = False
    """Whether it has the header Idempotency-Key."""
    heavy: bool = False
    """Whether it takes more than a look into the ledger."""
    stream: Callable[[Call], Awaitable[Response]] | None = None
    """Serves it in place of a handler where the body is not to be in memory."""


class EncodedRoute(Route):
    """A route whose parts are split where the address has a `/` as it was sent: `%2F` belongs to its part, so the URI
    of a release is one part."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for this route, and the parts of its path, decoded."""
        raw = scope.get("raw_path")
        if scope["type"] != "http" or not isinstance(raw, bytes) or not raw.isascii():
            return super().matches(scope)
        encoded: dict[str, Any] = {**scope, "path": raw.partition(b"?")[0].decode("ascii")}
        match, child = super().matches(encoded)
        if match is Match.NONE:
            return match, child
        try:
            parts = {name: unquote_to_bytes(part).decode() for name, part in child["path_params"].items()}
        except UnicodeDecodeError:
            return Match.NONE, {}
        return match, {**child, "path_params": parts}


def routes(operations: Sequence[Operation]) -> list[Route]:
    """The routes of these operations, one a path."""
    by_path: dict[str, dict[str, Operation]] = {}
    for one in operations:
        by_path.setdefault(one.path, {})[one.method] = one
    return [EncodedRoute(path, _endpoint(methods), methods=[*methods]) for path, methods in by_path.items()]


def _endpoint(methods: Mapping[str, Operation]) -> Any:
    async def serve(request: Request) -> Response:
        operation = methods["GET" if request.method == "HEAD" else request.method]
        try:
            return await _served(operation, request)
        except UserError as error:
            return refused(error)
        except SQLAlchemyError as error:
            log.warning("the door waits for the ledger", error=str(error).splitlines()[0])
            raise HTTPException(503, "the ledger does not answer now; send it again", {"retry-after": "5"}) from None

    return serve


async def _served(operation: Operation, request: Request) -> Response:
    asking.refuse_doubled(request)
    caller = await run_in_threadpool(asking.caller, request)
    call = Call(request=request, caller=caller)
    if operation.stream is not None:
        response: Response = await operation.stream(call)
        return response
    if operation.body:
        with reading.one(caller.name):
            body = await asking.body_of(request, operation.largest, operation.types)
        call = Call(request=request, caller=caller, body=body)
    if operation.method == "GET" and not operation.heavy:
        return await run_in_threadpool(_answered, operation, call)
    with working.one(caller.name):
        return await run_in_threadpool(_done, operation, call)


def _done(operation: Operation, call: Call) -> Response:
    """Do what a request says, once if it has an Idempotency-Key; whatever is recorded is by its producer."""
    with audit.acting_as(call.caller.actor):
        if not operation.repeatable:
            return _answered(operation, call)
        return repeated.once(call, _digest(operation, call), lambda: _answered(operation, call))


def _answered(operation: Operation, call: Call) -> Response:
    assert operation.handler is not None, "it has no stream"
    try:
        return operation.handler(call)
    except UserError as error:
        return refused(error)


def _digest(operation: Operation, call: Call) -> str:
    """What makes two requests the same one."""
    headers = call.request.headers
    said = [
        operation.id, call.request.scope["raw_path"].decode("latin-1"), call.request.url.query,
        headers.get("content-type", ""), headers.get("fanwire-consent", ""),
    ]  # fmt: skip
    return hashlib.sha256("\n".join(said).encode() + b"\n" + call.body).hexdigest()


def json_content(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The content of an answer in JSON, as the document of OpenAPI has it."""
    return {"application/json": {"schema": schema}}


COMMON_REFUSALS = {
    400: "a header stands there twice",
    401: "there is no token, or none that is good",
    429: "too many requests, or too many releases today; Retry-After says how long to wait",
    503: "the wire cannot take it now; nothing was done, send it again after Retry-After",
}
"""Statuses that every operation may have."""
REFUSALS = {
    403: "this producer may not do so",
    404: "there is no such release of this producer",
    408: "the body took too long to come",
    409: "it cannot be done as things are",
    413: "the body is too large",
    415: "the content type is not taken",
    422: "something in the request is wrong; `errors` says what and where",
}
