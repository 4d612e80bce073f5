"""Engines within their limits: what is counted, when they rest, and what a translation waits for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from tasks.model.release import Release
from tasks.translation.alignment.links import Aligned, Link
from tasks.translation.configuration import EngineDocument
from tasks.translation.drafts import Resources
from tasks.translation.engine_support.metering import Busy, CostCap, MemoryMeter, Metered, WaitBudget
from tasks.translation.errors import Fatal, QuotaUsedUp, Retryable, Unsupported
from tasks.translation.translate import draft

from .samples import Stub

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC).timestamp()
WORDS = str.maketrans("aeiou", "eioua")


class Clock:
    """Time passes only by waiting."""

    def __init__(self) -> None:
        self.now = NOON
        self.waited: list[float] = []

    def __call__(self) -> Any:
        return self.now

    def sleep(self, seconds: Any) -> None:
        self.waited.append(seconds)
        self.now += seconds


class Moody(Stub):
    """Raises what it is told to, once each, and then answers."""

    def __init__(self, *errors: Any, **more: Any) -> None:
        super().__init__(lambda text: text.translate(WORDS), **more)
        self.errors = list(errors)
        self.calls = 0

    def translate(self, units: Any, source: str, target: str) -> Any:
        self.calls += 1
        if self.errors and (error := self.errors.pop(0)):
            raise error
        return super().translate(units, source, target)


@pytest.fixture
def clock() -> Any:
    return Clock()


@pytest.fixture
def meter(clock: Any) -> Any:
    return MemoryMeter(clock)


@pytest.fixture
def make(clock: Any, meter: Any) -> Any:
    """`engine` with fields of its configuration, as one translation has it."""

    def make(engine: Any, *, cap: Any = None, patience: Any = None, spending: Any = None, **fields: Any) -> Any:
        document = EngineDocument.model_validate(fields)
        own = WaitBudget(60 if patience is None else patience, sleep=clock.sleep, clock=clock)
        return Metered(engine, document, meter, cost_cap=spending or CostCap(cap), wait_budget=own)

    return make


def ask(engine: Any, text: str = "Hello") -> Any:
    return engine.translate([(text,)], "en", "es")


def fails(engine: Any, error: Any = Retryable, text: str = "Hello") -> Any:
    with pytest.raises(error) as caught:
        ask(engine, text)
    return str(caught.value)


def test_it_is_the_engine_with_fewer_languages(make: Callable[..., Any]) -> None:
    engine = Stub()
    engine.pairs = lambda: {("en", "es"): 1, ("en", "pt-PT"): 1, ("en", "de"): 2, ("de", "en"): 1}
    assert make(engine).pairs() == engine.pairs()
    assert make(engine, languages=["en", "pt", "es"]).pairs() == {("en", "es"): 1, ("en", "pt-PT"): 1}
    assert make(engine, languages=["en", "pt-PT"]).pairs() == {("en", "pt-PT"): 1}
    assert (make(engine).name, make(engine).model("en", "es")) == ("stub", "stub 1")


def test_five_failures_in_a_row_make_it_rest_ever_longer(make: Callable[..., Any], clock: Any) -> None:
    engine = make(Moody(*[Retryable("answered 503")] * 9))
    for _ in range(5):
        assert fails(engine) == "answered 503"
    assert fails(engine) == "rests until 12:00:30 UTC after 5 failures: answered 503"
    for rest in (30, 60, 120, 240):
        clock.now += rest
        assert fails(engine) == "answered 503"
        clock.now += 1
        assert "rests until" in fails(engine)
        clock.now -= 1
    assert clock.waited == []


def test_no_rest_is_longer_than_ten_minutes(make: Callable[..., Any], clock: Any) -> None:
    inner = Moody(*[Retryable("away")] * 30)
    engine = make(inner)
    for _ in range(30):
        fails(engine)
        clock.now += 600
    assert inner.calls == 30


def test_an_answer_in_between_forgets_the_failures(make: Callable[..., Any], meter: Any) -> None:
    engine = make(Moody(*[Retryable("x")] * 4, None, *[Retryable("x")] * 4))
    for _ in range(4):
        fails(engine)
    ask(engine)
    assert meter.uses["stub"].sound
    for _ in range(4):
        assert fails(engine) == "x"


def test_after_a_rest_one_probe_goes_and_the_others_wait_for_what_it_meets(
    make: Callable[..., Any], clock: Any
) -> None:
    class Probed(Moody):
        def translate(self, units: Any, source: str, target: str) -> Any:
            if self.calls == 5:
                told.append(fails(other))
            return super().translate(units, source, target)

    told: list[Any] = []
    inner = Probed(*[Retryable("away")] * 5)
    engine, other = make(inner), make(inner)
    for _ in range(5):
        fails(engine)
    clock.now += 30
    ask(engine)
    assert told == ["rests until 12:01:15 UTC after 5 failures: away"]
    ask(other)


def test_a_probe_of_which_nobody_hears_is_given_up(make: Callable[..., Any], clock: Any, meter: Any) -> None:
    engine = make(Moody(*[Retryable("away")] * 5), timeout=20)
    for _ in range(5):
        fails(engine)
    clock.now += 30
    meter.ask("stub", EngineDocument(timeout=20), 5)
    fails(engine)
    clock.now += 35
    ask(engine)


def test_a_failure_that_was_on_its_way_when_others_made_it_rest_changes_nothing(
    make: Callable[..., Any], clock: Any, meter: Any
) -> None:
    late = meter.ask("stub", EngineDocument(), 5)
    engine = make(Moody(*[Retryable("away")] * 5))
    for _ in range(5):
        fails(engine)
    before = meter.uses["stub"]
    meter.note("stub", EngineDocument(), late, Retryable("away"))
    assert meter.uses["stub"] == before
    meter.note("stub", EngineDocument(), late, None)
    assert meter.uses["stub"] == before


def test_fatal_counts_and_unsupported_is_nobodys_fault(make: Callable[..., Any], meter: Any) -> None:
    engine = make(Moody(*[Unsupported("too long")] * 9, *[Fatal("answered 403")] * 5), per_minute={"requests": 99})
    for _ in range(9):
        fails(engine, Unsupported)
    assert meter.uses["stub"].sound
    for _ in range(5):
        fails(engine, Fatal)
    assert fails(engine).endswith("after 5 failures: answered 403")


def test_an_empty_account_rests_for_an_hour_and_is_no_failure(make: Callable[..., Any], clock: Any, meter: Any) -> None:
    engine = make(Moody(QuotaUsedUp("answered 456: quota exceeded")), budget={"characters": 100})
    fails(engine, QuotaUsedUp)
    assert fails(engine) == "rests until 13:00:00 UTC: answered 456: quota exceeded"
    assert (meter.uses["stub"].failures, meter.uses["stub"].month_characters) == (0, 0)
    clock.now += 3600
    ask(engine)
    assert meter.uses["stub"].sound


def test_a_short_retry_after_is_waited_out(make: Callable[..., Any], clock: Any) -> None:
    engine = make(Moody(Retryable("answered 429", after=3)))
    assert ask(engine) == [("Hillu",)]
    assert clock.waited == [3]


def test_a_long_retry_after_is_kept_to_and_not_waited_for(make: Callable[..., Any], clock: Any) -> None:
    engine = make(Moody(Retryable("answered 429", after=90)))
    assert fails(engine) == "answered 429"
    clock.now += 79
    assert fails(engine) == "rests until 12:01:30 UTC: answered 429"
    assert clock.waited == []
    clock.now += 6
    ask(engine)  # the rest of it is short
    assert clock.waited == [5]


def test_a_service_that_never_stops_asking_for_time_comes_to_an_end(make: Callable[..., Any], clock: Any) -> None:
    inner = Moody(*[Retryable("answered 429", after=0)] * 99)
    fails(make(inner))
    assert inner.calls == 5


def test_limits_of_a_minute_are_waited_out(make: Callable[..., Any], clock: Any, meter: Any) -> None:
    engine = make(Stub(), per_minute={"requests": 2})
    for _ in range(3):
        ask(engine)
    assert clock.waited == [60]
    assert meter.uses["stub"].minute_requests == 1


def test_one_translation_waits_a_minute_in_all(make: Callable[..., Any], clock: Any) -> None:
    engine = make(Stub(), per_minute={"requests": 1})
    ask(engine)
    ask(engine)
    with pytest.raises(Busy, match="has used its 1 request of this minute") as caught:
        ask(engine)
    assert (clock.waited, caught.value.after) == ([60], 60)


def test_without_patience_it_says_so_at_once(make: Callable[..., Any], clock: Any) -> None:
    engine = make(Stub(), patience=0, per_minute={"characters": 12})
    ask(engine)
    ask(engine)
    clock.now += 20
    with pytest.raises(Busy, match="has used 10 of its 12 characters of this minute, and this takes 5") as caught:
        ask(engine)
    assert caught.value.after == 40


def test_more_than_a_minutes_characters_is_nothing_to_wait_for(make: Callable[..., Any], clock: Any) -> None:
    engine = make(Stub(), per_minute={"characters": 4})
    assert engine.capabilities.characters == 4
    assert fails(engine, Unsupported) == "5 characters are more than its 4 of a minute"


def test_a_budget_lasts_to_the_end_of_the_month(make: Callable[..., Any], clock: Any) -> None:
    engine = make(Stub(), budget={"characters": 10})
    ask(engine)
    assert fails(engine, QuotaUsedUp, "Hello you") == "has used 5 of 10 characters this month, and this takes 9"
    ask(engine)
    assert fails(engine, QuotaUsedUp) == "has used 10 of 10 characters this month"
    clock.now = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
    ask(engine)


def test_a_budget_of_money(make: Callable[..., Any]) -> None:
    engine = make(Stub(), price=200_000, budget={"cost": 1.5})
    ask(engine)
    assert fails(engine, QuotaUsedUp) == "has used 1.00 of its budget of 1.50 this month, and this costs 1.00"


def test_a_budget_says_nothing_of_an_engine_that_fails_and_the_bill_may(make: Callable[..., Any], meter: Any) -> None:
    engine = make(Moody(Retryable("gave no answer within 30 s")), budget={"characters": 100})
    fails(engine)
    assert meter.uses["stub"].month_characters == 5


def test_the_cost_cap_is_that_of_a_translation_and_all_its_engines(make: Callable[..., Any]) -> None:
    spending = CostCap(0.5)
    dear, cheap = (make(Stub(), spending=spending, price=price) for price in (60_000, 10_000))
    ask(dear)
    assert fails(dear, Unsupported) == "would cost 0.60, more than the cap of 0.50"
    ask(cheap)
    ask(make(Stub(), spending=spending))  # free
    assert fails(make(Stub(), cap=0.002, price=1_000), Unsupported) == "would cost 0.0050, more than the cap of 0.0020"


def test_what_is_worth_coming_back_for(make: Callable[..., Any], clock: Any) -> None:
    patience = WaitBudget(60, sleep=clock.sleep, clock=clock)
    assert patience.worth is None
    patience.gave_up(90)
    patience.gave_up(40)
    clock.now += 10
    assert patience.worth == 30
    assert not WaitBudget(60, sleep=clock.sleep, clock=clock).wait(61)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, "its answer is a NoneType"),
        ("Hola", "its answer is a str"),
        ([], "gave 0 answers to 1 units"),
        (["Hola"], "no tuple of str, Open, Close and Opaque"),
        ([(1,)], "no tuple of str, Open, Close and Opaque"),
    ],
)
def test_a_wrong_answer_is_the_engines_fault(
    make: Callable[..., Any], meter: Any, answer: list[Any] | str | None, says: str
) -> None:
    engine = Stub()
    engine.translate = lambda *_: answer
    assert says in fails(make(engine), Fatal)
    assert meter.uses["stub"].failures == 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, "its aligned answer is no list of Aligned"),
        (["Hola"], "its aligned answer is no list of Aligned"),
        ([], "gave 0 answers to 1 units"),
        ([Aligned("Hola", (Link((0, 5), (0, 4), 0.0),))], "a link in its answer has a weight or a place below 0"),
        ([Aligned("Hola", (Link((0, 5), (-1, 4)),))], "a link in its answer has a weight or a place below 0"),
        ([Aligned("Hola", cast(Any, (None,)))], "is broken: AttributeError"),
    ],
)  # fmt: skip
def test_a_wrong_aligned_answer_is_the_engines_fault_too(
    make: Callable[..., Any], meter: Any, answer: Any, says: str
) -> None:
    engine: Any = Stub(inline="aligned")
    engine.translate_aligned = lambda *_: answer
    with pytest.raises(Fatal) as fatal:
        make(engine).translate_aligned(["Hello"], "en", "es")
    assert says in str(fatal.value)
    assert meter.uses["stub"].failures == 1


def test_aligned_answers_are_counted_as_others(make: Callable[..., Any], meter: Any) -> None:
    engine: Any = Stub(inline="aligned")
    wanted = [Aligned("Hola", (Link((0, 5), (0, 4)),))]
    engine.translate_aligned = lambda *_: wanted
    assert make(engine, per_minute={"requests": 5}).translate_aligned(["Hello"], "en", "es") == wanted
    assert (meter.uses["stub"].minute_requests, meter.uses["stub"].minute_characters) == (1, 5)


def test_what_a_broken_engine_raises_is_not_told_for_it_may_hold_a_key(make: Callable[..., Any], meter: Any) -> None:
    def leak(*_: Any) -> None:
        raise ValueError("key=0a1b2c3d")

    engine = Stub()
    engine.translate = engine.model = engine.pairs = leak
    told = fails(make(engine), Fatal)
    assert told.startswith("is broken: ValueError in test_metering.py, line ")
    assert meter.uses["stub"].reason == told
    assert make(engine).pairs() == {}
    with pytest.raises(Fatal, match="is broken"):
        make(engine).model("en", "es")


SHORT = {"headline": "A new plant", "subheadline": None, "body_html": "<p>They say that the new plant is open.</p>" * 9}


def spoken(name: str = "stub", error: Any = None) -> Any:
    """Into a language of which the checks know no words."""
    engine = Moody(*[error] * 9 if error else (), pair=("en", "sw"))
    engine.name = name
    return engine


def test_a_release_goes_on_by_the_next_engine(
    make: Callable[..., Any], make_release: Callable[..., Release], clock: Any
) -> None:
    first, second = spoken(error=Retryable("answered 503")), spoken("second")
    found = draft(make_release(**SHORT), "sw", Resources([make(first), make(second)]))
    assert found.translation, found.reason
    assert found.translation.engine == "second"
    found = draft(make_release(**SHORT), "sw", Resources([make(first)]))
    assert (found.reason, found.again) == ("stub en→sw: answered 503", True)


def test_a_release_over_the_cap_goes_to_a_cheaper_engine(
    make: Callable[..., Any], make_release: Callable[..., Release]
) -> None:
    spending = CostCap(0.001)
    engines = [make(spoken(), spending=spending, price=20), make(spoken("cheap"), spending=spending)]
    found = draft(make_release(**SHORT), "sw", Resources(engines))
    assert found.translation, found.reason
    assert found.translation.engine == "cheap"
