"""The meter of engines, kept in the ledger for all workers; its arithmetic is in engine_support/metering.py.

Failures, rests, limits per minute and budgets are those of an engine, not of a worker; so they are counted where all
workers look, by the ledger's clock. An engine on this machine that has no limits and works costs a look and no write.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

import structlog

from tasks import ledger
from tasks.ledger import audit, engine_usage, translation_rows
from tasks.ledger.audit import Entry
from tasks.model.acts import Act
from tasks.runtime import shutdown
from tasks.translation.configuration import EngineDocument, TranslationDocument
from tasks.translation.drafts import SecondReader
from tasks.translation.engine_support.metering import (
    CostCap,
    Metered,
    Permit,
    Usage,
    WaitBudget,
    charged,
    noted,
    resting,
    taken,
    unlimited,
)
from tasks.translation.engine_support.registry import ConfiguredEngines
from tasks.translation.engines import Engine
from tasks.translation.errors import EngineError, Unsupported

log = structlog.get_logger()
NO_PAIRS = "can translate nothing here: what it needs is not installed, or its languages leave nothing"
"""What is wrong with an engine that has no pair of languages."""
_SLICE = 1.0
"""Seconds between two looks whether the worker is to stop."""


class LedgerMeter:
    """The meter in the ledger, which all workers share."""

    def __init__(self, *, anyway: bool = False) -> None:
        """`anyway`: limits and rests stop nothing, for operators who want to see what an engine says."""
        self._take = charged if anyway else taken
        self.awaited: set[str] = set()
        """The engines that could not be asked, or failed, when they were asked last: a translation waits for them."""

    def ask(self, name: str, document: EngineDocument, characters: int) -> Permit:
        """See Meter."""
        if unlimited(document):
            with ledger.read() as connection:
                row = engine_usage.get(connection, name)
            if row is None or Usage(**row).sound:
                return Permit()
        try:
            with ledger.write() as connection:
                use = Usage(**engine_usage.lock(connection, name))
                use, permit = self._take(use, document, characters, ledger.now(connection))
                engine_usage.put(connection, name, asdict(use))
        except EngineError:
            self.awaited.add(name)
            raise
        return permit

    def note(self, name: str, document: EngineDocument, permit: Permit, error: EngineError | None) -> None:
        """See Meter. When an engine answers again, the translations that are held for it are tried at once."""
        if error is None or isinstance(error, Unsupported):
            self.awaited.discard(name)
        else:
            self.awaited.add(name)
        if permit.sound and (error is None or (isinstance(error, Unsupported) and not permit.characters)):
            return
        woken = 0
        with ledger.write() as connection:
            present = ledger.now(connection)
            before = Usage(**engine_usage.lock(connection, name))
            use = noted(before, permit, error, present)
            engine_usage.put(connection, name, asdict(use))
            back = use.sound and not before.sound
            if back:
                woken = translation_rows.wake(connection, name, now=present)
        if back:
            log.info("engine answers again", engine=name, translations=woken)
        elif reason := resting(use, present):
            log.warning("engine rests", engine=name, reason=reason)


def wake(name: str) -> int:
    """Close an engine's circuit breaker and have the translations held for it tried now; returns how many there are."""
    with ledger.write() as connection:
        use = Usage(**engine_usage.lock(connection, name))
        engine_usage.put(connection, name, asdict(use) | {"failures": 0, "rest_until": 0, "reason": None})
        freed = translation_rows.wake(connection, name, now=ledger.now(connection))
        old = {"failures": use.failures, "rest_until": use.rest_until, "reason": use.reason}
        new = {"translations": freed}
        audit.record(connection, Entry(act=Act.WAKE_ENGINE, subject=f"engine {name}", old=old, new=new))
        return freed


def metered(
    engines: dict[str, Engine],
    configuration: TranslationDocument,
    language: str,
    meter: LedgerMeter,
    waiting: WaitBudget,
    spending: CostCap,
) -> list[Engine]:
    """The engines that may translate into a language, by preference, each within its limits."""
    return [
        Metered(engines[name], configuration.engines[name], meter, cost_cap=spending, wait_budget=waiting)
        for name in configuration.order(language)
        if name in engines
    ]


def second_reader(
    registered: ConfiguredEngines,
    configuration: TranslationDocument,
    language: str,
    meter: LedgerMeter,
    waiting: WaitBudget,
    spending: CostCap,
) -> SecondReader | None:
    """Who reads what engines translate into a language, within its limits; None if the file names nobody."""
    wanted = configuration.for_language(language).reader
    if wanted is None:
        return None
    name, engine = wanted.engine, None
    if name in registered.engines:
        of = registered.engines[name], configuration.engines[name]
        engine = Metered(*of, meter, cost_cap=spending, wait_budget=waiting)
    problem = registered.left_out.get(name)
    return SecondReader(name=name, threshold=wanted.threshold, engine=engine, problem=problem)


def missing(registered: ConfiguredEngines, engines: Sequence[Engine], order: Sequence[str]) -> dict[str, str]:
    """The engines of `order` that can translate nothing at all, and for each the reason."""
    found = {name: why for name, why in registered.left_out.items() if name in order}
    return found | {engine.name: NO_PAIRS for engine in engines if not engine.pairs()}


def wait_budget() -> WaitBudget:
    """How long one translation may wait for engines; the waiting ends early when the worker is asked to stop."""
    return WaitBudget(sleep=_sleep)


def _sleep(seconds: float) -> None:
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0 and not shutdown.asked():
        time.sleep(min(left, _SLICE))
