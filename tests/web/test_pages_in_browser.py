"""The operations' page in a real browser: wide and narrow, light and dark, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tasks.model.ranks import Rank
from tests.support.visitor import PASSWORD, know_user
from tests.support.web_server import WebServer
from tests.web.browser import NewPage, axe, shots, sign_in, site


def _fill() -> None:
    know_user("jane", Rank.OPERATOR)
    know_user("joe", Rank.READER)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[WebServer]:
    """The web server that all tests of this module look at."""
    with site(tmp_path_factory.mktemp("pages") / "home", migrated, _fill) as server:
        yield server


def test_signing_in(wire: WebServer, browser_page: Page) -> None:
    page = browser_page
    page.goto(f"{wire.url}/")
    axe(page)
    shots(page, "login")
    sign_in(page, wire, "jane")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    axe(page)
    shots(page, "releases")


def test_the_choice_of_dark_stays(wire: WebServer, browser_page: Page) -> None:
    page = browser_page
    sign_in(page, wire, "jane")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_everything_works_without_scripts(wire: WebServer, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{wire.url}/")
    page.get_by_label("Name").fill("joe")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Releases")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
