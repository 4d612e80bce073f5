"""Embargoes as people read them: in their zone, in whole seconds, and said to be none where there is none."""

from __future__ import annotations

import json

import pytest

from tasks import ledger, planning
from tasks.ledger import releases
from tasks.operations import receipts
from tasks.runtime.settings import settings
from tests.support.samples import URI, outlet, release

from .conftest import Run, take

pytestmark = pytest.mark.usefixtures("home")
NOON = "2126-12-01T12:00:00Z"


@pytest.fixture
def _new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_TIME_ZONE", "America/New_York")
    settings.cache_clear()


@pytest.mark.usefixtures("_new_york")
def test_people_read_embargoes_in_their_zone(run: Run) -> None:
    planning.plan(take(release(embargo_until=NOON), outlet("a")))
    told = run("status", URI).stdout
    assert "embargo   until 2126-12-01T07:00:00-05:00 (2126-12-01T12:00:00Z)" in told
    assert "held: 1 in en for embargo (2126-12-01T07:00:00-05:00)" in told
    with ledger.read() as connection:
        [warning] = receipts.warnings_of(connection, release(version=2), 1_794_996_400.0)
    assert "version 1 is held until 2126-12-01T07:00:00-05:00;" in warning.problem


def test_a_lifted_embargo_ends_at_a_whole_second(run: Run) -> None:
    take(release(embargo_until=NOON))
    run("embargo", URI, "--lift")
    ended = json.loads(run("status", URI, "--json").stdout)["embargo_until"]
    assert "." not in ended
    with ledger.read() as connection:
        assert not releases.get(connection, 1).embargoed_at(ledger.now(connection))


def test_an_embargo_with_a_fraction_is_shown_in_whole_seconds(run: Run) -> None:
    take(release(embargo_until="2020-12-01T07:00:00.394003-05:00"))
    assert "ended 2020-12-01T07:00:00-05:00 (2020-12-01T12:00:00Z)" in run("status", URI).stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--lift"], "embargo_until: cannot be lifted, for the release has none\n"),
        (["--until", NOON], "embargo_until: cannot be moved, for the release has none\n"),
    ],
)
def test_without_an_embargo_there_is_none_to_lift_or_move(run: Run, options: list[str], said: str) -> None:
    take(release())
    assert run("embargo", URI, *options, status=1).stderr.endswith(said)
    take(release(version=2, embargo_until="2020-12-01T07:00:00Z"))
    over = run("embargo", URI, *options, status=1).stderr
    assert "any more: it ended at 2020-12-01T07:00:00Z" in over
    run("kill", URI)
    assert "for the release was killed" in run("embargo", URI, *options, status=1).stderr
