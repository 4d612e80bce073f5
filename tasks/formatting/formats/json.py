"""`json`: the release as a plain JSON object, for outlets that know none of the standards.

Its fields are called as in the release document; docs/outlets.md explains each. All are always there: what the release
does not say is null or an empty list.
"""

from __future__ import annotations

import json
from typing import Any

from tasks.formatting.article import Article
from tasks.formatting.article_media import ArticleMedia
from tasks.formatting.formats import Format
from tasks.formatting.plain import paragraphs
from tasks.model.release import MEDIA_TOPIC
from tasks.runtime import moments


def make(article: Article) -> bytes:
    """Write the article as a JSON object in UTF-8."""
    return json.dumps(document(article), ensure_ascii=False, separators=(",", ":")).encode()


def document(article: Article) -> dict[str, Any]:
    """The article as an object with every field."""
    release = article.release
    return {
        "action": article.action,
        "status": article.pub_status,
        "uri": article.uri,
        "release": release.uri,
        "version": release.version,
        "received": moments.utc(article.received) if article.received else None,
        "first_received": moments.utc(article.first_received) if article.first_received else None,
        "embargo_until": release.embargo_until.isoformat() if release.embargo_until else None,
        "urgency": release.urgency,
        "language": article.language,
        "direction": article.direction,
        "translation": _translation(article),
        "also_in": [{"language": language, "uri": uri} for language, uri in article.also_in],
        "notice": article.lead,
        "correction_note": article.note,
        "headline": article.headline,
        "subheadline": article.subheadline,
        "dateline": _dateline(article),
        "body_html": article.body_html,
        "body_text": paragraphs(article.body_html, article.house),
        "media": [_medium(item) for item in article.media],
        "issuer": _issuer(article),
        "contacts": [contact.model_dump() for contact in article.contacts],
        "topics": [
            {"code": topic, "uri": MEDIA_TOPIC + topic, "name": article.topic_name(topic)}
            for topic in dict.fromkeys(release.topics)
        ],
        "rights": release.rights,
        "boilerplate": {
            "machine_translation": article.machine_notice,
            "disclaimer": None if article.action == "kill" else article.disclaimer,
            "industries": article.industries,
            "about": article.about,
        },
        "wire": {"name": article.wire.name, "url": article.wire.url},
    }


def _medium(item: ArticleMedia) -> dict[str, Any]:
    fields = ("id", "type", "href", "name", "content_type", "bytes", "width", "height", "duration")
    return (
        {name: getattr(item, name) for name in fields}
        | {
            "sizes": [
                {name: getattr(size, name) for name in ("href", "width", "height", "bytes")} for size in item.sizes
            ]
        }
        | {name: getattr(item, name) for name in ("caption", "alt", "credit", "rights", "in_body")}
    )


def _translation(article: Article) -> dict[str, Any] | None:
    """How the text came about; None for the release's own."""
    translation = article.translation
    if not article.translated:
        return None
    return {
        "by": "machine" if translation.machine else "producer" if translation.by_producer else "people",
        "engine": translation.engine if translation.machine else None,
        "model": translation.model if translation.machine else None,
        "review": translation.review,
        "source_type": article.source_type,
        "from": article.source_language,
        "of": article.source_uri,
    }


def _dateline(article: Article) -> dict[str, Any] | None:
    if not article.dateline:
        return None
    written = article.release.dateline
    day = written.date.isoformat() if written else None
    return {"text": article.dateline.strip(), "place": article.place, "date": day}


def _issuer(article: Article) -> dict[str, Any] | None:
    issuer = article.release.issuer
    if issuer is None:
        return None
    pairs = (ticker.split(":", 1) for ticker in issuer.tickers)
    tickers = [{"exchange": exchange, "symbol": symbol} for exchange, symbol in pairs]
    return {"name": issuer.name, "url": issuer.url, "tickers": tickers, "isin": issuer.isin, "lei": issuer.lei}


FORMAT = Format(content_type="application/json; charset=utf-8", make=make)
