"""The meter of engines, kept in the ledger for all workers; its arithmetic is in translation/engines/metering.py.

Failures, rests, limits per minute and budgets are those of an engine, not of a worker; so they are counted where all
workers look, by the ledger's clock. An engine on this machine that has no limits and works costs a look and no write.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

import structlog

from tasks.ledger import artifacts, now, read, write
from tasks.ledger import engine_usage as rows
from tasks.runtime import shutdown
from tasks.translation.configuration import EngineDocument, TranslationDocument
from tasks.translation.engines import Engine
from tasks.translation.engines.metering import (
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
from tasks.translation.engines.registry import Registry
from tasks.translation.errors import EngineError, Unsupported

log = structlog.get_logger()
NOTHING = "can translate nothing here: what it needs is not installed, or its languages leave nothing"
_SLICE = 1.0
"""Seconds between two looks whether the worker is to stop."""


class LedgerMeter:
    """A meter that all workers share."""

    def __init__(self, *, anyway: bool = False) -> None:
        """`anyway`: limits and rests stop nothing, for operators who want to see what an engine says."""
        self._take = charged if anyway else taken

    def ask(self, name: str, document: EngineDocument, characters: int) -> Permit:
        """See Meter."""
        if unlimited(document):
            with read() as connection:
                row = rows.get(connection, name)
            if row is None or Usage(**row).sound:
                return Permit()
        with write() as connection:
            use, permit = self._take(Usage(**rows.lock(connection, name)), document, characters, now(connection))
            rows.put(connection, name, asdict(use))
        return permit

    def note(self, name: str, document: EngineDocument, permit: Permit, error: EngineError | None) -> None:
        """See Meter. When an engine answers again, what is held for it is hinted at."""
        if permit.sound and (error is None or (isinstance(error, Unsupported) and not permit.characters)):
            return
        freed = 0
        with write() as connection:
            present = now(connection)
            before = Usage(**rows.lock(connection, name))
            use = noted(before, permit, error, present)
            rows.put(connection, name, asdict(use))
            back = use.sound and not before.sound
            if back:
                freed = artifacts.free(connection, name, now=present)
        if back:
            log.info("engine answers again", engine=name, translations=freed)
        elif told := resting(use, present):
            log.warning("engine rests", engine=name, reason=told)


def wake(name: str) -> int:
    """End an engine's rest, and hint at what is held for it; the number of translations."""
    with write() as connection:
        use = Usage(**rows.lock(connection, name))
        rows.put(connection, name, asdict(use) | {"failures": 0, "rest_until": 0, "reason": None})
        return artifacts.free(connection, name, now=now(connection))


def metered(
    engines: dict[str, Engine], configuration: TranslationDocument, language: str, patience: WaitBudget
) -> list[Engine]:
    """The engines that may translate into a language, by preference, each within its limits."""
    spending, meter = CostCap(configuration.for_language(language).cost_cap), LedgerMeter()
    return [
        Metered(engines[name], configuration.engines[name], meter, spending, patience)
        for name in configuration.order(language)
        if name in engines
    ]


def missing(registered: Registry, engines: Sequence[Engine], order: Sequence[str]) -> dict[str, str]:
    """Those among the engines of `order` that can do nothing at all, and why."""
    found = {name: why for name, why in registered.left_out.items() if name in order}
    return found | {engine.name: NOTHING for engine in engines if not engine.pairs()}


def patience() -> WaitBudget:
    """That of one translation; it ends when the worker is to stop."""
    return WaitBudget(sleep=_sleep)


def _sleep(seconds: float) -> None:
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0 and not shutdown.asked():
        time.sleep(min(left, _SLICE))
