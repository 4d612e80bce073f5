"""The HTML that a release body may hold, and the function that cleans it.

Two outcomes only: an element that carries meaning we would have to drop is refused by name; wrappers (`div`, `span` …)
and unknown attributes go silently, since no word is lost with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import nh3
from lxml import etree
from lxml import html as lxml_html

from tasks.runtime.foreign_text import without_harmful

BLOCKS = frozenset(
    [
        "p",
        "h2",
        "h3",
        "h4",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "blockquote",
        "pre",
        "hr",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "figure",
        "figcaption",
    ]
)
INLINES = frozenset(
    ["a", "abbr", "b", "br", "cite", "code", "em", "i", "mark", "q", "s", "small", "strong", "sub", "sup", "u", "img"]
)
_WRAPPERS = frozenset(
    [
        "html",
        "head",
        "body",
        "div",
        "span",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "h1",
        "font",
        "center",
        "time",
        "address",
        "wbr",
    ]
)
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"lang", "dir", "translate"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
    "ol": {"start"},
}
MAX_CHARACTERS = 1024 * 1024
"""Characters that a cleaned body may have. Real ones have some tens of thousands."""
MAX_TAG = 20_000
"""Characters between `<` and `>`. Real tags have some hundreds; a parser takes minutes for tens of thousands of
attributes."""
MAX_ATTRIBUTE = 8_000
"""Characters of an attribute. Real ones have some hundreds; libxml2 takes seconds to write an address of 100,000."""
MAX_DEPTH = 60
"""How deep elements may nest. Real bodies reach ten; parsers take minutes for thousands."""
SCHEMES = {"http", "https", "mailto", "tel"}
PICTURE_SCHEMES = {"http", "https", "media"}
"""Schemes of the addresses of pictures; `media:ID` is an item of the release's media."""
_KNOWN = BLOCKS | INLINES | _WRAPPERS
_LONG_TAG = re.compile(rf"<[a-zA-Z][^<>]{{{MAX_TAG}}}")


LineName = Callable[[int], str]
"""How people call a line of a body, counted from 1."""


def clean_html(body: str, line_of: LineName | None = None) -> str:
    """The HTML of a body with known elements and safe links only; raises ValueError that names what cannot be taken.

    `line_of` names the line of that, if somebody wrote the body as it is.
    """
    if _LONG_TAG.search(body):
        raise ValueError(f"holds a tag that is longer than {MAX_TAG:,} characters")
    try:
        root = lxml_html.fragment_fromstring(body, create_parent="div")
    except (etree.ParserError, ValueError) as error:
        raise ValueError(f"cannot be read as HTML: {error}") from None
    _refuse_deep(root)
    _refuse_unknown(root, line_of)
    # What was looked at is what is cleaned: every element closed, so that nothing is opened again thousands of times.
    body = lxml_html.tostring(root, encoding="unicode")
    # h1 is the headline's; inside a body it is a section heading
    body = re.sub(r"<(/?)h1\b", r"<\1h2", body, flags=re.IGNORECASE)
    cleaned = nh3.clean(
        body, tags=set(BLOCKS | INLINES), attributes=_ATTRIBUTES, url_schemes=SCHEMES | PICTURE_SCHEMES, link_rel=None
    )
    if len(cleaned) > MAX_CHARACTERS:
        raise ValueError(f"is larger than {MAX_CHARACTERS:,} characters")
    _refuse_lost_links(root, cleaned, line_of)
    return without_harmful(cleaned).strip()


def _refuse_lost_links(root: lxml_html.HtmlElement, cleaned: str, line_of: LineName | None) -> None:
    """Raises ValueError for an address that the cleaner dropped because it is not a valid one."""
    if not cleaned.strip():
        return
    wanted = _addresses(root)
    kept = _addresses(lxml_html.fragment_fromstring(cleaned, create_parent="div"))
    if len(kept) < len(wanted):
        left = set(kept)
        lost = next((address for address in wanted if address not in left), wanted[-1])
        where = next(one for one in root.iter("a", "img") if lost in (one.get("href"), one.get("src")))
        raise ValueError(f"{_at(where, line_of)}holds the address {lost[:80]!r}, which is not a valid one")


def _addresses(root: lxml_html.HtmlElement) -> list[str]:
    found = [element.get("href") or element.get("src") for element in root.iter("a", "img")]
    return [address for address in found if address]


def _refuse_deep(root: lxml_html.HtmlElement) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"is nested deeper than {MAX_DEPTH} elements")


def _at(element: lxml_html.HtmlElement, line_of: LineName | None) -> str:
    return f"{line_of(element.sourceline)} " if line_of and element.sourceline else ""


def _refuse_unknown(root: lxml_html.HtmlElement, line_of: LineName | None) -> None:
    for element in root.iterdescendants():
        if not isinstance(element.tag, str):
            continue  # a comment
        tag = element.tag.lower()
        if tag not in _KNOWN:
            allowed = ", ".join(sorted(BLOCKS | INLINES))
            raise ValueError(f"{_at(element, line_of)}holds <{tag}>, which cannot be published; allowed are {allowed}")
        for name, value in element.attrib.items():
            if len(value) > MAX_ATTRIBUTE:
                many = f"{len(value):,} characters; at most {MAX_ATTRIBUTE:,} are taken"
                raise ValueError(f"{_at(element, line_of)}holds <{tag}> whose {name!r} has {many}")
        address = element.get("href") if tag == "a" else element.get("src") if tag == "img" else None
        if tag == "a" and not address:
            words = text_of(element)[:40]
            raise ValueError(f"{_at(element, line_of)}holds a link without an address, around {words!r}")
        if tag == "img" and not address:
            words = (element.get("alt") or "")[:40]
            raise ValueError(f"{_at(element, line_of)}holds an image without an address, called {words!r}")
        allowed_schemes = schemes_of(tag)
        if address is not None and scheme_of(address) not in allowed_schemes:
            schemes = ", ".join(sorted(allowed_schemes))
            raise ValueError(
                f"{_at(element, line_of)}holds the address {address[:80]!r}; addresses are absolute and begin with "
                f"{schemes}"
            )


def schemes_of(tag: str) -> set[str]:
    """The schemes that addresses of an element may have: `a` or `img`."""
    return PICTURE_SCHEMES if tag == "img" else SCHEMES


def scheme_of(address: str) -> str:
    """The scheme of an address in lower case; empty for what is no address."""
    try:
        return urlsplit(address.strip()).scheme.lower()
    except ValueError:
        return ""


def links_in(body: str) -> list[tuple[str, bool]]:
    """The address of each link of a clean body, and whether there is something to click on: a text or an image."""
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    return [
        (str(node.get("href", "")), bool(text_of(node)) or node.find(".//img") is not None) for node in root.iter("a")
    ]


def prose_of(body: str) -> str:
    """The text of a clean body without its tables and its code, with a space between any two elements."""
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    etree.strip_elements(root, "table", "pre", "code", with_tail=False)
    return " ".join(" ".join(root.itertext()).split())


def text_of(element: lxml_html.HtmlElement) -> str:
    """All text inside an element, with white space folded."""
    return " ".join("".join(element.itertext()).split())
