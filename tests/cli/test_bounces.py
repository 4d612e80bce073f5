"""`fanwire bounces read`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.runtime.mail_tokens import Sent, return_address
from tasks.runtime.settings import settings
from tests.support.delivery_steps import claim, finish, receivers, render, result, states, take
from tests.support.returned_mail import DOMAIN, report
from tests.support.samples import outlet

from .conftest import Run

pytestmark = pytest.mark.usefixtures("home")


def test_it_reads_the_mailbox(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_BOUNCES_URL", f"maildir://{tmp_path}/mail")
    monkeypatch.setenv("FANWIRE_BOUNCE_DOMAIN", DOMAIN)
    settings.cache_clear()
    receivers(outlet("bote"))
    number = take()
    render(number)
    (of,) = claim()
    finish(result(of))
    new = tmp_path / "mail" / "new"
    new.mkdir(parents=True)
    (new / "1.example").write_bytes(report(return_address("bounces", Sent(of.id, of.attempt), DOMAIN)))
    (new / "2.example").write_bytes(b"Subject: hello")
    said = run("bounces", "read", "--json").stdout.splitlines()[-1]  # after other tests its log is shown too
    assert json.loads(said) == {"refused": 1, "other": 1}
    assert states(number) == {"rejected": 1}
    assert run("bounces", "read").stdout.strip() == "Read: —"


def test_it_says_what_is_missing(run: Run) -> None:
    assert "set FANWIRE_BOUNCES_URL and FANWIRE_BOUNCE_DOMAIN" in run("bounces", "read", status=1).output


def test_it_says_that_the_mailbox_is_not_there(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_BOUNCES_URL", f"maildir://{tmp_path}/none")
    monkeypatch.setenv("FANWIRE_BOUNCE_DOMAIN", DOMAIN)
    settings.cache_clear()
    said = run("bounces", "read", status=1).output
    assert "no such file or directory" in said
