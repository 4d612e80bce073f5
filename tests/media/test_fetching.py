"""Files of a release are fetched once; until they are there its deliveries are held, and say how far it is."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tasks import ledger, planning, policies
from tasks.building.fetching import Fetching, fetch_media
from tasks.building.renditions import build_renditions
from tasks.delivery.payloads import forget_renditions, read_payloads
from tasks.ledger import counts, deliveries, media_rows, outlets, releases, rendition_rows
from tasks.ledger.artifacts import RenditionKey, TranslationKey
from tasks.ledger.schema import elections, release_media
from tasks.media_store.store import Store, configured_store, read
from tasks.model.destinations import Destinations
from tasks.model.release import Release
from tasks.operations import sweep
from tasks.runtime.settings import settings
from tests.support.delivery_steps import claim, finish, receivers, result, states
from tests.support.media import FileServer, picture
from tests.support.processes import until
from tests.support.samples import outlet, release
from tests.support.threads import PATIENCE

pytestmark = pytest.mark.usefixtures("sqlite_ledger")
on_both_ledgers = pytest.mark.usefixtures("book")
LARGE = picture(1600, 900)


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "127.0.0.0/8")
    settings.cache_clear()
    forget_renditions()


def fetch(**changes: Any) -> Fetching:
    return fetch_media(replace(policies.fetch_policy(), **changes), configured_store())


def take(made: Release) -> int:
    with ledger.write() as connection:
        taken = releases.take(connection, made, ledger.now(connection))
    planning.plan(taken.release_id)
    return taken.release_id


def item(id: str, url: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "type": "picture", "url": url} | more


def held(number: int) -> list[tuple[str, str | None]]:
    with ledger.read() as connection:
        return [(hold["kind"], hold["detail"]) for hold in counts.holds(connection, number)]


def busy(number: int) -> int:
    """What `submit --wait` waits for."""
    with ledger.read() as connection:
        return counts.being_built(connection, number)


def rendition(number: int, form: str = "ninjs") -> str:
    with ledger.read() as connection:
        found = rendition_rows.get(connection, RenditionKey(number, "en", form))
    assert found is not None
    return found.body.decode()


def test_a_release_waits_for_its_files_and_goes_out_with_them(files: FileServer, store: Store) -> None:
    receivers(outlet("a"))
    number = take(
        release(media=[item("hall", files.put("/hall.jpg", LARGE)), item("yard", files.put("/y", picture()))])
    )
    assert held(number) == [("media", "0 of 2 files are here")]
    assert build_renditions(number, "en").held == {"ninjs": "0 of 2 files are here"}
    found = fetch()
    assert (str(found), found.to_format) == ("2 fetched", [TranslationKey(number, "en")])
    assert held(number) == [("rendition", None)]
    build_renditions(number, "en")
    assert states(number) == {"due": 1}
    with ledger.read() as connection:
        kept = media_rows.stored(connection, number)["hall"]
    assert (kept.content_type, kept.width, kept.height, kept.name) == ("image/jpeg", 1600, 900, "hall.jpg")
    assert read(store, kept.sha256) == LARGE
    assert [len(read(store, size.sha256)) for size in kept.sizes] == [size.bytes for size in kept.sizes]
    assert str(fetch()) == "nothing to fetch"
    assert sorted(files.asked) == ["/hall.jpg", "/y"]


def test_transports_get_the_files_themselves(files: FileServer) -> None:
    receivers(outlet("a"))
    number = take(release(media=[item("hall", files.put("/hall", picture(form="PNG")))]))
    fetch()
    build_renditions(number, "en")
    claims = claim(now=2e9)
    with ledger.read() as connection:
        ([payload], _) = read_payloads(connection, claims)
    (file,) = payload.media
    assert (file.id, file.name, file.content_type) == ("hall", "hall.png", "image/png")
    assert file.read() == picture(form="PNG")
    assert "read" not in repr(file)
    finish(*map(result, claims))
    build_renditions(take(release(version=2, status="canceled")), "en")
    with ledger.read() as connection:
        (payloads, _) = read_payloads(connection, claim(now=2e9))
    assert [(p.action, [f.name for f in p.media]) for p in payloads] == [("kill", ["hall.png"])]  # to be removed there


REFUSED: list[tuple[Any, str]] = [
    ((404, {}, b""), "http_404, its server answered 404"),
    ((200, {}, b"<html>"), "wrong_type, is no kind of file that is known; a picture is image/gif"),
    ((200, {}, LARGE), "too_many_pixels, has 1,600 × 900 pixels; at most 5,000 are taken"),
    ((302, {"Location": "http://192.168.1.1/"}, b""), "refused_address, address 192.168.1.1 is refused"),
]


@pytest.mark.parametrize(("answer", "reason"), REFUSED)
def test_what_is_not_taken_is_said_where_it_holds(files: FileServer, answer: Any, reason: str) -> None:
    receivers(outlet("a"))
    files.files["/bad"] = answer
    number = take(release(media=[item("good", files.put("/good", picture())), item("bad", files.url + "/bad")]))
    assert busy(number)
    found = fetch(pixels=5000)
    assert not busy(number)
    assert (found.refused, found.to_format) == (1, [])
    ((kind, detail),) = held(number)
    assert kind == "media"
    assert str(detail).startswith(f"1 of 2 files is here; picture bad: {reason}")
    assert str(fetch()) == "nothing to fetch"


def test_a_server_in_trouble_is_asked_again_until_the_horizon(files: FileServer) -> None:
    receivers(outlet("a"))
    number = take(release(media=[item("hall", files.put("/hall", b"x", 503))]))
    found = fetch()
    assert (found.later, str(fetch())) == (1, "nothing to fetch")
    assert held(number) == [
        ("media", "0 of 1 files are here; picture hall: http_503, its server answered 503; it is tried again")
    ]
    with ledger.write() as connection:
        connection.execute(update(release_media).values(due_at=0, first_due_at=0))
    assert str(fetch()) == "1 refused"
    assert held(number)[0][1] == (
        "0 of 1 files are here; picture hall: http_503, its server answered 503, for too long"
    )


@on_both_ledgers
def test_operations_fetch_again_or_let_it_go_without(files: FileServer) -> None:
    receivers(outlet("a"))
    body = f'<p>x</p><p><img src="{files.url}/lost" alt="Lost"></p><p>y</p>'
    number = take(release(body_html=body, media=[item("hall", files.url + "/hall")]))
    assert str(fetch()) == "2 refused"
    lost = Release.from_ledger(_document(number)).media[1].id
    files.put("/hall", picture())
    with ledger.write() as connection:
        assert media_rows.retry(connection, number, ledger.now(connection)) == ["hall", lost]
    assert str(fetch()) == "1 fetched, 1 refused"
    with ledger.write() as connection:
        assert media_rows.drop(connection, number, lost)
        assert not media_rows.drop(connection, number, "hall")
        deliveries.promote(connection, number, ledger.now(connection))
    assert held(number) == [("rendition", None)]
    build_renditions(number, "en")
    assert states(number) == {"due": 1}
    html = next(body["value"] for body in json.loads(rendition(number))["bodies"] if body["contentType"] == "text/html")
    assert html == "<p>x</p><p>y</p>"


def _document(number: int) -> str:
    with ledger.read() as connection:
        return releases.get(connection, number).to_json()


@on_both_ledgers
def test_a_correction_fetches_only_what_is_new(files: FileServer) -> None:
    receivers(outlet("a"))
    hall = item("hall", files.put("/hall", LARGE))
    take(release(media=[hall]))
    fetch()
    second = take(release(version=2, media=[hall | {"caption": "New words"}]))
    assert held(second) == [("rendition", None)]
    third = take(release(version=3, media=[item("hall", files.put("/other", picture()))]))
    assert str(fetch()) == "1 fetched"
    assert files.asked == ["/hall", "/other"]
    with ledger.read() as connection:
        assert media_rows.stored(connection, second)["hall"].width == 1600
        assert media_rows.stored(connection, third)["hall"].width == 64


@on_both_ledgers
def test_nobody_fetches_for_what_was_corrected_or_killed(files: FileServer) -> None:
    receivers(outlet("a"))
    hall = item("hall", files.put("/hall", picture()))
    take(release(media=[hall]))
    kill = take(release(version=2, status="canceled", media=[item("hall", files.url + "/never")]))
    assert str(fetch()) == "nothing to fetch"
    assert (files.asked, states(kill)) == ([], {})


def test_renditions_name_the_wire_if_it_has_an_address_else_the_producer(
    files: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    receivers(outlet("a", format="json"), outlet("b", format="html"))
    body = '<p>x</p><p><img src="media:hall" alt="Hall"></p>'
    url = files.put("/hall.jpg", LARGE)
    first = take(release(body_html=body, media=[item("hall", url)]))
    fetch()
    build_renditions(first, "en")
    assert url in rendition(first, "html")
    monkeypatch.setenv("FANWIRE_WEB_URL", "https://wire.example")
    settings.cache_clear()
    second = take(release(body_html=body, version=2, media=[item("hall", url)]))
    build_renditions(second, "en")
    html = rendition(second, "html")
    assert url not in html
    with ledger.read() as connection:
        received = releases.received(connection, second).timestamp()
        sha256 = media_rows.stored(connection, second)["hall"].sha256
    assert f"https://wire.example/media/{sha256}/hall.jpg?expires={int(received) + 365 * 86400}&amp;signature=" in html


@on_both_ledgers
def test_one_process_fetches_at_a_time(files: FileServer) -> None:
    receivers(outlet("a"))
    with ledger.write() as connection:
        connection.execute(elections.insert().values(office="media", holder="other", until=ledger.now(connection) + 60))
    number = take(release(media=[item("hall", files.put("/hall", picture()))]))
    assert str(fetch()) == "another process fetches"
    assert held(number) == [("media", "0 of 1 files are here")]
    with ledger.write() as connection:
        connection.execute(update(elections).values(until=0))
    assert str(fetch()) == "1 fetched"


@on_both_ledgers
def test_the_sweep_finds_what_nobody_fetches(files: FileServer) -> None:
    receivers(outlet("a"))
    take(release(media=[item("hall", files.put("/hall", picture()))]))
    with ledger.write() as connection:
        now = ledger.now(connection)
        assert not media_rows.late(connection, now=now, again_at=now + 60)
        assert media_rows.late(connection, now=now + media_rows.HINT_AFTER, again_at=now + 60)
        assert not media_rows.late(connection, now=now + media_rows.HINT_AFTER, again_at=now + 60)


def _fetch_in_child(queue: Any) -> None:
    ledger.reset()
    queue.put(str(fetch()))


def test_what_a_killed_process_had_is_fetched_by_the_next(files: FileServer, tmp_path: Path) -> None:
    """The process is killed while the file comes; its claim and its office are free when it is seen to be gone."""
    receivers(outlet("a"))
    coming, go = threading.Event(), threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(LARGE)))
        handler.end_headers()
        handler.wfile.write(LARGE[:100])
        coming.set()
        go.wait(PATIENCE)
        handler.close_connection = True

    files.files["/hall"] = slow
    number = take(release(media=[item("hall", files.url + "/hall")]))
    ledger.reset()
    context = multiprocessing.get_context("fork")
    child = context.Process(target=_fetch_in_child, args=(context.Queue(),))
    child.start()
    assert coming.wait(PATIENCE)
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    go.set()
    files.put("/hall", LARGE)
    policy = sweep.SweepPolicy(
        build_retry=60,
        retry_horizon=1e6,
        memory_days=9,
        translation_file=None,
        journals=tmp_path,
        web_url="",
    )

    def swept() -> bool:
        with ledger.read() as connection:
            now = ledger.now(connection)
        return sweep.sweep(now, policy).to_fetch

    assert until(swept)
    with ledger.write() as connection:
        connection.execute(update(elections).where(elections.c.office == "media").values(until=0))  # its term is over
    assert str(fetch()) == "1 fetched"
    assert held(number) == [("rendition", None)]
    with ledger.read() as connection:
        assert connection.execute(select(func.max(release_media.c.attempt))).scalar() == 2


@on_both_ledgers
def test_a_late_worker_changes_nothing(files: FileServer) -> None:
    receivers(outlet("a"))
    number = take(release(media=[item("hall", files.put("/hall", picture()))]))
    with ledger.write() as connection:
        now = ledger.now(connection)
        (late,) = media_rows.claim(connection, now=now, lease=10, worker="late", limit=9)
        assert media_rows.claim(connection, now=now, lease=10, worker="b", limit=9) == []
        (newer,) = media_rows.claim(connection, now=now + 11, lease=10, worker="b", limit=9)
        assert not media_rows.refuse(connection, late, code="http_404", reason="x")
        assert media_rows.try_again(connection, newer, due_at=now, code="http_503", reason="y")
        assert media_rows.progress(connection, number).endswith("http_503, y; it is tried again")


@on_both_ledgers
def test_one_slow_server_does_not_take_the_places_of_all() -> None:
    receivers(outlet("a"))
    slow = [item(f"slow-{number}", f"https://Slow.example/{number}") for number in range(6)]
    take(release(media=[*slow, item("other", "https://other.example/hall.jpg")]))

    def taken(*at_work: str) -> list[str]:
        with ledger.write() as connection:
            now = ledger.now(connection)
            found = media_rows.claim(connection, now=now, lease=0, worker="a", limit=4, at_work=at_work)
            return sorted(one.item.partition("-")[0] for one in found)

    assert taken() == ["other", "slow", "slow"]
    assert taken("https://slow.example/a", "https://slow.example/b") == ["other"]


def test_a_run_that_is_to_stop_takes_nothing(files: FileServer) -> None:
    receivers(outlet("a"))
    take(release(media=[item("hall", files.put("/hall", picture()))]))
    found = fetch_media(policies.fetch_policy(), configured_store(), stopping=lambda: True)
    assert (files.asked, found.more, str(found)) == ([], True, "nothing to fetch")
    assert str(fetch(destinations=Destinations(networks=[ip_network("127.0.0.0/8")]))) == "1 fetched"


def test_an_outlet_that_joins_later_changes_nothing(files: FileServer) -> None:
    """Without anybody who gets the release its files are not fetched."""
    take(release(media=[item("hall", files.put("/hall", picture()))]))
    assert str(fetch()) == "nothing to fetch"
    with ledger.write() as connection:
        outlets.put(connection, [outlet("late")], 0)
    assert str(fetch()) == "nothing to fetch"
