"""`html`: a complete HTML document with schema.org data, for outlets that take an article as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from langcodes import Language
from markupsafe import Markup

from tasks.formatting.article import Article
from tasks.formatting.article_media import ArticleMedia
from tasks.formatting.formats import Format
from tasks.formatting.fragment import fragment, templates
from tasks.formatting.media_html import shown_at, title_of
from tasks.model.languages import LanguageTag
from tasks.model.provenance import provenance
from tasks.model.release import MEDIA_TOPIC
from tasks.runtime import moments


def make(article: Article) -> bytes:
    """Write the article as one HTML document in UTF-8, without style sheets or scripts that run."""
    page = (
        templates()
        .get_template("article.html")
        .render(
            article=article,
            metadata=metadata(article),
            open_graph=_open_graph(article),
            structured=_script_json(_structured(article)),
            fragment=fragment(article),
        )
    )
    return page.encode()


def metadata(article: Article) -> dict[str, str]:
    """What programs need to know of the article and schema.org has no property for, by name; nothing is empty."""
    release, issuer = article.release, article.release.issuer
    embargo = release.embargo_until.isoformat() if release.embargo_until else None
    found = {
        "uri": article.uri,
        "version": str(release.version),
        "status": article.pub_status,
        "urgency": str(release.urgency),
        "embargo": embargo,
        "topics": " ".join(dict.fromkeys(release.topics)),
        "issuer": issuer.name if issuer else None,
        "tickers": " ".join(issuer.tickers) if issuer else None,
        "isin": " ".join(issuer.isin) if issuer else None,
        "lei": issuer.lei if issuer else None,
        "translation": provenance(article.translation),
        "translation-of": article.source_uri if article.translated else None,
        "also-in": " ".join(uri for _, uri in article.also_in),
    }
    return {f"fanwire:{name}": value for name, value in found.items() if value}


def _open_graph(article: Article) -> list[tuple[str, str | None]]:
    """The Open Graph of the page, but for its address, which it does not know."""
    tag = LanguageTag(article.language)
    moments_of = {"published_time": article.first_received, "modified_time": article.received}
    found = [
        ("og:type", "article"),
        ("og:title", article.headline),
        ("og:description", article.subheadline),
        ("og:site_name", article.wire.name),
        ("og:locale", f"{tag.base}_{tag.territory or Language.get(tag).maximize().territory}"),
        *((f"article:{name}", moments.utc(moment) if moment else None) for name, moment in moments_of.items()),
        *_pictures(article),
        *(("article:tag", article.topic_name(topic)) for topic in dict.fromkeys(article.release.topics)),
    ]
    return [(name, content) for name, content in found if content]


def _pictures(article: Article) -> Iterator[tuple[str, str | None]]:
    """The pictures for previews of the page, each with its measures and its alternative text behind it."""
    for item in article.media:
        if item.type == "picture":
            yield "og:image", shown_at(item)
            yield "og:image:type", item.content_type if shown_at(item) == item.href else None
            yield "og:image:width", str(item.width) if item.width and shown_at(item) == item.href else None
            yield "og:image:height", str(item.height) if item.height and shown_at(item) == item.href else None
            yield "og:image:alt", item.alt
        elif item.type in ("video", "audio"):
            yield f"og:{item.type}", item.href
            yield f"og:{item.type}:type", item.content_type


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
        "dateModified": moments.utc(article.received) if article.received else None,
        "datePublished": release.dateline.date.isoformat() if release.dateline else None,
        "dateline": article.dateline.strip() or None,
        "image": [_media_object(item) for item in article.media if item.type == "picture"],
        "video": [_media_object(item) for item in article.media if item.type == "video"],
        "audio": [_media_object(item) for item in article.media if item.type == "audio"],
        "associatedMedia": [_media_object(item) for item in article.media if item.type == "document"],
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
        "workTranslation": [
            {"@type": "NewsArticle", "identifier": uri, "inLanguage": language} for language, uri in article.also_in
        ],
        "translator": _translator(article),
        "digitalSourceType": _digital_source(article),
    }
    return {name: value for name, value in data.items() if value not in (None, [])}


def _issuer(article: Article) -> dict[str, Any] | None:
    issuer = article.release.issuer
    if issuer is None:
        return None
    kind = "Corporation" if issuer.tickers or issuer.isin else "Organization"
    data: dict[str, Any] = {"@type": kind, "name": issuer.name}
    if issuer.url:
        data["url"] = issuer.url
    if issuer.tickers:
        data["tickerSymbol"] = issuer.tickers[0] if len(issuer.tickers) == 1 else issuer.tickers
    if issuer.lei:
        data["leiCode"] = issuer.lei
    if issuer.isin:
        data["identifier"] = [{"@type": "PropertyValue", "propertyID": "ISIN", "value": isin} for isin in issuer.isin]
    return data


_OBJECTS = {"picture": "ImageObject", "video": "VideoObject", "audio": "AudioObject", "document": "MediaObject"}


def _media_object(item: ArticleMedia) -> dict[str, Any]:
    """schema.org's object for a file; what is not known is left out."""
    found = {
        "@type": _OBJECTS[item.type],
        "identifier": item.id,
        "contentUrl": item.href,
        "name": None if item.type == "picture" else title_of(item),
        "thumbnailUrl": item.sizes[0].href if item.sizes else None,
        "encodingFormat": item.content_type,
        "width": item.width,
        "height": item.height,
        "contentSize": str(item.bytes) if item.bytes else None,
        "duration": f"PT{item.duration:g}S" if item.duration else None,
        "caption": item.caption,
        "description": item.alt,
        "creditText": item.credit,
        "usageInfo": item.rights,
    }
    return {name: value for name, value in found.items() if value is not None}


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
