"""Tokens in the addresses that e-mails are sent from, which say what delivery comes back, and cannot be made up.

A token is `4711-2-` and 20 hexadecimal digits: the number of the delivery, that of the attempt, and a code by the keys
of the web server's addresses (signed_urls.py; HMAC-SHA256, cut to 80 bits). It is the same in small and capital
letters, for mail servers do not keep them apart. Who has got an e-mail knows its token, and can do with it what its own
outlet could do anyway: say that the e-mail did not arrive, or unsubscribe.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Final, Literal

from tasks.runtime.settings import settings
from tasks.runtime.signed_urls import keys

Purpose = Literal["bounces", "unsubscribe"]
"""What a token is good for; the beginning of the address that holds it."""
UNSUBSCRIBE_PATH: Final = "/unsubscribe/"
_DIGITS: Final = 20
_SHAPE: Final = rf"([0-9]{{1,18}})-([0-9]{{1,9}})-([0-9a-f]{{{_DIGITS}}})"


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt to send an e-mail."""

    delivery: int
    """The number of its delivery in the ledger."""
    attempt: int


def return_address(purpose: Purpose, sent: Sent, domain: str) -> str:
    """The address at which the mail server takes what comes back of an e-mail."""
    return f"{purpose}+{_token(purpose, sent, keys()[0])}@{domain}"


def ways_out(sent: Sent, domain: str | None) -> list[str]:
    """Where the outlet of an e-mail unsubscribes: the URLs of an address at `domain`, and of the wire's web server,
    where one POST is enough (RFC 8058); as far as the wire has them."""
    base = settings().web_url
    token = _token("unsubscribe", sent, keys()[0]) if domain or base else ""
    by_mail = [f"mailto:unsubscribe+{token}@{domain}?subject=unsubscribe"] if domain else []
    return by_mail + ([base + UNSUBSCRIBE_PATH + token] if base else [])


def read_token(purpose: Purpose, token: str) -> Sent | None:
    """What a token stands for; None if it is not one of ours for this purpose."""
    parts = re.fullmatch(_SHAPE, token.lower())
    if parts is None:
        return None
    sent = Sent(int(parts[1]), int(parts[2]))
    known = [hmac.compare_digest(_token(purpose, sent, key), token.lower()) for key in keys()]
    return sent if any(known) else None


def tokens_in(text: str, domain: str) -> list[tuple[Purpose, str]]:
    """The tokens in addresses at `domain` that stand in a text, in their order, whether they are ours or not."""
    wanted = re.compile(rf"\b(bounces|unsubscribe)\+({_SHAPE})@{re.escape(domain.lower())}(?![\w.-])")
    return [
        ("bounces" if found[1] == "bounces" else "unsubscribe", found[2]) for found in wanted.finditer(text.lower())
    ]


def _token(purpose: Purpose, sent: Sent, key: str) -> str:
    named = f"{sent.delivery}-{sent.attempt}"
    code = hmac.digest(key.encode(), f"fanwire mail token 1\n{purpose}\n{named}".encode(), "sha256").hex()
    return f"{named}-{code[:_DIGITS]}"
