"""Moments: one function reads them, wherever they are written, and every one that is shown has its zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tasks.runtime import moments
from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator has set New York's time zone."""
    monkeypatch.setenv("FANWIRE_TIME_ZONE", "America/New_York")
    settings.cache_clear()


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-01T07:00:00-05:00", "2026-12-01T12:00:00Z"),
        ("2026-12-01T07:00-05:00", "2026-12-01T12:00:00Z"),
        ("2026-12-01 07:00:00 -05:00", "2026-12-01T12:00:00Z"),
        ("2026-12-01t07:00:00-0500", "2026-12-01T12:00:00Z"),
        ("2026-12-01T07:00:00-05", "2026-12-01T12:00:00Z"),
        ("2026-12-01T07:00:00Z", "2026-12-01T07:00:00Z"),
        ("2026-12-01T07:00:00z", "2026-12-01T07:00:00Z"),
        ("2026-12-01T07:00:00.123456789+05:45", "2026-12-01T01:15:00Z"),
        ("  2026-12-01T07:00:00+14:00  ", "2026-11-30T17:00:00Z"),
    ],
)
def test_an_offset_is_honoured(text: str, utc: str) -> None:
    assert moments.utc(moments.read(text)) == utc


def test_the_offset_that_was_written_is_kept() -> None:
    assert moments.written(moments.read("2026-12-01T07:00:00-05:00")) == "2026-12-01T07:00:00-05:00"
    both = moments.with_utc(moments.read("2026-12-01T07:00-05:00"))
    assert both == "2026-12-01T07:00:00-05:00 (2026-12-01T12:00:00Z)"
    assert moments.with_utc(moments.read("2026-12-01T07:00Z")) == "2026-12-01T07:00:00Z"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-12-01T07:00:00", "has no time zone: write its offset from UTC, as in 2026-12-01T07:00:00-05:00"),
        ("2026-12-01 07:00", "as in 2026-12-01 07:00-05:00"),
        ("2026-12-01", "year-month-day, T, time and zone"),
        ("20261201", "year-month-day, T, time and zone"),
        ("1764572400", "year-month-day, T, time and zone"),
        ("07:00", "year-month-day, T, time and zone"),
        ("tomorrow", "year-month-day, T, time and zone"),
        ("", "year-month-day, T, time and zone"),
        ("2026-12-01T07:00:00 EST", "the zone 'EST', which is no offset: write it as in 2026-12-01T07:00:00-05:00"),
        ("2026-12-01T07:00:00-05:00\n", None),
        ("2026-02-30T07:00:00Z", "day is out of range"),
        ("2026-12-01T24:00:00Z", "hour must be"),
        ("2026-12-01T07:00:00+24:00", "offset"),
        ("2026-12-01T07:00:00+05:99", "offset"),
        ("٢٠٢٦-12-01T07:00:00Z", "year-month-day, T, time and zone"),
        ("0001-01-01T00:00:00+01:00", "between 1970 and 2199"),
        ("9999-12-31T23:59:59-01:00", "between 1970 and 2199"),
    ],
)
def test_what_is_no_moment_is_refused_in_words(text: str, says: str | None) -> None:
    if says is None:
        moments.read(text)
        return
    with pytest.raises(ValueError, match=says.replace("+", r"\+")):
        moments.read(text)


@pytest.mark.usefixtures("new_york")
def test_a_time_without_a_zone_is_read_in_the_operators_zone_and_said_back_with_it() -> None:
    winter, summer = moments.read("2026-12-01T07:00:00"), moments.read("2026-07-01 07:00")
    assert moments.with_utc(winter) == "2026-12-01T07:00:00-05:00 (2026-12-01T12:00:00Z)"
    assert moments.with_utc(summer) == "2026-07-01T07:00:00-04:00 (2026-07-01T11:00:00Z)"
    assert moments.utc(moments.read("2026-12-01T07:00:00+01:00")) == "2026-12-01T06:00:00Z", "what is said goes first"


@pytest.mark.usefixtures("new_york")
def test_a_time_that_the_clock_shows_twice_or_never_is_refused() -> None:
    with pytest.raises(ValueError, match=r"twice .*America/New_York.* 2026-11-01T01:30:00-04:00 or .*-05:00"):
        moments.read("2026-11-01T01:30:00")
    with pytest.raises(ValueError, match=r"never .*America/New_York"):
        moments.read("2026-03-08T02:30:00")
    assert moments.utc(moments.read("2026-11-01T01:30:00-05:00")) == "2026-11-01T06:30:00Z"


def test_moments_are_shown_in_the_operators_zone_and_else_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert moments.shown(moment) == moments.shown(moment.timestamp()) == "2026-12-01T12:00:00Z"
    monkeypatch.setenv("FANWIRE_TIME_ZONE", "America/New_York")
    settings.cache_clear()
    assert moments.shown(moment) == "2026-12-01T07:00:00-05:00"
    assert moments.utc(moment) == "2026-12-01T12:00:00Z"
    assert moments.utc(moment.timestamp() + 0.25, "milliseconds") == "2026-12-01T12:00:00.250Z"


@pytest.mark.parametrize("name", ["EST5", "New York", "../../etc/passwd", "", "America"])
def test_a_zone_that_nobody_knows_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("FANWIRE_TIME_ZONE", name)
    settings.cache_clear()
    with pytest.raises(ConfigurationRefused, match=r"FANWIRE_TIME_ZONE: .*for example America/New_York"):
        settings()


@pytest.mark.parametrize(("seconds", "year"), [(253402304399.0, 9999), (-62135600000.0, 1), (1e300, 9999)])
def test_an_end_of_time_in_an_old_ledger_is_shown(seconds: float, year: int) -> None:
    assert moments.utc(seconds).startswith(f"{year:04}-")
    assert moments.shown(seconds).startswith(f"{year:04}-")
