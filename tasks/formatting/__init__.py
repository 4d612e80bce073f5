"""Formats: one translation in, the bytes that outlets receive out.

`make_rendition(release, translation, "ninjs", wire)` is all that other stages need. A format is a module with
`make(article) -> Rendition`, listed in FORMATS. The same input gives the same bytes: nothing here looks at a clock, and
what differs from outlet to outlet is no business of this room.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tasks.formatting import html, newsmlg2, ninjs, text
from tasks.formatting.article import Article, make_article
from tasks.formatting.house import HouseTextMissing, house_text
from tasks.formatting.rendition import Rendition, Wire
from tasks.model.release import Release, Translation

FORMATS: dict[str, Callable[[Article], Rendition]] = {
    "ninjs": ninjs.make,
    "newsmlg2": newsmlg2.make,
    "html": html.make,
    "text": text.make,
}


def make_rendition(
    release: Release, translation: Translation, format: str, wire: Wire, received: datetime | None = None
) -> Rendition:
    """Set one translation of a release version in one format.

    `received` is when the wire took this version, with its zone; `newsmlg2` cannot do without.

    Raises HouseTextMissing (a LookupError) for a language without house texts, ValueError for an unknown format or a
    body that may not be published.
    """
    make = FORMATS.get(format)
    if make is None:
        raise ValueError(f"format {format!r} is not known; formats are {', '.join(sorted(FORMATS))}")
    return make(make_article(release, translation, wire, received))


__all__ = ["FORMATS", "HouseTextMissing", "Rendition", "Wire", "house_text", "make_rendition"]
