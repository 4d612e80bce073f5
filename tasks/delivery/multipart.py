"""A rendition and the files of its release as one body of `multipart/form-data` (RFC 7578).

The boundary follows from what is in the body, so the same delivery has the same bytes on every attempt, and outlets
that take the same share them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form."""

    name: str
    """Of the field, ASCII."""
    file_name: str
    content_type: str
    body: bytes


LARGEST_KEPT = 4 * 1024 * 1024
"""Bytes of a form that is kept for the next outlet."""


def multipart(parts: tuple[Part, ...]) -> tuple[str, bytes]:
    """The content type and the bytes of a form with these parts, in their order."""
    return _kept(parts) if sum(len(part.body) for part in parts) <= LARGEST_KEPT else _made(parts)


def _made(parts: tuple[Part, ...]) -> tuple[str, bytes]:
    digest = sha256()
    for part in parts:
        digest.update(f"{part.name}\0{part.file_name}\0{part.content_type}\0{len(part.body)}\0".encode())
        digest.update(part.body)
    boundary = f"fanwire-{digest.hexdigest()[:40]}"
    return f"multipart/form-data; boundary={boundary}", b"".join(_lines(boundary, parts))


_kept = lru_cache(maxsize=8)(_made)


def _lines(boundary: str, parts: tuple[Part, ...]) -> Iterator[bytes]:
    for part in parts:
        yield (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{quoted(part.name)}"; '
            f'filename="{quoted(part.file_name)}"\r\nContent-Type: {part.content_type}\r\n\r\n'
        ).encode()
        yield part.body
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def quoted(name: str) -> str:
    """A name as it may stand between quotes in a header, as browsers write it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
