"""Builds the renditions of a translation: one in each format that an outlet takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import structlog
from sqlalchemy import Connection

from tasks import ledger
from tasks.building import BuildResult, reason_of
from tasks.building.media_addresses import published
from tasks.building.wire import configured_wire
from tasks.formatting import FORMATS, Article, Rendition, make_article, make_rendition, set_article
from tasks.ledger import artifacts, deliveries, media_rows, presence, releases, rendition_rows, translation_rows
from tasks.ledger.artifacts import RenditionKey, TranslationKey
from tasks.ledger.media_rows import StoredFile
from tasks.model.pictures import without_pictures
from tasks.model.release import Release, Translation, supplied, without_media
from tasks.runtime.settings import settings

log = structlog.get_logger()
DAY = 24 * 3600.0


def build_renditions(release_id: int, language: str, formats: Collection[str] | None = None) -> BuildResult:
    """Format a language of a release in every format that is wanted and not made, or in those of them in `formats`."""
    with ledger.read() as connection:
        release = releases.get(connection, release_id)
        keys = rendition_rows.unmade(connection, TranslationKey(release_id, language))
    keys = [key for key in keys if formats is None or key.format in formats]
    own = set(own_formats({key.format for key in keys}))
    others = [[key] for key in keys if key.format not in own]
    reasons: dict[str, str] = {}
    for some in ([key for key in keys if key.format in own], *others):
        reasons |= _build(some)
    return BuildResult(release.name, reasons)


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


@dataclass(frozen=True)
class _Source:
    """What renditions are made of, as it stood when they were claimed."""

    release: Release
    translation: Translation
    received: datetime
    first_received: datetime
    stored: Mapping[str, StoredFile]
    dropped: Collection[str]

    @cached_property
    def article(self) -> Article:
        """What all formats have in common."""
        body = without_pictures(self.translation.body_html, self.dropped)
        expires = self.received.timestamp() + settings().media_days * DAY
        return make_article(
            without_media(self.release, self.dropped),
            self.translation.model_copy(update={"body_html": body}),
            configured_wire(),
            self.received,
            self.first_received,
            published=published(self.stored, expires=expires),
        )


def _build(keys: Sequence[RenditionKey]) -> dict[str, str]:
    """Build renditions of one text, claimed in one transaction and written in another: {format: reason} of those that
    are held. What somebody else builds is left to them."""
    if not keys:
        return {}
    worker, text = presence.sign_in(), keys[0].translation
    with ledger.write() as connection:
        translation = translation_rows.finished(connection, text, to_use=True)
        if translation is None:
            return dict.fromkeys((key.format for key in keys), "its translation is not there yet")
        if not media_rows.all_there(connection, text.release_id):
            return dict.fromkeys((key.format for key in keys), media_rows.progress(connection, text.release_id))
        now, lease = ledger.now(connection), settings().build_lease
        claims = {key: artifacts.claim(connection, key, now=now, lease=lease, worker=worker) for key in keys}
        source = _source(connection, translation, text.release_id)
    attempts = {key: attempt for key, attempt in claims.items() if attempt is not None}
    made, held = _made(source, attempts)
    if attempts:
        _write(text, attempts, made, held)
    return {key.format: reason for key, reason in held.items()}


def _made(
    source: _Source, keys: Iterable[RenditionKey]
) -> tuple[dict[RenditionKey, Rendition], dict[RenditionKey, str]]:
    """Make these renditions; those that were made, and why the others were not."""
    made: dict[RenditionKey, Rendition] = {}
    held: dict[RenditionKey, str] = {}
    for key in keys:
        try:
            made[key] = set_article(source.article, key.format)
        except Exception as error:  # whatever a formatter meets, the deliveries that wait for it must say so
            log.exception("rendition held", release=source.release.name, language=key.language, format=key.format)
            held[key] = f"rendition failed: {reason_of(error)}"
    return made, held


def _source(connection: Connection, translation: Translation, release_id: int) -> _Source:
    """What renditions of a translation are made of; read after they were claimed, for an embargo may have moved."""
    release = releases.get(connection, release_id)
    return _Source(
        release=release,
        translation=translation,
        received=releases.received(connection, release_id),
        first_received=datetime.fromtimestamp(int(releases.first_received(connection, release.uri)), UTC),
        stored=media_rows.stored(connection, release_id),
        dropped=media_rows.dropped(connection, release_id),
    )


def _write(
    text: TranslationKey,
    attempts: Mapping[RenditionKey, int],
    made: Mapping[RenditionKey, Rendition],
    held: Mapping[RenditionKey, str],
) -> None:
    """Write what came of these attempts at renditions of a text, and let the deliveries go that waited for them."""
    with ledger.write() as connection:
        now = ledger.now(connection)
        for key, reason in held.items():
            wait = settings().build_retry
            artifacts.hold(connection, key, attempt=attempts[key], now=now, reason=reason, wait=wait)
        for key, rendition in made.items():
            rendition_rows.finish(
                connection, key, attempt=attempts[key], now=now, content_type=rendition.content_type,
                body=rendition.body, sha256=rendition.sha256,
            )  # fmt: skip
        if made:
            deliveries.promote(connection, text.release_id, now, text.language)
