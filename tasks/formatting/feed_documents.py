"""Feed documents: the entries that renditions are, one below the other, in a feed of their own format.

The entries are taken out of their renditions as they are. Pages are linked as RFC 5005 has it ("archived feeds"), hubs
as WebSub has it. Of what was killed Atom says so in a tombstone (RFC 6721) too, since its readers may then remove it.
Made with lxml itself: feedgen makes entries of its own, and would lose what it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

import structlog
from lxml import etree

from tasks.formatting import xml
from tasks.formatting.formats.atom import ATOM
from tasks.formatting.formats.jsonfeed import VERSION
from tasks.runtime import moments

log = structlog.get_logger()

HISTORY: Final = "http://purl.org/syndication/history/1.0"
TOMBSTONES: Final = "http://purl.org/atompub/tombstones/1.0"
_XML_OPTIONS: Any = {"resolve_entities": False, "no_network": True, "huge_tree": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a feed, or what is left of it."""

    id: str
    """The URI of the release in its language."""
    rendition: bytes | None
    """Its rendition in the format of the feed; None: nothing is shown."""
    killed_at: datetime | None
    """When the release was withdrawn; None if it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a feed: the current one, or one of its archive."""

    id: str
    """A URI, the same for all pages."""
    title: str
    home: str
    """The home page of the wire."""
    description: str
    language: str | None
    """Of all entries; None if they are in several."""
    updated: datetime
    entries: Sequence[Entry]
    """The newest first."""
    address: str
    """Where this page is."""
    current: str | None = None
    """Where the current page is, if this one is of the archive."""
    older: str | None = None
    """Where the next older page of the archive is, if there is one."""
    hub: str | None = None
    """Where readers may subscribe (WebSub)."""


@dataclass(frozen=True, slots=True)
class FeedForm:
    """The documents of feeds in one format."""

    ending: str
    """Of the addresses of such feeds."""
    content_type: str
    write: Callable[[Page], bytes]


def links(page: Page) -> list[tuple[str, str]]:
    """Relation and address of everything that a page links to (RFC 8288, RFC 5005, WebSub)."""
    found = [("self", page.address), ("current", page.current), ("prev-archive", page.older), ("hub", page.hub)]
    return [(relation, address) for relation, address in found if address]


def _read(page: Page, read: Callable[[bytes], Any]) -> list[Any]:
    """The entries of a page, taken out of their renditions; what cannot be read must not stop the others."""
    found = []
    for entry in page.entries:
        if entry.rendition is not None:
            try:
                found.append(read(entry.rendition))
            except (etree.XMLSyntaxError, ValueError, LookupError, TypeError) as error:
                log.error("entry of a feed unreadable", entry=entry.id, problem=type(error).__name__)
    return found


def _parsed(rendition: bytes) -> Any:
    return etree.fromstring(rendition, etree.XMLParser(**_XML_OPTIONS))


def _atom_entry(rendition: bytes) -> Any:
    entry = _parsed(rendition)
    if entry.tag != f"{{{ATOM}}}entry":
        raise ValueError(f"is no Atom entry: {entry.tag}")
    return entry


def atom(page: Page) -> bytes:
    """The page as an Atom feed (RFC 4287)."""
    namespaces: Any = {None: ATOM, "fh": HISTORY, "at": TOMBSTONES}
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=namespaces)
    xml.put_language(root, page.language)
    xml.element(root, "id", page.id)
    xml.element(root, "title", page.title, type="text")
    xml.element(root, "subtitle", page.description, type="text")
    xml.element(root, "updated", moments.utc(page.updated))
    xml.element(root, "link", rel="alternate", href=page.home)
    for relation, address in links(page):
        xml.element(root, "link", rel=relation, href=address)
    if page.current:
        etree.SubElement(root, f"{{{HISTORY}}}archive")
    for entry in page.entries:
        if entry.killed_at:
            tombstone = etree.SubElement(root, f"{{{TOMBSTONES}}}deleted-entry")
            xml.put(tombstone, ref=entry.id, when=moments.utc(entry.killed_at))
    root.extend(_read(page, _atom_entry))
    return xml.document(root)


def _rss_item(rendition: bytes) -> Any:
    item = _parsed(rendition).find("channel/item")
    if item is None:
        raise ValueError("is no RSS document with an item")
    return item


def rss(page: Page) -> bytes:
    """The page as RSS 2.0."""
    namespaces: Any = {"atom": ATOM, "fh": HISTORY}
    root = etree.Element("rss", nsmap=namespaces, version="2.0")
    channel = xml.element(root, "channel")
    xml.element(channel, "title", page.title)
    xml.element(channel, "link", page.home)
    xml.element(channel, "description", page.description)
    if page.language:
        xml.element(channel, "language", page.language)
    xml.element(channel, "lastBuildDate", format_datetime(page.updated.astimezone(UTC), usegmt=True))
    for relation, address in links(page):
        xml.put(etree.SubElement(channel, f"{{{ATOM}}}link"), rel=relation, href=address)
    if page.current:
        etree.SubElement(channel, f"{{{HISTORY}}}archive")
    channel.extend(_read(page, _rss_item))
    return xml.document(root)


def _json_item(rendition: bytes) -> Any:
    return json.loads(rendition)["items"][0]


def json_feed(page: Page) -> bytes:
    """The page as a JSON Feed 1.1."""
    made: dict[str, Any] = {
        "version": VERSION,
        "title": page.title,
        "home_page_url": page.home,
        "feed_url": page.current or page.address,
        "description": page.description,
        "next_url": page.older,
        "language": page.language,
        "hubs": [{"type": "WebSub", "url": page.hub}] if page.hub else None,
        "items": _read(page, _json_item),
    }
    shown = {name: value for name, value in made.items() if value is not None}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


FEED_FORMS: Final = {
    "atom": FeedForm("atom", "application/atom+xml; charset=utf-8", atom),
    "rss": FeedForm("rss", "application/rss+xml; charset=utf-8", rss),
    "jsonfeed": FeedForm("json", "application/feed+json; charset=utf-8", json_feed),
}
"""The documents of feeds, by the format of their entries."""
