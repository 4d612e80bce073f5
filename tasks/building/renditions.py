"""Builds the renditions of a translation: one in each format that an outlet takes."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from tasks import ledger
from tasks.building import BuildResult, reason_of
from tasks.building.wire import configured_wire
from tasks.formatting import make_rendition
from tasks.ledger import artifacts, deliveries, presence, releases, rendition_rows, translation_rows
from tasks.ledger.artifacts import RenditionKey, TranslationKey
from tasks.runtime.settings import settings

log = structlog.get_logger()


def build_renditions(release_id: int, language: str) -> BuildResult:
    """Format a language of a release in every format that is wanted and not made."""
    with ledger.read() as connection:
        release = releases.get(connection, release_id)
        keys = rendition_rows.unmade(connection, TranslationKey(release_id, language))
    reasons = {key.format: _build(key) for key in keys}
    return BuildResult(release.name, {format: reason for format, reason in reasons.items() if reason})


def _build(key: RenditionKey) -> str | None:
    """Build one rendition; the reason if it is held, None if it is made or somebody else has it."""
    worker = presence.sign_in()
    with ledger.write() as connection:
        translation = translation_rows.finished(connection, key.translation, to_use=True)
        if translation is None:
            return "its translation is not there yet"
        now, lease = ledger.now(connection), settings().build_lease
        attempt = artifacts.claim(connection, key, now=now, lease=lease, worker=worker)
        release = releases.get(connection, key.release_id)  # as it stands with this claim: its embargo may have moved
        received = releases.received(connection, key.release_id)
        first = datetime.fromtimestamp(int(releases.first_received(connection, release.uri)), UTC)
    if attempt is None:
        return None
    try:
        rendition = make_rendition(release, translation, key.format, configured_wire(), received, first)
    except Exception as error:  # whatever a formatter meets, the deliveries that wait for it must say so
        reason = reason_of(error)
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
