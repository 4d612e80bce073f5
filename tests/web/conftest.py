"""What tests of the web server share: a browser, for those that look at pages."""

from __future__ import annotations

from tests.web.browser import browser, browser_page, new_page

__all__ = ["browser", "browser_page", "new_page"]
