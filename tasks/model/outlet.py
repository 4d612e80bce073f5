"""The outlet document: a configured receiver of releases. `tasks/model/readers/` reads files of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from tasks.model.countries import Country
from tasks.model.credentials import credentials_in_query, literal_credential
from tasks.model.destinations import Destinations, wrong_host
from tasks.model.documents import WHOLE, Document, DocumentRefused, Explained, read
from tasks.model.languages import LanguageTag
from tasks.model.release import Topic
from tasks.model.values import WEB, Line, Slug
from tasks.runtime.errors import pattern
from tasks.runtime.secrets import SecretReference, refusal

HEADER_NAME = pattern(r"^[A-Za-z0-9-]+$", "must be a header's name: letters, digits and '-'")


@dataclass(frozen=True, kw_only=True)
class TransportRules:
    """What an outlet document may say with the URL schemes of a transport."""

    check_url: Callable[[str], None] | None = None
    """Raises ValueError that says what is wrong with a URL."""
    options: type[Document] | None = None
    """What the field `transport` may hold; None: nothing."""
    auth: Collection[str] = ("none", "bearer", "basic", "header")
    """The types of `auth` that it can use."""
    auth_needs: Mapping[str, str] = field(default_factory=dict)
    """The fields of `auth` that must be filled in, whatever its type needs, and where one finds what stands in them."""
    ignores: Collection[str] = ()
    """What other transports use and this one cannot: `signing_secret` and `certificate` of `auth`, and `headers`."""
    exposes: Callable[[str, Document], bool] | None = None
    """Whether credentials go over the network for everybody to read, with this URL and these options."""
    formats: Collection[str] | None = None
    """The formats that make sense over it; None: all."""


@dataclass(frozen=True, kw_only=True)
class Offered:
    """The formats, transports and rules of an installation, which imported outlet documents are checked against.

    A document in the ledger is read without this check, and without those of what an outlet may name as a secret: the
    package that it needs may be missing for a while, and a rule may be newer than the document.
    """

    formats: Collection[str]
    """Names of formats."""
    transports: Mapping[str, TransportRules]
    """For each URL scheme what an outlet may say with it."""
    destinations: Destinations


def _format(value: str, info: ValidationInfo) -> str:
    offered: Offered | None = (info.context or {}).get("offered")
    if offered and value not in offered.formats:
        raise ValueError(f"must be {_either(sorted(offered.formats))}, not {value[:40]!r}")
    return value


def _url(value: str, info: ValidationInfo) -> str:
    scheme = urlsplit(value).scheme
    offered: Offered | None = (info.context or {}).get("offered")
    if offered and scheme not in offered.transports:
        known = ", ".join(sorted(offered.transports))
        raise ValueError(f"begins with {scheme or 'no scheme'!r}; Fanwire delivers over {known}")
    if not scheme:
        raise ValueError("has no scheme")
    if re.search(r"[\s\x00-\x1f]", value):
        raise ValueError("has spaces in it")
    if offered:
        _refuse_by(offered.transports[scheme], value, info.data.get("format"))
    if offered and (why := wrong_host(value) or offered.destinations.wrong_port(value)):
        raise ValueError(why)
    if offered and credentials_in_query(value) and (why := offered.destinations.exposed(value)):
        raise ValueError(why)
    return value


def _refuse_by(rules: TransportRules, url: str, format: str | None) -> None:
    scheme = urlsplit(url).scheme
    if rules.check_url:
        try:
            rules.check_url(url)
        except ValueError as error:  # the example beside it would be one for http
            raise error if scheme in ("http", "https") else Explained(str(error)) from None
    if rules.formats and format and format not in rules.formats:
        raise Explained(f"begins with {scheme!r}, which takes the format {_either(rules.formats)}, not {format!r}")


def _rules(info: ValidationInfo) -> TransportRules | None:
    """What the transport of an outlet that is imported allows; None for one from the ledger, or without a good URL."""
    offered: Offered | None = (info.context or {}).get("offered")
    url = info.data.get("url")  # missing if it was refused
    return offered.transports.get(urlsplit(url).scheme) if offered and url else None


def _usable(value: Auth, info: ValidationInfo) -> Auth:
    rules = _rules(info)
    if rules and value.type not in rules.auth:
        scheme = urlsplit(info.data["url"]).scheme
        raise ValueError(f"type {value.type!r} cannot be used over {scheme}; {_either(rules.auth)} can")
    for name in rules.ignores if rules else ():
        if getattr(value, name, None):
            raise ValueError(f"has {name}, which {urlsplit(info.data['url']).scheme} cannot use: leave it out")
    for name, hint in rules.auth_needs.items() if rules else ():
        if getattr(value, name) is None:
            raise ValueError(f"needs {name} over {urlsplit(info.data['url']).scheme}: {hint}")
    return value


def _transport_options(value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    rules = _rules(info)
    if rules is None or not (value or rules.options):
        return value
    scheme = urlsplit(info.data["url"]).scheme
    if rules.options is None:
        raise ValueError(f"must be left out: there are no options for {scheme}")
    try:
        options = read(rules.options, value, "transport")
    except DocumentRefused as refused:
        first = refused.problems[0]
        raise ValueError(first.problem if first.field == WHOLE else f"{first.field}: {first.problem}") from None
    _refuse_exposed(rules, options, info)
    return value


def _refuse_exposed(rules: TransportRules, options: Document, info: ValidationInfo) -> None:
    """Refuse credentials that would go over the network for everybody to read, as the options say."""
    offered: Offered | None = (info.context or {}).get("offered")
    url, auth = info.data["url"], info.data.get("auth")
    if offered is None or rules.exposes is None or auth is None or auth.secret is None:
        return
    if rules.exposes(url, options) and (why := offered.destinations.exposed(url, plain=True)):
        raise ValueError(why)


def _either(values: Collection[str]) -> str:
    """The values in quotes, with `or` before the last."""
    return " or ".join(", ".join(map(repr, values)).rsplit(", ", 1))


def _may_be_named(value: str, info: ValidationInfo) -> str:
    if (info.context or {}).get("offered") and (why := refusal(value)):
        raise ValueError(why)
    return value


def _no_credentials(value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    if (info.context or {}).get("offered") and (why := literal_credential(value)):
        raise ValueError(why)
    rules = _rules(info)
    if rules and value and "headers" in rules.ignores:
        raise ValueError(f"must be left out: nothing has them over {urlsplit(info.data['url']).scheme}")
    return value


def _sent(value: Auth, info: ValidationInfo) -> Auth:
    if (info.context or {}).get("offered") and (why := value.unused()):
        raise ValueError(why)
    return value


def _not_exposed(value: Auth, info: ValidationInfo) -> Auth:
    offered: Offered | None = (info.context or {}).get("offered")
    url = info.data.get("url")  # missing if it was refused
    if offered and url and value.secret and (why := offered.destinations.exposed(url)):
        raise ValueError(why)
    if offered and value.token_url and (why := _wrong_token_url(value.token_url, offered.destinations)):
        raise ValueError(f"token_url {why}")
    if offered and url and value.certificate and urlsplit(url).scheme.rpartition("+")[2] == "http":
        raise ValueError("has certificate, which is shown over TLS only: use https://, or leave it out")
    return value


def _wrong_token_url(url: str, destinations: Destinations) -> str | None:
    """Why no client secret may go to this address; None if one may."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        return "must not hold a user or password; client_id and secret have their own fields"
    return wrong_host(url) or destinations.wrong_port(url) or destinations.exposed(url)


