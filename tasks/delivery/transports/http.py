"""HTTP push: one request per delivery, whose body is the rendition, or a form that has it and the release's media.

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

A form is signed as it is sent, all of its bytes. The URL may have placeholders in its path and its query
(tasks/delivery/files/file_names.py), for outlets that want a place of its own for each release.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlsplit, urlunsplit

import idna
import pycurl
from pydantic import Field

from tasks.delivery import oauth2, verdicts
from tasks.delivery.certificates import certificate_options
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.files.file_names import PLACEHOLDERS, fill, safe
from tasks.delivery.files.file_plan import placeholders
from tasks.delivery.multipart import Part, multipart
from tasks.delivery.read_first import pool_for, read_first
from tasks.delivery.signing import BadSigningSecret, sign
from tasks.delivery.transfers.transfer import Answer, Pool, Transfer
from tasks.delivery.transports import NotPrepared, Transport, options_of
from tasks.delivery.verdicts import Judgement
from tasks.model.documents import Document
from tasks.model.media import MediaFile
from tasks.model.outlet import Auth, Outlet
from tasks.runtime.errors import pattern
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
LARGEST_FORM: Final = 256 * 1024 * 1024
"""Bytes of the files in one form: it is made in memory."""
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"
_HTTP_2: Final = (
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
    (pycurl.PIPEWAIT, 1),  # wait for a connection that is being opened, since it may carry several requests at once
)


_PLACEHOLDER: Final = re.compile(r"\{([a-z_]*)\}")
_FIELD = pattern(
    r"^[A-Za-z0-9_.\[\]-]{1,60}$", "must be the name of a field: letters, digits, '_', '.', '-', '[' and ']'"
)


class HttpOptions(Document):
    """What an outlet may say about the requests that it gets."""

    method: Literal["POST", "PUT"] = "POST"
    body: Literal["raw", "multipart"] = Field("raw", examples=["multipart"])
    """raw: the rendition itself · multipart: a form (`multipart/form-data`) with it and the files of the release."""
    part: Annotated[str, Field(pattern=_FIELD)] = "release"
    """The name of the form's field that has the rendition."""
    media_part: Annotated[str, Field(pattern=_FIELD)] = "media"
    """The name of its fields that have pictures and other media, one field a file."""
    http: Literal["1.1", "2"] = Field("1.1", examples=["2"])
    """2: HTTP/2 if the outlet's server speaks it, and all requests to it over one connection; 1.1 if not."""


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:
    """Make the first transfer of one attempt; raises SecretMissing. See `tasks.delivery.transports.Prepare`."""
    options = options_of(outlet, HttpOptions)
    if options.body == "raw":
        return _transfer(outlet, request, (request.content_type, request.body), key=key, deadline=deadline, now=now)
    files = () if request.action == "kill" else request.media
    size = sum(file.bytes for file in files)
    if size > LARGEST_FORM:
        why = f"the files of the release have {size:,} bytes together, and a form takes at most {LARGEST_FORM:,}"
        raise NotPrepared(f"{why}; `body: raw` sends such a release with links to them")
    pool = pool_for(size)

    def with_form(contents: list[bytes]) -> Transfer:
        form = _form(options, request, zip(files, contents, strict=True), now)
        return _transfer(outlet, request, form, key=key, deadline=deadline, now=now, pool=pool)

    if not files:
        return with_form([])
    _transfer(outlet, request, ("", b""), key=key, deadline=deadline, now=now)  # a secret may be missing

    def make(contents: list[bytes], secrets: tuple[str, ...]) -> Transfer:
        made = with_form(contents)
        return replace(made, secrets=(*made.secrets, *secrets))

    return read_first(files, make, key=key, url=outlet.url, deadline=deadline, pool=pool)


def _transfer(
    outlet: Outlet,
    request: DeliveryRequest,
    content: tuple[str, bytes],
    *,
    key: Any,
    deadline: float,
    now: float,
    pool: Pool | None = None,
) -> Transfer:
    """The transfer that sends this content, a type and its bytes; or that of a token, which it follows."""
    options, callback = options_of(outlet, HttpOptions), request.callback()
    transfer = Transfer(
        key=key,
        url=wire_url(_filled(outlet.url, request, now) if "{" in outlet.url else outlet.url),
        headers=_headers(outlet, request, content, callback, int(now)),
        body=content[1],
        deadline=deadline,
        pool=pool,
        method=options.method,
        options=_HTTP_2 if options.http == "2" else (),
        secrets=(callback.rpartition("=")[2],) if callback else (),  # whose it is may speak for it
    )
    if outlet.auth.certificate is not None:
        certificate, secrets = certificate_options(outlet.auth.certificate)
        transfer = replace(transfer, options=(*transfer.options, *certificate), secrets=(*transfer.secrets, *secrets))
    return oauth2.authorized(_client(outlet.auth), transfer) if outlet.auth.type == "oauth2" else transfer


