"""An engine as a wire may use it: within its limits, its budget and the cost cap, and left alone while it fails.

    works ── 5 failures in a row, a Retry-After, an empty account ──► rests ── its time is over ──► one probe goes
      ▲                                                                 ▲                            │          │
      │                                                                 └─ it fails: twice the time ─┘          │
      └─────────────────────────────────────── it answers ──────────────────────────────────────────────────────┘

| what an engine said | counts as |
|---|---|
| an answer | all is forgotten |
| Retryable, Fatal | one more failure in a row; rests of 30 s, 60 s … 10 min, or as long as it asked for |
| QuotaUsedUp | no failure: it rests as long as it asked for, else for an hour |
| Unsupported | nothing: the next text may be another |

What is asked for is counted before it is sent and stays counted when no answer comes, for it may be on the bill all the
same; only what was refused (QuotaUsedUp, Unsupported) is given back.

All of it is arithmetic on a `Usage`. Where that is kept is a `Meter`: in memory here, in the ledger for the workers of
a wire (`tasks/building/engine_meter.py`), for one worker's failures and limits are those of all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Protocol, TypeVar, cast

from tasks.model.languages import base_language
from tasks.runtime.plugins import fault_in
from tasks.translation import bounds
from tasks.translation.alignment.links import Aligned
from tasks.translation.configuration import EngineDocument
from tasks.translation.engines import AligningEngine, Capabilities, Engine, Judge, Pair
from tasks.translation.errors import EngineError, Fatal, QuotaUsedUp, Retryable, Unjudged, Unsupported
from tasks.translation.meaning.faults import Fault, ToRead
from tasks.translation.pieces import Close, Opaque, Open, Text

Answers = TypeVar("Answers")
THRESHOLD = 5
"""Failures in a row after which an engine rests. One that a single text brings down answers the next text."""
REST, LONGEST_REST = 30.0, 600.0
"""Seconds of the first rest, and of the longest: an engine that is back waits at most so long."""
LONGEST_ASKED = 3600.0
"""Seconds of a Retry-After that are kept to; after them one request an hour asks again."""
EMPTY = 3600.0
"""Seconds for which an engine rests whose account is used up and that says no more."""
PROBE_MARGIN = 15.0
"""Seconds beyond an engine's timeout after which a probe that nobody heard of again is given up."""
MINUTE = 60.0
MOST_WAITED = bounds.SECONDS / 2
"""Seconds that one translation waits in all for limits per minute: none lasts longer, and a translation that goes on by
its preferred engine a minute later is better than one half of which another has made."""
SHORT = 10.0
"""Seconds of a Retry-After that are waited out at once; for a longer one the next engine is asked."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How much an engine was used, and whether its circuit breaker is open. Times are seconds since the epoch."""

    failures: int = 0
    """In a row."""
    rest_until: float = 0
    """0: it has answered since it last rested."""
    reason: str | None = None
    """Of the last failure."""
    minute: float = 0
    """When the minute began in which these were asked:"""
    minute_requests: int = 0
    minute_characters: int = 0
    month: str = ""
    """UTC, `2026-11`."""
    month_characters: int = 0
    month_cost: float = 0

    @property
    def sound(self) -> bool:
        """Whether the engine has answered since it last failed or rested."""
        return not self.failures and not self.rest_until


@dataclass(frozen=True)
class Permit:
    """Leave to ask an engine once; to be handed back with what came of the request."""

    characters: int = 0
    cost: float = 0
    sound: bool = True
    """Whether the engine had answered since it last failed or rested."""
    probe: bool = False
    """This request tries whether a resting engine answers again; nobody else asks meanwhile."""


class Busy(Retryable):
    """The engine works, and takes more within the minute."""


class Meter(Protocol):
    """Counts how much engines are used, for everybody who asks them."""

    def ask(self, name: str, document: EngineDocument, characters: int) -> Permit:
        """Count a request of so many characters to an engine and permit it; raises Busy, Retryable or QuotaUsedUp."""

    def note(self, name: str, document: EngineDocument, permit: Permit, error: EngineError | None) -> None:
        """Count what became of a permit; without an error the engine answered."""


def taken(use: Usage, document: EngineDocument, characters: int, now: float) -> tuple[Usage, Permit]:
    """An engine's usage once it has been asked for so many characters; raises Busy, Retryable or QuotaUsedUp."""
    use = current(use, now)
    _refuse_rest(use, now)
    _refuse_month(use, document, characters)
    _refuse_minute(use, document, characters, now)
    return charged(use, document, characters, now)


