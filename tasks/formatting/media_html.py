"""Pictures, videos, sounds and documents as HTML: those in a body with sizes and credit, the others after it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape as escape_html
from typing import Any

from lxml import etree
from lxml import html as lxml_html
from markupsafe import Markup, escape

from tasks.formatting import xml
from tasks.formatting.article_media import ArticleMedia
from tasks.formatting.plain import tree

SIZES = "(max-width: 640px) 100vw, 640px"
"""How wide a page shows a picture, for the browser's choice among its sizes."""
WIDEST = 640
"""Pixels that a picture takes on a page at most, whose styles may make it smaller."""
_SHOWN_BY_BROWSERS = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", None})


def shown_at(item: ArticleMedia) -> str:
    """Where a browser gets a picture: the file itself, or its largest size if it is of a kind that no browser shows."""
    return item.href if item.content_type in _SHOWN_BY_BROWSERS or not item.sizes else item.sizes[-1].href


def title_of(item: ArticleMedia) -> str:
    """What a link to a file says: its caption, else its alternative text, else its name."""
    return item.caption or item.alt or item.name


def with_sizes(body_html: str, media: tuple[ArticleMedia, ...], *, srcset: bool) -> str:
    """A clean body whose pictures have their measures, their sizes (with `srcset`), and credits in the captions."""
    known = {item.href: item for item in media if item.in_body}
    if not known:
        return body_html
    root = tree(body_html)
    for picture in list(root.iter("img")):
        if item := known.get(picture.get("src", "")):
            for name, value in _measures(item, srcset=srcset):
                picture.set(name, value)
            if item.credit and (caption := _caption(picture)) is not None:
                etree.SubElement(caption, "span", {"class": "credit"}).text = f"({item.credit})"
    return _inside(root)


def with_credits(body_html: str, media: tuple[ArticleMedia, ...]) -> str:
    """A clean body with the credit of each picture in its caption."""
    credits = {item.href: item.credit for item in media if item.in_body and item.credit}
    if not credits:
        return body_html
    root = tree(body_html)
    for picture in list(root.iter("img")):
        credit = credits.get(picture.get("src", ""))
        if credit and (caption := _caption(picture)) is not None:
            xml.append(caption, f"({credit})")
    return _inside(root)


def _inside(root: Any) -> str:
    inner = [lxml_html.tostring(child, encoding="unicode") for child in root]
    return escape_html(root.text or "", quote=False) + "".join(inner)


def _measures(item: ArticleMedia, *, srcset: bool) -> Iterator[tuple[str, str]]:
    """Attributes of `<img>` that the body does not have."""
    yield "src", shown_at(item)
    if item.width and item.height:
        scale = min(1.0, WIDEST / item.width)
        yield "width", str(round(item.width * scale))
        yield "height", str(max(1, round(item.height * scale)))
    sizes = [(size.href, size.width) for size in item.sizes]
    if item.width and item.content_type in _SHOWN_BY_BROWSERS:
        sizes.append((item.href, item.width))
    if srcset and item.sizes:
        yield "srcset", ", ".join(f"{href} {width}w" for href, width in sizes)
        yield "sizes", SIZES


def _caption(picture: Any) -> Any:
    """The caption of the figure that has this picture alone, ready for a credit at its end; None for another picture,
    which has no place for one."""
    figure = next(picture.iterancestors("figure"), None)
    if figure is None or sum(1 for _ in figure.iter("img")) > 1:
        return None
    caption = figure.find(".//figcaption")
    if caption is None:
        return etree.SubElement(figure, "figcaption")
    if "".join(caption.itertext()).strip():
        xml.append(caption, " ")
    return caption


def after_body(media: tuple[ArticleMedia, ...], *, srcset: bool, players: bool) -> Markup:
    """A `<section>` with the media that the body does not show; empty if it shows all. `players`: videos and sounds can
    be played there, else they are links."""
    others = [item for item in media if not item.in_body]
    if not others:
        return Markup("")
    return Markup('<section class="media">\n{}\n</section>').format(
        Markup("\n").join(_figure(item, srcset=srcset, players=players) for item in others)
    )


def _figure(item: ArticleMedia, *, srcset: bool, players: bool) -> Markup:
    link = Markup('<a href="{}">{}</a>').format(item.href, title_of(item))
    credit = Markup(' <span class="credit">({})</span>').format(item.credit) if item.credit else Markup("")
    if item.type == "picture":
        attributes = [*_measures(item, srcset=srcset), ("alt", item.alt or "")]
        shown = Markup("<img{}>").format(_written(attributes))
        said = escape(item.caption or "")
    elif players and item.type in ("video", "audio"):
        size = [(name, str(value)) for name, value in (("width", item.width), ("height", item.height)) if value]
        source = _written([("src", item.href), *([("type", item.content_type)] if item.content_type else [])])
        attributes = size if item.type == "video" else []
        shown = Markup('<{0} controls preload="none"{1}><source{2}>{3}</{0}>').format(
            item.type, _written(attributes), source, link
        )
        said = escape(title_of(item))
    else:
        return Markup('<p class="file">{}{}</p>').format(link, credit)
    caption = Markup("<figcaption>{}{}</figcaption>").format(said, credit) if said or credit else Markup("")
    return Markup("<figure>{}{}</figure>").format(shown, caption)


def _written(attributes: list[tuple[str, str]]) -> Markup:
    return Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in attributes)
