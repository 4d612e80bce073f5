"""The release document: what a producer sends.

`read_release(text)` takes JSON, Markdown or HTML with YAML front matter, or an IPTC ninjs 3.x item, and gives a
`Release`, or raises DocumentRefused naming each field that is wrong. `body_html` of a Release is always clean: known
elements only, safe links only (see `tasks/model/markup.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from datetime import date as Day
from typing import Annotated, Any, Literal, Self

import yaml
from markdown_it import MarkdownIt
from pydantic import AfterValidator, AwareDatetime, Field, ValidationInfo, field_validator, model_validator

from tasks.model.countries import Country
from tasks.model.documents import Document, DocumentRefused, Yaml, read, unreadable
from tasks.model.languages import LanguageTag
from tasks.model.markup import MAX_CHARACTERS, clean_html, links_in
from tasks.runtime.errors import Problem, pattern

MAX_RELEASE_BYTES = 2 * 1024 * 1024
"""A release larger than this is refused at the door: the longest real release is some tens of kilobytes."""

MAX_VERSION = 2_000_000_000
"""The last version can only be a kill: nothing may come that cannot be withdrawn."""

ONE_LINE = pattern(r"^[^\r\n]*$", "must be a single line")
TICKER = pattern(r"^[A-Z]+:[A-Z0-9.\-]+$", "must be EXCHANGE:SYMBOL")
WEB = pattern(r"^https?://\S+$", "must be a web address, http:// or https://")
E_MAIL = pattern(r"^[^@\s]+@[^@\s]+$", "must be an e-mail address")
URI = pattern(r"^[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f\x7f]+$", "must be an absolute URI without spaces")
MAX_URI = 300
MEDIA_TOPIC = "http://cv.iptc.org/newscodes/mediatopic/"


def _topic(value: str) -> str:
    """`medtop:20000178`, the concept's address or the bare number: kept as the bare number."""
    bare = re.sub(r"^(medtop:|https?://cv\.iptc\.org/newscodes/mediatopic/)", "", value)
    if not re.fullmatch(r"\d{8}", bare):
        raise ValueError("is not an IPTC Media Topic: eight digits, alone or after 'medtop:'")
    return bare


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", value):
        raise ValueError("must be lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit")
    return value


Topic = Annotated[str, AfterValidator(_topic), Field(examples=["medtop:20000178"])]
Slug = Annotated[str, Field(min_length=1, max_length=100, examples=["dach-business"]), AfterValidator(_slug)]
Line = Annotated[str, Field(min_length=1, max_length=500, pattern=ONE_LINE)]


class Dateline(Document):
    """Where and on which day the news is from."""

    place: Line = Field(examples=["Berlin"])
    date: Day = Field(examples=["2026-11-22"])


class Issuer(Document):
    """The organisation that the release speaks for."""

    name: Line = Field(examples=["Acme Robotics AG"])
    tickers: list[Annotated[str, Field(pattern=TICKER)]] = Field([], examples=[["XETRA:ACM"]])
    """Stock symbols as EXCHANGE:SYMBOL."""
    url: Annotated[str, Field(pattern=WEB)] | None = Field(None, examples=["https://acme.example/"])


class Contact(Document):
    """Somebody whom an editor may call."""

    name: Line = Field(examples=["Jane Doe"])
    role: Line | None = None
    email: Annotated[str, Field(pattern=E_MAIL)] | None = Field(None, examples=["press@acme.example"])
    phone: Line | None = None


def _render_markdown(text: str) -> str:
    """HTML of a Markdown body; raises ValueError for one whose references would blow it up."""
    longest = max((len(line) for line in text.splitlines() if re.match(r" {0,3}\[[^\]]+\]:", line)), default=0)
    if longest * text.count("[") > 4 * MAX_CHARACTERS:
        raise ValueError("has so many and so long link references that it would be too large")
    return str(MarkdownIt("commonmark").enable("table").render(text))


