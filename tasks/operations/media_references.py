"""Why the media of a release cannot be taken, although its document is good: what the store lacks, and the limits."""

from __future__ import annotations

from sqlalchemy import Connection

from tasks.ledger import media_rows
from tasks.media_store.kinds import type_of
from tasks.model.media import Media
from tasks.model.release import Release
from tasks.runtime.errors import Problem


def problems(connection: Connection, release: Release, *, most: int, public: bool) -> list[Problem]:
    """What is wrong with the media of a release, by their fields. `most`: how many files a release may have. `public`:
    whether outlets can reach the wire's own web server."""
    if release.status != "usable":
        return []
    found = []
    if len(release.media) > most:
        found.append(Problem("media", f"has {len(release.media)} files; this wire takes at most {most}"))
    kept = media_rows.missing(connection, release.media)
    for number, item in enumerate(release.media):
        if item.id in kept and (why := _refusal(item, kept[item.id], public)):
            found.append(Problem(f"media.{number}.stored", why))
    return found


def _refusal(item: Media, content_type: str | None, public: bool) -> str | None:
    """Why a file that is to be in the store is not good; `content_type` is that of the file there, None: there is
    none."""
    if content_type is None:
        return f"{item.id}: the wire's store has no such file; `fanwire media add FILE` puts one there, or give url"
    if type_of(content_type) != item.type:
        return f"{item.id}: the file is {content_type}, which is no {item.type}"
    if not public and item.url is None:
        return f"{item.id}: outlets cannot get it, for the wire has no public address (FANWIRE_WEB_URL); give url"
    return None
