"""The release document: what a producer sends, and each of its languages as it is published.

`body_html` of a Release is always clean: it has known elements and safe links only (see `tasks/model/markup.py`).
Producers send releases in several forms; `tasks/model/readers/` makes a Release of each.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from datetime import date as Day
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from tasks.model import markdown, security_codes
from tasks.model.countries import Country
from tasks.model.documents import Document, Explained, Moment
from tasks.model.languages import LanguageTag
from tasks.model.markup import LineName, clean_html, links_in
from tasks.model.media import MAX_MEDIA, Media, MediaWords, without_empty_media
from tasks.model.pictures import Items, with_items
from tasks.model.values import WEB, Line, Slug
from tasks.runtime import moments
from tasks.runtime.errors import pattern

MAX_VERSION = 2_000_000_000
"""The highest version. It can only be a kill, because no later version could withdraw it."""

TICKER = pattern(r"^[A-Z]+:[A-Z0-9.\-]+$", "must be EXCHANGE:SYMBOL")
E_MAIL = pattern(r"^[^@\s]+@[^@\s]+$", "must be an e-mail address")
URI = pattern(r"^[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f\x7f]+$", "must be an absolute URI without spaces")
MAX_URI = 300
MEDIA_TOPIC = "http://cv.iptc.org/newscodes/mediatopic/"


def _topic(value: str) -> str:
    """The eight digits of a topic that is written as `medtop:20000178`, as the concept's address or as digits."""
    bare = re.sub(r"^(medtop:|https?://cv\.iptc\.org/newscodes/mediatopic/)", "", value)
    if not re.fullmatch(r"\d{8}", bare):
        raise ValueError("is not an IPTC Media Topic: eight digits, alone or after 'medtop:'")
    return bare


def _meant(value: Day, info: ValidationInfo) -> Day:
    """The day, unless its year is one that nobody means; what was taken before stays."""
    if not (info.context and info.context.get("stored")):
        moments.refuse_beyond(value.year)
    return value


Topic = Annotated[str, AfterValidator(_topic), Field(examples=["medtop:20000178"])]


def _is_empty(value: list[str]) -> bool:
    """Whether a field that came later is left out of documents: their digests are those that they had before."""
    return not value


class Dateline(Document):
    """The place and the day that the news comes from."""

    place: Line = Field(examples=["Berlin"])
    date: Annotated[Day, AfterValidator(_meant)] = Field(examples=["2026-11-22"])


class Issuer(Document):
    """The organisation that the release speaks for."""

    name: Line = Field(examples=["Acme Robotics AG"])
    tickers: list[Annotated[str, Field(pattern=TICKER)]] = Field([], examples=[["XETRA:ACM"]])
    """Stock symbols as EXCHANGE:SYMBOL."""
    isin: list[Annotated[str, AfterValidator(security_codes.isin)]] = Field(
        [], examples=[["DE000ACM0002"]], exclude_if=_is_empty
    )
    """The ISINs of its securities."""
    lei: Annotated[str, AfterValidator(security_codes.lei)] | None = Field(None, examples=["NVLT00ACME0ROBOTI164"])
    """Its Legal Entity Identifier."""
    url: Annotated[str, Field(pattern=WEB)] | None = Field(None, examples=["https://acme.example/"])


class Contact(Document):
    """Somebody whom an editor may call."""

    name: Line = Field(examples=["Jane Doe"])
    role: Line | None = None
    email: Annotated[str, Field(pattern=E_MAIL)] | None = Field(None, examples=["press@acme.example"])
    phone: Line | None = None


def _line_of_body(line: int) -> str:
    return f"line {line} of the body"


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
        try:
            return value if value is None or stored else clean_html(value, cls._line_name(info))
        except ValueError as error:
            raise Explained(str(error)) from None

    @field_validator("body_markdown")
    @classmethod
    def _rendered(cls, value: str | None, info: ValidationInfo) -> str | None:
        """The Markdown as clean HTML, which `_one_body` puts where it belongs."""
        try:
            return None if value is None else clean_html(markdown.render(value, cls._line_name(info)))
        except ValueError as error:
            raise Explained(str(error)) from None

    @classmethod
    def _line_name(cls, info: ValidationInfo) -> LineName:
        """How to call a line of a body: that of the file, if the body stands after front matter."""
        first = (info.context or {}).get("first_line") if cls.__name__ == "Release" else None
        return _line_of_body if first is None else lambda line: f"line {first + line - 1}"

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.body_markdown is not None:
            if self.body_html is not None:
                raise ValueError("give body_html or body_markdown, not both")
            object.__setattr__(self, "body_html", self.body_markdown)
            object.__setattr__(self, "body_markdown", None)
        return self

    @property
    def html(self) -> str:
        """The body as clean HTML; empty for a kill, which needs none."""
        return self.body_html or ""