def judge(answer: Answer, now: float) -> Judgement:
    """The verdict on an answer; that on a token endpoint's if the delivery came no further."""
    return verdicts.judge(answer, now) if answer.transfer.decisive else oauth2.judge(answer, now)


def _headers(
    outlet: Outlet, request: DeliveryRequest, content: tuple[str, bytes], callback: str | None, timestamp: int
) -> tuple[str, ...]:
    content_type, body = content
    headers = [
        f"Content-Type: {ascii_safe(content_type)}",
        f"Content-Language: {ascii_safe(request.language)}",
        f"Idempotency-Key: {request.key}",
        f"Fanwire-Release: {ascii_safe(request.release)}",
        f"Fanwire-Version: {request.version}",
        f"Fanwire-Action: {request.action}",
        f"Fanwire-Language: {ascii_safe(request.outlet_language)}",
        f"User-Agent: {USER_AGENT}",
        f"webhook-id: {request.key}",
        f"webhook-timestamp: {timestamp}",
    ]
    if request.translation:
        headers.append(f"Fanwire-Translation: {request.translation}")
    if callback:
        headers.append(f"Fanwire-Callback: {callback}")
    auth = outlet.auth
    if auth.signing_secret is not None:
        headers.append(f"webhook-signature: {_signature(auth.signing_secret, request.key, timestamp, body)}")
    taken = "authorization" if auth.type == "oauth2" else ""
    if auth.type in ("bearer", "basic", "header"):
        name, value = credentials(auth)
        headers.append(f"{name}: {value}")
        taken = name.lower()
    for name, value in outlet.headers.items():
        lower = name.lower()
        if lower != taken and not _is_ours(lower):
            headers.append(f"{name}: {ascii_safe(value)}" if value else f"{name};")
    return tuple(headers)


def _filled(url: str, request: DeliveryRequest, now: float) -> str:
    """A URL with values in place of its placeholders; what is none of them stays, as in documents of older versions."""
    values = placeholders(request, now)
    return _PLACEHOLDER.sub(lambda found: safe(values[found[1]]) if found[1] in values else found[0], url)


def _form(
    options: HttpOptions, request: DeliveryRequest, files: Iterable[tuple[MediaFile, bytes]], now: float
) -> tuple[str, bytes]:
    """The rendition and the files of the release, as content type and bytes of a form."""
    name = fill("{slug}-{language}-v{version}.{ending}", **placeholders(request, now))
    parts = [Part(options.part, name, ascii_safe(request.content_type), request.body)]
    parts += [Part(options.media_part, file.name, file.content_type, content) for file, content in files]
    return multipart(tuple(parts))


def _client(auth: Auth) -> oauth2.Client:
    """Who asks for the tokens of an outlet. Its certificate, if it has one, is shown to the token endpoint too."""
    return oauth2.Client(
        token_url=wire_url(auth.token_url or ""),
        client_id=auth.client_id or "",
        secret=resolve(auth.secret or ""),
        scope=auth.scope,
        audience=auth.audience,
        style=auth.style or "header",
        options=certificate_options(auth.certificate)[0] if auth.certificate else (),
    )


def _is_ours(lower: str) -> bool:
    return lower in RESERVED or lower.startswith(("webhook-", "fanwire-"))


def _signature(reference: str, key: str, timestamp: int, body: bytes) -> str:
    # While a secret is being changed its reference holds the new and the old one, separated by white space.
    secrets = resolve(reference).split()
    if not secrets:
        raise SecretMissing(reference, "is empty")
    try:
        return sign(secrets, key, timestamp, body)
    except BadSigningSecret as error:
        raise SecretMissing(reference, str(error)) from None


def credentials(auth: Auth) -> tuple[str, str]:
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
    for name in _PLACEHOLDER.findall(url):
        if name not in PLACEHOLDERS:
            raise ValueError(f"has {{{name}}}; there are {', '.join(f'{{{known}}}' for known in PLACEHOLDERS)}")


TRANSPORT = Transport(
    schemes=("http", "https"),
    prepare=prepare,
    check_url=check_url,
    judge=judge,
    options=HttpOptions,
    auth=("none", "bearer", "basic", "header", "oauth2"),
)
