"""`/verify/{outlet}/{url}`: whoever reads the mail of an outlet confirms that it is the one that is meant.

`fanwire outlets verify` sends the address by e-mail. A GET changes nothing, for programs that follow links send it too:
it is a page with a button for people.
"""

from __future__ import annotations

import json
import time
from typing import Any

import structlog
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tasks import ledger
from tasks.ledger import outlets
from tasks.model.acts import Act
from tasks.operations.activation import confirmation_path, make_active
from tasks.runtime import signed_urls

log = structlog.get_logger()

_PATH = "/verify/{outlet}/{url}"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Press releases</title>
{}
</html>
"""
_ASK = '<p>Shall press releases be sent to this address?</p><form method="post"><button>Yes</button></form>'
_DONE = "<p>Thank you. Press releases will be sent to this address.</p>"


def routes() -> list[Route]:
    """The route of confirmations."""
    return [Route(_PATH, ask, methods=["GET"]), Route(_PATH, confirm, methods=["POST"])]


def ask(request: Request) -> Response:
    """A page that asks whether it is meant."""
    with ledger.read() as connection:
        _outlet(connection, request)
    policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    return HTMLResponse(_PAGE.format(_ASK), headers={"content-security-policy": policy})


def confirm(request: Request) -> Response:
    """Make the outlet active if it was unverified; done again, it changes nothing."""
    with ledger.write() as connection:
        row = _outlet(connection, request)
        if row.status == "unverified":
            due = make_active(connection, row, Act.VERIFY_OUTLET, remark="confirmed by the link in an e-mail")
            log.info("outlet verified", outlet=row.id, due=due)
    return HTMLResponse(_PAGE.format(_DONE))


def _outlet(connection: Connection, request: Request) -> Any:
    """The row of the outlet that an address is about; refuses one that is not signed, or of an earlier URL."""
    path = request.url.path
    signed_urls.check(path, request.query_params, time.time())
    row = outlets.get(connection, request.path_params["outlet"])
    if row is None or row.status == "removed" or confirmation_path(row.id, json.loads(row.document)["url"]) != path:
        raise HTTPException(404, "this is asked no more; the wire has another address, or none")
    return row
