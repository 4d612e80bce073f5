"""`/unsubscribe/{token}`: the way out that each e-mail names (`List-Unsubscribe`).

A POST is enough, as mail programs send it (RFC 8058). A GET changes nothing, for programs that follow links send it
too: it is a page with a button for people.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tasks import ledger
from tasks.operations.bounces.effects import UNSUBSCRIBED, pause
from tasks.runtime.mail_tokens import UNSUBSCRIBE_PATH, Sent, read_token

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Unsubscribe</title>
{}
</html>
"""
_ASK = (
    '<p>Do you want no more press releases at this address?</p><form method="post"><button>Unsubscribe</button></form>'
)
_DONE = "<p>You will get no more press releases at this address.</p>"


def routes() -> list[Route]:
    """The route of unsubscribing."""
    return [
        Route(UNSUBSCRIBE_PATH + "{token}", ask, methods=["GET"]),
        Route(UNSUBSCRIBE_PATH + "{token}", unsubscribe, methods=["POST"]),
    ]


def ask(request: Request) -> Response:
    """A page that asks whether it is meant."""
    _sent(request)
    policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    return HTMLResponse(_PAGE.format(_ASK), headers={"content-security-policy": policy})


def unsubscribe(request: Request) -> Response:
    """Pause the outlet that the e-mail went to; done again, it changes nothing."""
    sent = _sent(request)
    with ledger.write() as connection:
        pause(connection, sent, UNSUBSCRIBED, "unsubscribed")
    return HTMLResponse(_PAGE.format(_DONE))


def _sent(request: Request) -> Sent:
    sent = read_token("unsubscribe", request.path_params["token"])
    if sent is None:
        raise HTTPException(404, "this is no address for unsubscribing; use the one of the e-mail exactly as it is")
    return sent
