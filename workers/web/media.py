"""`GET /media/{sha256}/{name}`: a picture or another file of a release, at an address that the wire has signed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import structlog
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tasks import ledger
from tasks.building.media_addresses import media_path
from tasks.ledger import media_rows
from tasks.media_store.store import Store, configured_store
from tasks.runtime import signed_urls

log = structlog.get_logger()

KEPT_SECONDS = 24 * 3600
"""So long others may keep a file before they ask again whether its release was withdrawn."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,120}")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_SHOWN_INLINE = ("image/", "video/", "audio/", "application/pdf")
"""What browsers show; everything else they are to save."""


def routes() -> list[Route]:
    """The route of media."""
    return [Route("/media/{sha256}/{name}", media, methods=["GET"])]  # and HEAD


async def media(request: Request) -> Response:
    """Send a file, or the part of it that was asked for."""
    sha256, name = request.path_params["sha256"], request.path_params["name"]
    now = time.time()
    signed_urls.check(media_path(sha256, name), request.query_params, now)
    if not _SHA256.fullmatch(sha256) or not _NAME.fullmatch(name):  # which nobody has signed
        raise HTTPException(404)
    content_type, size, store = await run_in_threadpool(_find, sha256)
    how = "inline" if content_type.startswith(_SHOWN_INLINE) else "attachment"
    left = max(0, min(KEPT_SECONDS, int(request.query_params["expires"]) - int(now) - 1))
    headers = {
        "etag": f'"{sha256}"',
        "accept-ranges": "bytes",
        "content-type": content_type + ("; charset=utf-8" if content_type.startswith("text/") else ""),
        "content-disposition": f'{how}; filename="{name}"',
        "cache-control": f"public, max-age={left}, immutable",
        "cross-origin-resource-policy": "cross-origin",
        "content-security-policy": "default-src 'none'; sandbox",
    }
    if _has_it(request.headers.get("if-none-match", ""), headers["etag"]):
        return Response(status_code=304, headers=headers)
    condition = request.headers.get("if-range", headers["etag"])
    wanted = request.headers.get("range") if condition == headers["etag"] else None
    start, end = _span(wanted, size)
    if start >= end:
        raise HTTPException(416, f"the file has {size:,} bytes", {"content-range": f"bytes */{size}"})
    headers["content-length"] = str(end - start)
    status = 206 if wanted and (start, end) != (0, size) else 200
    if status == 206:
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(iterate_in_threadpool(_parts(store, sha256, start, end)), status, headers)


def _find(sha256: str) -> tuple[str, int, Store]:
    """The content type and size of a file, and the store that has it."""
    with ledger.read() as connection:
        known = media_rows.content_type(connection, sha256)
        withdrawn = media_rows.withdrawn(connection, sha256)
    if withdrawn:
        raise HTTPException(410, "the release that this file belongs to was withdrawn; show it no more")
    store = configured_store()
    try:
        size = store.size(sha256) if known else None
    except OSError as error:
        log.error("media cannot be read", sha256=sha256, error=str(error))
        raise HTTPException(503, headers={"retry-after": "60"}) from None
    if known is None or size is None:
        raise HTTPException(404, "the wire has no such file any more")
    return known[0], size, store


def _has_it(said: str, etag: str) -> bool:
    """Whether whoever asks has the file already."""
    return said.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in said.split(",")]


def _span(wanted: str | None, size: int) -> tuple[int, int]:
    """The part of a file that a `Range` asks for: its first byte, and the one behind its last. All of it for a range
    that is not understood; nothing where a range is that lies behind the end."""
    found = _RANGE.fullmatch((wanted or "").strip())
    if found is None or found[0] == "bytes=-":
        return 0, size
    if not found[1]:
        return max(0, size - int(found[2])), size
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    return (0, size) if found[2] and int(found[2]) < int(found[1]) else (int(found[1]), last + 1)


def _parts(store: Store, sha256: str, start: int, end: int) -> Iterator[bytes]:
    try:
        yield from store.parts(sha256, start, end)
    except OSError as error:  # the connection is cut then, so that nobody takes the part for the whole
        log.error("media cannot be read", sha256=sha256, error=str(error))
        raise
