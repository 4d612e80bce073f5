"""Builds the renditions of a translation: one in each format that an outlet takes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import structlog

from tasks import ledger
from tasks.building import BuildResult, reason_of
from tasks.building.media_addresses import published
from tasks.building.wire import configured_wire
from tasks.formatting import FORMATS, make_rendition
from tasks.ledger import artifacts, deliveries, media_rows, presence, releases, rendition_rows, translation_rows
from tasks.ledger.artifacts import RenditionKey, TranslationKey
from tasks.model.pictures import without_pictures
from tasks.model.release import Release, supplied, without_media
from tasks.runtime.settings import settings

log = structlog.get_logger()
DAY = 24 * 3600.0


def build_renditions(release_id: int, language: str, formats: Collection[str] | None = None) -> BuildResult:
    """Format a language of a release in every format that is wanted and not made, or in those of them in `formats`."""
    with ledger.read() as connection:
        release = releases.get(connection, release_id)
        keys = rendition_rows.unmade(connection, TranslationKey(release_id, language))
    keys = [key for key in keys if formats is None or key.format in formats]
    reasons = {key.format: _build(key) for key in keys}
    return BuildResult(release.name, {format: reason for format, reason in reasons.items() if reason})


def own_formats(formats: Collection[str]) -> list[str]:
    """Those of these formats that are Fanwire's own: what packages of others do to a process must not harm intake."""
    sources = FORMATS.sources()
    return sorted(name for name in formats if name in sources and sources[name].point is None)


def rehearse_renditions(release: Release, formats: Collection[str]) -> None:
    """Format a release in its own language and throw the result away: what formats need is then read. Does nothing for
    one with pictures, whose addresses this process may be unable to sign."""
    text = supplied(release, release.language)
    if text is None or release.media:
        return
    now = datetime.now(UTC)
    for format in own_formats(formats):
        make_rendition(release, text, format, configured_wire(), now, now)


def _build(key: RenditionKey) -> str | None:
    """Build one rendition; the reason if it is held, None if it is made or somebody else has it."""
    worker = presence.sign_in()
    with ledger.write() as connection:
        translation = translation_rows.finished(connection, key.translation, to_use=True)
        if translation is None:
            return "its translation is not there yet"
        if not media_rows.all_there(connection, key.release_id):
            return media_rows.progress(connection, key.release_id)
        now, lease = ledger.now(connection), settings().build_lease
        attempt = artifacts.claim(connection, key, now=now, lease=lease, worker=worker)
        release = releases.get(connection, key.release_id)  # as it stands with this claim: its embargo may have moved
        received = releases.received(connection, key.release_id)
        first = datetime.fromtimestamp(int(releases.first_received(connection, release.uri)), UTC)
        stored, dropped = media_rows.stored(connection, key.release_id), media_rows.dropped(connection, key.release_id)
    if attempt is None:
        return None
    try:
        rendition = make_rendition(
            without_media(release, dropped),
            translation.model_copy(update={"body_html": without_pictures(translation.body_html, dropped)}),
            key.format,
            configured_wire(),
            received,
            first,
            published=published(stored, expires=received.timestamp() + settings().media_days * DAY),
        )
    except Exception as error:  # whatever a formatter meets, the deliveries that wait for it must say so
        reason = f"rendition failed: {reason_of(error)}"
        log.exception("rendition held", release=release.name, language=key.language, format=key.format)
        with ledger.write() as connection:
            now = ledger.now(connection)
            artifacts.hold(connection, key, attempt=attempt, now=now, reason=reason, wait=settings().build_retry)
        return reason
    with ledger.write() as connection:
        now = ledger.now(connection)
        rendition_rows.finish(
            connection,
            key,
            attempt=attempt,
            now=now,
            content_type=rendition.content_type,
            body=rendition.body,
            sha256=rendition.sha256,
        )
        deliveries.promote(connection, key.release_id, now, key.language)
    return None
