"""Builds a translation: one language of a release, by memory and engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import structlog
from sqlalchemy import Connection
from structlog.contextvars import bound_contextvars

from tasks import ledger
from tasks.building import BuildResult, engine_meter, reason_of, recall
from tasks.building.engine_meter import LedgerMeter
from tasks.ledger import artifacts, deliveries, memory_entries, presence, releases, translation_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.model.documents import DocumentRefused
from tasks.model.release import Release
from tasks.runtime.settings import settings
from tasks.translation.configuration import read_configuration
from tasks.translation.drafts import Draft, Resources
from tasks.translation.engine_support import registry
from tasks.translation.engine_support.metering import CostCap, WaitBudget
from tasks.translation.engines import Engine
from tasks.translation.memory import unit_records
from tasks.translation.translate import draft

log = structlog.get_logger()


def build_translation(release_id: int, language: str) -> BuildResult:
    """Translate a release into a language, unless that is done or being done by somebody else."""
    key = TranslationKey(release_id, language)
    worker = presence.sign_in()
    with ledger.write() as connection:
        now, lease = ledger.now(connection), settings().build_lease
        attempt = artifacts.claim(connection, key, now=now, lease=lease, worker=worker)
        release = releases.get(connection, release_id)
    if attempt is None:
        return BuildResult(release.name)
    attempted = _Attempt()
    try:
        with bound_contextvars(release=release.name, language=language):  # for what engines log
            found = _draft(release, language, attempted)
    except DocumentRefused as refusal:  # the translation file; it is read anew for the next try
        found = Draft(source=release.language, target=language, reason=str(refusal), again=True)
    except Exception as error:  # whatever an engine meets, the deliveries that wait for it must say so
        found = Draft(source=release.language, target=language, reason=reason_of(error))
        log.exception("translation held", release=release.name, language=language)
    with ledger.write() as connection:
        _write(connection, key, attempt, found, attempted, origin=release.name)
    if found.translation is None:
        log.warning("translation held", release=release.name, language=language, reason=found.reason)
        return BuildResult(release.name, {language: found.reason or "no reason is known"})
    engine, waits_for = found.translation.engine, found.waits_for
    log.info("translation made", release=release.name, language=language, engine=engine, waits_for=waits_for)
    return BuildResult(release.name, waits_for=waits_for)


@dataclass
class _Attempt:
    """What a build notes of engines on its way."""

    waiting: WaitBudget = field(default_factory=engine_meter.wait_budget)
    meter: LedgerMeter = field(default_factory=LedgerMeter)
    left_out: set[str] = field(default_factory=set)
    """The engines that can translate nothing at all."""

    @property
    def awaited(self) -> set[str]:
        """The engines that might have helped: if one of them answers again, the build is worth another try."""
        return self.meter.awaited | self.left_out


def _draft(release: Release, language: str, attempted: _Attempt) -> Draft:
    """What memory and engines make of the release. Engines that could not even be asked are part of the reason."""
    configuration = read_configuration(settings().translation_file)
    registered = registry.load_registry(settings().translation_file)
    spending = CostCap(configuration.for_language(language).cost_cap)
    by = (configuration, language, attempted.meter, attempted.waiting, spending)
    engines = engine_meter.metered(registered.engines, *by)
    reader = engine_meter.second_reader(registered, *by)
    found = draft(release, language, replace(resources(release, language, engines), second_reader=reader))
    missing = engine_meter.missing(registered, engines, configuration.order(language))
    if reader and reader.problem:
        attempted.left_out.add(reader.name)
    if found.translation is not None or not missing:
        return found
    attempted.left_out.update(missing)
    left_out = ", ".join(f"{name} ({why})" for name, why in missing.items())
    return replace(found, reason=f"{found.reason}; left out: {left_out}", again=True)


def resources(release: Release, language: str, engines: Sequence[Engine]) -> Resources:
    """What a translation may draw on: engines in their order, memory, and what an earlier version of the release, or an
    earlier try at this one, had."""
    with ledger.read() as connection:
        units = translation_rows.earlier_units(connection, release.uri, release.version, language)
        approved = memory_entries.approved_languages(connection)
    return Resources(
        engines,
        recall.memory_for(release, language),
        unit_records.earlier(unit_records.from_json(units)),
        recall.terms_for(release, language),
        lexicon=recall.lexicon_for,
        near=approved,
    )


def _write(
    connection: Connection,
    key: TranslationKey,
    attempt: int,
    found: Draft,
    attempted: _Attempt,
    *,
    origin: str,
) -> None:
    """Write everything that came of a build in one transaction: the translation or the reason, its units, what the
    memory learns (from `origin`)."""
    now = ledger.now(connection)
    units = unit_records.to_json(found) if found.units else None
    refused = unit_records.refused_to_json(found)
    memory_entries.keep(
        connection,
        [
            {**asdict(entry), "source_language": found.source, "target_language": found.target, "origin": origin}
            for entry in found.learned()
        ],
        now=now,
    )
    if found.translation is None:
        translation_rows.hold(
            connection,
            key,
            attempt=attempt,
            now=now,
            reason=found.reason or "no reason is known",
            wait=settings().build_retry,
            temporary=found.again,
            until_woken=found.no_engine and not found.again,
            retry_after=attempted.waiting.worth if found.again else None,
            units=units,
            refused=refused,
            engines=attempted.awaited,
        )
        return
    done = translation_rows.finish(
        connection,
        key,
        found.translation,
        attempt=attempt,
        now=now,
        units=units,
        refused=refused,
        waits_for=found.waits_for,
    )
    if done and found.translation.by_producer:  # planners of before did not know that it serves this variant
        deliveries.waive_approval(connection, key.release_id, key.language)
    deliveries.promote(connection, key.release_id, now, key.language)