def charged(use: Usage, document: EngineDocument, characters: int, now: float) -> tuple[Usage, Permit]:
    """An engine's usage once it has been asked for so many characters, whatever its limits and rests say."""
    use = current(use, now)
    cost = cost_of(document, characters)
    probe = use.failures >= THRESHOLD or use.rest_until > now
    after = replace(
        use,
        rest_until=now + document.timeout + PROBE_MARGIN if probe else use.rest_until,
        minute_requests=use.minute_requests + 1,
        minute_characters=use.minute_characters + characters,
        month_characters=use.month_characters + characters,
        month_cost=use.month_cost + cost,
    )
    return after, Permit(characters, cost, use.sound, probe)


def noted(use: Usage, permit: Permit, error: EngineError | None, now: float) -> Usage:
    """An engine's usage once it is known what became of a permit."""
    if isinstance(error, QuotaUsedUp | Unsupported):
        use = replace(
            use,
            month_characters=max(0, use.month_characters - permit.characters),
            month_cost=max(0.0, use.month_cost - permit.cost),
        )
    rests = use.rest_until > now and not permit.probe  # so this was on its way when others made it rest
    if error is None:
        return use if rests else replace(use, failures=0, rest_until=0, reason=None)
    if isinstance(error, Unsupported):
        return replace(use, rest_until=now) if permit.probe else use
    asked = 0.0 if error.after is None else min(error.after, LONGEST_ASKED)
    if isinstance(error, QuotaUsedUp):
        return replace(use, rest_until=max(use.rest_until, now + (asked or EMPTY)), reason=str(error))
    if rests:
        return replace(use, rest_until=max(use.rest_until, now + asked))
    failures = use.failures + 1
    rest = max(asked, _rest_after(failures))
    return replace(use, failures=failures, rest_until=now + rest if rest else 0, reason=str(error))


def current(use: Usage, now: float) -> Usage:
    """An engine's usage with a new minute and a new month begun where the last ones are over."""
    if not now - MINUTE < use.minute <= now + MINUTE:  # one far ahead was written by a clock that was wrong
        use = replace(use, minute=now, minute_requests=0, minute_characters=0)
    month = f"{datetime.fromtimestamp(now, UTC):%Y-%m}"
    return use if use.month == month else replace(use, month=month, month_characters=0, month_cost=0)


def cost_of(document: EngineDocument, characters: int) -> float:
    """What so many characters cost, in the currency of `price`."""
    return characters * document.price / 1_000_000


def unlimited(document: EngineDocument) -> bool:
    """Whether there is nothing to count for an engine: no limit, budget or price."""
    bounds = (*document.per_minute.model_dump().values(), *document.budget.model_dump().values())
    return not document.price and all(bound is None for bound in bounds)


def resting(use: Usage, now: float) -> str | None:
    """Until when and why an engine is not asked, such as `rests until 14:05:10 UTC after 5 failures: answered 503`;
    None if it may be asked."""
    if not now < use.rest_until <= now + 2 * LONGEST_ASKED:  # as above
        return None
    failures = f" after {use.failures} failures" if use.failures > 1 else ""
    return f"rests until {datetime.fromtimestamp(use.rest_until, UTC):%H:%M:%S} UTC{failures}: {use.reason}"


def _rest_after(failures: int) -> float:
    return min(REST * 2.0 ** min(failures - THRESHOLD, 30), LONGEST_REST) if failures >= THRESHOLD else 0.0


def _refuse_rest(use: Usage, now: float) -> None:
    if why := resting(use, now):
        after = use.rest_until - now
        raise (Busy if use.failures < THRESHOLD and after <= SHORT else Retryable)(why, after=after)


def _refuse_minute(use: Usage, document: EngineDocument, characters: int, now: float) -> None:
    limit = document.per_minute
    ends = use.minute + MINUTE - now
    if limit.requests is not None and use.minute_requests >= limit.requests:
        raise Busy(f"has used its {_counted(limit.requests, 'request')} of this minute", after=ends)
    if limit.characters is not None and use.minute_characters + characters > limit.characters:
        raise Busy(
            f"has used {use.minute_characters:,} of its {_counted(limit.characters, 'character')} of this minute, and "
            f"this takes {characters:,}",
            after=ends,
        )


def _refuse_month(use: Usage, document: EngineDocument, characters: int) -> None:
    budget = document.budget
    if budget.characters is not None and use.month_characters + characters > budget.characters:
        left = use.month_characters < budget.characters
        more = f", and this takes {characters:,}" if left else ""
        raise QuotaUsedUp(f"has used {use.month_characters:,} of {budget.characters:,} characters this month{more}")
    cost = cost_of(document, characters)
    if budget.cost is not None and use.month_cost + cost > budget.cost:
        more = f", and this costs {cost:.2f}" if use.month_cost < budget.cost else ""
        raise QuotaUsedUp(f"has used {use.month_cost:.2f} of its budget of {budget.cost:.2f} this month{more}")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


