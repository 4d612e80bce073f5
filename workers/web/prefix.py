"""The path under which a proxy shows the web server to others: that of FANWIRE_WEB_URL, such as `/wire`.

Requests come with the prefix or without it, as the proxy likes; addresses in answers always have it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.types import Scope

from tasks.runtime.settings import settings


def prefix() -> str:
    """The path before all paths of the web server; empty if it has none."""
    return urlsplit(settings().web_url or "").path.rstrip("/")


def without_prefix(scope: Scope) -> Scope:
    """A request as one for a server that has no prefix."""
    before, path = prefix(), scope["path"]
    if not before or not path.startswith(before + "/"):
        return scope
    raw = scope.get("raw_path") or b""
    return {**scope, "path": path[len(before) :], "raw_path": raw[len(before) :]}
