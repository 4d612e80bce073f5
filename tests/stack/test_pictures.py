"""A picture on its whole way: fetched from its producer, kept, named in what outlets get, and served to them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tasks import ledger
from tasks.building.media_addresses import media_path
from tasks.ledger import media_rows, releases, rendition_rows
from tasks.ledger.artifacts import RenditionKey
from tasks.runtime import signed_urls
from tests.support.command_line import typed
from tests.support.media import FileServer, picture
from tests.support.processes import until
from tests.support.samples import release
from tests.support.threads import PATIENCE

from .conftest import Stack

HALL = picture(1200, 800)


@pytest.fixture
def producer() -> Iterator[FileServer]:
    server = FileServer()
    yield server
    server.close()


def test_a_picture_comes_from_its_producer_and_goes_to_outlets(
    stack: Stack, producer: FileServer, tmp_path: Path
) -> None:
    uri = "urn:x:pictured"
    hall = {"id": "hall", "type": "picture", "url": producer.put("/hall.jpg", HALL), "caption": "The hall"}
    german = {"headline": "Acme", "body_html": '<p>Neu.</p><p><img src="media:hall" alt="Halle"></p>'}
    body = '<p>New.</p><p><img src="media:hall" alt="A hall"></p>'
    file = tmp_path / "release.json"
    made = release(uri=uri, circuits=["few"], body_html=body, media=[hall], translations={"de": german})
    file.write_text(made.to_json())
    receipt = json.loads(stack.run("submit", str(file), "--wait", "--json"))
    assert receipt["status"] == "accepted"
    found = json.loads(stack.run("status", uri, "--json"))
    assert found["languages"]["de"] == {"delivered": 1}
    assert producer.asked == ["/hall.jpg"]
    rows = json.loads(typed("media", "show", uri, "--json"))
    assert [(row["id"], row["state"]) for row in rows] == [("hall", "stored")]
    assert stack.farm.tally(uri)["faultless"]
    with ledger.read() as connection:
        number = releases.find(connection, uri).id
        page = rendition_rows.get(connection, RenditionKey(number, "de", "html"))
        sha256 = media_rows.stored(connection, number)["hall"].sha256
    assert page is not None
    shown = page.body.decode()
    assert f'src="{producer.url}/hall.jpg"' in shown
    assert 'alt="Halle"' in shown
    port = until(lambda: re.search(r'"port": (\d+)', stack.log("web")), stack.told)
    assert port is not None
    address = signed_urls.sign(media_path(sha256, "hall.jpg"), time.time() + 3600)
    answer = requests.get(f"http://127.0.0.1:{port[1]}{address}", timeout=PATIENCE, headers={"Range": "bytes=0-99"})
    assert (answer.status_code, answer.content) == (206, HALL[:100])