class MemoryMeter:
    """A meter of this process alone."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.uses: dict[str, Usage] = {}
        self._clock = clock
        self._lock = Lock()

    def ask(self, name: str, document: EngineDocument, characters: int) -> Permit:
        """See Meter."""
        with self._lock:
            self.uses[name], permit = taken(self.uses.get(name, Usage()), document, characters, self._clock())
        return permit

    def note(self, name: str, document: EngineDocument, permit: Permit, error: EngineError | None) -> None:
        """See Meter."""
        with self._lock:
            self.uses[name] = noted(self.uses.get(name, Usage()), permit, error, self._clock())


class CostCap:
    """What one translation may cost, by all its engines together."""

    def __init__(self, cap: float | None = None) -> None:
        """`cap`: in the currency of `price`; None: any."""
        self._cap = cap
        self._spent = 0.0

    def check(self, cost: float) -> None:
        """Raise Unsupported if a request of this cost is too much: another engine may be cheaper."""
        total = self._spent + cost
        if cost and self._cap is not None and total > self._cap:
            raise Unsupported(f"would cost {_money(total)}, more than the cap of {_money(self._cap)}")

    def pay(self, cost: float) -> None:
        """Count what a request cost."""
        self._spent += cost


def _money(amount: float) -> str:
    return f"{amount:.2f}" if amount >= 1 or round(amount, 2) == amount else f"{amount:.4f}"


class WaitBudget:
    """How long one translation may still wait for engines that are busy, and when it is worth coming back."""

    def __init__(
        self,
        seconds: float = MOST_WAITED,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sleep` may return before its time: whoever waits asks again."""
        self._left = seconds
        self._sleep, self._clock = sleep, clock
        self._end = clock() + bounds.SECONDS
        self._worth: float | None = None

    def wait(self, seconds: float, *, most: float = MOST_WAITED) -> bool:
        """Wait so many seconds, if that is not longer than `most` and than what is left; False if it did not wait."""
        seconds = max(seconds, 1.0)  # so that it comes to an end
        if seconds > min(most, self._left, self._end - self._clock()):
            return False
        self._left -= seconds
        self._sleep(seconds)
        return True

    def gave_up(self, seconds: float) -> None:
        """Note that an engine could have been asked in so many seconds."""
        moment = self._clock() + seconds
        self._worth = moment if self._worth is None else min(moment, self._worth)

    @property
    def worth(self) -> float | None:
        """Seconds after which the first of the engines that were given up may be asked; None if nobody knows."""
        return None if self._worth is None else max(0.0, self._worth - self._clock())


