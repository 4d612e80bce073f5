"""The farm's mail server: the relay of the wire, and the mailbox of each outlet that takes e-mails, all in one.

A `gone` mailbox is refused with 550, an `unavailable` one with 451 for the first attempts at a delivery.
"""

from __future__ import annotations

import asyncio
import re
import threading
from email.parser import BytesHeaderParser
from multiprocessing.connection import Connection as Pipe
from typing import Any

from aiosmtpd.smtp import SMTP
from farm_manners import SimulatedOutlet
from farm_receipts import Receipts, blank

LARGEST = 32 << 20
_REFUSALS = {"gone": "550 5.1.1 nobody reads this mailbox", "unavailable": "451 4.2.1 not now"}
_OUR_LINES = re.compile(
    rb"\A(?:(?:From|To|List-Unsubscribe(?:-Post)?|Fanwire-Delivery|Fanwire-Language):.*\r\n(?:[ \t].*\r\n)*)+"
)
"""What a sender writes before the bytes that all outlets share."""


class Relay:
    """What the SMTP server does with a message."""

    def __init__(self, receipts: Receipts) -> None:
        self.receipts = receipts

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Note the receipt of a message, and answer in the outlet's manner."""
        content: bytes = envelope.content
        name = envelope.rcpt_tos[0].partition("@")[0]
        outlet = self.receipts.outlets.get(name)
        found = of_mail(name, content)
        if outlet is None:
            self.receipts.add(found | {"misplaced": True}, answered=550)
            return "550 5.1.1 no such mailbox"
        found["format"] = outlet.document["format"]
        manner = self.receipts.attempt(outlet, str(found["key"]))
        found["manner"] = manner
        refusal = _REFUSALS.get(manner)
        self.receipts.add(found, answered=int(refusal[:3]) if refusal else 200)
        return refusal or "250 2.0.0 taken"


def of_mail(outlet: str, content: bytes) -> dict[str, Any]:
    """A receipt of a message, by its header. Its bytes are those that all outlets share."""
    header = BytesHeaderParser().parsebytes(content)
    version = str(header.get("Fanwire-Version", ""))
    key = header.get("Fanwire-Delivery")
    return blank(outlet, _OUR_LINES.sub(b"", content)) | {
        "release": header.get("Fanwire-Release"),
        "version": int(version) if version.isdigit() else None,
        "language": header.get("Fanwire-Language") or header.get("Content-Language"),
        "action": header.get("Fanwire-Action"),
        "key": key,
        "webhook_id": key,
        "content_type": "message/rfc822",
        "translation": header.get("Fanwire-Translation"),
    }


def serve_mail(pipe: Pipe, outlets: list[SimulatedOutlet], listener: Any) -> None:
    """Serve SMTP at a socket until the parent says stop."""
    receipts = Receipts(outlets)
    asyncio.run(_smtp(receipts, listener, receipts.obey_in_thread(pipe)))


async def _smtp(receipts: Receipts, listener: Any, ended: threading.Event) -> None:
    def connected() -> SMTP:
        receipts.counters["connections"] += 1
        return SMTP(Relay(receipts), hostname="relay.outlets.example", data_size_limit=LARGEST, enable_SMTPUTF8=True)

    server = await asyncio.get_running_loop().create_server(connected, sock=listener)
    while not ended.is_set():
        await asyncio.sleep(0.1)
    server.close()
