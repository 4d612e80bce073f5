"""`ninjs`: an IPTC ninjs 3.1 item (JSON).

One item a language. `uri` is the release's with `:language` after it, the source language's too, so that no item stands
for another; `altIds` holds the release's own `uri`, and a translation names the item it was made from under
`associations`. Its moments are those at which the wire took the release, so it is the same bytes whenever it is made.
ninjs has no field for a dateline: it is a body of its own, with the role `dateline`.
"""

from __future__ import annotations

import json
from typing import Any

from tasks.formatting.article import Article
from tasks.formatting.article_media import ArticleMedia
from tasks.formatting.formats import Format
from tasks.formatting.plain import paragraphs
from tasks.model.release import MEDIA_TOPIC, Contact
from tasks.runtime import moments

SCHEMA = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json"
ANSWERS = {"unreviewed": "translation-unreviewed", "approved": "translation-approver"}
"""The role of the wire: it passes on a translation that no person has read, or answers for one; ninjs has no field
for that."""
ISIN = "http://www.wikidata.org/entity/P946"
"""What an ISIN is, as the type of a symbol; the IPTC's codes cannot be looked up."""
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def make(article: Article) -> bytes:
    """Write the article as compact JSON (ninjs) in UTF-8; parts that it does not have are left out."""
    return json.dumps(item(article), ensure_ascii=False, separators=(",", ":")).encode()


def item(article: Article) -> dict[str, Any]:
    """The article as a ninjs 3.1 item, without the parts that it does not have."""
    return {name: value for name, value in _fields(article).items() if value not in (None, [], {})}


def _fields(article: Article) -> dict[str, Any]:
    release = article.release
    killed = article.action == "kill"
    return {
        "uri": article.uri,
        "standard": {"name": "ninjs", "version": "3.1", "schema": SCHEMA},
        "type": "text",
        "representationType": "full",
        "profile": "press-release",
        "version": str(release.version),
        "firstCreated": moments.utc(article.first_received) if article.first_received else None,
        "versionCreated": moments.utc(article.received) if article.received else None,
        "pubStatus": article.pub_status,
        "urgency": release.urgency,
        "embargoedUntil": release.embargo_until.isoformat() if release.embargo_until else None,
        "language": article.language,
        "headlines": _headlines(article),
        "bodies": _bodies(article),
        "edNote": " ".join(part for part in (article.lead, article.note, article.machine_notice) if part) or None,
        "located": article.place,
        "subjects": [_subject(article, topic) for topic in dict.fromkeys(release.topics)],
        "organisations": _organisations(article),
        "people": [_person(contact) for contact in article.contacts],
        "infoSources": _sources(article),
        "copyrightNotice": release.rights,
        "usageTerms": None if killed else article.disclaimer,
        "digitalSourceType": _digital_source_type(article),
        "altIds": [{"role": "release", "value": release.uri}],
        "associations": _associations(article),
    }


def _headlines(article: Article) -> list[dict[str, str]]:
    headlines = [{"role": "main", "contentType": "text/plain", "value": article.headline}]
    if article.subheadline:
        headlines.append({"role": "sub", "contentType": "text/plain", "value": article.subheadline})
    return headlines


def _bodies(article: Article) -> list[dict[str, Any]]:
    """The body as HTML and as text, and the dateline, which is not part of them."""
    if not article.body_html:
        return []
    text = "\n\n".join(paragraphs(article.body_html, article.house))
    return [
        {"role": "main", "contentType": "text/html", "value": article.body_html},
        {"role": "main", "contentType": "text/plain", "value": text},
        {"role": "dateline", "contentType": "text/plain", "value": article.dateline.strip()},
    ]


def _subject(article: Article, topic: str) -> dict[str, str]:
    name = article.topic_name(topic)
    return {"uri": MEDIA_TOPIC + topic, "rel": "about"} | ({"name": name} if name else {})


