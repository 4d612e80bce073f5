"""HTML to look into; the stubs of lxml know no elements of HTML, and let every path be a number."""

from __future__ import annotations

from typing import Any

from lxml import html


def page(document: str) -> Any:
    """The root element of a whole page."""
    return html.fromstring(document)


def parsed(body: str) -> Any:
    """A `div` around what may be several elements, or text alone."""
    return html.fromstring(f"<div>{body}</div>")
