"""The web server under a path of another one: each address that it gives leads to itself."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from tasks import ledger
from tasks.model.producers import DoorProducer
from tasks.model.ranks import Rank
from tasks.operations import door_access
from tasks.runtime.settings import settings
from tests.support import page_scene
from tests.support.samples import URI, release
from tests.support.visitor import Visitor, know_user
from tests.support.web_server import InProcess
from workers.web.application import application
from workers.web.surroundings import Surroundings

pytestmark = pytest.mark.usefixtures("sqlite_ledger", "nothing_counted")
APP = Surroundings(application())
NAMED = r"href|src|data-live"
ALL = rf"{NAMED}|action|data-events"


@pytest.fixture
def _under_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_WEB_URL", "http://wire.example/wire")
    settings.cache_clear()


def addresses(page: str, attributes: str) -> set[str]:
    """What these attributes of a page name of its own site, without fragments."""
    found = {unescape(one).partition("#")[0] for one in re.findall(rf'\b(?:{attributes})="([^"]*)"', page)}
    return {address for address in found if address and not address.startswith(("http:", "https:"))}


@pytest.mark.usefixtures("_under_a_path")
def test_every_address_of_every_page_leads_to_a_page_of_the_same_server() -> None:
    page_scene.fill()
    know_user("jane", Rank.OPERATOR)
    somebody = Visitor(APP)
    assert somebody.get("/wire/").headers["location"] == "/wire/ops/releases"
    assert somebody.get("/wire/ops/releases").headers["location"] == "/wire/ops/login?next=/wire/ops/releases"
    form = somebody.get("/wire/ops/login")
    assert "Path=/wire/ops;" in form.headers["set-cookie"]
    said = {"name": "jane", "password": "correct-horse-battery", "next": "/wire/ops/releases"}
    assert somebody.post("/wire/ops/login", said).headers["location"] == "/wire/ops/releases"
    seen: set[str] = set()
    kinds: dict[str, str] = {}
    left = {"/wire/ops/releases"}
    while left:
        address = left.pop()
        seen.add(address)
        answer = somebody.get(address)
        assert answer.status_code == 200, address
        page = answer.text if "html" in answer.headers["content-type"] else ""
        assert not [one for one in addresses(page, ALL) if not one.startswith("/wire/ops/")], address
        for found in addresses(page, NAMED):
            kind = re.sub(r"[0-9]+|[?].*|(?<=/releases/).*|(?<=/outlets/)[^/-][^/]*", "…", found)
            if kinds.setdefault(kind, found) == found and found not in seen:
                left.add(found)
    assert len(seen) >= 25
    assert somebody.post("/wire/ops/logout").headers["location"] == "/wire/ops/login"


@pytest.mark.usefixtures("_under_a_path")
def test_a_proxy_may_take_the_prefix_away() -> None:
    know_user("jane", Rank.OPERATOR)
    somebody = Visitor(APP)
    somebody.sign_in("jane")
    page = somebody.get("/ops/releases?text=a")
    assert page.status_code == 200
    assert 'value="/wire/ops/releases?text=a"' in page.text
    assert "/ops/wire" not in page.text


@pytest.mark.usefixtures("_under_a_path")
def test_the_door_answers_with_its_prefix() -> None:
    with ledger.write() as connection:
        token = door_access.add(connection, "acme", DoorProducer())
    headers = {"authorization": f"Bearer {token}"}
    answer = InProcess(APP).ask("POST", "/wire/releases", json=json.loads(release().to_json()), headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (202, f"/wire/releases/{URI}")
    found = InProcess(APP).ask("GET", answer.headers["location"], headers=headers).json()
    report = InProcess(APP).ask("GET", found["reports"]["csv"], headers=headers)
    assert (report.status_code, found["reports"]["csv"][:15]) == (200, "/wire/releases/")
    assert InProcess(APP).ask("GET", "/wire/openapi.json").json()["servers"] == [{"url": "/wire"}]