def _once(values: list[str]) -> list[str]:
    """The values without repetitions: `[de, DE]` is one language."""
    return list(dict.fromkeys(values))


OutletSecret = Annotated[SecretReference, AfterValidator(_may_be_named)]


_SENT_WITH = {
    "secret": ("bearer", "basic", "header", "oauth2", "password", "key"),
    "next_secret": ("bearer", "basic", "header", "oauth2", "password", "key"),
    "user": ("basic",),
    "header": ("header",),
    "token_url": ("oauth2",),
    "client_id": ("oauth2",),
    "scope": ("oauth2",),
    "audience": ("oauth2",),
    "style": ("oauth2",),
    "host_key": ("password", "key"),
}
"""The types of authentication that use a field of it."""
_NEEDED = {
    "bearer": ("secret",),
    "basic": ("secret", "user"),
    "header": ("secret", "header"),
    "oauth2": ("secret", "token_url", "client_id"),
    "password": ("secret",),
    "key": ("secret",),
}
"""The fields that a type of authentication cannot do without."""
TYPES = tuple(_NEEDED)
HOST_KEY = pattern(r"^SHA256:[A-Za-z0-9+/]{43}=?$", "must be SHA256: and base64, as `ssh-keygen -lf` prints it")


class Auth(Document):
    """How Fanwire proves to an outlet who it is. Secrets are named, never written: `env:NAME` or `file:PATH`."""

    type: Literal["none", "bearer", "basic", "header", "oauth2", "password", "key"] = "none"
    """How: a token, a user with a password, a header of any name, a token that OAuth 2.0 gives for client credentials,
    or the password or private key of the user that the URL of a file server names."""
    user: Line | None = None
    """The user name, with `basic`."""
    header: Annotated[str, Field(pattern=HEADER_NAME)] | None = Field(None, examples=["X-Api-Key"])
    """The name of the header, with `header`."""
    secret: OutletSecret | None = None
    """The token, password, header value, client secret or private key."""
    next_secret: OutletSecret | None = None
    """What will take the place of `secret`: it is sent when the outlet refuses that, and first from then on."""
    token_url: Annotated[str, Field(pattern=WEB, max_length=2000)] | None = Field(
        None, examples=["https://bote.example/oauth/token"]
    )
    """Where OAuth 2.0 gives tokens, with `oauth2`."""
    client_id: Line | None = None
    """Who we are there, with `oauth2`."""
    scope: Line | None = None
    """What the token is to be good for, with `oauth2`; what the server takes for granted if left out."""
    audience: Line | None = None
    """Whom the token is for, with `oauth2`, where the server wants to be told."""
    style: Literal["header", "body"] | None = Field(None, examples=["body"])
    """Where `client_id` and `secret` stand in the request for a token, with `oauth2`. header (or left out): in
    `Authorization: Basic` · body: in the form."""
    host_key: Annotated[str, Field(pattern=HOST_KEY)] | None = None
    """The fingerprint of the key that an SFTP server must have, with `password` or `key`."""
    certificate: OutletSecret | None = None
    """Our certificate for TLS and its private key, both in PEM, beside any type."""
    signing_secret: OutletSecret | None = None
    """Signs each delivery after Standard Webhooks; its value is `whsec_` and base64."""

    @property
    def references(self) -> tuple[str, ...]:
        """The secrets that it names and that a delivery cannot do without."""
        return tuple(filter(None, (self.secret, self.signing_secret, self.certificate)))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in _NEEDED.get(self.type, ()) if getattr(self, name) is None]
        if missing:
            raise ValueError(f"type {self.type!r} needs {' and '.join(missing)}")
        return self

    def unused(self) -> str | None:
        """What an import refuses: fields that are filled in and that this type does not send."""
        extra = [name for name, types in _SENT_WITH.items() if self.type not in types and getattr(self, name)]
        if not extra:
            return None
        types = _either([one for one in TYPES if all(one in _SENT_WITH[name] for name in extra)])
        them = "it" if len(extra) == 1 else "them"
        what = f"leave {them} out, or set type to the one that is meant"
        if self.type == "none" and types:
            what = f"add type {types}, or leave {them} out"
        return f"has {' and '.join(extra)}, which type {self.type!r} does not send: {what}"