class SuppliedTranslation(_Text):
    """A translation that the producer made; it is published as it is."""

    dateline_place: Line | None = None
    media: dict[Slug, MediaWords] = Field({}, examples=[{"plant-porto": {"caption": "Die Fabrik in Porto"}}])
    """By the id of the item, captions and alternative texts in the language of the translation."""

    @model_validator(mode="after")
    def _has_body(self) -> Self:
        if not self.html:
            raise ValueError("body_html or body_markdown is missing")
        return self

    @model_serializer(mode="wrap")
    def _as_before_media(self, handler: SerializerFunctionWrapHandler) -> Any:
        return without_empty_media(handler(self))


class Release(_Text):
    """One version of one release."""

    uri: str = Field(
        pattern=URI,
        max_length=MAX_URI,
        examples=["urn:newsml:acme.example:20261122:plant"],
    )
    """Names the release, the same in all its versions: an absolute URI."""
    version: int = Field(1, ge=1, le=MAX_VERSION, examples=[1])
    """The first version is 1; a higher one corrects all before it."""
    language: LanguageTag = Field(examples=["de"])
    """The language the body is written in: a BCP 47 tag."""
    dateline: Dateline | None = None
    issuer: Issuer | None = None
    contacts: list[Contact] = []
    topics: list[Topic] = Field([], examples=[["medtop:20000178"]])
    """IPTC Media Topics; an outlet that asks for topics gets the release if one of them is among its own."""
    urgency: int = Field(5, ge=1, le=9, examples=[5])
    """From 1 (flash) to 9 (least urgent); more urgent releases are delivered first."""
    embargo_until: Moment | None = Field(None, examples=["2026-12-01T07:00:00+01:00"])
    """Nothing is delivered before this moment."""
    circuits: list[Slug] = Field([], examples=[["dach-business"]])
    """The circuits whose outlets get the release; empty: all outlets."""
    countries: list[Country] = Field([], examples=[["DE", "AT", "CH"]])
    """The countries whose outlets get the release; empty: all countries."""
    status: Literal["usable", "canceled"] = "usable"
    """`canceled` kills the release."""
    correction_note: Line | None = None
    rights: str | None = Field(None, max_length=2000)
    protect: list[Line] = Field([], examples=[["Acme Robotics", "RoboLift 3"]])
    """Terms that are never translated."""
    media: list[Media] = Field([], max_length=MAX_MEDIA)
    """Pictures, videos, sounds and documents; pictures that a body shows are added to them."""
    translations: dict[LanguageTag, SuppliedTranslation] = {}

    @field_validator("media")
    @classmethod
    def _each_id_once(cls, value: list[Media]) -> list[Media]:
        ids = [item.id for item in value]
        if twice := sorted({id for id in ids if ids.count(id) > 1}):
            raise ValueError(f"has the id {twice[0]!r} twice: each item needs one of its own")
        return value

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
        """Read a release from the ledger, without the checks and the cleaning that were done when it was taken."""
        return cls.model_validate_json(document, context={"stored": True})

    @model_serializer(mode="wrap")
    def _as_before_media(self, handler: SerializerFunctionWrapHandler) -> Any:
        return without_empty_media(handler(self))

    @model_validator(mode="after")
    def _pictures_are_items(self, info: ValidationInfo) -> Self:
        """Makes each picture of the bodies an item of `media`; what was taken before stays as it is."""
        if info.context and info.context.get("stored"):
            return self
        items = Items(self.media)
        body, said = with_items(self.html, items, {item.id: item for item in self.media})
        items.say(said)
        if said:
            object.__setattr__(self, "body_html", body)
        for language, text in self.translations.items():
            if unknown := [id for id in text.media if id not in items.by_id]:
                raise ValueError(f"translations.{language}.media: the release has no item {unknown[0]!r} in its media")
            body, said = with_items(text.html, items, text.media)
            if said:
                object.__setattr__(text, "body_html", body)
            media = {id: MediaWords() for id in said} | text.media
            media = {id: words.or_else(said.get(id)) for id, words in media.items()}
            object.__setattr__(text, "media", {id: words for id, words in media.items() if words.said})
        object.__setattr__(self, "media", list(items.by_id.values()))
        return self

    @model_validator(mode="after")
    def _no_link_emptied(self, info: ValidationInfo) -> Self:
        """Refuses a supplied translation in which a link has no text although it has one in the release."""
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
        """The name of this version in logs, messages and Flower: `urn:… v2`."""
        return f"{self.uri} v{self.version}"

    def written_for(self, language: str, *, exact: bool = False) -> LanguageTag | None:
        """The language of the text that serves `language`: the release's own or that of a supplied translation, the
        nearest variant of it. None if the producer sent no such text. `exact`: only what CLDR takes as the same."""
        wanted = LanguageTag(language)
        texts = (self.language, *self.translations)
        found = wanted.nearest(text for text in texts if not exact or text.shortest == wanted.shortest)
        return None if found is None else LanguageTag(found)

    def text_in(self, language: str) -> _Text | None:
        """The release itself or the supplied translation that serves `language`; None if the producer sent neither."""
        tag = self.written_for(language)
        return None if tag is None else self if tag == self.language else self.translations[tag]

    def to_json(self) -> str:
        """The release as canonical JSON, which the ledger keeps and the digest is taken of."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), ensure_ascii=False, sort_keys=True)

    def digest(self) -> str:
        """SHA-256 of the canonical form, hexadecimal: two documents with the same content have the same digest."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def embargoed_at(self, now: float) -> bool:
        """Whether the release's embargo still holds at `now` (seconds since the epoch)."""
        return self.embargo_until is not None and self.embargo_until.timestamp() > now