class Metered:
    """An engine within its limits. It is an engine itself, and made anew for each translation."""

    def __init__(
        self,
        engine: Engine,
        document: EngineDocument,
        meter: Meter,
        *,
        cost_cap: CostCap,
        wait_budget: WaitBudget | None = None,
    ) -> None:
        """`cost_cap` and `wait_budget` are those of the translation, the same for all its engines."""
        self._engine, self._document, self._meter, self._cost_cap = engine, document, meter, cost_cap
        self._wait_budget = wait_budget or WaitBudget(0)
        self._most = document.per_minute.characters

    @property
    def name(self) -> str:
        """The name of the engine."""
        return self._engine.name

    @property
    def capabilities(self) -> Capabilities:
        """What the engine can do, with the grades of the configuration; never more characters at once than it may be
        sent in a minute."""
        found = self._engine.capabilities
        most = found.characters if self._most is None else min(found.characters, self._most)
        return replace(found, characters=most, graded=self._document.grade)

    def pairs(self) -> dict[Pair, int]:
        """The engine's pairs that are between the configured languages."""
        try:
            return listed(self._engine.pairs(), self._document)
        except Exception:  # somebody's own engine: no other may suffer for it, and `fanwire doctor` says what it does
            return {}

    def model(self, source: str, target: str) -> str:
        """See Engine."""
        try:
            return str(self._engine.model(source, target))
        except EngineError:
            raise
        except Exception as error:
            raise broken(error) from error

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine. A limit that is over within the minute is waited out, and so is a short Retry-After."""

        def ask() -> list[Text]:
            return _checked(self._engine.translate(units, source, target), len(units))

        return self._metered(ask, sum(map(_size, units)))

    def translate_aligned(self, texts: Sequence[str], source: str, target: str) -> list[Aligned]:
        """See AligningEngine; metered like `translate`."""
        engine = cast("AligningEngine", self._engine)

        def ask() -> list[Aligned]:
            return _checked_aligned(engine.translate_aligned(texts, source, target), len(texts))

        return self._metered(ask, sum(map(len, texts)))

    @property
    def judges(self) -> bool:
        """Whether the engine judges translations by itself, as a language model does."""
        return callable(getattr(self._engine, "judge", None))

    def judge(self, units: Sequence[ToRead], source: str, target: str) -> list[list[Fault]]:
        """See Judge; metered like `translate`."""
        engine = cast("Judge", self._engine)

        def ask() -> list[list[Fault]]:
            return _checked_faults(engine.judge(units, source, target), len(units))

        return self._metered(ask, sum(_size(unit.source) + _size(unit.target) + len(unit.before) for unit in units))

    def _metered(self, ask: Callable[[], Answers], characters: int) -> Answers:
        """What an engine answers to so many characters, within its limits."""
        if self._most is not None and characters > self._most:
            raise Unsupported(f"{characters:,} characters are more than its {self._most:,} of a minute")
        while True:
            permit = self._admitted(characters)
            try:
                answers = _answers_of(ask)
            except Unjudged:
                self._settle(permit, None)
                raise
            except EngineError as error:
                self._settle(permit, error)
                if isinstance(error, Retryable) and self._worth_waiting(permit, error):
                    continue
                raise
            self._settle(permit, None)
            return answers

    def _admitted(self, characters: int) -> Permit:
        self._cost_cap.check(cost_of(self._document, characters))
        while True:
            try:
                return self._meter.ask(self.name, self._document, characters)
            except Busy as busy:
                if not self._wait_budget.wait(busy.after or 0):
                    self._wait_budget.gave_up(busy.after or 0)
                    raise
            except Retryable as error:
                self._wait_budget.gave_up(error.after or 0)
                raise

    def _settle(self, permit: Permit, error: EngineError | None) -> None:
        if not isinstance(error, QuotaUsedUp | Unsupported):
            self._cost_cap.pay(permit.cost)
        self._meter.note(self.name, self._document, permit, error)

    def _worth_waiting(self, permit: Permit, error: EngineError) -> bool:
        """Whether it asked for no more than a moment, and that is over now."""
        if error.after is None:
            return False
        if not permit.probe and self._wait_budget.wait(error.after, most=SHORT):
            return True
        self._wait_budget.gave_up(error.after)
        return False


def listed(pairs: dict[Pair, int], document: EngineDocument) -> dict[Pair, int]:
    """The pairs of languages that the configuration lists, as they stand or without script and territory."""
    if document.languages is None:
        return dict(pairs)
    among: set[str] = set(document.languages)
    return {
        pair: steps for pair, steps in pairs.items() if all(not among.isdisjoint((t, base_language(t))) for t in pair)
    }


def broken(error: Exception) -> Fatal:
    """The error for whatever an engine raised that is no EngineError, by kind and place only: its text may hold
    anything, even a key."""
    return Fatal(fault_in(error))


def _answers_of(ask: Callable[[], Answers]) -> Answers:
    try:
        return ask()
    except EngineError:
        raise
    except Exception as error:
        raise broken(error) from error


def _checked_aligned(answers: object, wanted: int) -> list[Aligned]:
    """Aligned answers as an engine must give them; raises Fatal for any others."""
    if not isinstance(answers, list | tuple) or not all(isinstance(answer, Aligned) for answer in answers):
        raise Fatal("is broken: its aligned answer is no list of Aligned")
    if len(answers) != wanted:
        raise Fatal(f"gave {len(answers)} answers to {wanted} units")
    if any(link.weight <= 0 or min(*link.source, *link.target) < 0 for answer in answers for link in answer.links):
        raise Fatal("is broken: a link in its answer has a weight or a place below 0")
    return list(answers)


def _checked(answers: object, wanted: int) -> list[Text]:
    """Answers as an engine must give them; raises Fatal for any others."""
    if not isinstance(answers, list | tuple):
        raise Fatal(f"is broken: its answer is a {type(answers).__name__}, not a list of texts")
    if len(answers) != wanted:
        raise Fatal(f"gave {len(answers)} answers to {wanted} units")
    for text in answers:
        if not isinstance(text, tuple) or not all(isinstance(piece, str | Open | Close | Opaque) for piece in text):
            raise Fatal("is broken: a text in its answer is no tuple of str, Open, Close and Opaque")
    return list(answers)


def _checked_faults(found: object, wanted: int) -> list[list[Fault]]:
    """Judgements as an engine must give them; raises Fatal for any others."""
    if not isinstance(found, list) or len(found) != wanted:
        raise Fatal("is broken: it did not give a list of faults for each unit")
    if not all(isinstance(faults, list) and all(isinstance(one, Fault) for one in faults) for faults in found):
        raise Fatal("is broken: what it gave for a unit is no list of faults")
    return list(found)


def _size(unit: Text) -> int:
    """Characters of a unit as a service would count them, about: its words, and what stands for opaque pieces."""
    return sum(len(piece) if isinstance(piece, str) else len(getattr(piece, "shown", "")) for piece in unit)
