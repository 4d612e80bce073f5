"""`jsonfeed`: a JSON Feed 1.1 with one item.

`id` is the release's uri with `:language` after it, the same in all versions. What JSON Feed has no field for stands in
its extension `_fanwire`, called as in the format `json`.
"""

from __future__ import annotations

import json
from typing import Any

from tasks.formatting import feed
from tasks.formatting.article import Article
from tasks.formatting.article_media import ArticleMedia
from tasks.formatting.formats import Format
from tasks.formatting.media_html import shown_at, title_of
from tasks.formatting.plain import paragraphs
from tasks.runtime import moments

VERSION = "https://jsonfeed.org/version/1.1"


def make(article: Article) -> bytes:
    """Write the article as a feed in UTF-8; parts that it does not have are left out."""
    made = {
        "version": VERSION,
        "title": article.wire.name,
        "home_page_url": article.wire.url,
        "description": article.about,
        "language": article.language,
        "items": [{name: value for name, value in _item(article).items() if value not in (None, [], {}, "")}],
    }
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def _item(article: Article) -> dict[str, Any]:
    name, url = feed.author(article)
    topics = dict.fromkeys(article.release.topics)
    return {
        "id": article.uri,
        "title": feed.title(article),
        "content_html": feed.content(article),
        "content_text": "\n\n".join(paragraphs(article.body_html, article.house)),
        "summary": feed.summary(article),
        "date_published": moments.utc(article.first_received or article.received) if article.received else None,
        "date_modified": moments.utc(article.received) if article.received else None,
        "image": next((shown_at(item) for item in article.media if item.type == "picture"), None),
        "attachments": [_attachment(item) for item in article.media],
        "authors": [{"name": name} | ({"url": url} if url else {})],
        "tags": [label for topic in topics if (label := article.topic_name(topic))],
        "language": article.content_language,
        "_fanwire": feed.fields(article) | {"topics": list(topics)},
    }


def _attachment(item: ArticleMedia) -> dict[str, Any]:
    found = {
        "url": item.href,
        "mime_type": item.content_type or "application/octet-stream",
        "title": title_of(item),
        "size_in_bytes": item.bytes,
        "duration_in_seconds": item.duration,
    }
    return {name: value for name, value in found.items() if value}


FORMAT = Format(content_type="application/feed+json; charset=utf-8", make=make, ending="feed.json")
