"""Formats: each file here is one, named after it; a package adds or replaces one by the entry point `fanwire.formats`.

A file holds `FORMAT = Format(content_type=…, make=…)`; there is no list to add it to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tasks.formatting.article import Article
from tasks.runtime.plugins import Registry, attribute


@dataclass(frozen=True)
class Format:
    """A format in which articles are delivered: its content type, and the function that writes it."""

    content_type: str
    """Of everything that it makes, with charset, as it goes into the header `Content-Type`."""
    make: Callable[[Article], bytes]
    """The article as bytes, the same for the same article: it looks at no clock and at no setting.

    It raises ValueError for an article that cannot be set so; its deliveries are then held with that reason.
    """
    ending: str | None = None
    """What the names of its files end with, such as `newsmlg2.xml`; None: the name of the format."""


FORMATS = Registry("format", group="fanwire.formats", folder=__name__, load=attribute("FORMAT", Format))
"""All formats, by the name that outlet documents use."""
