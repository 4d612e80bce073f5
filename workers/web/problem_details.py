"""Every refusal and error of the web server, as `application/problem+json` (RFC 9457).

A route refuses by raising Starlette's `HTTPException(status, "what is wrong, and what to do")`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from tasks.runtime.signed_urls import AddressRefused

log = structlog.get_logger()

DETAILS = {
    404: "there is nothing at this address; check it against the one that you were given",
    405: "this address does not take requests of this method; the header Allow says which it takes",
    413: "the body of the request is larger than this address takes",
    500: "the wire has failed to answer, and its log says why; try again in a while",
    503: "the wire cannot answer now; try again in a while",
}
"""What is said of a status when a route says nothing of its own."""


class ProblemDetails(JSONResponse):
    """The body of a refusal."""

    media_type = "application/problem+json"

    def __init__(self, status: int, detail: str, headers: Any = None, **more: Any) -> None:
        """`more`: what else the body has to say."""
        title = HTTPStatus(status).phrase
        super().__init__({"title": title, "status": status, "detail": detail, **more}, status, headers=headers)


def refused(_request: Request, refusal: Exception) -> ProblemDetails:
    """The answer to a request that a route, or the application, has refused."""
    assert isinstance(refusal, HTTPException)
    own = refusal.detail not in ("", HTTPStatus(refusal.status_code).phrase)
    detail = refusal.detail if own else DETAILS.get(refusal.status_code, "the request cannot be served")
    return ProblemDetails(refusal.status_code, detail, refusal.headers)


def not_signed(_request: Request, refusal: Exception) -> ProblemDetails:
    """The answer to a request for an address that needs a signature and has no good one."""
    return ProblemDetails(403, str(refusal))


def failed(_request: Request, _error: Exception) -> ProblemDetails:
    """The answer when the wire itself is at fault; the access log has the error."""
    return ProblemDetails(500, DETAILS[500])


HANDLERS: dict[Any, Any] = {HTTPException: refused, AddressRefused: not_signed, Exception: failed}
"""For the application: what makes the answer, by the kind of exception."""
