"""Moments: the one place where they are read from text and written as text. A moment always has its zone.

Programs get UTC (`utc`). People get the zone of FANWIRE_TIME_ZONE, or UTC (`shown`). What somebody has said is said
back with the offset in which it was said (`written`, `with_utc`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

EXAMPLE = "2026-12-01T07:00:00-05:00"
NO_MOMENT = "must be a moment with its time zone: year-month-day, T, time and zone"
FIRST_YEAR, LAST_YEAR = 1970, 2199
"""Beyond these a year is a slip of the pen; and at the ends of time a moment has no equal in another zone."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/_"
_MOMENT = re.compile(
    r"(?P<local>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?)\s*"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)


def read(text: str) -> datetime:
    """The moment that a text in ISO 8601 says, such as `2026-12-01T07:00:00-05:00`, with the offset that it says.

    A time without an offset is one in the zone of FANWIRE_TIME_ZONE, if that is set. Raises ValueError, which says what
    is wrong, for all else.
    """
    text = text.strip()
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(_named_zone(text) or NO_MOMENT)
    local = datetime.fromisoformat(found["local"])
    refuse_beyond(local.year)
    if found["zone"]:
        return local.replace(tzinfo=_offset(found))
    zone = _own_zone()
    if zone is None:
        raise ValueError(f"has no time zone: write its offset from UTC, as in {text}{EXAMPLE[-6:]}, or Z for UTC")
    return _in_zone(local, zone)


def _own_zone() -> ZoneInfo | None:
    """The zone of FANWIRE_TIME_ZONE, if that is set."""
    from tasks.runtime.settings import settings  # here, for supervisord writes moments and has no settings

    return settings().time_zone


def _named_zone(text: str) -> str | None:
    """What is wrong with a moment whose zone has a name, which several zones may share; None for all else."""
    local, name = (text[: (end := len(text.rstrip(_LETTERS)))].rstrip(), text[end:])
    found = _MOMENT.fullmatch(local)
    if found is None or found["zone"] or not name:
        return None
    offset = "Z" if name.upper() in ("UTC", "GMT") else EXAMPLE[-6:]
    return f"has the zone {name[:40]!r}, which is no offset: write it as in {local}{offset}"


def refuse_beyond(year: int) -> None:
    """Raise ValueError for a year that nobody means."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"must be in a year between {FIRST_YEAR} and {LAST_YEAR}")


def _offset(found: re.Match[str]) -> timezone:
    if found["sign"] is None:
        return UTC
    hours, minutes = int(found["hours"]), int(found["minutes"] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(f"has the offset {found['zone']}, which is none: it must be between -23:59 and +23:59")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if found["sign"] == "-" else offset)


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time with the offset that its zone has then; raises ValueError when clocks show it twice or never."""
    first, second = (_fixed(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    if first < second:
        choice = f"{written(first)} or {written(second)}"
        raise ValueError(f"is shown twice by clocks in {zone.key}, which are put back then: write {choice}")
    raise ValueError(f"is never shown by clocks in {zone.key}, which are put forward then: write another time")


def _fixed(moment: datetime) -> datetime:
    """A moment with its offset and without the rules of its zone."""
    return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta()), fold=0)


def utc(moment: datetime | float, timespec: str = "seconds") -> str:
    """A moment (with zone, or seconds since the epoch) for programs: ISO 8601 in UTC, `2026-12-01T12:00:00Z`."""
    return _iso(_at(moment, UTC), timespec)


def shown(moment: datetime | float) -> str:
    """A moment for people, in the zone of FANWIRE_TIME_ZONE or in UTC: `2026-12-01T07:00:00-05:00`."""
    return _iso(_at(moment, _own_zone() or UTC), "seconds")


def written(moment: datetime) -> str:
    """A moment in the zone in which it was said."""
    return _iso(moment, "auto")


def with_utc(moment: datetime) -> str:
    """A moment in the zone in which it was said, and in UTC: `2026-12-01T07:00:00-05:00 (2026-12-01T12:00:00Z)`. One
    that was said in UTC is shown in the zone of FANWIRE_TIME_ZONE, if that is set."""
    local = _iso(moment, "seconds") if moment.utcoffset() else shown(moment)
    return local if local == utc(moment) else f"{local} ({utc(moment)})"


def _at(moment: datetime | float, zone: tzinfo) -> datetime:
    if isinstance(moment, datetime):
        return in_zone(moment, zone)
    try:
        return datetime.fromtimestamp(moment, zone)
    except (OverflowError, ValueError):
        return (datetime.max if moment > 0 else datetime.min).replace(tzinfo=zone)


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """A moment in another zone. At an end of time, which earlier versions took, it keeps its hour and changes its zone:
    there is no day before or after."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.replace(tzinfo=zone)


def _iso(moment: datetime, timespec: str) -> str:
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")
