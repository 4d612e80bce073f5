"""Making what a release needs before it can be delivered: translations, and then renditions.

Both go the same way: claim the row, make the thing outside any transaction, keep it, and promote the deliveries that
waited for it. Whoever comes second finds nothing to claim. What cannot be made is held with the reason, and tried
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog
from sqlalchemy import Connection

from tasks import metering, remembering
from tasks.documents import DocumentRefused
from tasks.formatting import Wire, make_rendition
from tasks.ledger import deliveries, makings, memories, now, read, releases, write
from tasks.ledger.schema import renditions, translations
from tasks.release import Release
from tasks.settings import settings
from tasks.translation import Draft, Sources, draft, record, router
from tasks.translation.configuration import read_configuration
from tasks.translation.engines import Engine
from tasks.translation.metered import Patience

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
    patience = metering.patience()
    try:
        found = _drafted(release, language, patience)
    except DocumentRefused as refusal:  # the translation file; it is read anew for the next try
        found = Draft(release.language, language, reason=str(refusal), again=True)
    except Exception as error:  # whatever an engine meets, the deliveries that wait for it must say so
        found = Draft(release.language, language, reason=f"{type(error).__name__}: {error}")
        log.exception("translation held", release=release.name, language=language)
    with write() as ledger:
        _keep(ledger, found, attempt, release.name, patience.worth, key)
    if found.translation is None:
        log.warning("translation held", release=release.name, language=language, reason=found.reason)
        return Made(release.name, {language: found.reason or "no reason is known"})
    log.info("translation made", release=release.name, language=language, engine=found.translation.engine)
    return Made(release.name, {})


def _drafted(release: Release, language: str, patience: Patience) -> Draft:
    """What memory and engines make of it. Engines that could not even be asked are part of the reason."""
    configuration = read_configuration(settings().translation_file)
    roster = router.roster(settings().translation_file)
    engines = metering.metered(roster.engines, configuration, language, patience)
    found = draft(release, language, _sources(release, language, engines))
    missing = metering.missing(roster, engines, configuration.order(language))
    if found.translation is not None or not missing:
        return found
    said = ", ".join(f"{name} ({why})" for name, why in missing.items())
    return replace(found, reason=f"{found.reason}; left out: {said}", again=True)


def _keep(ledger: Connection, found: Draft, attempt: int, name: str, worth: float | None, key: dict[str, Any]) -> None:
    """Everything that came of it in one transaction: the translation or the reason, its units, what was learnt.

    `worth`: seconds after which an engine that could not be asked now may be.
    """
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
        makings.hold(
            ledger, translations, attempt=attempt, now=present, wait=retry, reason=reason, kept=units,
            again=found.again, worth=worth if found.again else None, **key,
        )  # fmt: skip
        return
    made: dict[str, Any] = {
        "engine": found.translation.engine[:50],
        "status": found.translation.status,
        "document": found.translation.model_dump_json(),
    }
    made |= {"approved_at": present} if found.translation.status == "approved" else {"approved_by": None}
    makings.finish(ledger, translations, attempt=attempt, now=present, made=made | units, **key)
    deliveries.promote(ledger, key["release_id"], present, key["language"])


def _sources(release: Release, language: str, engines: Sequence[Engine]) -> Sources:
    """What a translation may draw on: engines in their order, memory, and the version before."""
    with read() as ledger:
        units = makings.earlier_units(ledger, release.uri, release.version, language)
    return Sources(
        engines,
        remembering.memory_for(release, language),
        record.earlier(record.from_json(units)),
        remembering.terms_for(release, language),
    )


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
        translation = makings.translation(ledger, release_id, language, to_use=True)
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
