"""The operations' page in a real browser: wide and narrow, light and dark, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tasks.model.ranks import Rank
from tests.support import page_scene
from tests.support.page_scene import GOING, HELD
from tests.support.visitor import PASSWORD, know_user
from tests.support.web_server import WebServer
from tests.web.browser import NewPage, axe, shots, sign_in, site


def _fill() -> None:
    page_scene.fill()
    know_user("jane", Rank.OPERATOR)
    know_user("joe", Rank.READER)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[WebServer]:
    """The web server that all tests of this module look at."""
    with site(tmp_path_factory.mktemp("pages") / "home", migrated, _fill) as server:
        yield server


def test_from_the_login_to_a_release_and_its_deliveries(wire: WebServer, browser_page: Page) -> None:
    page = browser_page
    page.goto(f"{wire.url}/")
    axe(page)
    shots(page, "login")
    sign_in(page, wire, "jane")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    axe(page)
    shots(page, "releases")
    page.get_by_role("link", name="Nordvelt raises its forecast for 2030").click()
    expect(page.get_by_role("heading", name="Deliveries over time")).to_be_visible()
    axe(page)
    shots(page, "release")
    page.get_by_role("link", name="Circuit").click()
    expect(page.get_by_role("rowheader", name="finance")).to_be_visible()
    page.get_by_label("State").select_option("exhausted")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="The Daily Desk 9", exact=True).click()
    expect(page.get_by_text("onerror=alert(1)").first).to_be_visible()
    axe(page)
    shots(page, "delivery")


def test_a_replay_says_first_what_it_would_do(wire: WebServer, browser_page: Page) -> None:
    page = browser_page
    sign_in(page, wire, "jane", f"/ops/releases/{GOING}")
    page.get_by_role("link", name="Send again …").first.click()
    expect(page.get_by_text("Nothing has been done yet.")).to_be_visible()
    axe(page)
    shots(page, "replay")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status").first).to_contain_text("Done. 24 deliveries are due again.")


def test_an_embargo_and_a_correction(wire: WebServer, browser_page: Page) -> None:
    page = browser_page
    sign_in(page, wire, "jane", f"/ops/releases/{HELD}")
    axe(page)
    shots(page, "release-held")
    page.get_by_role("link", name="Embargo …").click()
    axe(page)
    shots(page, "embargo")
    page.go_back()
    page.get_by_role("link", name="Correct …").click()
    axe(page)
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_text("would go to")).to_be_visible()
    assert "\ufffd" not in page.get_by_label("Document").input_value(), "forms send line breaks in a way of their own"
    axe(page)
    shots(page, "correct")


def test_a_kill_without_scripts(wire: WebServer, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    sign_in(page, wire, "jane", f"/ops/releases/{HELD}")
    page.get_by_role("link", name="Kill …").click()
    expect(page.get_by_text("120 deliveries")).to_be_visible()
    page.get_by_label("I mean it").check()
    page.get_by_role("button", name="Kill the release").click()
    expect(page.get_by_role("status").first).to_contain_text("withdrawn by version 2")


def test_the_choice_of_dark_stays(wire: WebServer, browser_page: Page) -> None:
    page = browser_page
    sign_in(page, wire, "jane")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("body")).to_have_css("color-scheme", "dark")
    page.reload()
    expect(page.locator("body")).to_have_css("color-scheme", "dark")


def test_everything_works_without_scripts(wire: WebServer, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{wire.url}/")
    page.get_by_label("Name").fill("joe")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Releases")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
