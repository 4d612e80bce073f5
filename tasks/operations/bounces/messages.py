"""What an e-mail that came back says: what became of the delivery that its address names.

| the message | is |
|---|---|
| a report (RFC 3464) of a failure with status 5.x.x | `refused`: the mailbox does not exist, or takes nothing of us |
| one of a failure with another status | `given up`: the relay or a server behind it tried for as long as it does |
| one of a delay | `delayed`: somebody goes on trying |
| of a mail server, but no such report | by the first status code in its text; without one, `delayed` |
| a complaint (RFC 5965) | `complaint`: the reader called it spam |
| to an address for unsubscribing | `unsubscribe` |
| an automatic answer, a receipt, an answer of a person, a report of success | nothing |

Messages are of strangers: only the signed token in an address is believed (tasks/runtime/mail_tokens.py), and whatever
cannot be read counts as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from enum import StrEnum
from typing import Final

from tasks.runtime.foreign_text import printable
from tasks.runtime.mail_tokens import Purpose, Sent, read_token, tokens_in

READ_BYTES: Final = 512 * 1024
"""So much of a message is looked at: what it is about stands at its beginning."""
SAID_CHARACTERS: Final = 200
_RECIPIENTS: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
_SERVER: Final = re.compile(r"mailer-daemon|postmaster|mail delivery|mailsystem", re.IGNORECASE)
_STATUS: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY: Final = re.compile(r"(?<![\w.-])([45]\d\d)(?=[ -]|$)", re.MULTILINE)


class News(StrEnum):
    """What is said of a delivery."""

    REFUSED = "refused"
    GIVEN_UP = "given up"
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back of one attempt."""

    news: News
    sent: Sent
    status: int | None = None
    """The SMTP reply that somebody got, if the message says so."""
    said: str = ""
    """What the other server said, on one line."""


class Forged(ValueError):
    """A message has a token that is not ours."""


def read_message(raw: bytes, domain: str) -> Returned | None:
    """What a message says; None if it says nothing of a delivery. `domain`: that of the bounce addresses.

    Raises Forged if it is about a delivery, but its token was not made here.
    """
    raw = raw[:READ_BYTES]
    try:
        message = message_from_bytes(raw)
        found = _news(message)
        if found is None:
            return None
        purpose, token = _token(message, raw, domain, found[0])
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):  # of the parser: it is no e-mail
        return None
    if not token:
        return None
    news = News.UNSUBSCRIBE if purpose == "unsubscribe" and found[0] is not News.COMPLAINT else found[0]
    if news is News.UNSUBSCRIBE and (purpose != "unsubscribe" or _is_automatic(message)):
        return None
    sent = read_token(purpose, token)
    if sent is None:
        raise Forged(f"has the token {token}, which is not signed by this wire")
    return Returned(news, sent, found[1], printable(found[2])[:SAID_CHARACTERS])


def _token(message: Message, raw: bytes, domain: str, news: News) -> tuple[Purpose, str]:
    """The token of the address that the message came to; of a complaint, which comes to another address, the first
    that it quotes."""
    to = "\n".join(str(value) for name in _RECIPIENTS for value in message.get_all(name, []))
    found = tokens_in(to, domain)
    if not found and news is not News.UNSUBSCRIBE:
        found = tokens_in(raw.decode("latin-1"), domain)
    return found[0] if found else ("bounces", "")


def _news(message: Message) -> tuple[News, int | None, str] | None:
    """What it says, a SMTP status, and in words; UNSUBSCRIBE stands for any message that is no report."""
    kinds = {part.get_content_type() for part in message.walk()}
    if "message/feedback-report" in kinds:
        return _of_complaint(message)
    if "message/delivery-status" in kinds or "message/global-delivery-status" in kinds:
        return _of_report(message)
    if "message/disposition-notification" in kinds:
        return None
    if _SERVER.search(str(message.get("From", ""))):
        return _of_server(message)
    return News.UNSUBSCRIBE, None, ""


def _of_complaint(message: Message) -> tuple[News, int | None, str] | None:
    for block in _blocks(message, "message/feedback-report"):
        kind = str(block.get("Feedback-Type", "")).strip().lower()
        return None if kind == "not-spam" else (News.COMPLAINT, None, kind)
    return News.COMPLAINT, None, ""


def _of_report(message: Message) -> tuple[News, int | None, str] | None:
    """The worst that a delivery report says of a recipient: ours have one each."""
    for block in _blocks(message, "message/delivery-status", "message/global-delivery-status"):
        action = str(block.get("Action", "")).split("(")[0].strip().lower()
        if action not in ("failed", "delayed"):
            continue
        status = _STATUS.search(str(block.get("Status", "")))
        said = " ".join(str(block.get("Diagnostic-Code", "")).partition(";")[2].split())
        reply = _REPLY.search(said)
        news = News.DELAYED
        if action == "failed":
            news = News.REFUSED if status is None or status[1] == "5" else News.GIVEN_UP
        return news, int(reply[1]) if reply else None, said or (status[0] if status else action)
    return None


def _of_server(message: Message) -> tuple[News, int | None, str] | None:
    """A message of a mail server in words of its own."""
    for text in _texts(message):
        status, reply = _STATUS.search(text), _REPLY.search(text)
        digit = status[1] if status else reply[1][0] if reply else ""
        if digit in ("4", "5"):
            at = status or reply
            line = text[text.rfind("\n", 0, at.start()) + 1 :].partition("\n")[0] if at else ""
            number = int(reply[1]) if reply and reply[1][0] == digit else None
            return News.REFUSED if digit == "5" else News.DELAYED, number, " ".join(line.split())
    return News.DELAYED, None, str(message.get("Subject", ""))


def _blocks(message: Message, *kinds: str) -> Iterator[Message]:
    """The groups of fields in the parts of these kinds, which the parser leaves as messages or as text."""
    for part in message.walk():
        if part.get_content_type() in kinds:
            inner = part.get_payload()
            if isinstance(inner, list):
                yield from (one for one in inner if isinstance(one, Message))
            else:
                decoded = part.get_payload(decode=True)
                text = decoded if isinstance(decoded, bytes) else b""
                yield from (message_from_bytes(group) for group in re.split(rb"\r?\n\s*\r?\n", text) if group.strip())


def _texts(message: Message) -> Iterator[str]:
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield content.decode("utf-8", "replace")


def _is_automatic(message: Message) -> bool:
    """Whether a program wrote it: an absence note must not unsubscribe anybody."""
    said = str(message.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    answers = any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder"))
    return said != "no" or answers or str(message.get("Precedence", "")).strip().lower() == "auto_reply"
