"""Debian's Chromium for tests of the pages, driven by Playwright: one browser and one web server a module.

It is the one without a window (`chromium-headless-shell`): the other draws the interface of each window as well, which
doubles what these tests cost.

A module asks for the fixture `browser_page` (or `new_page`, for another kind of page), and has `site` serve its pages.
Each page fails its test when the browser has complained: an error on the console, a script that failed, anything that
the content security policy has stopped.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tasks import ledger
from tasks.runtime.settings import settings
from tests.support.processes import ROOT
from tests.support.side_by_side import PROCESS
from tests.support.visitor import PASSWORD
from tests.support.web_server import WebServer, web_server

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
MILLISECONDS = 120_000.0
"""That the browser has for each step: on a busy machine an answer may take long."""
WIDE, NARROW = (1280, 900), (390, 844)
SCREENSHOTS = ROOT / "build" / "screenshots"
_QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
)  # fmt: skip
UNSEEN = """[...document.querySelectorAll('nav[aria-label="Pages"] a')]
    .filter(link => link.getBoundingClientRect().right > document.documentElement.clientWidth)
    .map(link => link.text.trim())"""
"""The entries of the navigation that can only be seen by scrolling sideways."""
NewPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of a module."""
    if CHROMIUM is None:
        pytest.skip("Debian's package chromium-headless-shell is not installed")
    with sync_playwright() as playwright:
        expect.set_options(timeout=MILLISECONDS)
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET), timeout=MILLISECONDS)
        yield found
        found.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Opens a page without cookies: `new_page(java_script_enabled=False, color_scheme="dark", …)`, as Playwright's
    `new_context` takes it."""
    complaints: list[str] = []
    with ExitStack() as contexts:

        def opened(**options: Any) -> Page:
            width, height = WIDE
            context = browser.new_context(**{"viewport": {"width": width, "height": height}} | options)
            contexts.callback(context.close)
            context.set_default_timeout(MILLISECONDS)
            page = context.new_page()
            page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            return page

        yield opened
    assert not complaints


@pytest.fixture
def browser_page(new_page: NewPage) -> Page:
    """A page of a browser with scripts, at desktop width."""
    return new_page()


@contextmanager
def site(home: Path, migrated: Path, fill: Callable[[], None]) -> Iterator[WebServer]:
    """The web server over a ledger of its own under `home`, into which `fill` has put what there is to see."""
    home.mkdir(mode=0o700)
    shutil.copyfile(migrated, home / "ledger.sqlite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FANWIRE_HOME", str(home))
        _forget()
        fill()
        with web_server(home) as server:
            _forget()
            yield server
    _forget()


def _forget() -> None:
    ledger.reset()
    settings.cache_clear()


def sign_in(page: Page, server: WebServer, name: str, path: str = "/ops/releases") -> None:
    """Sign in as a user with the password of tests, and be at `path` then."""
    page.goto(f"{server.url}/ops/login?next={path}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.url}{path}")


def axe(page: Page) -> None:
    """Fail if axe-core finds anything on a page, in the light and in the dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page).response["violations"]
        told = [f"{one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in found for node in one["nodes"]]
        assert not told, "\n".join(told)


def shots(page: Page, name: str) -> None:
    """Fail if a page is wider than its window, wide or narrow; and write pictures of the whole of it to
    build/screenshots, light and dark, unless these are all tests (`make test`), where nobody would look at them."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    looked_at = PROCESS not in os.environ
    for width, height in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width} pixels"
        unseen = page.evaluate(UNSEEN)
        assert not unseen, f"{name}: the navigation has {unseen} beyond the edge of {width} pixels"
        for scheme in ("light", "dark") if looked_at else ():
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
