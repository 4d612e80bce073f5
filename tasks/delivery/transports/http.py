"""HTTP push: one POST per delivery, whose body is the rendition.

| header | holds |
|---|---|
| `Idempotency-Key`, `webhook-id` | the key of the delivery, the same on every attempt |
| `webhook-timestamp` | the moment of this attempt |
| `webhook-signature` | Standard Webhooks, of this attempt; only if the outlet has a signing secret |
| `Fanwire-Release`, `Fanwire-Version` | which release, and which version of it |
| `Fanwire-Action` | `publish`, `correct`, `kill`, or `test` |
| `Fanwire-Translation` | who made the text (tasks/model/provenance.py) |
| `Fanwire-Language` | the language that the outlet asked for |
| `Fanwire-Callback` | where the outlet may say what became of it, if the wire has a public address |
| `Content-Type`, `Content-Language` | of the rendition: `en-US` where an outlet that asked for `en` gets such a text |
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import idna

from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.signing import BadSigningSecret, sign
from tasks.delivery.transfers.transfer import Transfer
from tasks.delivery.transports import Transport
from tasks.model.outlet import Auth, Outlet
from tasks.runtime.secrets import SecretMissing, resolve

try:
    USER_AGENT = f"Fanwire/{version('fanwire')}"
except PackageNotFoundError:  # run from a checkout that is not installed
    USER_AGENT = "Fanwire/0"

RESERVED = frozenset({
    "idempotency-key", "content-type", "content-language", "content-length", "content-encoding", "user-agent",
    "host", "connection", "expect", "te", "trailer", "transfer-encoding", "upgrade", "keep-alive",
    "proxy-authorization", "proxy-connection",
})  # fmt: skip
"""Headers that only Fanwire sets, as all `webhook-…` and `fanwire-…`; an outlet's own of such a name is left out."""
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:
    """Make the transfer of one attempt; raises SecretMissing. See `tasks.delivery.transports.Prepare`."""
    headers = [
        f"Content-Type: {ascii_safe(request.content_type)}",
        f"Content-Language: {ascii_safe(request.language)}",
        f"Idempotency-Key: {request.key}",
        f"Fanwire-Release: {ascii_safe(request.release)}",
        f"Fanwire-Version: {request.version}",
        f"Fanwire-Action: {request.action}",
        f"Fanwire-Language: {ascii_safe(request.outlet_language)}",
        f"User-Agent: {USER_AGENT}",
        f"webhook-id: {request.key}",
        f"webhook-timestamp: {int(now)}",
    ]
    if request.translation:
        headers.append(f"Fanwire-Translation: {request.translation}")
    if request.callback:
        headers.append(f"Fanwire-Callback: {request.callback}")
    auth = outlet.auth
    if auth.signing_secret is not None:
        headers.append(f"webhook-signature: {_signature(auth.signing_secret, request, int(now))}")
    taken = ""
    if auth.type != "none":
        name, value = _credentials(auth)
        headers.append(f"{name}: {value}")
        taken = name.lower()
    for name, value in outlet.headers.items():
        lower = name.lower()
        if lower != taken and not _is_ours(lower):
            headers.append(f"{name}: {ascii_safe(value)}" if value else f"{name};")
    return Transfer(key=key, url=wire_url(outlet.url), headers=tuple(headers), body=request.body, deadline=deadline)


def _is_ours(lower: str) -> bool:
    return lower in RESERVED or lower.startswith(("webhook-", "fanwire-"))


def _signature(reference: str, request: DeliveryRequest, timestamp: int) -> str:
    # While a secret is being changed its reference holds the new and the old one, separated by white space.
    secrets = resolve(reference).split()
    if not secrets:
        raise SecretMissing(reference, "is empty")
    try:
        return sign(secrets, request.key, timestamp, request.body)
    except BadSigningSecret as error:
        raise SecretMissing(reference, str(error)) from None


def _credentials(auth: Auth) -> tuple[str, str]:
    """Name and value of the header that tells the outlet who we are."""
    reference = auth.secret or ""
    secret = resolve(reference)
    if auth.type == "basic":
        try:
            return "Authorization", "Basic " + b64encode(f"{auth.user}:{secret}".encode()).decode()
        except UnicodeEncodeError:  # bytes of the environment that are no UTF-8
            raise SecretMissing(reference, "is not UTF-8") from None
    # Anything else than visible ASCII would have to be changed to travel in a header, and a changed secret is a wrong
    # one; a line break would begin a header of its own.
    if not (secret.isascii() and secret.isprintable()):
        raise SecretMissing(reference, "holds characters that a header cannot carry")
    if auth.type == "bearer":
        return "Authorization", f"Bearer {secret}"
    return auth.header or "Authorization", secret


@lru_cache(maxsize=4096)
def ascii_safe(value: str) -> str:
    """The value if it is visible ASCII; otherwise with all other characters percent-encoded as UTF-8."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(c if c.isascii() and c.isprintable() else quote(c, safe="") for c in value)


@lru_cache(maxsize=16384)
def wire_url(url: str) -> str:
    """The URL in ASCII: an international host name in IDNA 2008, the rest percent-encoded."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        host = idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        host = quote(host)  # cannot be resolved, and the attempt will say so
    netloc = f"{host}:{parts.port}" if parts.port else host
    return urlunsplit((parts.scheme, netloc, *(quote(part, safe=_URL_SAFE) for part in parts[2:])))


def check_url(url: str) -> None:
    """Raise ValueError if no request can be made to this URL of an outlet."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("has no host")
    if parts.username or parts.password:
        raise ValueError("must not hold a user or password; put them under 'auth'")
    _ = parts.port  # raises ValueError by itself when it is no port


TRANSPORT = Transport(schemes=("http", "https"), prepare=prepare, check_url=check_url)
