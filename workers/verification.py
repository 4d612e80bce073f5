"""`fanwire outlets verify`: whether an outlet is the one that is meant, before anything goes out to it.

| the URL | the outlet is verified by |
|---|---|
| `http`, `https` | a challenge: JSON in a request signed as a delivery, whose text the outlet sends back |
| of a file server, bucket, folder, site | a marked test that is taken: somebody gave us the right to write there |
| `mailto` | a link in an e-mail, which somebody follows who reads it (workers/web/verifying.py) |
| `pull` | nothing: nothing is sent to it |
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
import uuid
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from urllib.parse import urlsplit

from tasks.delivery import transports
from tasks.delivery.transports import DeliveryRequest, UnknownTransport
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.operations.activation import confirmation_path
from tasks.runtime import moments, signed_urls
from tasks.runtime.secrets import SecretMissing
from tasks.runtime.settings import settings
from workers import marked_test

URI = "urn:fanwire:verify"
TYPE = "fanwire.verify"
CHALLENGED = frozenset({"http", "https"})
"""Schemes of URLs whose outlets can send back what they were sent."""
UNPROVABLE = {"pull": "nothing is sent to it: it fetches"}
"""Schemes of URLs at which nothing can be proved, and why."""
LINK_DAYS = 7
"""Days for which the link in an e-mail is good."""


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether an outlet is verified, and in words why or why not."""

    good: bool
    detail: str
    asked: bool = False
    """An e-mail went out, and somebody has to follow the link in it."""


def verify(outlet: Outlet) -> Verified:
    """Find out by sending something whether an outlet is the one that is meant."""
    scheme = outlet.url.partition(":")[0].lower()
    if why := UNPROVABLE.get(scheme):
        return Verified(False, f"{why}; ask its people, and vouch for it with --vouch")
    if scheme == "mailto":
        return _ask_by_mail(outlet)
    if scheme in CHALLENGED:
        return _challenge(outlet)
    found = marked_test.send_test(outlet)
    return Verified(found["verdict"] == Verdict.DELIVERED, f"a marked test: {found['code']}: {found['detail']}")


def _ask_by_mail(outlet: Outlet) -> Verified:
    """Send an e-mail with the address at which its reader confirms the outlet."""
    expires = time.time() + LINK_DAYS * 86400
    link = signed_urls.signed_address(confirmation_path(outlet.id, outlet.url), expires)
    if link is None:
        why = "its people confirm it at an address of the wire, which has none: set FANWIRE_WEB_URL, or use --vouch"
        return Verified(False, why)
    request = replace(_request(outlet, ""), content_type="message/rfc822", body=_mail(outlet, link, expires))
    try:
        answer = marked_test.deliver(outlet, request)
    except (SecretMissing, UnknownTransport) as error:
        return Verified(False, str(error))
    judgement = transports.judge(outlet, answer, time.time())
    if judgement.verdict is not Verdict.DELIVERED:
        return Verified(False, f"{judgement.code}: {judgement.detail}")
    until = moments.shown(expires)
    return Verified(
        False, f"it is verified when somebody has followed the link in an e-mail, until {until}", asked=True
    )


def _mail(outlet: Outlet, link: str, expires: float) -> bytes:
    """The e-mail, but for `From` and `To`, which the transport puts before it."""
    wire = settings().wire_name
    mail = EmailMessage(policy=SMTP)
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<verify.{uuid.uuid4().hex}@{urlsplit(link).hostname}>"
    mail["Subject"] = f"Please confirm press releases from {wire}"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = "en"
    mail.set_content(
        f"{wire} is to send press releases to this address, for {outlet.name}.\n\n"
        f"If that is right, open this page and press the button:\n\n{link}\n\n"
        f"It is good until {moments.shown(expires)}. If it is not right, do nothing: nothing more will come.\n"
    )
    return mail.as_bytes()


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
