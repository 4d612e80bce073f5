"""A list of rows by their number, the newest first, a page at a time, that fetches itself anew while somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from workers.web.pages import links, shell
from workers.web.pages.queries import number

A_PAGE = 50
Rows = list[dict[str, Any]]
Read = Callable[[int, int | None], Rows]
"""Reads so many rows at most, those below a number if one is given."""


def page(request: Request, template: str, title: str, read: Read) -> Response:
    """The whole page."""
    before = number(request, "before")
    rows, older = _listed(request, read)
    newest = links.again(request, before=None) if before else None
    here = links.at(f"{request.url.path}/fragment") + (f"?before={before}" if before else "")
    return shell.render(
        request, template, title=title, rows=rows, older=older, newest=newest, fragment=here
    )  # fmt: skip


def part(request: Request, template: str, read: Read) -> Response:
    """The list alone."""
    rows, older = _listed(request, read)
    return shell.fragment(request, template, rows=rows, older=older and older.replace("/fragment", ""))


def _listed(request: Request, read: Read) -> tuple[Rows, str | None]:
    rows = read(A_PAGE + 1, number(request, "before"))
    older = links.again(request, before=rows[A_PAGE - 1]["id"]) if len(rows) > A_PAGE else None
    return rows[:A_PAGE], older
