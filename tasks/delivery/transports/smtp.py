"""E-mail: one message per delivery, through the relay of the wire (tasks/runtime/mail_relay.py), to `mailto:` outlets.

The rendition is the message but for these lines, which are written before it and differ from outlet to outlet:

| line | holds |
|---|---|
| `From`, `To` | the wire; the outlet's name and address |
| `List-Unsubscribe` | how the outlet gets out: an address, and a URL that one POST is enough for (`-Post`, RFC 8058) |
| `Fanwire-Delivery` | the key of the delivery, the same on every attempt, as is the `Message-ID` of the rendition |
| `Fanwire-Language` | the language that the outlet asked for |

The sender of the envelope names the delivery (tasks/runtime/mail_tokens.py), so what comes back can be told from all
others. The relay is one host for all outlets, so what it says has two verdicts, one for the outlet and one for itself:

| the relay | the outlet | the relay itself |
|---|---|---|
| takes the message (2xx after its end) | delivered | well |
| refuses the recipient or the content with 5xx, or the size (552) | rejected | well |
| wants time for this recipient or this message (4xx) | throttled | well |
| refuses our login, our sender or TLS, or anything else with 5xx | ours | fails, and operations get a notice |
| closes (421), has no room (4.3.x), or 4xx to anything else | ours | fails |
| cannot be reached, or breaks off before the message began | ours | fails |
| breaks off within the message | failed | fails |
| takes the whole message and says nothing | unsure | fails |

What is ours is tried again after a minute, unless the relay rests (breaker.py).
"""

from __future__ import annotations

import re
from dataclasses import replace
from email.header import Header
from email.utils import quote
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

import idna
import pycurl

from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.transfers.transfer import Answer, ErrorKind, Pool, Transfer
from tasks.delivery.transports import Transport
from tasks.delivery.verdicts import DETAIL_CHARACTERS, Judgement, judge_failure
from tasks.model.codes import Code, reply_code
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime.mail_relay import MailRelay, mail_relay
from tasks.runtime.mail_tokens import Sent, return_address, ways_out
from tasks.runtime.secrets import SecretMissing

RELAY_RETRY: Final = 60.0
"""Seconds until a delivery that failed by the relay's doing is tried again, and for which the relay rests at first."""
LONGEST_LOCAL: Final = 64
"""Bytes of what stands before the `@` (RFC 5321, 4.5.3.1.1)."""
_LOCAL: Final = re.compile(r"[^\s\x00-\x1f\x7f\"(),:;<>@\[\\\]]+")
DATA_BEGUN: Final = 354
"""The reply after which the message is sent."""
CLOSING: Final = 421
TOO_LARGE: Final = 552
_COMMAND: Final = re.compile(r"(MAIL|RCPT|DATA): ")
"""What an answer's text begins with if the relay refused a command (failures.py)."""
_SYSTEM: Final = re.compile(r"\b4\.3\.\d\b")
"""Its own disk or system is at fault, whatever it was asked (RFC 3463)."""


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:  # noqa: ARG001
    """Make the transfer of one attempt. See `tasks.delivery.transports.Prepare`."""
    relay = mail_relay()
    if relay is None:
        raise SecretMissing("FANWIRE_SMTP_URL", "is not set for the worker `deliver`, so there is no relay for e-mails")
    address = recipient(outlet.url)
    sent = None if request.delivery is None else Sent(request.delivery, request.attempt)
    returns_to = relay.address
    headers = [f"From: {relay.sender}", f"To: {_mailbox(outlet.name, address)}"]
    if sent:
        if relay.bounce_domain:
            returns_to = return_address("bounces", sent, relay.bounce_domain)
        headers += _ways_out(sent, relay.bounce_domain)
    headers += [f"Fanwire-Delivery: {request.key}", f"Fanwire-Language: {request.outlet_language}"]
    return Transfer(
        key=key,
        url=relay.url,
        headers=tuple(headers),
        body=request.body,
        deadline=deadline,
        options=(*_options(relay), (pycurl.MAIL_FROM, returns_to), (pycurl.MAIL_RCPT, (address.encode(),))),
        secrets=(relay.password, f"\0{relay.user}\0{relay.password}") if relay.password else (),
        pool=Pool(f"mail relay {relay.host}", relay.connections),
        trusted=True,
        then=_over_another_connection,
    )


@lru_cache(maxsize=8)
def _options(relay: MailRelay) -> tuple[tuple[int, Any], ...]:
    """What is the same for all e-mails to a relay. Without a user there is no login."""
    starttls = pycurl.USESSL_ALL if relay.starttls else pycurl.USESSL_NONE
    if relay.user is None or relay.password is None:
        return ((pycurl.USE_SSL, starttls),)
    user, password = relay.user.encode(), relay.password.encode()
    return (pycurl.USE_SSL, starttls), (pycurl.USERNAME, user), (pycurl.PASSWORD, password)


