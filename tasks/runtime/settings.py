"""Every setting once, typed, from the environment (`FANWIRE_…`). `fanwire doctor` says what is unsafe."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from tasks.runtime import mail_settings
from tasks.runtime.errors import ConfigurationRefused, Problem, in_words

PREFIX = "FANWIRE_"
FILE = "_FILE"
"""What the name of a secret setting ends in when the variable names the file that holds the secret."""
EXAMPLES = {
    "FANWIRE_BROKER_URL": "redis://worker:password@localhost:6379/0",
    "FANWIRE_LEDGER_URL": "postgresql+psycopg://fanwire:password@localhost/fanwire",
    "FANWIRE_ALLOWED_NETWORKS": "127.0.0.0/8,10.1.0.0/16",
    "FANWIRE_ALLOWED_PORTS": "2375,9200",
    "FANWIRE_PLAIN_HTTP_HOSTS": "desk.example,192.0.2.7",
    "FANWIRE_DELIVERY_FOLDERS": "/srv/outlets,/mnt/desk",
    "FANWIRE_PRODUCERS": "/etc/fanwire/producers.yaml",
    "FANWIRE_SECRETS_FOLDER": "/run/outlets",
    "FANWIRE_TIME_ZONE": "America/New_York",
    "FANWIRE_WEB_URL": "https://wire.example",
    "FANWIRE_WEB_PROXIES": "127.0.0.1/32,10.1.0.0/16",
    "FANWIRE_OIDC_ISSUER": "https://idp.example/realms/wire",
    "FANWIRE_OIDC_GROUPS": "operator=wire-ops,editor=desk",
    "FANWIRE_MEDIA_URL": "s3://acme-media/wire",
    "FANWIRE_ARCHIVE_URL": "s3://acme-archive/wire",
    "FANWIRE_RETENTION_FILE": "/etc/fanwire/retention.yaml",
    "FANWIRE_MEDIA_ENDPOINT": "https://s3.example",
    "FANWIRE_SMTP_URL": "smtp://wire:password@relay.example:587",
    "FANWIRE_SMTP_FROM": "Example Wire <wire@wire.example>",
    "FANWIRE_BOUNCE_DOMAIN": "bounces.wire.example",
    "FANWIRE_BOUNCES_URL": "imaps://bounces:password@mail.example/INBOX",
    "FANWIRE_TRACES_URL": "http://collector.example:4318/v1/traces",
    "FANWIRE_WEBSUB_HUB": "https://hub.wire.example/",
}

_SOCKET_SCHEMES = ("unix", "redis+socket")
_REDIS_SCHEMES = ("redis", "rediss", *_SOCKET_SCHEMES, "sentinel", "sentinels")
_RABBITMQ_SCHEMES = ("amqp", "amqps")


class Settings(BaseModel):
    """The settings of Fanwire. Times are seconds unless a name says otherwise."""

    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True)

    home: Path = Path("var")
    """The folder for everything that Fanwire itself writes: ledger, embedded broker, logs."""
    broker_url: SecretStr | None = None
    """The broker: Redis or Valkey (`redis://`, a socket `unix://`, sentinels `sentinel://`) or RabbitMQ (`amqp://`);
    with TLS `rediss://`, `sentinels://` or `amqps://`; each process as a user of its own. The forms are in
    deploy/README.md. None: `fanwire up` starts a Valkey of its own under the home."""
    broker_certificate: Path | None = None
    """A PEM file with a certificate of ours, for a broker with TLS that asks for one. Its own certificate is always
    verified: by the public authorities and those of `FANWIRE_CA_FILE`."""
    broker_certificate_key: Path | None = None
    """A PEM file with the key of that certificate."""
    shared_state_url: SecretStr | None = None
    """The Redis or Valkey that holds what all drains know together: breakers, limits per minute, tokens; an address
    like `FANWIRE_BROKER_URL`. None: the broker itself. With RabbitMQ as the broker `fanwire up` then starts a Valkey
    for it, and workers that `fanwire worker` starts keep nothing: no outlet rests, and no limit per minute holds."""
    ledger_url: SecretStr | None = None
    """The ledger's database, as a SQLAlchemy address. None: SQLite under the home."""

    wire_name: str = "Fanwire"
    """How the wire calls itself in datelines and house texts."""
    wire_url: str = "https://fanwire.example/"
    """The home page of the wire, as renditions name it."""
    wire_outlets: int | None = Field(None, ge=1)
    """How many media outlets the wire reaches, as its house texts say it. This figure and the next two are set all or
    none. None: the house texts say no figures."""
    wire_editors: int | None = Field(None, ge=1)
    """How many editors and journalists the wire reaches."""
    wire_countries: int | None = Field(None, ge=1)
    """In how many countries those outlets and journalists are."""
    time_zone: ZoneInfo | None = None
    """The time zone of the operators, an IANA name. A time without an offset is read in it, in documents and commands,
    and moments are shown to people in it. None: a time without an offset is refused, and moments are shown in UTC."""

    ca_file: Path | None = None
    """A PEM file of certificates to trust beside the public ones."""
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Address ranges (CIDR, separated by commas) that may be delivered to although they are not public: private,
    loopback, link-local and the like. Without an entry here, a delivery to such an address is rejected. Allow no more
    than you must."""

    allowed_ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = ()
    """Ports, separated by commas, at which outlets may be although they belong to other services (mail, databases …:
    tasks/model/destinations.py). An outlet at such a port is refused at import without an entry here."""
    plain_http_hosts: tuple[str, ...] = ()
    """Hosts, separated by commas, that credentials of outlets may go to over http://. An outlet with a credential and
    such a URL is refused at import without an entry here; this machine and the ranges of `FANWIRE_ALLOWED_NETWORKS`
    need none."""

    delivery_folders: tuple[Path, ...] = ()
    """Folders of this machine, separated by commas, below which files for outlets with `file:///` may be written.
    Without an entry here, such an outlet is refused at import."""

    secrets_prefix: str = "FANWIRE_SECRET_"
    """How the variables begin that outlets may name as secrets (`env:NAME`). They may name no others."""
    secrets_folder: Path | None = None
    """The folder of the files that outlets may name as secrets (`file:NAME`). They may name no others. None: `secrets`
    under the home."""

    verify_outlets: bool = False
    """Whether outlets that are new get nothing before `fanwire outlets verify` has found that they are those that are
    meant."""
    producers: Path | None = None
    """A YAML file of the producers that may send releases, with their keys (docs/producers.md). None: whoever reaches
    the broker may send, correct and kill any release."""
    operator: str | None = None
    """Who types commands, where the operating system does not know: in a container. It stands in the audit table beside
    the container's user, as what nobody has checked. None: the user of the operating system stands there alone."""
    producer_name: str | None = None
    """The producer as which `fanwire submit` signs what it sends."""
    producer_key: SecretStr | None = None
    """The key of that producer. None: the one that the producers file names, if it can be read here."""
    version_jump: int = Field(1000, ge=1, le=1_000_000_000)
    """How far above the newest version of a release the next one may be without the consent of its sender. Those who
    number versions by a time need more."""

    translators: int = Field(2, ge=1)
    """Processes of one `translate` worker. Each translates one language of one release at a time; engines that are slow
    services need more of them."""
    formatters: int = Field(2, ge=1)
    """Processes of one `format` worker. They are apart from those that translate, so that no finished text waits for a
    slow engine."""
    drains: int = Field(2, ge=1)
    """Processes of one `deliver` worker, each with one loop of transfers."""
    in_flight: int = Field(400, ge=1)
    """Transfers that one drain keeps going at once."""
    claim_chunk: int = Field(200, ge=1)
    """Deliveries that a drain claims at a time."""
    connect_timeout: float = Field(10, gt=0)
    """The longest wait for a connection to an outlet; part of the deadline."""
    deadline: float = Field(30, gt=0)
    """The whole of one transfer, from name look-up to the last byte of the answer."""
    lease: float = Field(90, gt=0)
    """How long a claim belongs to its worker at most; longer than any transfer can take. If the worker dies, it is free
    much sooner."""
    drain_budget: float = Field(120, gt=0)
    """How long a drain claims deliveries before it leaves the rest to the next one, so that workers can be replaced."""
    answer_cap_bytes: int = Field(64 * 1024, ge=0)
    """How much of an outlet's answer is read. The status comes first, so a cut answer changes no verdict."""

    retry_base: float = Field(5, gt=0)
    """Wait before the first retry; it doubles from then on. tasks/delivery/backoff.py has the table."""
    retry_cap: float = Field(4 * 3600, gt=0)
    """The longest wait between two tries, unless the outlet asks for more."""
    retry_horizon: float = Field(72 * 3600, gt=0)
    """A delivery that still fails this long after it was first due is exhausted. Its last try is at that moment, also
    while its outlet rests because others failed."""

    translation_file: Path | None = None
    """A YAML file: which engines translate into which language, and what may go out (docs/translation.md). None: OpenCC
    and Apertium translate wherever they can."""
    models_index_url: SecretStr | None = None
    """The address of the package index in which `fanwire engines fetch` looks for models; it may have a user and a
    password. None: that of Argos."""
    models_mirror_url: SecretStr | None = None
    """The address under which the archives of that index are, each by its file name, such as on a server of yours; it
    may have a user and a password. None: where the index says."""
    build_lease: float = Field(300, gt=0)
    """How long a translation or rendition may take. After that another worker may build it."""
    build_retry: float = Field(60, gt=0)
    """Wait before a translation or rendition that could not be built is tried again."""

    memory_days: int = Field(180, ge=1)
    """Days for which the memory keeps what an engine translated. It keeps for ever what a person approved."""

    tick: float = Field(1, gt=0)
    """How often the clock looks for what is due."""
    visibility_timeout: int = Field(600, ge=60)
    """After this Redis gives an unacknowledged message to another worker. It must be the same in every process."""

    remote_control: bool = False
    """Whether workers obey Celery's remote control (`celery inspect`, `celery control`). With it, whoever can write to
    the broker can stop all deliveries with one message. Without it, Flower has no page of a single worker: its queues,
    pool and configuration."""

    notice_url: SecretStr | None = None
    """The address that each notice (an outlet is gone, a host has failed for days) is posted to as JSON. None: notices
    are only kept; `fanwire notices` lists them."""

    web_address: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
    """The IP address that the web server listens on. It speaks plain HTTP: others reach it through a proxy with TLS."""
    web_port: int = Field(8600, ge=0, le=65535)
    """The port of the web server: feeds, media, answers of outlets. 0: any free one, which its log names."""
    web_url: str | None = None
    """The address at which others reach the web server, without a slash at its end; it may have a path, as
    `https://news.example/wire` has, which the proxy may take away from requests or leave. None: nobody reaches it, so
    renditions and requests name no address there."""
    web_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Address ranges (CIDR, separated by commas) of the proxies before the web server. Only these are believed when
    they say for whom a request is (`X-Forwarded-For`), which logs and the audit table name. Empty: nobody is
    believed."""
    answer_days: int = Field(90, ge=1, le=3650)
    """Days for which an outlet may say what became of a delivery, at the address in the header `Fanwire-Callback`."""
    web_key: SecretStr | None = None
    """The key that signs addresses at the web server, 24 characters or more; the same in all processes. Several are
    separated by white space: the first one signs, all are believed. None: a new one is written into the home."""
    users_file: Path | None = None
    """The file of those who may sign in to the operations' page, which `fanwire users` writes. None: `users` under the
    home."""
    seal_key: SecretStr | None = None
    """The secret of the key that signs seals and reports, 24 characters or more; the same in all workers. None: a new
    one is written into the home, which is good for one machine."""
    oidc_issuer: str | None = None
    """The identity provider by which people may sign in to the operations' page too (OpenID Connect), such as
    https://idp.example/realms/wire. It must know the address FANWIRE_WEB_URL with /ops/oidc/back behind it. None:
    passwords only."""
    oidc_client_id: str | None = None
    """As which client the provider knows this wire."""
    oidc_client_secret_file: Path | None = None
    """The file with the secret of that client. None: it has none, and PKCE is enough."""
    oidc_scope: str = "openid profile email"
    """What the provider is asked for. Some providers name groups only if `groups` is among it."""
    oidc_groups_claim: str = "groups"
    """Under which name the provider says in which groups somebody is."""
    oidc_groups: dict[Literal["reader", "editor", "operator"], tuple[str, ...]] = Field(default_factory=dict)
    """Which groups have which rank, such as operator=wire-ops,editor=desk,editor=night-desk. Who is in none of them
    does not get in."""
    metrics_token: SecretStr | None = None
    """The token that whoever reads `/metrics` at the web server must send. None: only this machine may read it, and
    nobody where the web server listens on other addresses or has a public one (FANWIRE_WEB_URL)."""

    smtp_url: SecretStr | None = None
    """The relay that takes e-mails for outlets with a URL like `mailto:desk@bote.example`: smtp://USER:PASSWORD@HOST:587,
    which must offer STARTTLS (`?tls=none` for a relay on this machine that cannot), or smtps://HOST. A path is the name
    by which Fanwire greets it. None: no e-mail can be sent."""
    smtp_from: str | None = None
    """Who the e-mails are from, with or without a name. The relay must sign for its domain (DKIM)."""
    smtp_connections: int = Field(10, ge=1, le=1000)
    """Connections to the relay that one drain has open at once; each of them takes many e-mails."""
    bounce_domain: str | None = None
    """The domain of the addresses that bounces and unsubscriptions go to; its mail must come into the mailbox of
    `FANWIRE_BOUNCES_URL`. None: bounces go to the address of `FANWIRE_SMTP_FROM`, and nobody reads them."""
    bounces_url: SecretStr | None = None
    """The mailbox of the bounces: maildir:///FOLDER, or imaps://USER:PASSWORD@HOST/INBOX. None: nobody reads them."""

    websub_hub: str | None = None
    """The address of the hub (WebSub) that hears when a feed changes, and that feeds name to their readers. It sees the
    secret addresses of feeds, so it should be yours. It needs FANWIRE_WEB_URL. None: readers look for themselves."""

    media_url: str | None = None
    """Where the files of pictures, videos, sounds and documents are kept: `s3://BUCKET/PREFIX`, or `file:///FOLDER`,
    the same for all processes. None: the folder `media` under the home."""
    media_endpoint: str | None = None
    """The address of the server that has the bucket, `https://…`. None: that of Amazon."""
    media_region: str = "us-east-1"
    """The region of the bucket, with which requests are signed."""
    media_key_id: str | None = None
    """The id of the access key of the bucket."""
    media_secret: SecretStr | None = None
    """The secret of that access key."""
    archive_url: str | None = None
    """Where releases are kept that retention takes from the ledger, a file each: `s3://BUCKET/PREFIX` (with the region,
    the endpoint and the access key of the store of media), or `file:///FOLDER`. None: the folder `archive` under the
    home."""
    retention_file: Path | None = None
    """A YAML file that says for how many days what is kept (docs/operations.md, "Retention"). None: for the days that
    stand there."""
    media_bytes: int = Field(200 * 1024 * 1024, ge=1)
    """The largest file that a release may have."""
    media_pixels: int = Field(80_000_000, ge=1, le=500_000_000)
    """How many pixels a picture may have: width times height. Whoever reads it needs up to twelve bytes for each."""
    media_items: int = Field(30, ge=0, le=100)
    """How many files a release may have."""
    media_days: int = Field(365, ge=1, le=3650)
    """Days for which the addresses of files at the web server are good, from when the release was taken. Outlets are
    to copy what they show."""
    media_deadline: float = Field(300, gt=0, le=1800)
    """The longest that fetching one file may take."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe lines that go into the logs."""
    log_format: Literal["json", "console"] = "json"
    """`json`: one JSON object a line, for programs. `console`: for people."""
    traces_url: str | None = None
    """Where traces go, one a release: an address that takes OTLP over HTTP, such as http://collector.example:4318/v1/traces.
    It needs the extra `tracing`. None: nobody traces, at no cost."""
    flower_port: int = Field(5555, ge=1, le=65535)
    """The port of Flower, the web page on which operations watch the workers."""
    flower_user: str = "operations"
    """The user name that Flower asks for."""
    flower_password: SecretStr | None = None
    """The password that Flower asks for. None: a new one is written into the home, readable by its owner only."""

    @field_validator("allowed_networks", "web_proxies", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        networks = []
        for part in filter(None, map(str.strip, value.split(","))):
            try:
                networks.append(ip_network(part))
            except ValueError as error:
                raise ValueError(f"is no list of address ranges: {error}") from None
        return tuple(networks)

    @field_validator("allowed_ports", "plain_http_hosts", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return tuple(filter(None, map(str.strip, value.lower().split(",")))) if isinstance(value, str) else value

    @field_validator("delivery_folders", mode="before")
    @classmethod
    def _whole_paths(cls, value: Any) -> Any:
        folders = tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value
        for folder in map(Path, folders):
            if not folder.is_absolute() or folder == Path("/") or ".." in folder.parts:
                raise ValueError(f"must be whole paths of folders, such as /srv/outlets, not {str(folder)!r}")
        return folders

    @field_validator("secrets_prefix")
    @classmethod
    def _begins_no_setting(cls, value: str) -> str:
        """Outlets must not be able to name what Fanwire itself is configured with."""
        own = value.startswith("FANWIRE_SECRET_")
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*_", value) or (value.upper().startswith(PREFIX) and not own):
            raise ValueError("must be the beginning of names of variables, end in '_', and begin no setting of Fanwire")
        return value

    @field_validator("time_zone", mode="before")
    @classmethod
    def _zone(cls, value: Any) -> Any:
        try:
            return ZoneInfo(value) if isinstance(value, str) else value
        except (ValueError, KeyError, OSError):  # the last for the name of a folder of zones
            raise ValueError("is no time zone of the IANA data base") from None

    @field_validator("smtp_url", "smtp_from", "bounce_domain", "bounces_url")
    @classmethod
    def _is_for_mail(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            shown = value.get_secret_value() if isinstance(value, SecretStr) else value
            if why := _MAIL[info.field_name or ""](shown):
                raise ValueError(why)
        return value

    @model_validator(mode="after")
    def _relay_has_a_sender(self) -> Self:
        if self.smtp_url is not None and self.smtp_from is None:
            raise ValueError("FANWIRE_SMTP_URL needs FANWIRE_SMTP_FROM: who the e-mails are from")
        return self

    @field_validator("broker_url", "shared_state_url")
    @classmethod
    def _is_a_broker(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        """The value is never shown: it holds a password. The rest of it is looked at where it is used."""
        if value is None:
            return None
        scheme, _, rest = value.get_secret_value().partition("://")
        allowed = (*_REDIS_SCHEMES, *(() if info.field_name == "shared_state_url" else _RABBITMQ_SCHEMES))
        try:
            parts = [urlsplit(f"broker://{part.removeprefix(f'{scheme}://')}") for part in rest.split(";")]
            hosts = all(part.hostname and part.port != 0 for part in parts)
            sound = scheme in allowed and (hosts or (scheme in _SOCKET_SCHEMES and len(parts[0].path) > 1))
        except ValueError:
            sound = False
        if not sound:
            schemes = ", ".join(f"{name}://" for name in allowed)
            raise ValueError(f"must be an address with a host, that begins with {schemes}; in its password # / ? ; [ ] "
                             "are written %23 %2F %3F %3B %5B %5D")  # fmt: skip
        if any(name.startswith("ssl") for part in parts for name, _ in parse_qsl(part.query, keep_blank_values=True)):
            raise ValueError("must not have options of TLS; FANWIRE_CA_FILE and FANWIRE_BROKER_CERTIFICATE set them")
        return value

    @model_validator(mode="after")
    def _certificate_has_a_key(self) -> Self:
        if (self.broker_certificate is None) != (self.broker_certificate_key is None):
            raise ValueError(
                "FANWIRE_BROKER_CERTIFICATE and FANWIRE_BROKER_CERTIFICATE_KEY belong together; one of them is missing"
            )
        return self

    @field_validator("wire_url", "notice_url")
    @classmethod
    def _begins_with_its_scheme(cls, value: str | SecretStr | None) -> str | SecretStr | None:
        told = value.get_secret_value() if isinstance(value, SecretStr) else value
        try:
            sound = not told or (urlsplit(told).scheme in ("http", "https") and bool(urlsplit(told).hostname))
        except ValueError:  # as of a bracket that is never closed
            sound = False
        if not sound:
            raise ValueError("must be an address that begins with https:// or http://")
        return value

    @field_validator("web_url", "websub_hub")
    @classmethod
    def _is_a_public_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound = False
        if not sound or not value.isascii() or not value.isprintable() or set(value) & set("@#<> \"'"):
            raise ValueError("must be an address that begins with https:// or http://, without user and fragment")
        if info.field_name == "websub_hub":
            return value
        if "?" in value:
            raise ValueError("must have no query")
        return value.rstrip("/")

    @field_validator("media_url", "archive_url")
    @classmethod
    def _is_a_store(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"s3://[^/?#@\s]+(/[^?#\s]*)?|file:///[^?#]+", value):
            raise ValueError("must be s3://BUCKET/PREFIX or file:///FOLDER")
        return value

    @field_validator("media_endpoint", "traces_url")
    @classmethod
    def _is_an_endpoint(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^@?#\s]+", value):
            raise ValueError("must be an address that begins with https:// or http://, without user and query")
        return value

    @field_validator("ledger_url")
    @classmethod
    def _is_a_ledger(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        from sqlalchemy.engine import make_url  # not each process with settings has a ledger
        from sqlalchemy.exc import ArgumentError

        try:
            sound = make_url(value.get_secret_value()).drivername in ("sqlite", "postgresql+psycopg")
        except (ArgumentError, ValueError):
            sound = False
        if not sound:
            raise ValueError("must be a SQLAlchemy address, postgresql+psycopg:// or sqlite:///")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _is_an_issuer(cls, value: str | None) -> str | None:
        here = r"http://(127\.0\.0\.1|localhost)(:\d+)?(/[^?#\s]*)?"
        if value is not None and not re.fullmatch(rf"https://[^@?#\s]+|{here}", value):
            raise ValueError("must be an address that begins with https://, without user and query")
        return value

    @field_validator("oidc_groups", mode="before")
    @classmethod
    def _groups_by_rank(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        groups: dict[str, tuple[str, ...]] = {}
        for part in filter(None, map(str.strip, value.split(","))):
            rank, _, group = map(str.strip, part.partition("="))
            if rank not in ("reader", "editor", "operator") or not group:
                raise ValueError("must name a group for each rank: reader=…, editor=…, operator=…")
            groups[rank] = (*groups.get(rank, ()), group)
        return groups

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        if self.oidc_issuer is not None and not (self.oidc_client_id and self.oidc_groups and self.web_url):
            raise ValueError(
                "FANWIRE_OIDC_ISSUER needs FANWIRE_OIDC_CLIENT_ID, FANWIRE_OIDC_GROUPS and FANWIRE_WEB_URL"
            )
        return self

    @model_validator(mode="after")
    def _whole_reach(self) -> Self:
        figures = (self.wire_outlets, self.wire_editors, self.wire_countries)
        if len({figure is None for figure in figures}) > 1:
            raise ValueError(
                "FANWIRE_WIRE_OUTLETS, FANWIRE_WIRE_EDITORS and FANWIRE_WIRE_COUNTRIES must be set all or none"
            )
        return self

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.lease <= self.deadline + 5:
            raise ValueError(
                f"FANWIRE_LEASE ({self.lease} s) must exceed FANWIRE_DEADLINE ({self.deadline} s) by more than 5 s, "
                "or a transfer could be sent twice"
            )
        if self.visibility_timeout <= self.drain_budget + self.deadline + 30:
            raise ValueError(
                f"FANWIRE_VISIBILITY_TIMEOUT ({self.visibility_timeout} s) must exceed FANWIRE_DRAIN_BUDGET + "
                f"FANWIRE_DEADLINE + 30 s ({self.drain_budget + self.deadline + 30} s), or Redis doubles running tasks"
            )
        return self


_MAIL: dict[str, Callable[[str], str | None]] = {
    "smtp_url": mail_settings.wrong_relay,
    "smtp_from": mail_settings.wrong_sender,
    "bounce_domain": mail_settings.wrong_domain,
    "bounces_url": mail_settings.wrong_mailbox,
}


@cache
def settings() -> Settings:
    """The settings of this process, read once; raises ConfigurationRefused that names the variable."""
    try:
        return Settings.model_validate(_environment())
    except ValidationError as error:
        raise ConfigurationRefused(list(map(_problem, error.errors(include_url=False)))) from None


def _environment() -> dict[str, str]:
    """What stands in the environment, by the names of settings; those of variables may be in small letters too."""
    variables = {name.upper(): value for name, value in os.environ.items()}
    found = {name.removeprefix(PREFIX).lower(): value for name, value in variables.items() if name.startswith(PREFIX)}
    in_files = {name: file for variable, name in secret_files().items() if (file := variables.get(variable))}
    if twice := sorted(in_files.keys() & found.keys()):
        variable = PREFIX + twice[0].upper()
        raise ConfigurationRefused([Problem(variable, f"is set, and so is {variable}{FILE}; take one of them out")])
    return found | {name: _secret_in(Path(file), name) for name, file in in_files.items()}


def secret_files() -> dict[str, str]:
    """The variables that name the file of a secret, such as FANWIRE_WEB_KEY_FILE, each with its setting."""
    secret = (name for name, field in Settings.model_fields.items() if SecretStr.__name__ in str(field.annotation))
    return {f"{PREFIX}{name.upper()}{FILE}": name for name in secret}


def _secret_in(file: Path, name: str) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{file} cannot be read: {error.strerror if isinstance(error, OSError) else 'it is no text'}"
        raise ConfigurationRefused([Problem(f"{PREFIX}{name.upper()}{FILE}", problem)]) from None


def _problem(error: Any) -> Problem:
    """In words, and never with the value of a secret."""
    if not error["loc"]:  # of several that do not fit each other; it begins with the name of the first
        return Problem(in_words(error).split()[0].rstrip(","), in_words(error))
    name = f"{PREFIX}{error['loc'][0]}".upper()
    if error["type"] != "value_error" and name.endswith(("_URL", "_PASSWORD", "_KEY")):
        error = error | {"input": "what stands there"}
    return Problem(name, in_words(error), EXAMPLES.get(name))
