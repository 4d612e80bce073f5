"""Feeds as readers fetch them, on both databases: what they find and no longer find, and what they have already."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest
from lxml import etree
from sqlalchemy import update

from tasks import ledger
from tasks.ledger import deliveries, outlets, releases
from tasks.ledger.schema import feeds as feeds_table
from tasks.ledger.schema import renditions
from tasks.model.states import State
from tasks.operations import feed_access
from tasks.runtime.settings import settings
from tests.support.drains import drain
from tests.support.feeds import FORMATS, deliver, feed, publish, take
from tests.support.samples import URI, outlet
from tests.support.web_server import InProcess, web_server
from workers.web import feeds
from workers.web.application import application
from workers.web.surroundings import Surroundings

both = pytest.mark.usefixtures("book")
"""Where what the databases do may differ; other tests need one of them only."""
one = pytest.mark.usefixtures("sqlite_ledger")
NAMES = {"a": "http://www.w3.org/2005/Atom", "at": "http://purl.org/atompub/tombstones/1.0"}
SECRET = "the plant"
"""Words of the body of every sample release."""


@pytest.fixture
def ask() -> Callable[..., httpx.Response]:
    """`ask(path)`: the answer of the application in this process."""
    client = InProcess(Surroundings(application()))
    return lambda path, **headers: client.ask("GET", path, headers=headers)


def titles(format: str, body: str) -> list[str]:
    """The titles of a feed, by a reader that complains of what is not well formed."""
    if format == "jsonfeed":
        return [item["title"] for item in json.loads(body)["items"]]
    found = feedparser.parse(body)
    assert not found.bozo, found.get("bozo_exception")
    return [entry.title for entry in found.entries]


@both
def test_a_reader_finds_what_was_delivered_in_each_form(tmp_path: Path) -> None:
    """By the real process."""
    paths = {format: feed(format, format) for format in FORMATS}
    publish(headline="First & <foremost>")
    publish(uri="urn:x:2", headline="Second ]]> \U0001f600")
    publish(uri="urn:x:3", headline="Not yet", embargo_until="2099-01-01T00:00:00Z")
    with web_server(tmp_path) as server:
        for format, path in paths.items():
            answer = server.get(path, Accept_Encoding="identity")
            assert answer.status_code == 200, answer.text
            assert titles(format, answer.text) == ["Second ]]> \U0001f600", "First & <foremost>"]
            assert server.url + path in answer.text, "it says where it is"
            assert f'<{server.url + path}>; rel="self"' in answer.headers["Link"]
            assert answer.headers["Content-Type"].startswith(
                ("application/atom", "application/rss", "application/feed")
            )
            again = server.get(path, If_None_Match=answer.headers["ETag"])
            assert (again.status_code, again.content) == (304, b"")
            other = path[:-8] + "AAAA" + path[-4:]
            assert server.get(other).status_code == 404
        token = paths["atom"].split("/")[-1].removesuffix(".atom")
        assert len(token) == 32
        assert token not in server.told()
        parts = [line["parts"] for line in server.lines("request")]
        assert {"outlet": "atom", "ending": "atom"} in parts


@both
def test_one_entry_for_each_language_in_which_the_outlet_takes_it(ask: Any) -> None:
    german = {"headline": "Werk in Porto", "body_html": "<p>Acme hat das Werk eröffnet.</p>"}
    path = feed(languages=["de", "en"])
    release_id = take(translations={"de": german})
    deliver(release_id, "de")
    deliver(release_id, "en")
    body = ask(path).text
    assert titles("atom", body) == ["Acme Robotics opens a plant in Porto", "Werk in Porto"]
    assert [entry.id for entry in feedparser.parse(body).entries] == [f"{URI}:en", f"{URI}:de"]


@one
def test_a_correction_takes_the_place_of_its_entry(ask: Any) -> None:
    path = feed()
    publish(headline="Wrong")
    publish(uri="urn:x:2", headline="Between")
    first = ask(path)
    publish(version=2, headline="Right", correction_note="A slip")
    second = ask(path, **{"If-None-Match": first.headers["ETag"]})
    assert second.status_code == 200
    assert titles("atom", second.text) == ["Right", "Between"]
    assert feedparser.parse(second.text).entries[0].id == feedparser.parse(first.text).entries[1].id


@both
@pytest.mark.parametrize("format", FORMATS)
def test_a_killed_text_is_gone_at_once_and_the_kill_comes_in_its_place(format: str, ask: Any) -> None:
    path = feed(format=format)
    publish()
    publish(uri="urn:x:2", headline="Another", body_html="<p>Of something else.</p>")
    assert SECRET in ask(path).text
    kill = take(version=2, status="canceled", correction_note="Not true")
    until_kill = ask(path).text
    assert SECRET not in until_kill
    assert titles(format, until_kill) == ["Another"]
    deliver(kill)
    after = ask(path).text
    assert SECRET not in after
    killed, other = titles(format, after)
    assert killed.startswith("[")
    assert other == "Another"
    if format == "atom":
        for body in (until_kill, after):
            (tombstone,) = etree.fromstring(body.encode()).findall("at:deleted-entry", NAMES)
            assert tombstone.get("ref") == f"{URI}:en"
        updated = etree.fromstring(after.encode()).findtext("a:entry/a:updated", "", NAMES)
        assert tombstone.get("when", "") >= updated > "", "or readers with the entry would keep it"


@both
def test_what_is_delivered_again_changes_nothing(ask: Any) -> None:
    path = feed()
    publish()
    before = ask(path)
    with ledger.write() as connection:
        found = releases.find(connection, URI)
        deliveries.replay(connection, ledger.now(connection), states=[State.DELIVERED], release_id=found.id)
    assert "1 delivered" in str(drain())
    assert ask(path).headers["ETag"] == before.headers["ETag"]


# --- the archive


def links(body: str) -> dict[str, str]:
    """The paths to which a page links, by relation."""
    found = etree.fromstring(body.encode()).findall("a:link", NAMES)
    return {str(one.get("rel")): str(one.get("href")).removeprefix("http://wire.example") for one in found}


@both
def test_a_reader_who_follows_the_archive_gets_everything_once(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "ENTRIES", 3)
    path = feed()
    for number in range(8):
        publish(uri=f"urn:x:{number}", headline=f"Number {number}")
    publish(uri="urn:x:4", version=2, headline="Number 4 again")
    first = page = ask(path).text
    assert titles("atom", page) == ["Number 4 again", "Number 7", "Number 6"]
    read, pages = titles("atom", page), []
    while older := links(page).get("prev-archive"):
        page = ask(older).text
        pages.append(page)
        assert links(page)["current"] == path
        assert "<fh:archive/>" in page
        read += [title for title in titles("atom", page) if title not in read]
    assert sorted(read) == sorted([f"Number {n}" for n in range(8) if n != 4] + ["Number 4 again"])
    assert "<fh:archive/>" not in first
    assert [titles("atom", page) for page in pages] == [["Number 5", "Number 3"], ["Number 2", "Number 1", "Number 0"]]
    for number in (3, 10**30):
        missing = ask(path.replace(".atom", f"/{number}.atom"))
        assert (missing.status_code, "no such page" in missing.text) == (404, True)


# --- what the reader has, and takes


@one
def test_a_reader_who_has_it_gets_nothing(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "SETTLED_SECONDS", 3600.0)  # however long this takes
    path = feed()
    publish()
    fresh = ask(path)
    assert "Last-Modified" not in fresh.headers, "it may change again within this second"
    assert fresh.headers["Cache-Control"] == "private, max-age=60"
    with ledger.write() as connection:
        connection.execute(update(feeds_table).values(changed_at=time.time() - 3601))
    settled = ask(path)
    moment, tag = settled.headers["Last-Modified"], settled.headers["ETag"]
    for headers, status in (
        ({"If-None-Match": tag}, 304),
        ({"If-None-Match": f'"x", W/{tag}'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"x"'}, 200),
        ({"If-Modified-Since": moment}, 304),
        ({"If-Modified-Since": moment, "If-None-Match": '"x"'}, 200),
        ({"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "nonsense"}, 200),
    ):
        assert ask(path, **headers).status_code == status, headers


@one
def test_it_is_packed_for_those_who_unpack(ask: Any) -> None:
    path = feed()
    publish()
    plain = ask(path, **{"Accept-Encoding": "identity"})
    packed = ask(path, **{"Accept-Encoding": "br, gzip;q=0.5"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == plain.content  # httpx unpacks
    assert int(packed.headers["Content-Length"]) < len(plain.content)
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == "Accept-Encoding"
    refused = ask(path, **{"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers
    assert ask(path, **{"If-None-Match": packed.headers["ETag"]}).status_code == 304


@one
def test_a_page_is_made_once_until_the_feed_changes(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = feed()
    publish()
    made: list[int] = []
    whole = feeds._rows

    def counted(*arguments: Any) -> Any:
        made.append(1)
        return whole(*arguments)

    monkeypatch.setattr(feeds, "_rows", counted)
    assert [ask(path).text for _ in range(3)].count(ask(path).text) == 3
    assert len(made) == 1
    publish(uri="urn:x:2")
    ask(path)
    assert len(made) == 2


@one
def test_what_cannot_be_read_stops_no_other_entry(ask: Any) -> None:
    path = feed()
    broken = publish(uri="urn:x:1", headline="Broken")
    publish(uri="urn:x:2", headline="Whole")
    with ledger.write() as connection:
        connection.execute(update(renditions).where(renditions.c.release_id == broken).values(body=b"<entry"))
    assert titles("atom", ask(path).text) == ["Whole"]


# --- addresses


@both
def test_an_address_ends_when_it_was_said_to(ask: Any) -> None:
    path = feed()
    publish()
    with ledger.write() as connection:
        newer = feed_access.rotate(connection, "desk", "atom", overlap=3600)
    assert newer.ended == 1
    assert [ask(one).status_code for one in (path, newer.path)] == [200, 200]
    with ledger.write() as connection:
        newest = feed_access.rotate(connection, "desk", "atom", overlap=0)
    ended = ask(newer.path)
    assert (ended.status_code, "has ended" in ended.json()["detail"]) == (410, True)
    assert ask(path).status_code == 410, "no later rotation prolongs an overlap"
    assert ask(newest.path).status_code == 200
    with ledger.write() as connection:
        assert feed_access.revoke(connection, "desk") == 1
    assert ask(newest.path).status_code == 410


@one
@pytest.mark.parametrize(
    ("status", "code", "told"),
    [("paused", 200, ""), ("disabled", 410, "has disabled this feed"), ("removed", 410, "has removed this feed")],
)
def test_the_status_of_the_outlet_counts(status: str, code: int, told: str, ask: Any) -> None:
    path = feed()
    with ledger.write() as connection:
        outlets.set_status(connection, ["desk"], status, None, ledger.now(connection))
    answer = ask(path)
    assert answer.status_code == code
    assert told in answer.text


@one
def test_an_address_leads_to_its_feed_in_its_form_only(ask: Any) -> None:
    path, other = feed(), feed("other")
    wrong = ask(path.replace(".atom", ".rss"))
    assert (wrong.status_code, "ends in .atom" in wrong.json()["detail"]) == (404, True)
    assert ask(path.replace("/desk/", "/other/")).status_code == 404
    assert ask(other).status_code == 200
    with ledger.write() as connection:
        outlets.put(connection, [outlet("desk")], 0)
    assert ask(path).status_code == 410


@one
def test_readers_are_told_of_the_hub(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = {format: feed(format, format) for format in FORMATS}
    monkeypatch.setenv("FANWIRE_WEBSUB_HUB", "https://hub.example/")
    settings.cache_clear()
    assert all("hub.example" not in ask(path).text for path in paths.values()), "it could not fetch anything"
    monkeypatch.setenv("FANWIRE_WEB_URL", "https://wire.example/fanwire")
    settings.cache_clear()
    for format, path in paths.items():
        answer = ask(path)
        assert '<https://hub.example/>; rel="hub"' in answer.headers["Link"]
        assert f'<https://wire.example/fanwire{path}>; rel="self"' in answer.headers["Link"]
        assert "https://hub.example/" in answer.text
        assert f"https://wire.example/fanwire{path}" in answer.text
        assert titles(format, answer.text) == []
