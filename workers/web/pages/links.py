"""Where pages are, for templates and for other pages: a name in an address is always quoted as a whole."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.requests import Request

from workers.web.prefix import prefix as prefix


def outlet(outlet_id: str, *then: str) -> str:
    """The page of an outlet, or one below it."""
    return "/".join([f"{prefix()}/ops/outlets", *(quote(part, safe="") for part in (outlet_id, *then))])


def release(uri: str) -> str:
    """The page of a release."""
    return f"{prefix()}/ops/releases/{quote(uri, safe='')}"


def translation(release_id: int, language: str, *then: str) -> str:
    """The page on which a translation is read and edited, or one below it."""
    return "/".join([f"{prefix()}/ops/translations", str(release_id), quote(language, safe=""), *then])


def audit(**wanted: str) -> str:
    """The audit entries that are wanted."""
    return f"{prefix()}/ops/audit?{urlencode(wanted)}"


def again(request: Request, **changes: str | int | None) -> str:
    """The same page with other values in its query; None takes one out."""
    kept = {name: value for name, value in request.query_params.items() if value} | changes
    query = urlencode({name: value for name, value in kept.items() if value is not None})
    return prefix() + request.url.path + (f"?{query}" if query else "")


def here(request: Request) -> str:
    """The address of a request itself."""
    return prefix() + request.url.path + (f"?{request.url.query}" if request.url.query else "")


def at(path: str) -> str:
    """The address of a page by its path, such as `/ops/queues`."""
    return prefix() + path