class _Text(Document):
    """Headline and body: what a release and each of its supplied translations have."""

    headline: Line = Field(examples=["Acme opens its first plant in Portugal"])
    subheadline: Line | None = None
    body_html: str | None = Field(None, examples=["<p>Acme said on Monday …</p>"])
    body_markdown: str | None = Field(None, examples=["Acme said on Monday …"])

    @field_validator("body_html")
    @classmethod
    def _clean(cls, value: str | None, info: ValidationInfo) -> str | None:
        stored = bool(info.context and info.context.get("stored"))
        return value if value is None or stored else clean_html(value)

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.body_markdown is not None:
            if self.body_html is not None:
                raise ValueError("give body_html or body_markdown, not both")
            rendered = clean_html(_render_markdown(self.body_markdown))
            object.__setattr__(self, "body_html", rendered)
            object.__setattr__(self, "body_markdown", None)
        return self

    @property
    def html(self) -> str:
        """The body as clean HTML; empty for a kill, which needs none."""
        return self.body_html or ""


class SuppliedTranslation(_Text):
    """A translation that the producer made; it is published as it is."""

    dateline_place: Line | None = None

    @model_validator(mode="after")
    def _has_body(self) -> Self:
        if not self.html:
            raise ValueError("body_html or body_markdown is missing")
        return self


class Release(_Text):
    """One version of one release."""

    uri: str = Field(
        pattern=URI,
        max_length=MAX_URI,
        examples=["urn:newsml:acme.example:20261122:plant"],
    )
    """Names the release, the same in all its versions: an absolute URI."""
    version: int = Field(1, ge=1, le=MAX_VERSION, examples=[1])
    """1 first; a higher one is a correction of all before."""
    language: LanguageTag = Field(examples=["de"])
    """The language the body is written in: a BCP 47 tag."""
    dateline: Dateline | None = None
    issuer: Issuer | None = None
    contacts: list[Contact] = []
    topics: list[Topic] = Field([], examples=[["medtop:20000178"]])
    """IPTC Media Topics; an outlet that asks for topics gets the release if one of them is among its own."""
    urgency: int = Field(5, ge=1, le=9, examples=[5])
    """1 flash … 9 least urgent; what is more urgent is delivered first."""
    embargo_until: AwareDatetime | None = Field(None, examples=["2026-12-01T07:00:00+01:00"])
    """Nothing leaves before this moment."""
    circuits: list[Slug] = Field([], examples=[["dach-business"]])
    """Only outlets of these circuits; empty: all."""
    countries: list[Country] = Field([], examples=[["DE", "AT", "CH"]])
    """Only outlets in these countries; empty: all."""
    status: Literal["usable", "canceled"] = "usable"
    """`canceled` kills the release."""
    correction_note: Line | None = None
    rights: str | None = Field(None, max_length=2000)
    protect: list[Line] = Field([], examples=[["Acme Robotics", "RoboLift 3"]])
    """Terms that are never translated."""
    translations: dict[LanguageTag, SuppliedTranslation] = {}

    @field_validator("translations", mode="before")
    @classmethod
    def _each_language_once(cls, value: Any) -> Any:
        seen: dict[str, str] = {}
        for tag in value if isinstance(value, dict) else ():
            try:
                language = LanguageTag(str(tag))
            except ValueError:
                continue  # said of the tag itself
            if language in seen:
                raise ValueError(f"has the same language twice, as {seen[language]!r} and {tag!r}")
            seen[language] = str(tag)
        return value

    @classmethod
    def from_ledger(cls, document: str) -> Self:
        """A release as the ledger has it: it was checked and cleaned when it was taken."""
        return cls.model_validate_json(document, context={"stored": True})

    @model_validator(mode="after")
    def _no_link_emptied(self, info: ValidationInfo) -> Self:
        """A link that has a text here has one in every supplied translation: without it a reader sees a hole."""
        if not self.translations or (info.context and info.context.get("stored")):
            return self
        full = {address for address, seen in links_in(self.html) if seen}
        for language, text in self.translations.items():
            for address, seen in links_in(text.html):
                if address in full and not seen:
                    raise ValueError(f"translations.{language}: the link to {address[:200]} has lost its text")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.status == "usable" and not self.html:
            raise ValueError("body_html or body_markdown is missing")
        if self.status == "usable" and self.version == MAX_VERSION:
            raise ValueError(f"version {MAX_VERSION} can only be a kill")
        if self.language in self.translations:
            raise ValueError(f"translations.{self.language}: is the language of the release itself")
        return self

    @property
    def name(self) -> str:
        """How logs, messages and Flower call this version: `urn:… v2`."""
        return f"{self.uri} v{self.version}"

    def text_in(self, language: str) -> _Text | None:
        """The release itself or the supplied translation in `language`; None if the producer sent neither."""
        return self if language == self.language else self.translations.get(LanguageTag(language))

    def to_json(self) -> str:
        """The canonical form: what the ledger keeps and the digest is taken of."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), ensure_ascii=False, sort_keys=True)

    def digest(self) -> str:
        """SHA-256 of the canonical form, hexadecimal: two documents with the same content have the same digest."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def embargoed_at(self, now: float) -> bool:
        """Whether the embargo still holds at `now` (seconds since the epoch)."""
        return self.embargo_until is not None and self.embargo_until.timestamp() > now


