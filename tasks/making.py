"""Making what a release needs before it can be delivered: translations, and then renditions.

Both go the same way: claim the row, make the thing outside any transaction, keep it, and promote the deliveries that
waited for it. Whoever comes second finds nothing to claim. What cannot be made is held with the reason, and tried
again.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from tasks.formatting import Wire, make_rendition
from tasks.ledger import deliveries, makings, now, read, releases, write
from tasks.ledger.schema import renditions, translations
from tasks.settings import settings
from tasks.translation import TranslationHeld, translate

log = structlog.get_logger()


@dataclass(frozen=True)
class Made:
    """What came of it: which release, and the reason for each thing that is held."""

    name: str
    held: dict[str, str]

    def __str__(self) -> str:
        return "; ".join(f"{what} held: {reason}" for what, reason in self.held.items()) or "made"


def make_translation(release_id: int, language: str) -> Made:
    """Translate a release into a language, unless that is done or being done by somebody else."""
    key = {"release_id": release_id, "language": language}
    with write() as ledger:
        attempt = makings.claim(ledger, translations, now=now(ledger), lease=settings().making_lease, **key)
        release = releases.get(ledger, release_id)
    if attempt is None:
        return Made(release.name, {})
    try:
        translation = translate(release, language)
    except Exception as error:  # whatever an engine meets, the deliveries that wait for it must say so
        expected = isinstance(error, TranslationHeld)
        reason = str(error) if expected else f"{type(error).__name__}: {error}"
        log.warning("translation held", release=release.name, language=language, reason=reason, exc_info=not expected)
        with write() as ledger:
            retry = settings().making_retry
            makings.hold(ledger, translations, attempt=attempt, now=now(ledger), wait=retry, reason=reason, **key)
        return Made(release.name, {language: reason})
    with write() as ledger:
        made = {"engine": translation.engine, "document": translation.model_dump_json()}
        makings.finish(ledger, translations, attempt=attempt, now=now(ledger), made=made, **key)
        deliveries.promote(ledger, release_id, now(ledger), language)
    log.info("translation made", release=release.name, language=language, engine=translation.engine)
    return Made(release.name, {})


def make_renditions(release_id: int, language: str) -> Made:
    """Format a language of a release in every format that is wanted."""
    with read() as ledger:
        release = releases.get(ledger, release_id)
        formats = makings.wanted_formats(ledger, release_id, language)
    reasons = {format: _make_rendition(release_id, language, format) for format in formats}
    return Made(release.name, {format: reason for format, reason in reasons.items() if reason})


def _make_rendition(release_id: int, language: str, format: str) -> str | None:
    key = {"release_id": release_id, "language": language, "format": format}
    with write() as ledger:
        translation = makings.translation(ledger, release_id, language)
        if translation is None:
            return "its translation is not there yet"
        attempt = makings.claim(ledger, renditions, now=now(ledger), lease=settings().making_lease, **key)
        release = releases.get(ledger, release_id)  # as it stands with this claim: its embargo may have moved
    if attempt is None:
        return None
    try:
        rendition = make_rendition(release, translation, format, Wire(settings().wire_name, settings().wire_url))
    except Exception as error:  # whatever a formatter meets, the deliveries that wait for it must say so
        reason = f"{type(error).__name__}: {error}"
        log.exception("rendition held", release=release.name, language=language, format=format)
        with write() as ledger:
            retry = settings().making_retry
            makings.hold(ledger, renditions, attempt=attempt, now=now(ledger), wait=retry, reason=reason, **key)
        return reason
    with write() as ledger:
        made = {"content_type": rendition.content_type, "body": rendition.body, "sha256": rendition.sha256}
        makings.finish(ledger, renditions, attempt=attempt, now=now(ledger), made=made, **key)
        deliveries.promote(ledger, release_id, now(ledger), language)
    return None
