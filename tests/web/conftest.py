"""What tests of the web server share: a browser, for those that look at pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.browser import browser, browser_page, new_page
from workers.web.pages import attention

__all__ = ["browser", "browser_page", "new_page"]


@pytest.fixture
def nothing_counted() -> Iterator[None]:
    """No test sees in the navigation what another one had counted."""
    attention.forget()
    yield
    attention.forget()
