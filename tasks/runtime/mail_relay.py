"""The relay that takes the e-mails of the wire, as the settings name it (FANWIRE_SMTP_URL and its like)."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

from tasks.runtime.mail_settings import PORTS
from tasks.runtime.settings import settings


@dataclass(frozen=True, slots=True)
class MailRelay:
    """A server that takes e-mails for everybody from us."""

    url: str
    """`smtp://host:port/name`, as libcurl takes it: with our own name for EHLO if the operator gave one, and without
    user and password."""
    host: str
    """`host:port`, in small letters."""
    starttls: bool
    """Whether to go over to TLS before anything else is said, or to say nothing."""
    user: str | None
    password: str | None = field(repr=False)
    sender: str
    """What stands in `From`."""
    address: str
    """The address in it."""
    connections: int
    """At once, of each drain."""
    bounce_domain: str | None
    """The domain of the addresses that bounces go to; None: they go to the sender."""


def mail_relay() -> MailRelay | None:
    """The relay that the settings name; None if they name none."""
    found = settings()
    if found.smtp_url is None or found.smtp_from is None:
        return None
    url, sender = found.smtp_url.get_secret_value(), found.smtp_from
    return _relay(url, sender, found.smtp_connections, found.bounce_domain)


@lru_cache(maxsize=8)
def _relay(url: str, sender: str, connections: int, bounce_domain: str | None) -> MailRelay:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    place = f"[{host}]" if ":" in host else host
    place += f":{parts.port or PORTS[parts.scheme]}"
    tls = dict(parse_qsl(parts.query)).get("tls", "required")
    return MailRelay(
        url=f"{parts.scheme}://{place}{parts.path.rstrip('/')}",
        host=place,
        starttls=parts.scheme == "smtp" and tls == "required",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or "") if parts.username else None,
        sender=sender,
        address=parseaddr(sender)[1],
        connections=connections,
        bounce_domain=bounce_domain,
    )
