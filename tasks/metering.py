"""The meter of a wire's engines: what `tasks/translation/metered.py` reckons, kept in the ledger for all workers.

Failures, rests, limits per minute and budgets are those of an engine, not of a worker; so they are counted where all
workers look, by the ledger's clock. An engine on this machine that has no limits and works costs a look and no write.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

import structlog

from tasks import shutdown
from tasks.ledger import engines as rows
from tasks.ledger import makings, now, read, write
from tasks.translation.configuration import EngineDocument, TranslationDocument
from tasks.translation.engines import Engine
from tasks.translation.errors import EngineError, Unsupported
from tasks.translation.metered import (
    Metered,
    Patience,
    Purse,
    Ticket,
    Use,
    charged,
    noted,
    resting,
    taken,
    unlimited,
)
from tasks.translation.router import Roster

log = structlog.get_logger()
NOTHING = "can translate nothing here: what it needs is not installed, or its languages leave nothing"
_SLICE = 1.0
"""Seconds between two looks whether the worker is to stop."""


class LedgerMeter:
    """A meter that all workers share."""

    def __init__(self, *, anyway: bool = False) -> None:
        """`anyway`: limits and rests stop nothing, for operators who want to see what an engine says."""
        self._take = charged if anyway else taken

    def ask(self, name: str, document: EngineDocument, characters: int) -> Ticket:
        """See Meter."""
        if unlimited(document):
            with read() as ledger:
                row = rows.get(ledger, name)
            if row is None or Use(**row).sound:
                return Ticket()
        with write() as ledger:
            use, ticket = self._take(Use(**rows.lock(ledger, name)), document, characters, now(ledger))
            rows.put(ledger, name, asdict(use))
        return ticket

    def note(self, name: str, document: EngineDocument, ticket: Ticket, error: EngineError | None) -> None:
        """See Meter. When an engine answers again, what is held for it is hinted at."""
        if ticket.sound and (error is None or (isinstance(error, Unsupported) and not ticket.characters)):
            return
        freed = 0
        with write() as ledger:
            present = now(ledger)
            before = Use(**rows.lock(ledger, name))
            use = noted(before, ticket, error, present)
            rows.put(ledger, name, asdict(use))
            back = use.sound and not before.sound
            if back:
                freed = makings.free(ledger, name, now=present)
        if back:
            log.info("engine answers again", engine=name, translations=freed)
        elif told := resting(use, present):
            log.warning("engine rests", engine=name, reason=told)


def wake(name: str) -> int:
    """End an engine's rest, and hint at what is held for it; the number of translations."""
    with write() as ledger:
        use = Use(**rows.lock(ledger, name))
        rows.put(ledger, name, asdict(use) | {"failures": 0, "rest_until": 0, "reason": None})
        return makings.free(ledger, name, now=now(ledger))


def metered(
    engines: dict[str, Engine], configuration: TranslationDocument, language: str, patience: Patience
) -> list[Engine]:
    """The engines that may translate into a language, by preference, each within its limits."""
    purse, meter = Purse(configuration.for_language(language).cost_cap), LedgerMeter()
    return [
        Metered(engines[name], configuration.engines[name], meter, purse, patience)
        for name in configuration.order(language)
        if name in engines
    ]


def missing(roster: Roster, engines: Sequence[Engine], order: Sequence[str]) -> dict[str, str]:
    """Those among the engines of `order` that can do nothing at all, and why."""
    found = {name: why for name, why in roster.left_out.items() if name in order}
    return found | {engine.name: NOTHING for engine in engines if not engine.pairs()}


def patience() -> Patience:
    """That of one translation; it ends when the worker is to stop."""
    return Patience(sleep=_sleep)


def _sleep(seconds: float) -> None:
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0 and not shutdown.asked():
        time.sleep(min(left, _SLICE))