def _organisations(article: Article) -> list[dict[str, Any]]:
    issuer = article.release.issuer
    if issuer is None:
        return []
    organisation: dict[str, Any] = {"name": issuer.name, "rel": "issuer"}
    if issuer.url:
        organisation["contactInfo"] = [{"type": "web", "value": issuer.url}]
    if issuer.lei:
        organisation["literal"] = f"lei:{issuer.lei}"
    pairs = (ticker.split(":", 1) for ticker in issuer.tickers)
    symbols = [{"exchange": exchange, "symbol": symbol} for exchange, symbol in pairs]
    symbols += [{"symbolType": ISIN, "symbol": isin} for isin in issuer.isin]
    if symbols:
        organisation["symbols"] = symbols
    return [organisation]


def _person(contact: Contact) -> dict[str, Any]:
    ways = [("email", contact.email), ("phone", contact.phone)]
    role = {"role": contact.role} if contact.role else {}
    info = [{"type": kind, **role, "value": value} for kind, value in ways if value]
    return {"name": contact.name, "rel": "contact"} | ({"contactInfo": info} if info else {})


def _sources(article: Article) -> list[dict[str, str]]:
    """The issuer, the distributor, the engine that translated, and who answers for the translation."""
    translation = article.translation
    sources = [{"name": article.wire.name, "role": "distributor", "uri": article.wire.url}]
    if article.release.issuer:
        sources.insert(0, {"name": article.release.issuer.name, "role": "originator"})
    if translation.machine:
        name = translation.model or translation.engine
        sources.append({"name": name, "role": "translator", "literal": translation.engine})
    if translation.review:
        sources.append({"name": article.wire.name, "role": ANSWERS[translation.review], "uri": article.wire.url})
    return sources


def _digital_source_type(article: Article) -> dict[str, str] | None:
    code = article.source_type
    return {"name": code, "uri": DIGITAL_SOURCE_TYPE + code} if code else None


def _associations(article: Article) -> list[dict[str, Any]]:
    """The item that the article was translated from, the release in its other languages, and its media."""
    return [*_languages(article), *(_medium(article, item) for item in article.media)]


def _medium(article: Article, item: ArticleMedia) -> dict[str, Any]:
    words = (("caption", item.caption), ("alt", item.alt))
    made = {
        "name": item.id,
        "rel": "media",
        "uri": f"{article.release.uri}:media:{item.id}",
        "type": item.type if item.type != "document" else None,
        "version": str(article.release.version),
        "language": article.language,
        "descriptions": [{"role": role, "contentType": "text/plain", "value": text} for role, text in words if text],
        "by": item.credit,
        "usageTerms": item.rights,
        "renditions": _files(item),
    }
    return {name: value for name, value in made.items() if value}


def _files(item: ArticleMedia) -> list[dict[str, Any]]:
    """The file itself, and a picture in its smaller sizes."""
    original = {
        "name": "original",
        "href": item.href,
        "contentType": item.content_type,
        "title": item.name,
        "width": item.width,
        "height": item.height,
        "sizeInBytes": item.bytes,
        "duration": item.duration,
    }
    return [{name: value for name, value in original.items() if value is not None}] + [
        {
            "name": f"width-{size.width}",
            "href": size.href,
            "contentType": size.content_type,
            "width": size.width,
            "height": size.height,
            "sizeInBytes": size.bytes,
        }
        for size in item.sizes
    ]


def _languages(article: Article) -> list[dict[str, str]]:
    version = str(article.release.version)
    others = [
        {"name": f"in-{language}", "rel": "alternateLanguage", "uri": uri, "version": version, "language": language}
        for language, uri in article.also_in
        if not (article.translated and uri == article.source_uri)
    ]
    if not article.translated:
        return others
    source = {"name": "source", "rel": "translatedFrom", "uri": article.source_uri, "version": version}
    return [source | {"language": article.source_language}, *others]


FORMAT = Format(content_type="application/json; charset=utf-8", make=make, ending="ninjs.json")