def read_release(data: str | bytes | dict[str, Any]) -> Release:
    """Read a release from any form that producers use; raises DocumentRefused."""
    document = data if isinstance(data, dict) else _parse(data)
    if _is_ninjs(document):
        try:
            document = _from_ninjs(document)
        except (AttributeError, TypeError, ValueError) as error:
            raise _refused(f"is not a ninjs 3.x item: {error}") from None
    return read(Release, document, "release")


def _parse(data: str | bytes) -> Any:
    if len(data) > MAX_RELEASE_BYTES:
        raise _refused(f"is larger than {MAX_RELEASE_BYTES:,} bytes")
    try:
        text = (data.decode("utf-8") if isinstance(data, bytes) else data).lstrip("\ufeff").lstrip()
    except UnicodeDecodeError as error:
        raise _refused(f"is not UTF-8: byte {error.start} cannot be read") from None
    if text.startswith("---"):
        return _with_front_matter(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.startswith(("{", "[")):
            raise _refused(unreadable(error)) from None
        raise _refused("is neither JSON nor text with YAML front matter, whose first line is '---'") from None


def uri_of(data: bytes) -> str | None:
    """The `uri` that a document names, however wrong the rest of it may be; None if it names none that could be one."""
    try:
        document = _parse(data)
    except DocumentRefused:
        return None
    uri = document.get("uri") if isinstance(document, dict) else None
    return uri if isinstance(uri, str) and len(uri) <= MAX_URI and re.fullmatch(URI, uri) and _is_utf8(uri) else None


def _is_utf8(text: str) -> bool:
    """Half a surrogate pair, which JSON can hold, is not."""
    return text == text.encode(errors="replace").decode()


def read_front_matter(data: bytes) -> dict[str, Any]:
    """The fields of a text with front matter, such as a translation in a file of its own; raises DocumentRefused."""
    fields = _parse(data)
    if not isinstance(fields, dict):
        raise _refused("must hold fields")
    return fields


def _with_front_matter(text: str) -> dict[str, Any]:
    parts = re.split(r"^---[ \t]*$\n?", text.replace("\r\n", "\n"), maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3:
        raise _refused("front matter has no closing line '---'")
    try:
        text = "\n" + parts[1]  # so that lines in problems are those of the document
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=Yaml)):
            raise _refused("front matter holds an alias ('*name'): write the value itself")
        fields = yaml.load(text, Loader=Yaml) or {}  # noqa: S506, a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _refused(f"front matter: {unreadable(error)}") from None
    if not isinstance(fields, dict):
        raise _refused("front matter must be 'field: value' lines")
    body = parts[2].strip()
    if body:
        fields["body_html" if body.startswith("<") else "body_markdown"] = body
    return {key: _plain(value) for key, value in fields.items()}


