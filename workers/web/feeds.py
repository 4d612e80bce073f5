"""Feeds for outlets that fetch: `/feeds/outlets/ID/TOKEN.atom` (or `.rss`, `.json`), and the pages of their archives.

The address is the secret: whoever has it reads the feed. A page is made when it is first asked for, out of renditions
that are there anyway, and kept until the feed changes; most requests end at a look at one row, with 304.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from pydantic import ValidationError
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.building.wire import configured_wire
from tasks.formatting import house_text
from tasks.formatting.article import item_uri
from tasks.formatting.feed_documents import FEED_FORMS, Entry, FeedForm, Page, links
from tasks.formatting.house import HouseTextMissing
from tasks.ledger import feed_addresses, feed_rows
from tasks.ledger.feed_addresses import Addressed
from tasks.ledger.feed_rows import EntryRow
from tasks.model.outlet import Outlet
from tasks.runtime.settings import settings

ENTRIES = 50
"""Entries of the current page, and numbers of entries in each page of the archive. The archive begins below the current
page, so none of its pages gets another entry."""
CACHE_BYTES = 32 * 1024 * 1024
"""Bytes of pages that are kept."""
FRESH_SECONDS = 60
"""For so long a reader need not ask again."""
SETTLED_SECONDS = 2.0
"""A feed that changed so lately may change within the same second again, which `Last-Modified` could not tell."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A page as it goes out."""

    stand: tuple[int, str]
    """How often the feed had changed, and the document of its outlet."""
    body: bytes
    packed: bytes
    """The same, by gzip."""
    etag: str
    link: str
    """The value of the header `Link`."""


_pages: OrderedDict[tuple[str, int | None, str], _Made] = OrderedDict()
"""By outlet, page (None: the current one) and address."""
_keeping = threading.Lock()


def routes() -> list[Route]:
    """The routes of feeds."""
    return [
        Route("/feeds/outlets/{outlet}/{token}.{ending}", current),
        Route("/feeds/outlets/{outlet}/{token}/{page:int}.{ending}", archived),
    ]


def current(request: Request) -> Response:
    """The current page of a feed."""
    return _answer(request, None)


def archived(request: Request) -> Response:
    """A page of the archive of a feed."""
    return _answer(request, request.path_params["page"])


def _answer(request: Request, page: int | None) -> Response:
    parts = request.path_params
    with ledger.read() as connection:
        now = ledger.now(connection)
        feed = feed_addresses.find(connection, parts["outlet"], parts["token"])
        if feed is None:
            raise HTTPException(404)
        outlet, form = _open(feed, parts["ending"], now)
        made = _made(connection, request, feed, outlet, form, page)
    headers = {
        "Cache-Control": f"private, max-age={FRESH_SECONDS}",
        "ETag": made.etag,
        "Vary": "Accept-Encoding",
        "Link": made.link,
    }
    if now - feed.changed_at > SETTLED_SECONDS:
        headers["Last-Modified"] = format_datetime(datetime.fromtimestamp(int(feed.changed_at), UTC), usegmt=True)
    if _has_it(request.headers, made.etag, feed.changed_at):
        return Response(status_code=304, headers=headers)
    if _takes_gzip(request.headers.get("accept-encoding", "")):
        headers |= {"Content-Encoding": "gzip", "ETag": _of_packed(made.etag)}
        return Response(made.packed, headers=headers, media_type=form.content_type)
    return Response(made.body, headers=headers, media_type=form.content_type)


def _open(feed: Addressed, ending: str, now: float) -> tuple[Outlet, FeedForm]:
    """The outlet whose feed it is, and the form of the feed. Raises HTTPException when there is nothing to be had."""
    if feed.expires_at is not None and feed.expires_at <= now:
        raise HTTPException(410, "this address of the feed has ended; ask the wire for the new one")
    if feed.status in ("removed", "disabled"):
        raise HTTPException(410, f"the wire has {feed.status} this feed; ask the wire")
    outlet = _outlet(feed.outlet)
    form = FEED_FORMS.get(outlet.format) if outlet and outlet.url == "pull:" else None
    if outlet is None or form is None:
        raise HTTPException(410, "this is no feed any more; ask the wire how releases come to you now")
    if ending != form.ending:
        raise HTTPException(404, f"this feed is in another form: its address ends in .{form.ending}")
    return outlet, form


