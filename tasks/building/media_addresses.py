"""Where outlets get the files of a release: at the wire's own signed addresses, or where the producer has them."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.ledger.media_rows import StoredFile
from tasks.model.media import PublishedMedia, Size, file_name
from tasks.runtime.signed_urls import signed_address


def media_path(sha256: str, name: str) -> str:
    """The path of a file at the web server; the name is for people and programs that save it."""
    return f"/media/{sha256}/{name}"


def published(stored: Mapping[str, StoredFile], *, expires: float) -> dict[str, PublishedMedia]:
    """By the ids of a release's media, its files as renditions name them.

    `expires`: until when the wire's own addresses are good, seconds since the epoch: the same for all renditions of a
    release version, whenever they are built. A wire without a public address names those of the producer.
    """

    def address(sha256: str, name: str) -> str | None:
        return signed_address(media_path(sha256, name), expires)

    found = {}
    for id, file in stored.items():
        sizes = [
            Size(width=size.width, height=size.height, href=href, bytes=size.bytes, content_type=size.content_type)
            for size in file.sizes
            if (href := address(size.sha256, file_name(f"{id}-{size.width}", size.content_type)))
        ]
        found[id] = PublishedMedia(
            href=address(file.sha256, file_name(id, file.content_type)),
            content_type=file.content_type,
            bytes=file.bytes,
            sha256=file.sha256,
            width=file.width,
            height=file.height,
            sizes=tuple(sizes),
        )
    return found