def _over_another_connection(answer: Answer) -> Transfer | None:
    """The transfer once more if the relay had closed the connection, which was open from an earlier one: it knows
    nothing of this one."""
    if answer.error_kind is not ErrorKind.RESET or answer.status or answer.sent:
        return None
    transfer = answer.transfer
    return replace(transfer, options=(*transfer.options, (pycurl.FRESH_CONNECT, 1)), then=None)


def _ways_out(sent: Sent, domain: str | None) -> list[str]:
    ways = ways_out(sent, domain)
    lines = [f"List-Unsubscribe: {', '.join(f'<{way}>' for way in ways)}"] if ways else []
    by_click = any(way.startswith("http") for way in ways)
    return [*lines, "List-Unsubscribe-Post: List-Unsubscribe=One-Click"] if by_click else lines


@lru_cache(maxsize=4096)
def recipient(url: str) -> str:
    """The address that a `mailto:` URL names, its domain in ASCII (IDNA 2008); raises ValueError for any other URL."""
    local, at, domain = unquote(url.partition(":")[2]).rpartition("@")
    if "?" in url or "#" in url:
        raise ValueError("must be mailto: and one address; subject, copies and the like are the wire's to set")
    if not at or not _LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError("must be mailto: and one address, such as mailto:desk@bote.example")
    if len(local.encode()) > LONGEST_LOCAL:
        raise ValueError(f"has more than {LONGEST_LOCAL} bytes before its @, which no mail server takes")
    return f"{local}@{_in_ascii(domain)}"


@lru_cache(maxsize=4096)
def _in_ascii(domain: str) -> str:
    """A domain as mail servers look for it."""
    try:
        host = idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        raise ValueError(f"has the domain {domain[:80]!r}, which cannot be one") from None
    if "." not in host:
        raise ValueError(f"has the domain {domain[:80]!r}, which is no public one")
    return host


@lru_cache(maxsize=4096)
def _mailbox(name: str, address: str) -> str:
    """What stands in `To`. An address that is not ASCII cannot stand in a header that is; the envelope has it."""
    if not address.isascii():
        return "undisclosed-recipients:;"
    name = " ".join(name.split())
    plain = name.isascii() and name.isprintable() and "=?" not in name
    shown = f'"{quote(name)}"' if plain else Header(name, "utf-8", 10_000).encode()
    return f"{shown} <{address}>"


def check_url(url: str) -> None:
    """Raise ValueError if no e-mail can be sent to this URL of an outlet."""
    recipient(url)


def judge(answer: Answer, _now: float) -> Judgement:
    """The verdicts on what the relay said. `_now` changes nothing: a mail server names no moment."""
    reply, kind = answer.status, answer.error_kind
    if kind is None and reply is not None:
        said = _last_line(answer.answer)
        return Judgement(Verdict.DELIVERED, said, None, disable_outlet=False, status=reply, code=_code(reply))
    found = replace(judge_failure(answer), status=None)
    if kind is ErrorKind.REPLY and reply is not None:
        return _judge_reply(answer, reply, replace(found, status=reply, code=_code(reply)))
    if kind in (ErrorKind.LOGIN, ErrorKind.TLS):
        return _relays_fault(replace(found, status=reply if kind is ErrorKind.LOGIN else None, code=Code.RELAY))
    if kind in (ErrorKind.OURS, ErrorKind.NAME_SERVER):
        return found
    if reply != DATA_BEGUN:  # it had not been given anything yet
        return _relays_fault(found)
    return replace(found, of_host=Verdict.FAILED)


def _judge_reply(answer: Answer, reply: int, found: Judgement) -> Judgement:
    """The verdicts on a reply from 400 on: is it about this e-mail, or about all?"""
    command = _COMMAND.match(answer.error or "")
    about_it = answer.sent if command is None else command[1] in ("RCPT", "DATA")
    if reply == CLOSING or _SYSTEM.search(answer.error or "") or not (about_it or reply == TOO_LARGE):
        return _relays_fault(replace(found, code=Code.RELAY) if reply >= 500 else found)
    verdict = Verdict.REJECTED if reply >= 500 else Verdict.THROTTLED
    return replace(found, verdict=verdict, of_host=Verdict.DELIVERED)


def _code(reply: int) -> str:
    return reply_code("smtp", reply)


def _relays_fault(found: Judgement) -> Judgement:
    """No outlet is charged for it, and the relay is left alone for a while if it goes on."""
    return replace(found, verdict=Verdict.OURS, retry_after=RELAY_RETRY, of_host=Verdict.FAILED)


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return "".join(c if c.isprintable() else " " for c in lines[-1])[:DETAIL_CHARACTERS] if lines else "taken"


def _relay_host() -> str | None:
    relay = mail_relay()
    return relay.host if relay else None


def host(_url: str) -> str:
    """The relay as the breaker knows it: the host of every e-mail outlet."""
    return _relay_host() or "mail relay:0"


TRANSPORT = Transport(
    schemes=("mailto",),
    prepare=prepare,
    check_url=check_url,
    judge=judge,
    auth=("none",),
    formats=("email",),
    host=host,
    relay=_relay_host,
)
