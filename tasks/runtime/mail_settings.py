"""What the settings for e-mail may be: the relay, the sender, and the mailbox of bounces. Each check says what is wrong
with a value and never quotes it: addresses of servers hold passwords."""

from __future__ import annotations

import re
from email.utils import getaddresses
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, urlsplit

PORTS: Final = {"smtp": 587, "smtps": 465}
"""The port of a relay whose address names none: that for submission."""
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ADDRESS: Final = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_{{|}}~.-]{{1,64}}@{_HOST_NAME.pattern}")
_RELAY: Final = (
    "must be the address of a mail relay, smtp://USER:PASSWORD@HOST:587 or smtps://…; in its password # / ? @ [ ] "
    "are written %23 %2F %3F %40 %5B %5D"
)
_MAILBOX: Final = "must be maildir:///FOLDER or imaps://USER:PASSWORD@HOST/MAILBOX (imap:// for this machine only)"


def wrong_relay(url: str) -> str | None:
    """What is wrong with an address of a relay; None if nothing is. The text never holds the address: it has a
    password."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:
        return _RELAY
    if not sound or not url.isascii() or not _HOST_NAME.fullmatch(parts.path.strip("/") or "none"):
        return _RELAY
    options = parse_qsl(parts.query, keep_blank_values=True)
    if any(option not in (("tls", "required"), ("tls", "none")) for option in options):
        return "may have no other option than tls=required or tls=none"
    if dict(options).get("tls") == "none":
        if parts.scheme == "smtps":
            return "begins with smtps://, which is TLS from the start: leave out tls=none"
        if parts.username and not _is_here(parts.hostname or ""):
            return "would send its password without encryption: tls=none is for a relay on this machine"
    return None


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def wrong_sender(sender: str) -> str | None:
    """What is wrong with the `From` of the wire's e-mails; None if nothing is."""
    found = getaddresses([sender])
    if len(found) != 1 or not _ADDRESS.fullmatch(found[0][1]) or not (sender.isascii() and sender.isprintable()):
        return "must be an address in ASCII, with or without a name: Example Wire <wire@wire.example>"
    return None


def wrong_domain(domain: str) -> str | None:
    """What is wrong with the domain of bounce addresses; None if nothing is."""
    if not _HOST_NAME.fullmatch(domain) or "." not in domain:
        return "must be the name of a domain in ASCII, such as bounces.wire.example"
    return None


def wrong_mailbox(url: str) -> str | None:
    """What is wrong with the address of the mailbox of bounces; None if nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return _MAILBOX
    if parts.scheme == "maildir":
        return None if parts.path.strip("/") and not host else _MAILBOX
    if parts.scheme not in ("imap", "imaps") or not (host and parts.username and parts.password):
        return _MAILBOX
    if parts.scheme == "imap" and not _is_here(host):
        return "would send its password without encryption: write imaps://"
    return None
