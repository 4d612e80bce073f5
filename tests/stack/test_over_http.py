"""The whole way of a release that came over HTTP, until its producer's webhook has heard of its end."""

from __future__ import annotations

import json
import re
from typing import Any

import requests

from tests.support.processes import until
from tests.support.samples import release
from tests.support.threads import PATIENCE
from tests.support.webhook import KEY, Webhook

from .conftest import Stack

PREFIX = "urn:x:over-http:"


def test_the_whole_way_over_http(stack: Stack) -> None:
    found = until(lambda: re.search(r'"port": (\d+)', stack.log("web")), stack.told)
    assert found is not None
    wire, webhook = f"http://127.0.0.1:{found[1]}", Webhook()
    named = ("--webhook", webhook.url, "--webhook-key", "env:FANWIRE_WEBHOOK_ACME")
    added = json.loads(stack.run("producers", "add", "over-http", "--uri", PREFIX, *named, "--json"))
    with requests.Session() as session, webhook.open():
        session.headers["Authorization"] = f"Bearer {added['token']}"
        session.headers["Connection"] = "close"  # the server may end one that was idle just when it is used again
        document = json.loads(release(uri=PREFIX + "1", circuits=["few"]).to_json())
        receipt = session.post(f"{wire}/releases", json=document, timeout=PATIENCE)
        assert (receipt.status_code, receipt.json()["status"]) == (202, "accepted"), receipt.text

        def progress() -> dict[str, Any]:
            told: dict[str, Any] = session.get(wire + receipt.headers["location"], timeout=PATIENCE).json()
            return told

        until(lambda: progress()["states"] == {"delivered": 3, "rejected": 1, "held": 2}, stack.told)
        until(lambda: ("release.stuck", 1, ["de", "sw"]) in webhook.events, stack.told)
        killed = session.post(wire + receipt.headers["location"] + "/kill", json={"note": "Wrong"}, timeout=PATIENCE)
        assert killed.json()["kill"] is True
        wanted = {("release.killed", 2), ("release.finished", 2)}
        until(lambda: wanted <= {(event, version) for event, version, _ in webhook.events}, stack.told)
    assert stack.farm.tally(PREFIX + "1")["faultless"]
    logs = "".join(stack.log(name) for name in ("web", "format", "intake", "deliver"))
    assert not [secret for secret in (added["token"], KEY) if secret in logs]
