"""Making what a release needs before it can be delivered: translations, and then renditions.

Both go the same way: claim the row, make the thing outside any transaction, keep it, and promote the deliveries that
waited for it. Whoever comes second finds nothing to claim. What cannot be made is held with the reason, and tried
again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from sqlalchemy import Connection

from tasks.formatting import Wire, make_rendition
from tasks.ledger import deliveries, makings, memories, now, read, releases, write
from tasks.ledger.schema import renditions, translations
from tasks.release import Release
from tasks.settings import settings
from tasks.translation import Draft, Sources, draft, record, router
from tasks.translation.configuration import read_configuration

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
    key: dict[str, Any] = {"release_id": release_id, "language": language}
    with write() as ledger:
        attempt = makings.claim(ledger, translations, now=now(ledger), lease=settings().making_lease, **key)
        release = releases.get(ledger, release_id)
    if attempt is None:
        return Made(release.name, {})
    try:
        found = draft(release, language, _sources(release, language))
    except Exception as error:  # whatever an engine meets, the deliveries that wait for it must say so
        found = Draft(release.language, language, reason=f"{type(error).__name__}: {error}")
        log.exception("translation held", release=release.name, language=language)
    with write() as ledger:
        _keep(ledger, found, attempt, release.name, key)
    if found.translation is None:
        log.warning("translation held", release=release.name, language=language, reason=found.reason)
        return Made(release.name, {language: found.reason or "no reason is known"})
    log.info("translation made", release=release.name, language=language, engine=found.translation.engine)
    return Made(release.name, {})


def _keep(ledger: Connection, found: Draft, attempt: int, name: str, key: dict[str, Any]) -> None:
    """Everything that came of it in one transaction: the translation or the reason, its units, what was learnt."""
    present = now(ledger)
    units: dict[str, Any] = {"units": record.to_json(found)} if found.units else {}
    memories.keep(
        ledger,
        [
            {**asdict(entry), "source_language": found.source, "target_language": found.target, "origin": name}
            for entry in found.learned()
        ],
        now=present,
    )
    if found.translation is None:
        retry, reason = settings().making_retry, found.reason or "no reason is known"
        makings.hold(ledger, translations, attempt=attempt, now=present, wait=retry, reason=reason, kept=units, **key)
        return
    made = {
        "engine": found.translation.engine[:50],
        "status": found.translation.status,
        "document": found.translation.model_dump_json(),
    }
    makings.finish(ledger, translations, attempt=attempt, now=present, made=made | units, **key)
    deliveries.promote(ledger, key["release_id"], present, key["language"])


class _LedgerMemory:
    """The ledger as `tasks.translation` knows it: a short transaction for each question."""

    def recall(self, keys: Collection[str], maker: str) -> Mapping[str, str]:
        with read() as ledger:
            return memories.recall(ledger, keys, maker)


def _sources(release: Release, language: str) -> Sources:
    """What a translation may draw on: the configured engines in their order, memory, and the version before."""
    with read() as ledger:
        units = makings.earlier_units(ledger, release.uri, release.version, language)
    order = read_configuration(settings().translation_file).order(language)
    there = router.engines(settings().translation_file)
    return Sources([there[name] for name in order], _LedgerMemory(), record.earlier(record.from_json(units)))


def make_renditions(release_id: int, language: str) -> Made:
    """Format a language of a release in every format that is wanted."""
    with read() as ledger:
        release = releases.get(ledger, release_id)
        formats = makings.wanted_formats(ledger, release_id, language)
    reasons = {format: _make_rendition(release_id, language, format) for format in formats}
    return Made(release.name, {format: reason for format, reason in reasons.items() if reason})


def _make_rendition(release_id: int, language: str, format: str) -> str | None:
    key: dict[str, Any] = {"release_id": release_id, "language": language, "format": format}
    with write() as ledger:
        translation = makings.translation(ledger, release_id, language)
        if translation is None:
            return "its translation is not there yet"
        attempt = makings.claim(ledger, renditions, now=now(ledger), lease=settings().making_lease, **key)
        release = releases.get(ledger, release_id)  # as it stands with this claim: its embargo may have moved
        received = releases.received(ledger, release_id)
    if attempt is None:
        return None
    try:
        wire = Wire(settings().wire_name, settings().wire_url)
        rendition = make_rendition(release, translation, format, wire, received)
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
