"""How far a release is, as pages show it: figures, bars with words, what is held and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection

from tasks.ledger import counts, publications, release_views
from tasks.ledger.release_views import Grouping, Sums
from tasks.ledger.spans import Span
from tasks.model.languages import LanguageTag
from tasks.model.states import Hold, State
from tasks.operations import charts
from tasks.operations import report as reports
from tasks.operations.charts import Bar, Part
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
COLUMNS = 400
"""Stretches of time into which arrivals are counted."""


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
    """When deliveries arrived, as a picture; None if none has."""
    first, last = progress.sums.first_at, progress.sums.last_at
    if first is None or last is None:
        return None
    zero = progress.sums.first_due_at
    since = first if zero is None else min(zero, first)
    span = progress.sums.span
    return kept(("timeline", span.release_id), lambda: _timeline(connection, span, since, last))


def _timeline(connection: Connection, span: Span, since: float, last: float) -> Markup:
    counted = release_views.arrivals(connection, span, since, max(0.001, (last - since) / COLUMNS))
    seconds = chain.from_iterable(repeat(second, n) for second, n in counted)
    return charts.timeline(
        seconds, name="arrivals", title="Deliveries over time", noun=("delivery", "deliveries"),
        zero="when the first could go out",
    )  # fmt: skip


def _language(tag: str) -> str:
    return LanguageTag(tag).english_name
