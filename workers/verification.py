"""`fanwire outlets verify`: whether an outlet is the one that is meant, before anything goes out to it.

| the URL | the outlet is verified by |
|---|---|
| `http`, `https` | a challenge: JSON in a request signed as a delivery, whose text the outlet sends back |
| of a file server, bucket, folder, site | a marked test that is taken: somebody gave us the right to write there |
| `mailto` | nothing: a relay takes mail for any address |
| `pull` | nothing: nothing is sent to it |
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
import uuid
from dataclasses import dataclass

from tasks.delivery import transports
from tasks.delivery.transports import DeliveryRequest, UnknownTransport
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime.secrets import SecretMissing
from workers import marked_test

URI = "urn:fanwire:verify"
TYPE = "fanwire.verify"
CHALLENGED = frozenset({"http", "https"})
"""Schemes of URLs whose outlets can send back what they were sent."""
UNPROVABLE = {
    "mailto": "a relay takes mail for any address, so nothing that can be sent proves whose it is",
    "pull": "nothing is sent to it: it fetches",
}
"""Schemes of URLs at which nothing can be proved, and why."""


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether an outlet is verified, and in words why or why not."""

    good: bool
    detail: str


def verify(outlet: Outlet) -> Verified:
    """Find out by sending something whether an outlet is the one that is meant."""
    scheme = outlet.url.partition(":")[0].lower()
    if why := UNPROVABLE.get(scheme):
        return Verified(False, f"{why}; ask its people, and vouch for it with --vouch")
    if scheme in CHALLENGED:
        return _challenge(outlet)
    found = marked_test.send_test(outlet)
    return Verified(found["verdict"] == Verdict.DELIVERED, f"a marked test: {found['code']}: {found['detail']}")


def _challenge(outlet: Outlet) -> Verified:
    challenge = secrets.token_urlsafe(24)
    try:
        answer = marked_test.deliver(outlet, _request(outlet, challenge))
    except (SecretMissing, UnknownTransport) as error:
        return Verified(False, str(error))
    judgement = transports.judge(outlet, answer, time.time())
    if judgement.verdict is not Verdict.DELIVERED:
        return Verified(False, f"{judgement.code}: {judgement.detail}")
    if not _echoes(answer.answer, challenge):
        wanted = '{"challenge": …} with the text that it was sent'
        return Verified(False, f"{judgement.detail}, but its answer is not the JSON {wanted}")
    return Verified(True, "it has sent back the challenge")


def _request(outlet: Outlet, challenge: str) -> DeliveryRequest:
    language = str(outlet.languages[0])
    return DeliveryRequest(
        key=f"fw_verify_{uuid.uuid4().hex}",
        release=URI,
        version=1,
        action="verify",
        language=language,
        outlet_language=language,
        content_type="application/json",
        body=json.dumps({"type": TYPE, "challenge": challenge, "outlet": outlet.id}).encode(),
    )


def _echoes(body: bytes, challenge: str) -> bool:
    """Whether an answer is JSON with our challenge."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    echoed = found.get("challenge") if isinstance(found, dict) else None
    return isinstance(echoed, str) and hmac.compare_digest(echoed.encode("utf-8", "replace"), challenge.encode())
