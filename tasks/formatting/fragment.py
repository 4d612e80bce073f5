"""The article as one element of HTML, for whatever has a place for HTML: pages, feeds, e-mails, posts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from tasks.formatting.article import Article
from tasks.formatting.media_html import after_body, with_sizes

if TYPE_CHECKING:
    from jinja2 import Environment

_FIRST_PARAGRAPH = re.compile(r'<p(?: [a-z]+="[^"]*")*>')


@cache
def templates() -> Environment:
    """The templates of HTML formats: they escape what is no Markup, and fail over a name that they do not know."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # most processes format nothing

    here = Path(__file__).parent
    return Environment(
        loader=FileSystemLoader([here, here / "formats"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def fragment(article: Article, *, headline: bool = True, srcset: bool = True, players: bool = True) -> Markup:
    """An `<article>`: notices, headline, body, other media and, in its `<footer>`, contacts and the wire's own words.

    `headline`: whether the main headline is in it, or stands elsewhere. `srcset`: pictures name their other sizes.
    `players`: videos and sounds can be played in it.
    """
    template = templates().get_template("fragment.html")
    parts = {
        "body": body(article, srcset=srcset),
        "media": after_body(article.media, srcset=srcset, players=players),
        "disclaimer": _disclaimer(article),
        "headline": headline,
    }
    return Markup(template.render(article=article, **parts))  # noqa: S704


def body(article: Article, *, srcset: bool = True) -> Markup:
    """The body with the dateline in its first paragraph. It may be marked as safe: `clean_html` made it."""
    pictures, body = (with_sizes(part, article.media, srcset=srcset) for part in article.body_parts)
    return Markup(pictures) + _with_dateline(body, article)  # noqa: S704


def _with_dateline(body: str, article: Article) -> Markup:
    if not article.dateline:
        return Markup(body)  # noqa: S704
    first = _FIRST_PARAGRAPH.match(body)
    span = Markup('<span class="dateline" lang="{}">{}</span>{}')
    core = article.dateline.rstrip(" ")
    dateline = str(span.format(article.language, core, article.dateline[len(core) :]))
    if first is None:
        return Markup(f"<p>{dateline}</p>\n{body}")  # noqa: S704
    return Markup(body[: first.end()] + dateline + body[first.end() :])  # noqa: S704


def _disclaimer(article: Article) -> Markup:
    """The disclaimer, in which the wire's address is a link."""
    address = Markup('<a href="{0}">{0}</a>').format(article.wire.url)
    return escape(article.house.texts.disclaimer).format(wire=article.wire.name, url=address)
