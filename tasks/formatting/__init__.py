"""Formats: one translation in, the bytes that outlets receive out.

`make_rendition(release, translation, "ninjs", wire)` is all that other stages need; who wants several formats makes the
article once and sets it in each. Each file in formats/ is one
format, and makes bytes of an Article, the parts that all formats have in common. The same input gives the same bytes:
nothing here looks at a clock, and what differs from outlet to outlet is no business of this room.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tasks.formatting.article import NONE_PUBLISHED, Article, make_article
from tasks.formatting.formats import FORMATS, Format
from tasks.formatting.house import HouseTextMissing, house_text
from tasks.formatting.rendition import Figures, Rendition, Wire
from tasks.model.media import PublishedMedia
from tasks.model.release import Release, Translation


def make_rendition(
    release: Release,
    translation: Translation,
    format: str,
    wire: Wire,
    received: datetime | None = None,
    first_received: datetime | None = None,
    *,
    test: bool = False,
    published: Mapping[str, PublishedMedia] = NONE_PUBLISHED,
) -> Rendition:
    """Set one translation of a release version in one format.

    `received` is when the wire took this version, with its zone; `newsmlg2` cannot do without. `first_received`: when
    it took the first version of the release. `test`: it is marked as a test, in words and in the fields that a format
    has for it. `published`: by id, the files of the release that the wire has.

    Raises NotRegistered (a LookupError) for an unknown format, PluginBroken for one that cannot be loaded,
    HouseTextMissing (a LookupError) for a language without house texts, and ValueError for a body that may not be
    published.
    """
    FORMATS.get(format)
    article = make_article(release, translation, wire, received, first_received, test=test, published=published)
    return set_article(article, format)


def set_article(article: Article, format: str) -> Rendition:
    """Set an article in one format. Raises NotRegistered, PluginBroken and ValueError as `make_rendition` does."""
    chosen = FORMATS.get(format)
    return Rendition(chosen.content_type, chosen.make(article))


__all__ = [
    "FORMATS",
    "Article",
    "Figures",
    "Format",
    "HouseTextMissing",
    "Rendition",
    "Wire",
    "house_text",
    "make_article",
    "make_rendition",
    "set_article",
]
