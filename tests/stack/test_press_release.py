"""Translations on the whole way: what three outlets really got, and what a correction asks of an engine."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from lxml import html
from sqlalchemy import func, select

from tasks import ledger
from tasks.ledger import releases, rendition_rows
from tasks.ledger.artifacts import RenditionKey
from tasks.ledger.schema import memory
from tests.support.command_line import typed
from tests.support.markup import parsed
from tests.support.processes import until
from tests.support.review_files import with_target
from tests.translation.press_release import BODY, DOCUMENT, NAMES
from tests.translation.samples import needs_apertium

from .conftest import Stack

LANGUAGES = ("es", "pt", "fr")
URI = "urn:x:ferries"
HEADLINE = "Brightwater Mobility lleva transbordadores eléctricos a los puertos del sur de Europa"


def submit(stack: Stack, folder: Path, **fields: object) -> None:
    file = folder / "release.json"
    file.write_text(json.dumps({**DOCUMENT, "uri": URI, "circuits": ["paper"], **fields}))
    stack.run("submit", str(file), "--wait")


def status() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(typed("status", URI, "--json"))
    return found


def wait_for(stack: Stack, version: int, *languages: str) -> None:
    """Until these languages of the version are delivered, and no other is."""

    def delivered() -> bool:
        found = status()
        there = {language for language, states in found["languages"].items() if "delivered" in states}
        return (found["version"], there) == (version, set(languages))

    until(delivered, lambda: f"{status()} {stack.told()}")


def received(stack: Stack, language: str, version: int) -> str:
    """The page that the outlet of this language has got, byte for byte."""
    [receipt] = stack.farm.receipts(release=URI, outlet=f"paper-{language}", version=str(version))
    with ledger.read() as connection:
        row = releases.find(connection, URI, version)
        page = rendition_rows.get(connection, RenditionKey(row.id, language, "html"))
    assert hashlib.sha256(page.body).hexdigest() == receipt["sha256"]
    return page.body.decode()


def links(page: str) -> dict[str, str]:
    """Address to text, of the links in the body."""
    [body] = parsed(page).find_class("body")
    return {str(node.get("href")): node.text_content().strip() for node in body.iter("a")}


@needs_apertium
def test_a_press_release_waits_for_editors_and_then_it_and_its_correction_reach_outlets_in_three_languages(
    stack: Stack, tmp_path: Path
) -> None:
    submit(stack, tmp_path)
    held = {hold["language"]: (hold["kind"], hold["detail"].partition(":")[0]) for hold in status()["held"]}
    assert held == dict.fromkeys(LANGUAGES, ("approval", "a draft by apertium waits for an editor"))
    told = typed("status", URI)
    assert "held: 1 in es for approval (a draft by apertium waits for an editor" in told
    assert f"fanwire translations export {URI} es --output es.xlf" in told
    assert stack.farm.receipts(release=URI) == []

    # es: somebody writes a sentence anew in a translation tool, and signs the others there
    file = tmp_path / "es.xlf"
    typed("translations", "export", URI, "es", "--output", str(file))
    signed = file.read_bytes().replace(b'state="translated"', b'state="final"')
    file.write_bytes(with_target(signed, "headline", HEADLINE, "final"))
    typed("translations", "import", URI, "es", str(file), "--by", "Ann Lee")
    wait_for(stack, 1, "es")
    assert HEADLINE in received(stack, "es", 1)

    # fr: the sentences come into the memory, such as from an agency
    file = tmp_path / "fr.tmx"
    typed("translations", "export", URI, "fr", "--output", str(file))
    file.write_bytes(re.sub(rb'<prop type="x-fanwire-maker">[^<]*</prop>', b"", file.read_bytes()))
    typed("memory", "import", str(file))
    wait_for(stack, 1, "es", "fr")

    # pt: somebody has read it
    typed("translations", "approve", URI, "pt", "--by", "Ann Lee")
    wait_for(stack, 1, *LANGUAGES)

    submit(stack, tmp_path, version=2, body_html=BODY.replace("needs 25 days of training", "needs 30 days of training"))
    for language in LANGUAGES:
        typed("translations", "approve", URI, language, "--version", "2")
    wait_for(stack, 2, *LANGUAGES)
    wanted = set(links(f'<div><div class="body">{BODY}</div></div>'))
    for language in LANGUAGES:
        first, second = received(stack, language, 1), received(stack, language, 2)
        for page in (first, second):
            assert set(links(page)) == wanted
            assert all(links(page).values())
            assert [name for name in NAMES if name not in page] == []
            meta: Any = html.fromstring(page).find(".//meta[@name='fanwire:translation']")
            assert 'status="approved"' in meta.get("content")
        [old], [new] = blocks(first) - blocks(second), blocks(second) - blocks(first)
        assert re.search(r"\b25\b", old)
        assert re.search(r"\b30\b", new)
    assert learned(f"{URI} v1").keys() == set(LANGUAGES)
    assert learned(f"{URI} v2") == dict.fromkeys(LANGUAGES, 1)


def learned(origin: str) -> dict[str, int]:
    """How many units an engine was asked for, for this release version, in each language."""
    query = select(memory.c.target_language, func.count()).where(memory.c.origin == origin)
    with ledger.read() as connection:
        return dict(map(tuple, connection.execute(query.group_by(memory.c.target_language))))


def blocks(page: str) -> set[str]:
    """Those of the body."""
    [body] = parsed(page).find_class("body")
    return {html.tostring(node, encoding="unicode").strip() for node in body.iter("p", "li", "h2")}
