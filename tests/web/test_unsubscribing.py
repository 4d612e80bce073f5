"""The way out that e-mails name: one POST, and a GET that changes nothing."""

from __future__ import annotations

import pytest

from tasks import ledger
from tasks.ledger import audit, notices, outlets
from tasks.runtime.mail_tokens import Sent, return_address, ways_out
from tasks.runtime.settings import settings
from tests.support.delivery_steps import claim, receivers, render, take
from tests.support.samples import outlet
from tests.support.web_server import InProcess
from workers.web.application import application

pytestmark = pytest.mark.usefixtures("sqlite_ledger")


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> str:
    """Where an e-mail to `bote` says that one unsubscribes."""
    monkeypatch.setenv("FANWIRE_WEB_URL", "https://wire.example")
    settings.cache_clear()
    receivers(outlet("bote"), outlet("post"))
    render(take())
    (of,) = [of for of in claim() if of.outlet_id == "bote"]
    (url,) = ways_out(Sent(of.id, of.attempt), None)
    return url.removeprefix("https://wire.example")


def status(outlet_id: str) -> str | None:
    with ledger.read() as connection:
        return outlets.statuses(connection, [outlet_id])[outlet_id]["status"]


def test_one_post_pauses_the_outlet_and_no_other(path: str) -> None:
    web = InProcess(application())
    page = web.ask("GET", path)
    assert (page.status_code, status("bote")) == (200, "active"), "programs that follow links unsubscribe nobody"
    assert '<form method="post">' in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    for _ in range(2):
        done = web.ask("POST", path, data={"List-Unsubscribe": "One-Click"})
        assert (done.status_code, status("bote"), status("post")) == (200, "paused", "active")
    with ledger.read() as connection:
        assert [one["kind"] for one in notices.latest(connection, 5)] == ["unsubscribed"]
        assert [one["act"] for one in audit.latest(connection, audit.Wanted(outlet_id="bote"), 5)] == ["outlet.pause"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_that_is_not_ours_is_refused(path: str, method: str) -> None:
    bounce = return_address("bounces", Sent(1, 1), "bounces.wire.example").partition("+")[2].partition("@")[0]
    web = InProcess(application())
    for wrong in (path[:-1] + ("a" if path[-1] != "a" else "b"), f"/unsubscribe/{bounce}", "/unsubscribe/x"):
        assert web.ask(method, wrong).status_code == 404
    assert status("bote") == "active"
