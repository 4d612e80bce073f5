"""`fanwire producers`: the token is printed once, and what is listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.runtime.settings import settings

from .conftest import Run

pytestmark = pytest.mark.usefixtures("home")

WEBHOOK = ("--webhook", "https://acme.example/hook?token=Geheimnis", "--webhook-key", "env:FANWIRE_WEBHOOK_ACME")


def test_the_token_is_shown_once(run: Run) -> None:
    made = json.loads(run("producers", "add", "acme", "--uri", "urn:x:", *WEBHOOK, "--json").stdout)
    assert set(made) == {"name", "token"}
    assert made["token"].startswith("fanwire_")
    later = [run("producers", "list").output, run("producers", "list", "--json").output, run("audit").output]
    assert not [told for told in later if made["token"] in told or "Geheimnis" in told]
    assert "nobody can show again" in run("producers", "token", "acme").stdout
    assert "already" in run("producers", "add", "acme", status=1).stderr
    assert "webhook_key" in run("producers", "add", "other", "--webhook", "https://x.example/", status=1).stderr


def test_producers_of_the_file_and_of_the_door_are_listed_together(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no producers" in run("producers", "list").stdout
    file = tmp_path / "producers.yaml"
    file.write_text("producers: {acme: {keys: env:K, issuers: [Acme], per_day: 7}, agency: {keys: env:L}}")
    monkeypatch.setenv("FANWIRE_PRODUCERS", str(file))
    settings.cache_clear()
    run("producers", "add", "acme", "--issuer", "Other", "--per-minute", "9")
    run("producers", "add", "lab", "--circuit", "dach", "--per-day", "20")
    told = {one["name"]: one for one in json.loads(run("producers", "list", "--json").stdout)}
    assert {name: one["comes_by"] for name, one in told.items()} == {
        "acme": ["queue", "door"], "agency": ["queue"], "lab": ["door"],
    }  # fmt: skip
    assert (told["acme"]["issuers"], told["acme"]["per_day"], told["acme"]["per_minute"]) == (["Acme"], 7, 9)
    run("producers", "revoke", "lab")
    lines = run("producers", "list").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["acme", "queue"], ["agency", "queue"], ["lab", "revoked"]]
    assert "issuers Acme" in lines[1]


def test_single_rights_and_limits_are_edited_and_recorded_without_secrets(run: Run) -> None:
    run("producers", "add", "acme", "--issuer", "Acme", "--per-day", "7", *WEBHOOK)
    edit = ("producers", "edit", "acme", "issuers=Acme Robotics; Acme Labs", "per_day=", "per_minute=30")
    rehearsed = run(*edit, "--dry-run").stdout
    assert 'issuers: ["Acme"] → ["Acme Robotics", "Acme Labs"]' in rehearsed
    assert "acme: 3 fields would be changed" in rehearsed
    done = json.loads(run(*edit, "--json").stdout)
    assert (done["changed"], done["old"]) == (
        ["issuers", "per_day", "per_minute"], {"issuers": ["Acme"], "per_day": 7, "per_minute": 600},
    )  # fmt: skip
    assert "nothing is changed" in run("producers", "edit", "acme", "per_minute=30").stdout
    assert "2 fields are changed" in run("producers", "edit", "acme", "webhook=", "webhook_key=").stdout
    [listed] = json.loads(run("producers", "list", "--json").stdout)
    assert (listed["issuers"], listed["per_day"], listed["per_minute"], listed["webhook"]) == (
        ["Acme Robotics", "Acme Labs"], None, 30, None,
    )  # fmt: skip
    entries = json.loads(run("audit", "--act", "producer.edit", "--json").stdout)
    assert [set(entry["new"]) for entry in entries] == [set(), {"issuers", "per_minute"}]
    assert "Geheimnis" not in run("audit", "--json").stdout


@pytest.mark.parametrize(
    ("change", "problem"),
    [("per_day=0", "per_day"), ("per_day", "write FIELD=VALUE"),
     ("colour=red", "is not a field that a producer has; the fields are issuers, circuits"),
     ("perday=9", "did you mean per_day?"),
     ("uris=urn:x", "must end in"), ("webhook_key=", "belong together")],
)  # fmt: skip
def test_what_cannot_be_edited_is_refused(run: Run, change: str, problem: str) -> None:
    run("producers", "add", "acme", *WEBHOOK)
    assert problem in run("producers", "edit", "acme", change, status=1).stderr
    run("producers", "revoke", "acme")
    assert "was revoked" in run("producers", "edit", "acme", "per_day=9", status=1).stderr
