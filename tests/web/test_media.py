"""Files of releases at signed addresses: whole or in part, for as long as the address is good."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import pytest

from tasks import ledger
from tasks.building.media_addresses import media_path
from tasks.ledger import media_rows, releases
from tasks.ledger.media_rows import StoredFile, StoredSize
from tasks.ledger.releases import Consent, Outcome, Sender
from tasks.media_store.folder_store import Folder
from tasks.media_store.store import configured_store
from tasks.runtime import signed_urls
from tasks.runtime.settings import settings
from tests.support import samples
from tests.support.web_server import InProcess
from workers.web.application import application
from workers.web.media import KEPT_SECONDS
from workers.web.surroundings import Surroundings

pytestmark = pytest.mark.usefixtures("sqlite_ledger")
CONTENT = bytes(range(256)) * 2000
SMALL = b"a smaller picture"


def keep(content: bytes, content_type: str, *, small: bytes | None = None) -> str:
    """Have a file in the store and the ledger; its digest."""
    sha256, of_small = (hashlib.sha256(one).hexdigest() for one in (content, small or b""))
    configured_store().put(BytesIO(content), sha256, content_type)
    sizes = ()
    if small:
        configured_store().put(BytesIO(small), of_small, "image/png")
        sizes = (StoredSize(width=9, height=9, sha256=of_small, content_type="image/png", bytes=len(small)),)
    with ledger.write() as connection:
        file = StoredFile(sha256=sha256, content_type=content_type, bytes=len(content), sizes=sizes)
        media_rows.keep(connection, file, now=1.0, by="a test")
    return sha256


@pytest.fixture
def ask() -> Callable[..., httpx.Response]:
    """Asks for a file by its digest, at an address that is signed for an hour; `method` and headers may be given."""
    server = InProcess(Surroundings(application()))

    def asked(
        sha256: str, name: str = "hall.jpg", *, method: str = "GET", left: float = 3600, **headers: str
    ) -> httpx.Response:
        address = signed_urls.sign(media_path(sha256, name), time.time() + left)
        named = {header.replace("_", "-"): value for header, value in headers.items()}
        return server.ask(method, address, headers=named)

    return asked


def test_a_file_comes_whole_with_what_others_need_to_know(ask: Callable[..., httpx.Response]) -> None:
    sha256 = keep(CONTENT, "image/jpeg")
    answer = ask(sha256)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    found = answer.headers
    assert (found["content-type"], found["content-length"]) == ("image/jpeg", str(len(CONTENT)))
    assert (found["etag"], found["accept-ranges"]) == (f'"{sha256}"', "bytes")
    assert found["content-disposition"] == 'inline; filename="hall.jpg"'
    assert found["x-content-type-options"] == "nosniff"
    assert found["content-security-policy"] == "default-src 'none'; sandbox"
    assert 3500 < int(found["cache-control"].split("max-age=")[1].split(",")[0]) <= 3600
    head = ask(sha256, method="HEAD")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(CONTENT)))


def test_smaller_sizes_and_texts_have_types_of_their_own(ask: Callable[..., httpx.Response]) -> None:
    keep(CONTENT, "image/jpeg", small=SMALL)
    small = ask(hashlib.sha256(SMALL).hexdigest(), "hall-9.png")
    assert (small.content, small.headers["content-type"]) == (SMALL, "image/png")
    text = ask(keep(b"a;b\n", "text/csv"), "figures.csv")
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert text.headers["content-disposition"] == 'attachment; filename="figures.csv"'


@pytest.mark.parametrize(
    ("wanted", "status", "span"),
    [
        ("bytes=0-9", 206, (0, 10)),
        ("bytes=500-", 206, (500, len(CONTENT))),
        ("bytes=-5", 206, (len(CONTENT) - 5, len(CONTENT))),
        ("bytes=10-99999999", 206, (10, len(CONTENT))),
        ("bytes=0-", 200, (0, len(CONTENT))),
        ("bytes=9-3", 200, (0, len(CONTENT))),
        ("bytes=0-1,5-6", 200, (0, len(CONTENT))),
        ("lines=1-2", 200, (0, len(CONTENT))),
        (f"bytes={len(CONTENT)}-", 416, (0, 0)),
        ("bytes=-0", 416, (0, 0)),
    ],
)
def test_a_part_is_sent_where_one_is_asked_for(
    ask: Callable[..., httpx.Response], wanted: str, status: int, span: tuple[int, int]
) -> None:
    answer = ask(keep(CONTENT, "video/mp4"), "film.mp4", range=wanted)
    assert answer.status_code == status
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"
        return
    assert answer.content == CONTENT[slice(*span)]
    says = f"bytes {span[0]}-{span[1] - 1}/{len(CONTENT)}" if status == 206 else None
    assert answer.headers.get("content-range") == says


def test_conditions_are_kept(ask: Callable[..., httpx.Response]) -> None:
    sha256 = keep(CONTENT, "image/jpeg")
    for known in (f'"{sha256}"', f'"x", W/"{sha256}"', "*"):
        answer = ask(sha256, if_none_match=known)
        assert (answer.status_code, answer.content) == (304, b"")
    assert ask(sha256, if_none_match='"other"').status_code == 200
    assert ask(sha256, range="bytes=0-1", if_range=f'"{sha256}"').status_code == 206
    assert ask(sha256, range="bytes=0-1", if_range='"other"').status_code == 200


def test_only_good_addresses_get_anything(ask: Callable[..., httpx.Response]) -> None:
    sha256 = keep(CONTENT, "image/jpeg")
    server = InProcess(Surroundings(application()))
    address = signed_urls.sign(media_path(sha256, "hall.jpg"), time.time() + 60)
    assert server.ask("GET", address).status_code == 200
    later, other = address.replace("expires=", "expires=9"), address.replace("hall", "hell")
    for wrong in (media_path(sha256, "hall.jpg"), later, other):
        assert server.ask("GET", wrong).status_code == 403, wrong
    assert ask(sha256, left=-1).status_code == 403
    assert server.ask("POST", address).status_code == 405
    assert ask("0" * 64).status_code == 404
    assert ask("../../ledger.sqlite").status_code == 404


def test_a_file_is_withdrawn_with_the_last_of_its_releases(ask: Callable[..., httpx.Response]) -> None:
    sha256 = keep(CONTENT, "image/jpeg", small=SMALL)
    files = [sha256, hashlib.sha256(SMALL).hexdigest()]

    def take(name: str, version: int, **fields: Any) -> list[int]:
        """Take a version of a release; what is answered for the file and its smaller size."""
        more = {"correction_note": "Read on."} if version > 1 else {}
        release = samples.release(uri=f"urn:newsml:acme.example:20261129:{name}", version=version, **(more | fields))
        with ledger.write() as connection:
            taken = releases.take(connection, release, time.time(), Sender(consent=frozenset({Consent.REVIVE})))
        assert taken.outcome is Outcome.NEW
        return [ask(one).status_code for one in files]

    media = [{"id": "hall", "type": "picture", "stored": f"media:{sha256}"}]
    for name in ("one", "two"):
        assert take(name, 1, media=media) == [200, 200]
    assert take("one", 2, status="canceled") == [200, 200]
    assert take("two", 2, status="canceled") == [410, 410]
    assert take("two", 3, media=media) == [200, 200]
    assert int(ask(sha256, left=1e8).headers["cache-control"].split("max-age=")[1].split(",")[0]) == KEPT_SECONDS


def test_a_store_that_is_away_is_said(ask: Callable[..., httpx.Response], monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = keep(CONTENT, "image/jpeg")
    store = configured_store()
    assert isinstance(store, Folder)
    (store.path / sha256[:2] / sha256).unlink()
    assert ask(sha256).status_code == 404
    for name, value in {"URL": "s3://acme", "ENDPOINT": "http://127.0.0.1:9", "KEY_ID": "k", "SECRET": "s"}.items():
        monkeypatch.setenv(f"FANWIRE_MEDIA_{name}", value)
    settings.cache_clear()
    answer = ask(sha256)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