class Limits(Document):
    """How many requests an outlet takes at once, and in a minute."""

    in_flight: int | None = Field(None, ge=1, examples=[2])
    per_minute: int | None = Field(None, ge=1, examples=[60])


class Retry(Document):
    """How long and how often a failed delivery is tried again; the settings say what is left out here."""

    base: float | None = Field(None, gt=0, le=3600, examples=[5])
    """Seconds before the first retry; the time doubles with each further one."""
    cap: float | None = Field(None, gt=0, le=7 * 86400, examples=[14400])
    """The longest time between two retries, in seconds."""
    horizon: float | None = Field(None, gt=0, le=30 * 86400, examples=[259200])
    """Seconds after its first due time at which a delivery has its last try, and is exhausted if that fails."""


class Outlet(Document):
    """The document of one outlet, a receiver of deliveries."""

    id: Slug = Field(examples=["berliner-bote"])
    name: Line = Field(examples=["Berliner Bote"])
    country: Country
    languages: Annotated[list[LanguageTag], AfterValidator(_once)] = Field(min_length=1, examples=[["de"]])
    """The outlet gets one delivery of a release in each of these languages, but no text twice."""
    variants: Literal["any", "exact"] = Field("any", examples=["exact"])
    """any: a text in another variant of a language will do, such as `en-US` for `en` or `en-GB` · exact: only texts in
    these very variants."""
    topics: list[Topic] = []
    """The topics that the outlet takes; empty: all topics."""
    circuits: list[Slug] = []
    format: Annotated[str, AfterValidator(_format)] = Field("ninjs", max_length=100, examples=["ninjs"])
    url: Annotated[str, AfterValidator(_url)] = Field(max_length=2000, examples=["https://bote.example/wire"])
    auth: Annotated[Auth, AfterValidator(_usable), AfterValidator(_sent), AfterValidator(_not_exposed)] = Auth()
    transport: Annotated[dict[str, Any], AfterValidator(_transport_options)] = {}
    """Options of the transport, which depend on the scheme of the URL (docs/outlets.md)."""
    headers: Annotated[
        dict[
            Annotated[str, Field(pattern=HEADER_NAME)],
            Annotated[str, Field(pattern=pattern(r"^[^\r\n\x00]*$", "must be a single line"))],
        ],
        AfterValidator(_no_credentials),
    ] = {}
    """More headers for each HTTP request. Credentials belong under `auth`."""
    limits: Limits = Limits()
    retry: Retry = Retry()
    machine_translation: Literal["accept", "approved", "refuse"] = Field("accept", examples=["refuse"])
    """accept: what the policy of the language lets out · approved: only what a person has approved · refuse: only what
    the producer wrote."""
    status: Literal["active", "paused", "disabled", "unverified"] = Field("active", examples=["active"])
    """The status with which a new outlet begins; unverified: it gets nothing before `fanwire outlets verify`."""

    def to_json(self, *, without_status: bool = False) -> str:
        """The document without what has its default value. `without_status`: the ledger keeps the status by itself."""
        exclude = {"status"} if without_status else None
        return json.dumps(self.model_dump(mode="json", exclude_defaults=True, exclude=exclude), ensure_ascii=False)


def outlet_schema(offered: Offered) -> dict[str, Any]:
    """The JSON Schema of an outlet document, with the names of the formats that are offered."""
    schema = Outlet.model_json_schema()
    schema["properties"]["format"] |= {"enum": sorted(offered.formats)}
    return schema


def read_outlet(document: Any, offered: Offered) -> Outlet:
    """Read an outlet document that is to be imported; raises DocumentRefused."""
    name = document.get("id", "?") if isinstance(document, dict) else "?"
    return read(Outlet, document, f"outlet {name}", context={"offered": offered})
