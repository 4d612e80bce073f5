"""`rss`: one RSS 2.0 `item` inside a channel that says no more than whose it is.

`guid` is the release's uri with `:language` after it, the same in all versions. The body stands in `content:encoded`,
language, rights and issuer in Dublin Core. Made with lxml itself, as `atom` is.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import format_datetime
from typing import Any

from lxml import etree
from markupsafe import escape

from tasks.formatting import feed, xml
from tasks.formatting.article import Article
from tasks.formatting.formats import Format
from tasks.model.release import MEDIA_TOPIC
from tasks.runtime import moments

CONTENT = "http://purl.org/rss/1.0/modules/content/"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_NAMESPACES: Any = {"content": CONTENT, "dc": DUBLIN_CORE, "media": feed.MEDIA, "fanwire": feed.NAMESPACE}


def make(article: Article) -> bytes:
    """The article as an RSS document in UTF-8; raises ValueError for one without a time of receipt."""
    received = format_datetime(moments.in_zone(feed.moment(article, "rss"), UTC), usegmt=True)
    root = etree.Element("rss", nsmap=_NAMESPACES, version="2.0")
    channel = xml.element(root, "channel")
    xml.element(channel, "title", article.wire.name)
    xml.element(channel, "link", article.wire.url)
    xml.element(channel, "description", article.about)
    xml.element(channel, "language", article.language)
    item = xml.element(channel, "item")
    xml.element(item, "title", feed.title(article))
    xml.element(item, "guid", article.uri, isPermaLink="false")
    xml.element(item, "pubDate", received)
    if summary := feed.summary(article):
        xml.element(item, "description", str(escape(summary)))  # readers take it as HTML
    for topic in dict.fromkeys(article.release.topics):
        xml.element(item, "category", article.topic_name(topic) or topic, domain=MEDIA_TOPIC + topic)
    for first in article.media[:1]:  # RSS has one enclosure, Media RSS has all
        kind = first.content_type or "application/octet-stream"
        xml.element(item, "enclosure", url=first.href, length=str(first.bytes or 0), type=kind)
    terms = {
        "creator": feed.author(article)[0],
        "publisher": article.wire.name,
        "language": article.content_language,
        "rights": article.release.rights,
        "source": article.source_uri if article.translated else None,
    }
    for name, value in terms.items():
        if value:
            etree.SubElement(item, f"{{{DUBLIN_CORE}}}{name}").text = xml.clean(value)
    etree.SubElement(item, f"{{{CONTENT}}}encoded").text = xml.clean(feed.content(article))
    feed.add_media(item, article)
    feed.extend(item, article)
    return xml.document(root)


FORMAT = Format(content_type="application/rss+xml; charset=utf-8", make=make, ending="rss.xml")
