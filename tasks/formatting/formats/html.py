"""`html`: a complete HTML document with schema.org data, for outlets that take an article as it is."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from tasks.formatting.article import Article
from tasks.formatting.formats import Format
from tasks.model.provenance import provenance
from tasks.model.release import MEDIA_TOPIC

_FIRST_PARAGRAPH = re.compile(r'<p(?: [a-z]+="[^"]*")*>')


def make(article: Article) -> bytes:
    """Write the article as one HTML document in UTF-8, without style sheets or scripts that run."""
    page = _template().render(
        article=article,
        body=_body(article),
        disclaimer=_disclaimer(article),
        structured=_script_json(_structured(article)),
        provenance=provenance(article.translation),
    )
    return page.encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("article.html")


def _body(article: Article) -> Markup:
    """The body with the dateline in its first paragraph. It may be marked as safe: `clean_html` made it."""
    body = article.body_html
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


def _script_json(data: dict[str, Any]) -> Markup:
    """JSON that cannot end the `<script>` element around it, whatever a headline holds."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


def _structured(article: Article) -> dict[str, Any]:
    """schema.org NewsArticle; what is not known is left out."""
    release = article.release
    topics = [(topic, article.topic_name(topic)) for topic in dict.fromkeys(release.topics)]
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "identifier": release.uri,
        "version": release.version,
        "headline": article.headline,
        "alternativeHeadline": article.subheadline,
        "inLanguage": article.language,
        "datePublished": release.dateline.date.isoformat() if release.dateline else None,
        "dateline": article.dateline.strip() or None,
        "locationCreated": {"@type": "Place", "name": article.place} if article.place else None,
        "about": [
            {"@type": "DefinedTerm", "@id": MEDIA_TOPIC + topic, "termCode": topic} | ({"name": name} if name else {})
            for topic, name in topics
        ],
        "author": _issuer(article),
        "publisher": {"@type": "Organization", "name": article.wire.name, "url": article.wire.url},
        "copyrightNotice": release.rights,
        "creativeWorkStatus": {"kill": "Canceled", "test": "Test"}.get(article.action, article.translation.review),
        "correction": _correction(article),
        "translationOfWork": _source_work(article),
        "translator": _translator(article),
        "digitalSourceType": _digital_source(article),
    }
    return {name: value for name, value in data.items() if value not in (None, [])}


def _issuer(article: Article) -> dict[str, Any] | None:
    issuer = article.release.issuer
    if issuer is None:
        return None
    kind = "Corporation" if issuer.tickers else "Organization"
    data: dict[str, Any] = {"@type": kind, "name": issuer.name}
    if issuer.url:
        data["url"] = issuer.url
    if issuer.tickers:
        data["tickerSymbol"] = issuer.tickers[0] if len(issuer.tickers) == 1 else issuer.tickers
    return data


def _correction(article: Article) -> str | None:
    return " ".join(part for part in (article.lead, article.note) if part) if article.action == "correct" else None


def _source_work(article: Article) -> dict[str, str] | None:
    if not article.translated:
        return None
    source = article.release.text_in(article.source_language)
    return {
        "@type": "NewsArticle",
        "identifier": article.release.uri,
        "inLanguage": article.source_language,
    } | ({"headline": source.headline} if source else {})


def _translator(article: Article) -> dict[str, str] | None:
    """The engine as schema.org's `translator`: meant for people, but no other property names who translated."""
    translation = article.translation
    if not translation.machine:
        return None
    engine = {"@type": "SoftwareApplication", "name": translation.engine}
    return engine | ({"softwareVersion": translation.model} if translation.model else {})


def _digital_source(article: Article) -> str | None:
    """The digital source type under the name that schema.org has for the IPTC code."""
    code = article.source_type
    return f"https://schema.org/{code[0].upper()}{code[1:]}DigitalSource" if code else None


FORMAT = Format(content_type="text/html; charset=utf-8", make=make)
