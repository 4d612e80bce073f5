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

from tasks.building import engine_meter, recall
from tasks.formatting import Wire, make_rendition
from tasks.ledger import artifacts, deliveries, memory_entries, now, read, releases, write
from tasks.ledger.schema import renditions, translations
from tasks.model.documents import DocumentRefused
from tasks.model.release import Release
from tasks.runtime.settings import settings
from tasks.translation import Draft, Sources, draft
from tasks.translation.configuration import read_configuration
from tasks.translation.engines import Engine, registry
from tasks.translation.engines.metering import WaitBudget
from tasks.translation.memory import unit_records

log = structlog.get_logger()


@dataclass(frozen=True)
class Made:
    """What came of it: which release, and the reason for each thing that is held."""

    name: str
    held: dict[str, str]

    def __str__(self) -> str:
        return "; ".join(f"{what} held: {reason}" for what, reason in self.held.items()) or "made"


def build_translation(release_id: int, language: str) -> Made:
    """Translate a release into a language, unless that is done or being done by somebody else."""
    key: dict[str, Any] = {"release_id": release_id, "language": language}
    with write() as connection:
        attempt = artifacts.claim(connection, translations, now=now(connection), lease=settings().build_lease, **key)
        release = releases.get(connection, release_id)
    if attempt is None:
        return Made(release.name, {})
    patience = engine_meter.patience()
    try:
        found = _drafted(release, language, patience)
    except DocumentRefused as refusal:  # the translation file; it is read anew for the next try
        found = Draft(release.language, language, reason=str(refusal), again=True)
    except Exception as error:  # whatever an engine meets, the deliveries that wait for it must say so
        found = Draft(release.language, language, reason=f"{type(error).__name__}: {error}")
        log.exception("translation held", release=release.name, language=language)
    with write() as connection:
        _keep(connection, found, attempt, release.name, patience.worth, key)
    if found.translation is None:
        log.warning("translation held", release=release.name, language=language, reason=found.reason)
        return Made(release.name, {language: found.reason or "no reason is known"})
    log.info("translation made", release=release.name, language=language, engine=found.translation.engine)
    return Made(release.name, {})


def _drafted(release: Release, language: str, patience: WaitBudget) -> Draft:
    """What memory and engines make of it. Engines that could not even be asked are part of the reason."""
    configuration = read_configuration(settings().translation_file)
    registered = registry.load_registry(settings().translation_file)
    engines = engine_meter.metered(registered.engines, configuration, language, patience)
    found = draft(release, language, _sources(release, language, engines))
    missing = engine_meter.missing(registered, engines, configuration.order(language))
    if found.translation is not None or not missing:
        return found
    said = ", ".join(f"{name} ({why})" for name, why in missing.items())
    return replace(found, reason=f"{found.reason}; left out: {said}", again=True)


def _keep(
    connection: Connection, found: Draft, attempt: int, name: str, worth: float | None, key: dict[str, Any]
) -> None:
    """Everything that came of it in one transaction: the translation or the reason, its units, what was learnt.

    `worth`: seconds after which an engine that could not be asked now may be.
    """
    present = now(connection)
    units: dict[str, Any] = {"units": unit_records.to_json(found)} if found.units else {}
    memory_entries.keep(
        connection,
        [
            {**asdict(entry), "source_language": found.source, "target_language": found.target, "origin": name}
            for entry in found.learned()
        ],
        now=present,
    )
    if found.translation is None:
        retry, reason = settings().build_retry, found.reason or "no reason is known"
        artifacts.hold(
            connection, translations, attempt=attempt, now=present, wait=retry, reason=reason, kept=units,
            again=found.again, worth=worth if found.again else None, **key,
        )  # fmt: skip
        return
    made: dict[str, Any] = {
        "engine": found.translation.engine[:50],
        "status": found.translation.status,
        "document": found.translation.model_dump_json(),
    }
    made |= {"approved_at": present} if found.translation.status == "approved" else {"approved_by": None}
    artifacts.finish(connection, translations, attempt=attempt, now=present, made=made | units, **key)
    deliveries.promote(connection, key["release_id"], present, key["language"])


def _sources(release: Release, language: str, engines: Sequence[Engine]) -> Sources:
    """What a translation may draw on: engines in their order, memory, and the version before."""
    with read() as connection:
        units = artifacts.earlier_units(connection, release.uri, release.version, language)
    return Sources(
        engines,
        recall.memory_for(release, language),
        unit_records.earlier(unit_records.from_json(units)),
        recall.terms_for(release, language),
    )


def build_renditions(release_id: int, language: str) -> Made:
    """Format a language of a release in every format that is wanted."""
    with read() as connection:
        release = releases.get(connection, release_id)
        formats = artifacts.wanted_formats(connection, release_id, language)
    reasons = {format: _build_rendition(release_id, language, format) for format in formats}
    return Made(release.name, {format: reason for format, reason in reasons.items() if reason})


def _build_rendition(release_id: int, language: str, format: str) -> str | None:
    key: dict[str, Any] = {"release_id": release_id, "language": language, "format": format}
    with write() as connection:
        translation = artifacts.translation(connection, release_id, language, to_use=True)
        if translation is None:
            return "its translation is not there yet"
        attempt = artifacts.claim(connection, renditions, now=now(connection), lease=settings().build_lease, **key)
        release = releases.get(connection, release_id)  # as it stands with this claim: its embargo may have moved
        received = releases.received(connection, release_id)
    if attempt is None:
        return None
    try:
        wire = Wire(settings().wire_name, settings().wire_url)
        rendition = make_rendition(release, translation, format, wire, received)
    except Exception as error:  # whatever a formatter meets, the deliveries that wait for it must say so
        reason = f"{type(error).__name__}: {error}"
        log.exception("rendition held", release=release.name, language=language, format=format)
        with write() as connection:
            retry = settings().build_retry
            artifacts.hold(
                connection, renditions, attempt=attempt, now=now(connection), wait=retry, reason=reason, **key
            )
        return reason
    with write() as connection:
        made = {"content_type": rendition.content_type, "body": rendition.body, "sha256": rendition.sha256}
        artifacts.finish(connection, renditions, attempt=attempt, now=now(connection), made=made, **key)
        deliveries.promote(connection, release_id, now(connection), language)
    return None
