"""`GET /health`: whether the web server can do its work, which is whether the ledger answers."""

from __future__ import annotations

import threading
import time

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tasks import ledger
from tasks.ledger.schema import outlets

BELIEVED_SECONDS = 2.0
"""For so long one look at the ledger is believed, so that those who ask often cost it nothing."""
_looking = threading.Lock()
_looked: list[float] = []
"""The moment of the last look that went well, by the monotonic clock; empty if there is none."""


def routes() -> list[Route]:
    """The route of the health check."""
    return [Route("/health", health)]


def look() -> None:
    """Look into the ledger; raises SQLAlchemyError if it does not answer or lacks the tables of this version."""
    with ledger.read() as connection:
        connection.execute(select(outlets.c.id).limit(1))


def health(_request: Request) -> Response:
    """200 while the ledger answers, else 503."""
    with _looking:
        if not _looked or time.monotonic() - _looked[0] > BELIEVED_SECONDS:
            _looked.clear()
            try:
                look()
            except SQLAlchemyError:
                raise HTTPException(
                    503, "the ledger does not answer; the other processes say more in their logs"
                ) from None
            _looked[:] = [time.monotonic()]
    return JSONResponse({"status": "well"})
