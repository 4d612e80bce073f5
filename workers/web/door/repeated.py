"""`Idempotency-Key`: a request that is sent again with the same key is not done again, and gets the same answer."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tasks import ledger
from tasks.ledger import door_requests
from tasks.ledger.door_requests import Found
from workers.web.door.asking import Call

_KEY = re.compile(r"[!-~]{1,255}")
KEPT = frozenset({200, 202, 403, 409, 422})
"""Statuses whose answers are kept; after any other the request may be sent again, for it came to nothing."""


def once(call: Call, digest: str, answer: Callable[[], Response]) -> Response:
    """Answer a request, unless one with its key was answered before. `digest`: what makes two requests the same."""
    key = call.request.headers.get("idempotency-key")
    if key is None:
        return answer()
    if not _KEY.fullmatch(key):
        raise HTTPException(400, "Idempotency-Key must be 1 to 255 characters of ASCII without spaces")
    producer = call.caller.name
    with ledger.write() as connection:
        claim = door_requests.claim(connection, producer, key, digest, ledger.now(connection))
    if claim.found is Found.OTHER:
        raise HTTPException(422, "you have sent another request with this Idempotency-Key; give each its own")
    if claim.found is Found.BUSY:
        raise HTTPException(409, "the same request is being worked on; ask again for its answer", {"retry-after": "1"})
    if claim.found is Found.ANSWERED:
        kind = "application/json" if claim.status < 400 else "application/problem+json"
        return Response(claim.body, claim.status, {"idempotency-replayed": "true"}, kind)
    return _kept(producer, key, answer)


def _kept(producer: str, key: str, answer: Callable[[], Response]) -> Response:
    response = None
    try:
        response = answer()
    finally:
        with ledger.write() as connection:
            if response is not None and response.status_code in KEPT:
                body = bytes(response.body).decode()
                door_requests.answer(connection, producer, key, response.status_code, body)
            else:
                door_requests.drop(connection, producer, key)
    return response
