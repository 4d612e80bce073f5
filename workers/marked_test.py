"""`fanwire outlets test`: one item that is marked as a test, in the format and over the transport of its outlet."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from tasks.building import reason_of
from tasks.building.wire import configured_wire
from tasks.delivery import transports
from tasks.delivery.drain import open_transfers
from tasks.delivery.transfers.transfer import Answer, Transfer
from tasks.delivery.transports import DeliveryRequest, NotPrepared
from tasks.formatting import HouseTextMissing, Rendition, house_text, make_rendition
from tasks.model.codes import Code
from tasks.model.outlet import Outlet
from tasks.model.release import Release, supplied
from tasks.model.states import Verdict
from tasks.policies import delivery_policy
from tasks.runtime.secrets import SecretMissing

URI = "urn:fanwire:test"
HEADLINE = "TEST – please do not publish"
BODY = (
    "<p>This is a test of a press-release wire. It says nothing, and nobody may publish any of it. If you can read it, "
    "deliveries arrive.</p>"
)
FALLBACK = "en"
"""The language of a test for outlets whose own has no house texts."""


def send_test(outlet: Outlet) -> dict[str, Any]:
    """Send one test item; returns what was sent, and verdict, code, detail, status and seconds."""
    language = _language(outlet)
    found: dict[str, Any] = {"outlet": outlet.id, "format": outlet.format, "language": language, "headline": HEADLINE}
    try:
        rendition = _rendition(language, outlet.format)
    except Exception as error:  # a format may be anybody's; whatever it meets, the operator must read it
        return found | _ours(Code.RENDITION_MISSING, reason_of(error))
    found |= {"content_type": rendition.content_type, "bytes": len(rendition.body)}
    try:
        answer = deliver(outlet, _request(language, rendition))
    except SecretMissing as error:
        return found | _ours(Code.SECRET_MISSING, str(error))
    except NotPrepared as error:
        return found | _ours(Code.CANNOT_PREPARE, str(error))
    judgement = transports.judge(outlet, answer, time.time())
    return found | {
        "verdict": judgement.verdict.value,
        "code": judgement.code,
        "detail": judgement.detail,
        "status": judgement.status,
        "seconds": round(answer.seconds, 3),
    }


def _language(outlet: Outlet) -> str:
    for language in outlet.languages:
        try:
            house_text(language)
        except HouseTextMissing:
            continue
        return str(language)
    return FALLBACK


def _rendition(language: str, format: str) -> Rendition:
    now = datetime.now(UTC).replace(microsecond=0)
    release = Release.model_validate(
        {
            "uri": URI,
            "language": language,
            "headline": HEADLINE,
            "body_html": BODY,
            "dateline": {"place": "Test", "date": now.date().isoformat()},
        }
    )
    translation = supplied(release, language)
    if translation is None:  # cannot be: it is the language of the release
        raise LookupError(f"the test has no text in {language}")
    return make_rendition(release, translation, format, configured_wire(), now, now, test=True)


def _request(language: str, rendition: Rendition) -> DeliveryRequest:
    return DeliveryRequest(
        key=f"fw_test_{uuid.uuid4().hex}",
        release=URI,
        version=1,
        action="test",
        language=language,
        outlet_language=language,
        content_type=rendition.content_type,
        body=rendition.body,
    )


def deliver(outlet: Outlet, request: DeliveryRequest) -> Answer:
    """Send one request to an outlet, beside the ledger, and wait for the answer; raises SecretMissing and
    UnknownTransport."""
    deadline = delivery_policy().deadline
    return carry(transports.prepare(outlet, request, key=None, deadline=deadline, now=time.time()))


def carry(transfer: Transfer) -> Answer:
    """Make one transfer, as drains make them, and wait for the answer."""
    transfers = open_transfers(delivery_policy(), in_flight=1)
    try:
        transfers.start(transfer)
        while not (answers := transfers.turn(1.0)):
            pass
    finally:
        transfers.close()
    return answers[0]


def _ours(code: Code, detail: str) -> dict[str, Any]:
    """What came of a test that could not be sent, by our own fault."""
    return {"verdict": Verdict.OURS.value, "code": code.value, "detail": detail, "status": None, "seconds": 0.0}
