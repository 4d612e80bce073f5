"""Writes the media of an article into NITF: what is known of pictures in the body, and what the body does not show."""

from __future__ import annotations

from typing import Any

from tasks.formatting import xml
from tasks.formatting.article import Article
from tasks.formatting.article_media import ArticleMedia

_TYPES = {"picture": "image", "video": "video", "audio": "audio", "document": "other"}


def add_media(content: Any, article: Article) -> None:
    """Complete the `media` in a finished `body.content`, and add the others at its end."""
    shown = {item.href: item for item in article.media if item.in_body}
    for media in list(content.iter("{*}media")):
        source = media.find("{*}media-reference").get("source")
        if item := shown.pop(source, None):  # a picture that stands there twice is described once
            _complete(media, item)
    for item in article.media:
        if not item.in_body:
            media = xml.element(content, "media", **{"media-type": _TYPES[item.type]})
            xml.element(media, "media-reference", source=item.href)
            if item.caption:
                xml.element(media, "media-caption", item.caption)
            _complete(media, item)


def _complete(media: Any, item: ArticleMedia) -> None:
    """Adds to `media`, which has a reference and perhaps a caption, what is known of its file."""
    media.set("id", f"media-{item.id}")
    known = {
        "name": item.name,
        "mime-type": item.content_type,
        "alternate-text": item.alt,
        "width": item.width,
        "height": item.height,
        "time": f"{item.duration:g}" if item.duration else None,
        "time-unit-of-measure": "seconds" if item.duration else None,
        "copyright": item.rights,
        "source-credit": item.credit,
    }
    xml.put(media.find("{*}media-reference"), **{name: str(value) for name, value in known.items() if value})
    if item.credit:
        xml.element(media, "media-producer", item.credit)
