"""What stands in the query of a page's address, read so that nothing odd does harm."""

from __future__ import annotations

from starlette.requests import Request

_LONGEST = 300
LARGEST = 2**62
"""No row has a number so large, and every ledger can be asked for it."""


def text(request: Request, name: str) -> str:
    """A text without white space at its ends; empty if there is none."""
    return request.query_params.get(name, "").replace("\0", "").strip()[:_LONGEST]


def number(request: Request, name: str) -> int | None:
    """A whole number from 1 on; None if there is none."""
    said = text(request, name)
    return min(int(said[:19]), LARGEST) or None if said.isascii() and said.isdecimal() else None
