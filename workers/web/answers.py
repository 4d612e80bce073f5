"""`POST /answers/{delivery}`: an outlet says what became of a delivery, at the address that came with the delivery."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tasks import ledger
from tasks.delivery import answering
from tasks.delivery.signing import BadSigningSecret, sign
from tasks.ledger import publications
from tasks.ledger.publications import Noted, Outcome
from tasks.model.documents import DocumentRefused
from tasks.model.publication import Publication, read_publication
from tasks.runtime import signed_urls
from tasks.runtime.secrets import SecretMissing, resolve

log = structlog.get_logger()

LARGEST = 16 * 1024
"""Bytes of what an outlet says."""
SIGNED_WITHIN = 300.0
"""Seconds by which the moment of an outlet's signature may differ from ours."""


def routes() -> list[Route]:
    """The route of answers."""
    return [Route("/answers/{delivery:int}", answer, methods=["POST"])]


async def answer(request: Request) -> Response:
    """Take what an outlet says of a delivery, and say what counts now."""
    now, delivery_id = time.time(), int(request.path_params["delivery"])
    try:
        signed_urls.check(answering.callback_path(delivery_id), request.query_params, now)
    except signed_urls.AddressExpired:
        raise HTTPException(410, "the time for answers is over; tell the people of the wire") from None
    body = await _body(request)
    try:
        said = read_publication(json.loads(body))
    except DocumentRefused as refusal:
        raise HTTPException(422, f"{refusal}; send {EXAMPLE}") from None
    except (ValueError, RecursionError):
        raise HTTPException(422, f"the body is no JSON; send {EXAMPLE}") from None
    signature = {name: request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")}
    noted = await run_in_threadpool(_take, delivery_id, said, signature, body)
    if noted.outcome is Outcome.TOO_MANY:
        raise HTTPException(429, f"no more than {publications.MOST} answers are taken to one delivery; nothing changed")
    return JSONResponse({"status": noted.now.words, "outcome": noted.outcome})


EXAMPLE = '{"status": "accepted", "published" or "rejected", "url": "https://…", "reason": "…"}'


async def _body(request: Request) -> bytes:
    """The body of a request; refuses one that is too large before all of it is read."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise HTTPException(413, f"an answer has at most {LARGEST:,} bytes", {"connection": "close"})
    return body


def _take(delivery_id: int, said: Publication, signature: dict[str, str], body: bytes) -> Noted:
    with ledger.write() as connection:
        found = publications.answerable(connection, delivery_id)
        if found is None:
            raise HTTPException(404, "the wire knows no such delivery; the address is of another wire or time")
        auth = json.loads(found.document).get("auth") or {}
        if signature["signature"] and not _is_signed(auth.get("signing_secret"), signature, body):
            raise HTTPException(
                403, "webhook-signature is not that of the outlet's signing secret, or is older than five minutes; "
                "sign the body as sent, or leave the header out: the address is signed already",
            )  # fmt: skip
        [noted] = answering.take(connection, [(delivery_id, said)])
    log.info(
        "outlet answered", delivery=delivery_id, release=found.release, version=found.version, language=found.language,
        outlet=found.outlet_id, said=said.status, outcome=noted.outcome, counts=noted.now.words,
    )  # fmt: skip
    return noted


def _is_signed(reference: Any, signature: dict[str, str], body: bytes) -> bool:
    """Whether an outlet's own signature is good. Where this process cannot have the secret (variables of outlets are
    for `deliver` only) nobody can say, and the signature of the address is enough."""
    if not isinstance(reference, str):
        return True
    try:
        secrets = resolve(reference).split()
        moment = int(signature["timestamp"])
        wanted = sign(secrets, signature["id"], moment, body).split()
    except (SecretMissing, BadSigningSecret) as error:
        log.info("signature of an outlet not looked at", why=str(error))
        return True
    except ValueError:
        return False
    given = signature["signature"].encode().split()
    right = [hmac.compare_digest(one.encode(), other) for one in wanted for other in given]
    return any(right) and abs(time.time() - moment) <= SIGNED_WITHIN