def _plain(value: Any) -> Any:
    """YAML reads times by itself; a time without zone is UTC there, and pydantic wants it said."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


def _refused(problem: str) -> DocumentRefused:
    return DocumentRefused("release", [Problem("(document)", problem)])


def _is_ninjs(document: Any) -> bool:
    return isinstance(document, dict) and ("bodies" in document or "headlines" in document or "pubStatus" in document)


def _from_ninjs(item: dict[str, Any]) -> dict[str, Any]:
    """The release fields of a ninjs 3.x item; what ninjs does not say is left to the defaults."""

    def first(name: str, *, role: str | None = None) -> str | None:
        texts = [entry for entry in item.get(name) or [] if isinstance(entry, dict)]
        chosen = [entry for entry in texts if role is None or entry.get("role") == role] or texts[:1]
        return chosen[0].get("value") if chosen else None

    def html_body() -> dict[str, str]:
        for body in item.get("bodies") or []:
            if isinstance(body, dict) and "html" in str(body.get("contentType", "")):
                return {"body_html": body.get("value", "")}
        text = first("bodies")
        return {"body_markdown": text} if text else {}

    topics = [
        s.get("uri", "") for s in item.get("subjects") or [] if MEDIA_TOPIC.split("://")[1] in str(s.get("uri", ""))
    ]
    organisations = [o for o in item.get("organisations") or [] if isinstance(o, dict) and o.get("name")]
    release = {
        "uri": item.get("uri"),
        "version": int(item["version"]) if str(item.get("version", "")).isdigit() else item.get("version"),
        "language": item.get("language"),
        "headline": first("headlines", role="main") or item.get("title"),
        "urgency": item.get("urgency"),
        "embargo_until": item.get("embargoedUntil") or item.get("embargoed"),
        "status": {"usable": "usable", "canceled": "canceled"}.get(
            item.get("pubStatus", "usable"), item.get("pubStatus")
        ),
        "rights": item.get("copyrightNotice"),
        "topics": topics,
        "issuer": {"name": organisations[0]["name"]} if organisations else None,
        **html_body(),
    }
    return {field: value for field, value in release.items() if value is not None}


class Translation(Document):
    """One release version in one language, ready to be formatted. The source language is its own translation."""

    language: LanguageTag
    headline: str
    subheadline: str | None = None
    body_html: str
    dateline_place: str | None = None
    engine: str
    """Who made it: `source` (the release itself), `supplied` (the producer), `memory` (every sentence was approved
    before), else the engine's name; several have `+` between them: `apertium+deepl`."""
    model: str | None = None
    """The engine's model and version, for provenance: `apertium-eng-spa 0.8.1`."""
    source: LanguageTag | None = None
    """The language of the text that it was made from; None for `source` and `supplied`."""
    status: Literal["checked", "approved"] | None = None
    """Of what was made here: it passed every check, or a person approved it; None for `source` and `supplied`."""

    @property
    def machine(self) -> bool:
        """Whether a machine wrote this text."""
        return self.engine not in ("source", "supplied", "memory")


def supplied(release: Release, language: str) -> Translation | None:
    """The translation that needs no engine: the release itself or what the producer sent; None if there is neither."""
    text = release.text_in(language)
    if text is None:
        return None
    place = release.dateline.place if release.dateline else None
    if isinstance(text, SuppliedTranslation):
        place = text.dateline_place or place
    return Translation(
        language=language,
        headline=text.headline,
        subheadline=text.subheadline,
        body_html=text.html,
        dateline_place=place,
        engine="source" if text is release else "supplied",
    )