class Translation(Document):
    """One release version in one language, ready to be formatted. The source language is its own translation."""

    language: LanguageTag
    headline: str
    subheadline: str | None = None
    body_html: str
    dateline_place: str | None = None
    contact_roles: list[str] = []
    """What each contact of the release is, in its order, empty where nothing is said; an empty list: nobody has
    translated them."""
    media: dict[str, MediaWords] = {}
    """By the id of the item, captions and alternative texts in the language of the translation."""
    engine: str
    """Who made it: `source` (the release itself), `supplied` (the producer), `memory` (every sentence was approved
    before), else the engine's name; several have `+` between them: `apertium+deepl`."""
    model: str | None = None
    """The engine's model and version, for provenance: `apertium-eng-spa 0.8.1`."""
    source: LanguageTag | None = None
    """The language of the text that it was made from. Of `source` and `supplied` it is the variant in which the
    producer wrote, where that is another than `language`."""
    status: Literal["checked", "approved"] | None = None
    """Whether it only passed every check, or a person approved it; None for `source` and `supplied`. Outlets read
    `review`."""

    @model_serializer(mode="wrap")
    def _as_before_media(self, handler: SerializerFunctionWrapHandler) -> Any:
        return without_empty_media(handler(self))

    @property
    def review(self) -> Literal["unreviewed", "approved"] | None:
        """Whether a person has read the text, in the words of headers and renditions; None for what the producer wrote.

        That a text passed every check says nothing of how well it reads.
        """
        return "unreviewed" if self.status == "checked" else self.status

    @property
    def machine(self) -> bool:
        """Whether a machine wrote this text."""
        return self.engine not in ("source", "supplied", "memory")

    @property
    def by_producer(self) -> bool:
        """Whether the producer wrote this text."""
        return self.engine in ("source", "supplied")

    @property
    def written_in(self) -> LanguageTag:
        """The language of the text: `language`, or the variant of it in which the producer wrote."""
        variant = self.source if self.by_producer else None
        return variant if variant and variant.serves(self.language) else self.language


def without_media(release: Release, ids: Collection[str]) -> Release:
    """A release without these items of its media; its bodies may still show them (`pictures.without_pictures`)."""
    if not ids:
        return release
    return release.model_copy(update={"media": [item for item in release.media if item.id not in ids]})


def supplied(release: Release, language: str) -> Translation | None:
    """The text of a release that serves a language without an engine, in the nearest variant: its own or the producer's
    translation; None if there is neither."""
    text, written_in = release.text_in(language), release.written_for(language)
    if text is None:
        return None
    place = release.dateline.place if release.dateline else None
    if isinstance(text, SuppliedTranslation):
        place = text.dateline_place or place
        media = {id: words for id, words in text.media.items() if words.said}
    else:
        media = {item.id: MediaWords(caption=item.caption, alt=item.alt) for item in release.media if item.said}
    return Translation(
        language=language,
        headline=text.headline,
        subheadline=text.subheadline,
        body_html=text.html,
        dateline_place=place,
        contact_roles=[contact.role or "" for contact in release.contacts] if text is release else [],
        media=media,
        engine="source" if text is release else "supplied",
        source=written_in if written_in != language else None,
    )
