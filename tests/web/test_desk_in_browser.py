"""Outlets, translations, queues and what is kept for people to read in a real browser: wide and narrow, light and dark,
with and without scripts, and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tasks import ledger
from tasks.ledger import notices, refusals
from tasks.model.ranks import Rank
from tasks.model.states import State, Verdict
from tasks.operations import outlet_acts
from tasks.runtime.settings import settings
from tests.support.delivery_steps import NOW, claim, finish, result
from tests.support.review_files import CHINESE
from tests.support.reviewing import make, planned, translation_file
from tests.support.samples import outlet
from tests.support.visitor import PASSWORD, know_user
from tests.support.web_server import WebServer
from tests.web.browser import NewPage, axe, shots, sign_in, site

EVIL = "</td></pre><script>document.title = 'taken over'</script><img src=x>"
PAGES = {
    "outlets": "/ops/outlets", "outlet": "/ops/outlets/bote", "outlet-edit": "/ops/outlets/bote/edit",
    "outlets-add": "/ops/outlets/-/add", "outlet-remove": "/ops/outlets/bote/remove",
    "translations": "/ops/translations", "translation": "/ops/translations/1/ar", "queues": "/ops/queues",
    "refusals": "/ops/refusals", "refusal": "/ops/refusals/1", "notices": "/ops/notices", "audit": "/ops/audit",
}  # fmt: skip


def _fill() -> None:
    for name, rank in (("jane", Rank.OPERATOR), ("ed", Rank.EDITOR)):
        know_user(name, rank)
    with pytest.MonkeyPatch.context() as patch:
        translation_file(settings().home, patch, "engines: {opencc: {grade: draft}}\nlanguages: {ar: {engines: []}}\n")
        _deliver()
    settings.cache_clear()
    with ledger.write() as connection:
        outlet_acts.pause(connection, "cairo", EVIL)
        notices.add(connection, "refusing", "bote", EVIL, NOW)
        refusals.keep(connection, EVIL.encode(), EVIL, NOW)


def _deliver() -> None:
    """Three releases, of which two wait for an editor, and a delivery that its outlet has refused."""
    make(planned(outlet("cairo", languages=["ar"], country="EG"), outlet("bote", name=f"Bote {EVIL}")), "ar")
    make(1, "en")
    other = CHINESE | {
        "headline": "工厂很大",
        "body_html": "<p>新的工厂很大。</p>",
    }  # else a save in one is one in both
    for number, text in ((2, CHINESE), (3, other)):
        taken = planned(outlet("taipei", languages=["zh-Hant"]), uri=f"urn:newsml:acme.example:{number}", **text)
        make(taken, "zh-Hant")
    [one] = claim(now=2 * NOW)
    refused = replace(result(one, State.REJECTED), verdict=Verdict.REJECTED, code="http_403", reason=f"403: {EVIL}")
    finish(refused)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[WebServer]:
    """The web server that all tests of this module look at."""
    with site(tmp_path_factory.mktemp("desk") / "home", migrated, _fill) as server:
        yield server


def test_each_page_wide_and_narrow_in_the_light_and_in_the_dark(wire: WebServer, browser_page: Page) -> None:
    page = browser_page
    sign_in(page, wire, "jane", "/ops/outlets")
    for name, path in PAGES.items():
        page.goto(wire.url + path)
        expect(page.locator("h1")).to_be_visible()
        assert page.title() != "taken over"
        axe(page)
        shots(page, name)


def test_without_scripts_an_outlet_is_paused_and_a_sentence_saved(wire: WebServer, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    sign_in(page, wire, "jane", "/ops/outlets")
    page.get_by_role("link", name=re.compile("Bote")).click()
    page.get_by_label(re.compile("Send it nothing")).fill("a holiday")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("bote is paused")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("bote is active")).to_be_visible()
    page.goto(f"{wire.url}/ops/translations/2/zh-Hant")
    page.locator("[id='text-paragraph-1.sentence-2']").fill("員工都很高興。")
    page.locator("[id='unit-paragraph-1.sentence-2']").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved: paragraph 1, sentence 2.")).to_be_visible()


def test_sentences_are_edited_and_a_translation_is_approved_by_keyboard_alone(
    wire: WebServer, browser_page: Page
) -> None:
    page = browser_page
    sign_in(page, wire, "ed", "/ops/translations/2/zh-Hant")
    page.keyboard.press("Alt+Shift+N")
    expect(page.locator("#text-headline")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("<9>")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#unit-headline")).to_contain_text("Not saved")
    expect(page.locator("#text-headline")).to_be_focused()
    expect(page.locator("#text-headline")).to_have_value("<9>")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("公司釋出新的軟體")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#unit-headline")).to_have_attribute("data-open", "no")
    following = page.locator("[id='text-paragraph-1.sentence-1']")
    expect(following).to_be_focused()
    expect(page.locator("#unit-headline")).to_contain_text("saved")


def test_from_the_login_to_an_approved_translation_by_keyboard_alone(wire: WebServer, browser_page: Page) -> None:
    page = browser_page
    page.goto(f"{wire.url}/")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("ed")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Releases", exact=True)).to_be_visible()
    follow(page, "a", "Translations")
    expect(page.get_by_role("heading", name="Translations", exact=True)).to_be_visible()
    follow(page, "a[href*='/3/zh-Hant']", "Chinese")
    expect(page.get_by_role("button", name="Approve all")).to_be_visible()
    follow(page, "button", "Approve all")
    expect(page.get_by_text("It is approved; 1 delivery goes out")).to_be_visible()


def follow(page: Page, selector: str, words: str) -> None:
    """Go on by Tab until what is focused fits and begins with these words, and press Enter there."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate("s => document.activeElement.matches(s) && document.activeElement.innerText", selector)
        if focused and focused.strip().startswith(words):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{words} cannot be reached by Tab")
