"""Outlets say what became of a delivery, at the address that came with it."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tasks import ledger
from tasks.delivery import answering
from tasks.delivery.signing import sign
from tasks.ledger import publications
from tasks.runtime import secrets, signed_urls
from tasks.runtime.private_files import write_private
from tasks.runtime.settings import settings
from tests.support.delivery_steps import NOW, claim, receivers, render, take
from tests.support.samples import URI, outlet
from tests.support.threads import PATIENCE
from tests.support.web_server import InProcess, web_server
from workers.web.answers import LARGEST
from workers.web.application import application

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
PUBLISHED = {"status": "published", "url": "https://a.example/1"}
LATER = 4_000_000_000.0


@pytest.fixture
def web(sqlite_ledger: None) -> InProcess:
    return InProcess(application())


@pytest.fixture
def delivery(sqlite_ledger: None) -> int:
    """A delivery to an outlet that signs; its number."""
    receivers(
        outlet("a", auth={"signing_secret": "file:a"}), outlet("b", auth={"signing_secret": "env:FANWIRE_SECRET_B"})
    )
    write_private(settings().home / "secrets" / "a", SECRET)
    secrets.forget()
    render(take())
    return next(one.id for one in claim() if one.outlet_id == "a")


def address(delivery_id: int, until: float = LATER) -> str:
    return signed_urls.sign(answering.callback_path(delivery_id), until)


def fates() -> dict[tuple[str, str], str]:
    with ledger.read() as connection:
        return {where: one.fate.words for where, one in publications.of_release(connection, URI, 1).items()}


def test_an_outlet_says_what_became_of_a_delivery(web: InProcess, delivery: int) -> None:
    steps: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"status": "accepted"}, {"status": "accepted", "outcome": "taken"}),
        (PUBLISHED, {"status": "published", "outcome": "taken"}),
        (PUBLISHED, {"status": "published", "outcome": "known"}),
        ({"status": "rejected", "reason": "mistaken"}, {"status": "taken down", "outcome": "taken"}),
    ]
    for said, counts in steps:
        answer = web.ask("POST", address(delivery), json=said)
        assert (answer.status_code, answer.json()) == (200, counts)
    assert fates() == {("a", "en"): "taken down"}


@pytest.mark.parametrize(
    ("path", "more", "status", "says"),
    [
        ("/answers/{id}", {"json": PUBLISHED}, 403, "not signed by this wire"),
        ("{other}", {"json": PUBLISHED}, 403, "not signed by this wire"),
        ("{old}", {"json": PUBLISHED}, 410, "the time for answers is over"),
        ("{unknown}", {"json": PUBLISHED}, 404, "knows no such delivery"),
        ("{good}", {"json": {"status": "printed"}}, 422, "status: must be 'accepted', 'published' or 'rejected'"),
        ("{good}", {"content": b"status=published"}, 422, "is no JSON"),
        ("{good}", {"content": b"[" * 9000}, 422, "is no JSON"),
        ("{good}", {"content": b" " * (LARGEST + 1)}, 413, "at most 16,384 bytes"),
    ],
)
def test_what_cannot_be_taken_is_refused(
    web: InProcess, delivery: int, path: str, more: Any, status: int, says: str
) -> None:
    paths = {
        "id": str(delivery),
        "good": address(delivery),
        "other": address(delivery + 1).replace(f"/{delivery + 1}?", f"/{delivery}?"),
        "old": address(delivery, time.time() - 1),
        "unknown": address(99),
    }
    answer = web.ask("POST", path.format(**paths), **more)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert says in answer.json()["detail"]
    assert fates() == {}


def signed(body: bytes, secret: str, at: float) -> dict[str, str]:
    return {
        "webhook-id": "m1", "webhook-timestamp": str(int(at)), "webhook-signature": sign([secret], "m1", int(at), body),
    }  # fmt: skip


OTHER = "whsec_" + base64.b64encode(b"another one").decode()


@pytest.mark.parametrize(
    ("secret", "late", "status"), [(SECRET, 0, 200), (OTHER, 0, 403), (SECRET, 600, 403), ("", 0, 200)]
)
def test_an_outlets_own_signature_must_be_good_if_there_is_one(
    web: InProcess, delivery: int, secret: str, late: float, status: int
) -> None:
    body = json.dumps(PUBLISHED).encode()
    headers = signed(body, secret, time.time() - late) if secret else {}
    assert web.ask("POST", address(delivery), content=body, headers=headers).status_code == status
    assert bool(fates()) == (status == 200)


def test_a_signature_whose_secret_is_not_for_this_process_is_passed_over(web: InProcess, delivery: int) -> None:
    body = json.dumps(PUBLISHED).encode()
    answer = web.ask("POST", address(delivery + 1), content=body, headers=signed(body, OTHER, time.time()))
    assert answer.status_code == 200


def test_the_address_is_public_and_outlives_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answering.callback_url(7, NOW, 2) is None
    monkeypatch.setenv("FANWIRE_WEB_URL", "https://wire.example")
    settings.cache_clear()
    url = answering.callback_url(7, NOW, 2)
    assert url is not None
    assert url.startswith("https://wire.example/answers/7?expires=")
    expires = int(url.partition("expires=")[2].partition("&")[0])
    assert 2 * 86400 <= expires - NOW <= 3 * 86400


def test_the_process_takes_what_several_outlets_say_at_once(tmp_path: Path, delivery: int) -> None:
    """Over real connections: one that sends too much, and many that say the same."""
    with web_server(tmp_path) as server, ThreadPoolExecutor(8) as pool:

        def say(body: Any) -> int:
            return requests.post(server.url + address(delivery), data=body, timeout=PATIENCE).status_code

        chunks = (b" " * 1024 for _ in range(LARGEST // 1024 + 1))
        assert say(chunks) == 413
        assert set(pool.map(say, [json.dumps(PUBLISHED)] * 16)) == {200}
        lines = server.lines("outlet answered")
    assert {(line["outlet"], line["said"], line["counts"]) for line in lines} == {("a", "published", "published")}
    assert "signature" not in server.told()
    assert fates() == {("a", "en"): "published"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"status": "published", "url": "https://a.example/1"}', "published"),
        (b'{"status": "accepted", "id": 7}', "accepted"),
        (b'{"status": "ok"}', None),
        (b'{"status": "published", "url": "javascript:1"}', None),
        (b'{"id": 7}', None),
        (b'{"status"', None),
        (b'["status"]', None),
        (b"", None),
    ],
)
def test_an_answer_to_the_delivery_itself_may_say_it_too(body: bytes, status: str | None) -> None:
    found = answering.in_body(body)
    assert (found and found.status) == status
