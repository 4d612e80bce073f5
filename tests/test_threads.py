"""What tests run side by side must not fail in silence."""

from __future__ import annotations

import threading
from http.client import RemoteDisconnected
from urllib.request import urlopen

import pytest

from tests.support.processes import until
from tests.support.threads import beside, run_together
from tests.translation.engines.loopback import Answer, Asked, Loopback


class Broken(Exception):
    """Raised in a thread."""


def fail() -> None:
    raise Broken


def test_one_of_several_that_fails_fails_the_test() -> None:
    with pytest.raises(Broken):
        run_together([lambda: None, lambda: None, fail])


def test_all_are_under_way_at_once() -> None:
    everybody = threading.Barrier(8)
    assert sorted(run_together([everybody.wait] * 8)) == list(range(8))


def test_what_failed_beside_a_block_fails_the_test_at_its_end() -> None:
    with pytest.raises(Broken), beside(fail):
        pass


def test_what_failed_in_the_block_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), beside(fail):
        _ = 1 / 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_double_that_fails_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Double(Loopback):
        def answer(self, asked: Asked) -> Answer:
            raise Broken

    raised: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: raised.append(told.exc_type))
    double = Double()
    with pytest.raises(RemoteDisconnected):
        urlopen(double.url, data=b"{}")
    until(lambda: raised)  # after the client has heard of the end
    double.close()
    assert raised == [Broken]
