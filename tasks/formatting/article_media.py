"""The pictures, videos, sounds and documents of an article, ready for any format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.model.media import Media, MediaType, MediaWords, PublishedMedia, Size, file_name
from tasks.model.release import Release, Translation


@dataclass(frozen=True, kw_only=True)
class ArticleMedia:
    """A file that goes with an article: where it is, and what is said of it in the article's language."""

    id: str
    """The same in all versions and languages of a release."""
    type: MediaType
    href: str
    """Where outlets get it: the wire's signed address if the wire has one, else the producer's."""
    content_type: str | None
    width: int | None
    """Pixels."""
    height: int | None
    """Pixels."""
    bytes: int | None
    duration: float | None
    """Seconds."""
    caption: str | None
    alt: str | None
    credit: str | None
    rights: str | None
    name: str
    """What the file is called: `plant-porto.jpg`."""
    sizes: tuple[Size, ...] = ()
    """A picture in smaller sizes, the smallest one first."""
    in_body: bool = False
    """Whether the article's body shows it already; formats need not show it again."""


def article_media(
    release: Release, translation: Translation, published: Mapping[str, PublishedMedia], shown: Mapping[str, MediaWords]
) -> tuple[ArticleMedia, ...]:
    """The media of a release with the words of a translation. `published`: by id, the files that the wire has. `shown`:
    by id, what the body says of those that it shows.

    Raises ValueError for a file that only the wire has, and that has no address.
    """
    return tuple(
        _item(item, translation.media.get(item.id, MediaWords()), published.get(item.id), in_body=item.id in shown)
        for item in release.media
    )


def _item(item: Media, words: MediaWords, file: PublishedMedia | None, *, in_body: bool) -> ArticleMedia:
    href = (file and file.href) or item.url
    if href is None:
        raise ValueError(f"media.{item.id}: the wire has the file and no public address for it: set FANWIRE_WEB_URL")
    content_type = file.content_type if file else item.content_type
    return ArticleMedia(
        id=item.id,
        type=item.type,
        href=href,
        content_type=content_type,
        width=file.width if file else item.width,
        height=file.height if file else item.height,
        bytes=file.bytes if file else item.bytes,
        duration=item.duration,
        caption=words.caption,
        alt=words.alt,
        credit=item.credit,
        rights=item.rights,
        name=file_name(item.id, content_type),
        sizes=file.sizes if file else (),
        in_body=in_body,
    )
