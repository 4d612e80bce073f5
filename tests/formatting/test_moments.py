"""No format fails over a moment: not over any that is taken, nor over one that an earlier version took."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.formatting import FORMATS, Wire, make_rendition
from tasks.language_data import known_languages
from tasks.model.documents import DocumentRefused
from tasks.model.readers import read_release
from tasks.model.release import Release, supplied
from tasks.runtime import moments

ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=ZONES)
ENDS = ["0001-01-01T00:00:00+14:30", "9999-12-31T23:59:59-14:30", "9999-12-31T23:59:59-01:00", "9998-12-31T23:59:59Z"]


def all_formats(release: Release, language: str, received: datetime) -> None:
    text = supplied(release, language)
    assert text is not None
    for name in FORMATS.all():
        make_rendition(release, text, name, Wire(name="F", url="https://f.example/"), received, received)


def document(**fields: Any) -> dict[str, Any]:
    return {"uri": "urn:x:1", "language": "en", "headline": "H", "body_html": "<p>Said.</p>"} | fields


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    embargo=MOMENTS | MOMENTS.filter(lambda moment: 1970 <= moment.year <= 2199),
    day=st.dates(),
    received=st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC)),
    language=st.sampled_from(known_languages()),
)
def test_what_is_taken_can_be_set_in_every_format(embargo: Any, day: Any, received: Any, language: str) -> None:
    fields = document(embargo_until=embargo.isoformat(), dateline={"place": "P", "date": str(day)}, language=language)
    try:
        release = read_release(json.dumps(fields))
    except DocumentRefused as refusal:
        assert "between 1970 and 2199" in str(refusal)  # noqa: PT017, either is right, and this is one of them
        release = Release.from_ledger(json.dumps(fields))  # an earlier version may have taken it
    all_formats(release, language, received)
    assert release.embargo_until is not None
    release.embargoed_at(0.0)
    moments.with_utc(release.embargo_until)
    moments.shown(release.embargo_until)


@pytest.mark.parametrize("moment", ENDS)
def test_an_end_of_time_is_refused_in_every_form(moment: str) -> None:
    ninjs = {
        "uri": "urn:x:1", "language": "en", "headlines": [{"value": "H"}], "embargoedUntil": moment,
        "bodies": [{"contentType": "text/html", "value": "<p>Said.</p>"}],
    }  # fmt: skip
    markdown = f"---\nuri: urn:x:1\nlanguage: en\nheadline: H\nembargo_until: {moment}\n---\nSaid."
    for form in (json.dumps(document(embargo_until=moment)), ninjs, markdown):
        with pytest.raises(DocumentRefused, match="embargo_until: must be in a year between 1970 and 2199"):
            read_release(form)
    with pytest.raises(DocumentRefused, match="embargo_until: must be in a year"):
        read_release(document(embargo_until=datetime.fromisoformat(moment)))


def test_a_day_at_an_end_of_time_is_refused() -> None:
    with pytest.raises(DocumentRefused, match=r"dateline\.date: must be in a year between 1970 and 2199"):
        read_release(document(dateline={"place": "P", "date": "0026-11-22"}))
