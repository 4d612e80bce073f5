"""How far a release is, as pages show it: figures, bars with words, what is held and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection

from tasks.ledger import counts, publications, release_views
from tasks.ledger.release_views import FirstSending, Grouping, Sums
from tasks.ledger.spans import Span
from tasks.model.languages import LanguageTag
from tasks.model.states import Hold, State
from tasks.operations import charts
from tasks.operations import report as reports
from tasks.operations.charts import Bar, Part
from tasks.runtime.counting import counted
from workers.web.pages import attention
from workers.web.pages import kept as kept_sums
from workers.web.pages.kept import is_kept, kept

KINDS: tuple[tuple[str, charts.Kind, tuple[State, ...]], ...] = (
    ("delivered", "good", (State.DELIVERED,)),
    ("due", "plain", (State.DUE, State.CLAIMED)),
    ("held", "held", (State.HELD,)),
    ("failed", "bad", (State.REJECTED, State.EXHAUSTED)),
    ("ended otherwise", "open", (State.SUPERSEDED, State.CANCELED)),
)
"""The parts of a bar: the word, the colour, and the states that it stands for."""
STRETCHES, LEAST_STRETCH = 400, 0.001
"""Stretches of time into which arrivals are counted, and the least of them in seconds."""
FINER = 10
"""Arrivals are counted more finely if half of them came in less than one part of so many."""


@dataclass(frozen=True)
class Row:
    """One line of a table of progress."""

    name: str
    words: str
    states: Mapping[str, int]
    strip: Markup

    @property
    def total(self) -> int:
        """All its deliveries."""
        return sum(self.states.values())

    @property
    def delivered(self) -> int:
        """Those that have arrived."""
        return self.states.get(State.DELIVERED, 0)


@dataclass(frozen=True)
class Progress:
    """How far one release version is."""

    sums: Sums
    holds: list[dict[str, Any]]

    @property
    def all(self) -> Row:
        """All languages together."""
        return row("all", "all", self.sums.states, None)

    @property
    def spread(self) -> float | None:
        """Seconds between the first arrival and the last one."""
        if self.sums.first_at is None or self.sums.last_at is None:
            return None
        return self.sums.last_at - self.sums.first_at

    def needs_somebody(self, now: float) -> bool:
        """Whether an editor is waited for, something failed, or something has been due for long."""
        late = self.sums.oldest_due_at is not None and self.sums.oldest_due_at < now - attention.LATE_SECONDS
        states = self.sums.states
        waiting = any(hold["kind"] == Hold.APPROVAL for hold in self.holds)
        return late or waiting or bool(states[State.REJECTED] + states[State.EXHAUSTED])

    @property
    def languages(self) -> list[Row]:
        """A line for each language."""
        most = max((sum(states.values()) for states in self.sums.languages.values()), default=0)
        return [row(name, _language(name), states, most) for name, states in self.sums.languages.items()]


def of_release(connection: Connection, number: int) -> Progress:
    """How far a release is, at most a moment ago."""
    return kept(
        ("progress", number),
        lambda: Progress(release_views.sums(connection, number), counts.holds(connection, number)),
        lambda found: not found.sums.is_open and bool(found.sums.languages),
    )


def is_known(number: int) -> bool:
    """Whether `of_release` costs nothing."""
    return is_kept(("progress", number))


def row(name: str, words: str, states: Mapping[str, int], most: int | None) -> Row:
    """One line; `most`: the number that fills the bar, its own if left out."""
    total = sum(states.values())
    return Row(name, words, states, charts.strip(Bar(words, parts(states)), total if most is None else most))


def parts(states: Mapping[str, int]) -> tuple[Part, ...]:
    """The parts of a bar."""
    return tuple(Part(sum(states.get(state, 0) for state in of), kind, word) for word, kind, of in KINDS)


def in_words(states: Mapping[str, int]) -> str:
    """The same in words: `12 delivered, 1 failed`."""
    return charts.in_words(parts(states))


def grouped(connection: Connection, of: Progress, by: Grouping) -> list[Row]:
    """A line for each circuit, transport, country or format, at most a moment ago."""
    span = of.sums.span
    found = kept(("grouped", span.release_id, by), lambda: release_views.grouped(connection, span, by))
    most = max((sum(states.values()) for states in found.values()), default=0)
    return [row(name, name, states, most) for name, states in found.items()]


def reasons(connection: Connection, of: Progress) -> list[dict[str, Any]]:
    """Why deliveries of a release have failed, or are tried again: state, code, reason and number."""
    return kept(("reasons", of.sums.span.release_id), lambda: _reasons(connection, of.sums.span))


def _reasons(connection: Connection, span: Span) -> list[dict[str, Any]]:
    failures = release_views.failures(connection, span)
    return reports.by_code((state, reports.code_of(code, reason), reason, n) for state, code, reason, n in failures)


def made_by(connection: Connection, number: int) -> dict[str, str]:
    """Who is behind each text that the producer did not write: {language: `deepl, unreviewed`}."""

    def made() -> dict[str, str]:
        writing = counts.writing(connection, number)
        engines = counts.engines(connection, number)
        return {language: f"{engine}, {writing[language].words}" for language, engine in engines.items()}

    return kept(("made by", number), made)


def published(connection: Connection, row: Any, of: Progress) -> dict[str, int]:
    """What outlets say became of the release version of this row: {what: number of outlets}."""
    return kept(
        ("published", row.id),
        lambda: publications.counted(publications.of_release(connection, row.uri, row.version, of.sums.span)),
    )


def forget(number: int) -> None:
    """Count a release anew when somebody next looks: something has just been done with it."""
    for what in ("progress", "reasons", "timeline", "published", "made by"):
        kept_sums.forget((what, number))


def timeline(connection: Connection, progress: Progress) -> Markup | None:
    """When deliveries first arrived, as a picture; None if none has."""
    if not progress.sums.languages:
        return None
    return kept(("timeline", progress.sums.span.release_id), lambda: _timeline(connection, progress.sums))


def _timeline(connection: Connection, sums: Sums) -> Markup | None:
    sending = release_views.first_sending(connection, sums)
    if sending is None:
        return None
    seconds = chain.from_iterable(repeat(second, n) for second, n in _arrivals(connection, sending))
    return charts.timeline(
        seconds, name="arrivals", title="Deliveries over time", noun=("delivery", "deliveries"),
        zero="when the first could go out",
    ) + _sent_again(sending.sent_again)  # fmt: skip


def _sent_again(number: int) -> Markup:
    """What the picture says of deliveries that were sent again."""
    if not number:
        return Markup()
    word, one = ("was", "it") if number == 1 else ("were", "they")
    what = f"{counted(number, 'delivery')} that had arrived {word} sent again later"
    text = f"{what}, and {'counts' if number == 1 else 'count'} here when {one} first arrived."
    return Markup('<p class="small quiet">{}</p>').format(text)


def _arrivals(connection: Connection, sending: FirstSending) -> list[tuple[float, int]]:
    """How many deliveries arrived when, counted finely where half of them did: others may have come days later."""
    late: list[tuple[float, int]] = []
    span, until = sending.last - sending.since, math.inf
    while True:
        width = max(LEAST_STRETCH, span / STRETCHES)
        found = release_views.arrivals(connection, sending, width, until)
        ends = 2 * (round(_by_then(found, 0.5) / width) + 1)
        if ends * FINER > STRETCHES or width == LEAST_STRETCH:
            return found + late
        late = [(second, n) for second, n in found if round(second / width) >= ends] + late
        span, until = ends * width, sending.since + ends * width


def _by_then(counted: Sequence[tuple[float, int]], share: float) -> float:
    """The stretch by whose end this share has arrived."""
    wanted = share * sum(n for _, n in counted)
    so_far = accumulate(n for _, n in counted)
    return next(second for (second, _), n in zip(counted, so_far, strict=True) if n >= wanted)


def _language(tag: str) -> str:
    return LanguageTag(tag).english_name
