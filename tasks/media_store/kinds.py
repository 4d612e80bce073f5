"""Which kinds of files are taken, and how a file is known to be one: by its content, whatever it is called.

What can run when somebody opens it is not taken (SVG, HTML, programs), and neither is what most outlets cannot show.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import filetype  # type: ignore[import-untyped]

if TYPE_CHECKING:  # whatever examines a file needs no documents
    from tasks.model.media import MediaType


TAKEN: dict[MediaType, frozenset[str]] = {
    "picture": frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff"}),
    "video": frozenset({"video/mp4", "video/webm", "video/quicktime"}),
    "audio": frozenset({"audio/mpeg", "audio/mp4", "audio/x-wav", "audio/ogg", "audio/x-flac", "audio/aac"}),
    "document": frozenset({
        "application/pdf", "application/zip", "text/plain", "text/csv",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    }),
}  # fmt: skip
"""By type of media, the content types that are taken."""
_OTHER_NAMES = {"video/x-m4v": "video/mp4", "audio/m4a": "audio/mp4", "audio/x-m4a": "audio/mp4"}
_HEAD = 64 * 1024
"""Bytes of a file that are looked at; text is looked at as a whole."""
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<svg", b"<script")


def type_of(content_type: str) -> MediaType | None:
    """Which type of media files of a content type are; None for a content type that is not taken."""
    return next((kind for kind, taken in TAKEN.items() if content_type in taken), None)


def content_type_of(file: IO[bytes], said: str | None = None) -> str | None:
    """The content type of an open file, by what is in it; None if it is none that anybody knows. `said`: what others
    say that it is, which decides between the two kinds of text only."""
    file.seek(0)
    head = file.read(_HEAD)
    found = filetype.guess(head)
    if found is not None:
        mime: str = found.mime
        return _OTHER_NAMES.get(mime, mime)
    if not head or head.lstrip()[:20].lower().startswith(_MARKUP) or not _is_text(file, head):
        return None
    return "text/csv" if said == "text/csv" else "text/plain"


def _is_text(file: IO[bytes], head: bytes) -> bool:
    try:
        text = (head + file.read()).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(character < " " and character not in "\t\r\n\f" for character in set(text))
