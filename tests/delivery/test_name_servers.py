"""When deliveries are tried again whose names nobody could look up."""

from __future__ import annotations

import pytest

from tasks.delivery.name_servers import FORGOTTEN, LATEST, SOONEST, NameServers
from tasks.delivery.verdicts import Judgement
from tasks.model.codes import Code
from tasks.model.states import Verdict

NOW = 1_800_000_000.0


def judged(verdict: Verdict, code: str) -> Judgement:
    return Judgement(verdict, "x", None, disable_outlet=False, status=None, code=code)


AWAY = judged(Verdict.OURS, Code.NAME_SERVER)


def test_soon_at_first_and_then_not_so_often() -> None:
    servers = NameServers()
    waits = [servers.seen(AWAY, NOW + seconds).retry_after for seconds in (0, 5, 30, 100)]
    assert waits == [SOONEST, SOONEST, 30, LATEST]


@pytest.mark.parametrize("verdict", [Verdict.DELIVERED, Verdict.FAILED, Verdict.OURS])
def test_an_answer_of_an_outlet_whose_address_is_known_proves_nothing(verdict: Verdict) -> None:
    servers = NameServers()
    servers.seen(AWAY, NOW)
    answer = judged(verdict, "x")
    assert servers.seen(answer, NOW + 100) is answer
    assert servers.seen(AWAY, NOW + 100).retry_after == LATEST


def test_what_was_long_ago_is_forgotten() -> None:
    servers = NameServers()
    servers.seen(AWAY, NOW)
    assert servers.seen(AWAY, NOW + FORGOTTEN + 1).retry_after == SOONEST
    assert servers.away_since == NOW + FORGOTTEN + 1
