"""`atom`: an Atom entry document (RFC 4287), `<entry>` at its root, as the Atom Publishing Protocol posts it.

`id` is the release's uri with `:language` after it, the same in all versions; a correction raises `updated`. Made with
lxml itself: feedgen writes whole feeds, no entry documents, and looks at a clock.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from tasks.formatting import feed, xml
from tasks.formatting.article import Article
from tasks.formatting.formats import Format
from tasks.formatting.media_html import title_of
from tasks.model.release import MEDIA_TOPIC
from tasks.runtime import moments

ATOM = "http://www.w3.org/2005/Atom"
TRANSLATION_OF = "https://schema.org/translationOfWork"
_NAMESPACES: Any = {None: ATOM, "media": feed.MEDIA, "fanwire": feed.NAMESPACE}


def make(article: Article) -> bytes:
    """The article as an entry in UTF-8; raises ValueError for one without a time of receipt."""
    updated = feed.moment(article, "atom")
    entry = etree.Element(f"{{{ATOM}}}entry", nsmap=_NAMESPACES)
    entry.set(xml.LANG, article.content_language)
    xml.element(entry, "id", article.uri)
    xml.element(entry, "title", feed.title(article), type="text")
    xml.element(entry, "updated", moments.utc(updated))
    if article.first_received:
        xml.element(entry, "published", moments.utc(article.first_received))
    author = xml.element(entry, "author")
    name, url = feed.author(article)
    xml.element(author, "name", name)
    if url:
        xml.element(author, "uri", url)
    if summary := feed.summary(article):
        xml.element(entry, "summary", summary, type="text")
    xml.element(entry, "content", feed.content(article), type="html")
    for topic in dict.fromkeys(article.release.topics):
        category = xml.element(entry, "category", scheme=MEDIA_TOPIC, term=topic)
        if label := article.topic_name(topic):
            xml.put(category, label=label)
    if article.translated:
        xml.element(entry, "link", rel=TRANSLATION_OF, href=article.source_uri, hreflang=article.source_language)
    for item in article.media:
        link = xml.element(entry, "link", rel="enclosure", href=item.href, title=title_of(item))
        for name, value in (("type", item.content_type), ("length", item.bytes)):
            if value:
                xml.put(link, **{name: str(value)})
    if rights := article.release.rights:
        xml.element(entry, "rights", rights, type="text").set(xml.LANG, article.release.language)
    feed.add_media(entry, article)
    feed.extend(entry, article)
    return xml.document(entry)


FORMAT = Format(content_type="application/atom+xml;type=entry; charset=utf-8", make=make, ending="atom.xml")
