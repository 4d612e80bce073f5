"""`fanwire media`: files into the store, and what to do about files of releases that cannot be fetched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks import ledger, planning, policies
from tasks.building.fetching import fetch_media
from tasks.ledger import media_rows
from tasks.media_store.store import configured_store, read
from tasks.runtime.settings import settings
from tests.support.media import PDF, SVG, FileServer, picture
from tests.support.samples import URI, outlet, release

from .conftest import Run, take

pytestmark = pytest.mark.usefixtures("home")


def test_a_file_is_added_listed_and_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "Plant in Porto.jpg").write_bytes(picture(400, 300))
    added = run("media", "add", str(tmp_path / "Plant in Porto.jpg")).output.strip()
    assert added.startswith("media:")
    assert len(added) == 70
    (tmp_path / "r.pdf").write_bytes(PDF)
    told = json.loads(run("media", "add", str(tmp_path / "r.pdf"), "--json").output)
    assert (told["content_type"], told["bytes"], told["width"]) == ("application/pdf", len(PDF), None)
    assert read(configured_store(), told["media"].removeprefix("media:")) == PDF
    listed = run("media", "list").output
    assert "Plant in Porto.jpg" in listed
    assert "400 × 300" in listed
    assert len(json.loads(run("media", "list", "--json").output)) == 2
    shown = run("media", "show", added).output
    assert f"{added} · image/jpeg" in shown
    assert "320 × 240" in shown
    again = run("media", "add", str(tmp_path / "Plant in Porto.jpg")).output.strip()
    assert again == added


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("x.svg", SVG, "x.svg is no kind of file that is known; taken are application/pdf"),
        ("x.jpg", picture()[:-99], "x.jpg cannot be read as image/jpeg"),
        ("x.pdf", PDF + bytes(3000), "has 3,0"),
    ],
)
def test_what_is_not_taken_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, problem: str
) -> None:
    monkeypatch.setenv("FANWIRE_MEDIA_BYTES", "3000")
    settings.cache_clear()
    (tmp_path / name).write_bytes(content)
    result = run("media", "add", str(tmp_path / name), status=1)
    assert problem in result.output
    assert "list" in run("media", "show", "media:00", status=1).output


def test_files_of_a_release_are_fetched_again_or_left_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "127.0.0.0/8")
    settings.cache_clear()
    server = FileServer()
    media = [{"id": id, "type": "picture", "url": f"{server.url}/{id}"} for id in ("hall", "yard")]
    planning.plan(take(release(media=media), outlet("a")))
    fetch_media(policies.fetch_policy(), configured_store())
    shown = run("media", "show", URI).output
    assert "refused  picture hall · http_404: its server answered 404" in shown
    assert "picture hall: http_404" in run("status", URI).output
    server.put("/hall", picture())
    assert "Fetching again: hall" in run("media", "retry", URI, "hall").output
    fetch_media(policies.fetch_policy(), configured_store())
    server.close()
    assert "yard is dropped" in run("media", "drop", URI, "yard").output
    states = {row["id"]: row["state"] for row in json.loads(run("media", "show", URI, "--json").output)}
    assert states == {"hall": "stored", "yard": "dropped"}
    with ledger.read() as connection:
        assert media_rows.all_there(connection, 1)
    assert "has no file 'hall' that is missing" in run("media", "drop", URI, "hall", status=1).output
    assert "has no file to fetch" in run("media", "retry", URI, status=1).output