def _outlet(document: str) -> Outlet | None:
    try:
        return Outlet.model_validate_json(document)
    except ValidationError:  # of another version; `fanwire doctor` names it
        return None


def _made(
    connection: Connection, request: Request, feed: Addressed, outlet: Outlet, form: FeedForm, page: int | None
) -> _Made:
    """The page as it stands, made unless it is kept."""
    base = (settings().web_url or str(request.base_url).rstrip("/")) + f"/feeds/outlets/{outlet.id}"
    token = request.path_params["token"]
    address = f"{base}/{token}.{form.ending}" if page is None else f"{base}/{token}/{page}.{form.ending}"
    key, stand = (outlet.id, page, address), (feed.changes, feed.outlet)
    with _keeping:
        kept = _pages.get(key)
        if kept is not None and kept.stand == stand:
            _pages.move_to_end(key)
            return kept
    rows, below = _rows(connection, outlet.id, page)
    written = _page(feed, outlet, rows)
    older = None if below is None else f"{base}/{token}/{(below - 1) // ENTRIES}.{form.ending}"
    now_at = None if page is None else f"{base}/{token}.{form.ending}"
    linked = replace(written, address=address, current=now_at, older=older, hub=_hub())
    return _keep(key, _finished(stand, form.write(linked), linked))


def _rows(connection: Connection, outlet_id: str, page: int | None) -> tuple[list[EntryRow], int | None]:
    """The entries of a page, and the number of the newest that is on none of them nor on a newer page."""
    if page is None:
        rows = feed_rows.newest(connection, outlet_id, ENTRIES)
        lowest = rows[-1].number if rows else 0
    else:
        lowest, highest = page * ENTRIES + 1, page * ENTRIES + ENTRIES
        if highest > feed_rows.highest(connection, outlet_id):
            raise HTTPException(404, "the archive of this feed has no such page; begin with its current page")
        rows = feed_rows.between(connection, outlet_id, lowest, highest)
    return rows, feed_rows.next_older(connection, outlet_id, lowest)


def _page(feed: Addressed, outlet: Outlet, rows: Sequence[EntryRow]) -> Page:
    wire = configured_wire()
    language = outlet.languages[0] if len(outlet.languages) == 1 else None
    try:
        description = house_text(outlet.languages[0]).about_wire(wire)
    except HouseTextMissing:
        description = wire.name
    entries = [
        Entry(
            id=item_uri(row.uri, row.language),
            rendition=row.body if row.format == outlet.format else None,  # it had another format when that came
            killed_at=datetime.fromtimestamp(row.changed_at, UTC) if row.killed else None,
        )
        for row in rows
    ]
    return Page(
        id=f"{wire.url}#feed-{outlet.id}", title=f"{wire.name} – {outlet.name}", home=wire.url,
        description=description, language=language, updated=datetime.fromtimestamp(feed.changed_at, UTC),
        entries=entries, address="",
    )  # fmt: skip


def _hub() -> str | None:
    """The hub that readers are told of; None without an address under which it could fetch anything."""
    return settings().websub_hub if settings().web_url else None


def _finished(stand: tuple[int, str], body: bytes, page: Page) -> _Made:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    link = ", ".join(f'<{address}>; rel="{relation}"' for relation, address in links(page))
    return _Made(stand, body, gzip.compress(body, 6, mtime=0), etag, link)


def _keep(key: tuple[str, int | None, str], made: _Made) -> _Made:
    with _keeping:
        _pages[key] = made
        _pages.move_to_end(key)
        while len(_pages) > 1 and sum(len(one.body) + len(one.packed) for one in _pages.values()) > CACHE_BYTES:
            _pages.popitem(last=False)
    return made


# --- what the reader has, and takes


def _has_it(headers: Mapping[str, str], etag: str, changed_at: float) -> bool:
    """Whether the reader says that it has the page as it stands (RFC 9110, 13.1)."""
    if (known := headers.get("if-none-match")) is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return bool(tags & {etag, _of_packed(etag), "*"})
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
        return since.timestamp() >= int(changed_at)
    except (ValueError, TypeError, OverflowError, OSError):
        return False


def _of_packed(etag: str) -> str:
    """The tag of the page by gzip, which has other bytes."""
    return f'{etag[:-1]}-gzip"'


def _takes_gzip(accepted: str) -> bool:
    """Whether a header `Accept-Encoding` allows gzip."""
    for part in accepted.lower().split(","):
        name, _, options = part.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return options.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
