"""What all pages share: who may do what, the layout around them, messages after an action, and errors as pages.

A handler is a plain function from a request to a response, which runs in a thread. `@needs(Rank.EDITOR)` lets in
whoever has that rank and sends others to the login; of a POST it wants the token of the session and an origin of ours,
and whatever the handler records in the audit table is by that user. A handler answers with `render`, or after a POST
with `see`; it refuses by raising a UserError, or Starlette's HTTPException.
"""

from __future__ import annotations

import functools
import hmac
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tasks.ledger import audit
from tasks.model.acts import Actor, Role
from tasks.model.languages import LanguageTag
from tasks.model.ranks import Rank
from tasks.operations import charts
from tasks.runtime import moments
from tasks.runtime.errors import UserError
from tasks.runtime.foreign_text import printable_value
from tasks.runtime.settings import settings
from workers.web.pages import assets, attention, links, release_progress, sessions
from workers.web.pages.sessions import Person, Session
from workers.web.problem_details import DETAILS

log = structlog.get_logger()

HOME: Final = "/ops/releases"
"""Where people begin."""
NAVIGATION: Final = (
    ("Releases", "/ops/releases", "releases", "late"),
    ("Outlets", "/ops/outlets", "", ""),
    ("Translations", "/ops/translations", "translations", "waiting for an editor"),
    ("Queues", "/ops/queues", "", ""),
    ("Refused", "/ops/refusals", "refusals", "in a day"),
    ("Notices", "/ops/notices", "notices", "in a day"),
    ("Audit", "/ops/audit", "", ""),
)
"""What people go to directly: its words, its address, what `attention.counts` calls what needs somebody there, and what
those are."""
APPEARANCES: Final = ("auto", "light", "dark")
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "same-origin",  # with `no-referrer` browsers send `Origin: null`
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
"""Of every page, beside what the web server says of every answer."""
_OWN_ADDRESS = re.compile(r"/ops(/[A-Za-z0-9:%~_@,+=-][A-Za-z0-9.:%~_@,+=-]*)+(\?[!-;=?-\[\]-~]*)?")
"""A path whose parts begin with no dot, and a query; nothing in them leads a browser to another site."""
_DIGEST = re.compile("[0-9a-f]{64}")
"""A SHA-256, of which a page shows the beginning."""
_MOST_FIELDS = 2000
_MOST_BYTES_OF_A_FIELD = 900 * 1024

Handler = Callable[[Request], Response]


@dataclass
class Visit:
    """What is known of one request: the session, who it is of, what the form said, and what is to become of cookies."""

    session: Session
    is_new: bool
    person: Person | None
    message: tuple[str, str] | None
    """What the last action came to, as `see` said it: kind and text."""
    form: dict[str, str | bytes] = field(default_factory=dict)
    ended: bool = False


def needs(rank: Rank) -> Callable[[Handler], Callable[[Request], Awaitable[Response]]]:
    """Make of a handler one for those who have this rank, or a higher one."""
    return lambda handler: _guarded(handler, rank)


def open_to_all(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Make of a handler one for everybody, signed in or not."""
    return _guarded(handler, None)


def _guarded(handler: Handler, rank: Rank | None) -> Callable[[Request], Awaitable[Response]]:
    @functools.wraps(handler)
    async def endpoint(request: Request) -> Response:
        visit = request.state.visit = _visit(request)
        try:
            refusal = _refusal(request, visit, rank)
            if refusal is not None:
                return refusal
            if request.method == "POST":
                visit.form = await _form(request, visit)
            with _acting(request, visit):
                response = await run_in_threadpool(handler, request)
        except (HTTPException, UserError, SQLAlchemyError) as error:
            response = await run_in_threadpool(failure, request, error)
        except Exception:
            log.exception("a page failed", route=request.scope["route"].path)
            response = await run_in_threadpool(failure, request, HTTPException(500))
        _keep_cookies(request, response, visit)
        return response

    return endpoint


def _visit(request: Request) -> Visit:
    found = sessions.read(request, time.time())
    session = found or sessions.anonymous(time.time())
    said = sessions.signer("message").load(request.cookies.get(sessions.cookie_name("message"), ""))
    message = (str(said["kind"]), str(said["text"])) if said.get("of") == session.id else None
    return Visit(session, found is None, sessions.person(session), message)


def _refusal(request: Request, visit: Visit, rank: Rank | None) -> Response | None:
    """What somebody gets who may not do this; None for whoever may."""
    if rank is None:
        return None
    if visit.person is None:
        if _is_live(request):
            raise HTTPException(401, "the session is over; sign in again")
        target = links.here(request) if request.method in ("GET", "HEAD") else links.at(HOME)
        return RedirectResponse(links.at(f"/ops/login?next={quote(target, safe='/')}"), 303)
    if not visit.person.rank.may(rank):
        has = visit.person.rank
        raise HTTPException(403, f"this needs the rank {rank}, and yours is {has}: ask whoever runs the wire")
    return None


async def _form(request: Request, visit: Visit) -> dict[str, str | bytes]:
    """What the form of a POST says; refuses one that was not made by a page of ours in this session."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    if site != "same-origin" or (origin is not None and not _is_own(request, origin)):
        raise HTTPException(403, "this came from a page of another site, and was not done; use the form of this site")
    async with request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=_MOST_BYTES_OF_A_FIELD) as form:
        said = {name: await one.read() if isinstance(one, UploadFile) else one for name, one in form.multi_items()}
    token = said.get("csrf", "")
    if not isinstance(token, str) or not hmac.compare_digest(token.encode(), visit.session.csrf.encode()):
        raise HTTPException(403, "the page was too old, and nothing was done: go back, reload it, and try again")
    return said


def _is_own(request: Request, origin: str) -> bool:
    """Whether an origin is this server: as the browser called it, or as FANWIRE_WEB_URL does."""
    own = urlsplit(settings().web_url or "")
    return urlsplit(origin).netloc == request.headers.get("host") or origin == f"{own.scheme}://{own.netloc}"


def _acting(request: Request, visit: Visit) -> Any:
    if visit.person is None:
        return nullcontext()
    return audit.acting_as(Actor(Role.OPERATOR, visit.person.name, client(request)))


def _keep_cookies(request: Request, response: Response, visit: Visit) -> None:
    """Renew the session, but not for what a page fetches by itself: else an open page would never be idle."""
    now = time.time()
    if _is_live(request):
        return
    if not visit.ended and (visit.is_new or now - visit.session.seen > sessions.RENEWED_SECONDS):
        visit.session = replace(visit.session, seen=now)
        sessions.keep(response, visit.session)
    if visit.message is not None and response.status_code == 200:
        sessions.set_cookie(response, "message", "", 0)


def begin(request: Request, response: Response, session: Session) -> None:
    """Go on in another session: that of whoever has just signed in."""
    visit: Visit = request.state.visit
    sessions.keep(response, session)
    visit.session, visit.is_new = session, False


def finish(request: Request, response: Response) -> None:
    """End the session of a request."""
    visit: Visit = request.state.visit
    sessions.end(response, visit.session)
    visit.ended = True


def said(request: Request, name: str) -> str:
    """The text of a field of the form; empty if there is none."""
    found = request.state.visit.form.get(name, "")
    return found.replace("\0", "") if isinstance(found, str) else ""


def uploaded(request: Request, name: str) -> bytes:
    """The content of a file that was sent with the form; empty if there is none."""
    found = request.state.visit.form.get(name, b"")
    return found if isinstance(found, bytes) else b""


def person(request: Request) -> Person | None:
    """Who is signed in."""
    found: Person | None = request.state.visit.person
    return found


def client(request: Request) -> str:
    """The address that a request came from."""
    return request.client.host if request.client else "unknown"


def own_address(text: str | None) -> str:
    """An address to go to next: what was said if it is one of our pages, else where people begin."""
    path = (text or "").removeprefix(links.prefix())
    return links.at(path if len(path) <= 2000 and _OWN_ADDRESS.fullmatch(path) else HOME)


def see(request: Request, address: str, text: str, kind: str = "done") -> Response:
    """Answer a POST: the page at `address` is shown, with a message. `kind`: done, or failed."""
    response = RedirectResponse(address, 303)
    of: Visit = request.state.visit
    signed = sessions.signer("message").dump({"of": of.session.id, "kind": kind, "text": text[:1500]})
    sessions.set_cookie(response, "message", signed, 60)
    return response


def render(
    request: Request, template: str, *, title: str, status: int = 200, headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:  # fmt: skip
    """A whole page: a template that extends `layout.html`, with what every page shows around it."""
    visit: Visit = request.state.visit
    chosen = request.cookies.get(sessions.cookie_name("appearance"), "")
    shared = _shared(request) | {
        "title": title,
        "appearance": chosen if chosen in APPEARANCES else "auto",
        "appearances": APPEARANCES,
        "message": visit.message,
        "navigation": _navigation(request) if visit.person is not None else (),
        "here": links.here(request),
    }
    body = templates().get_template(template).render(shared | context)
    return HTMLResponse(body, status, HEADERS | dict(headers or {}))


def fragment(request: Request, template: str, **context: Any) -> HTMLResponse:
    """A part of a page, which the page fetches anew when something has changed."""
    return HTMLResponse(templates().get_template(template).render(_shared(request) | context), headers=HEADERS)


def _shared(request: Request) -> dict[str, Any]:
    visit: Visit = request.state.visit
    return {
        "person": visit.person,
        "may": lambda rank: visit.person is not None and visit.person.rank.may(Rank(rank)),
        "csrf": visit.session.csrf,
        "now": time.time(),
        "wire": settings().wire_name,
    }


def _navigation(request: Request) -> list[dict[str, Any]]:
    try:
        counts = attention.counts()
    except SQLAlchemyError:  # the page itself says so
        counts = {}
    return [
        {"words": words, "address": links.at(address), "number": counts.get(name, 0), "what": what,
         "current": request.url.path == address or request.url.path.startswith(address + "/")}
        for words, address, name, what in NAVIGATION
    ]  # fmt: skip


def _language(tag: str) -> str:
    """The English name of a language; what is none, as somebody may type into an address, as it is."""
    try:
        return LanguageTag(tag).english_name
    except ValueError:
        return tag


@functools.cache
def templates() -> Environment:
    """The templates of all pages; whatever is put into them is escaped, and made printable."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=printable_value,
    )  # fmt: skip
    environment.filters |= {
        "moment": moments.shown,
        "utc": moments.utc,
        "distance": distance,
        "duration": charts.duration,
        "bar_words": release_progress.in_words,
        "language": _language,
        "uri": lambda uri: quote(uri, safe=""),
    }
    environment.tests["digest"] = lambda text: isinstance(text, str) and bool(_DIGEST.fullmatch(text))
    environment.globals |= {"asset": assets.address, "link": links, "most": attention.MOST}
    return environment


def distance(moment: float, now: float) -> str:
    """How far a moment is from now, in words: `12 s ago`, `in 3 h`, `2 d ago`."""
    seconds = abs(moment - now)
    if seconds < 1:
        return "now"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= size * (2 if size > 1 else 1):
            number = f"{seconds / size:.0f} {unit}"
            break
    return f"in {number}" if moment > now else f"{number} ago"


def failure(request: Request, error: Exception) -> Response:
    """A page that says what went wrong, and what to do."""
    headers: Mapping[str, str] = {}
    if isinstance(error, HTTPException):
        status, headers = error.status_code, error.headers or {}
        own = error.detail not in ("", HTTPStatus(status).phrase)
        lines = [error.detail if own else DETAILS.get(status, "the request cannot be served")]
    elif isinstance(error, UserError):
        status, lines = 422 if error.status == "refused" else 409, error.lines()
    else:
        log.error("a page cannot read the ledger", error=str(error).splitlines()[0])
        status, lines = 503, ["the ledger does not answer; the other processes say more in their logs"]
    if _is_live(request):
        return Response(lines[0], status, {**HEADERS, **headers}, "text/plain")
    return render(request, "failure.html", title=HTTPStatus(status).phrase, status=status, headers=headers, lines=lines)


def _is_live(request: Request) -> bool:
    """Whether the script of an open page asks, and not a person."""
    return "x-live" in request.headers


def routes() -> list[Route]:
    """Where `/` leads, and the answer to what is no page; to stand behind the routes of all pages."""
    return [
        *(Route(typed, lambda _request: RedirectResponse(links.at(HOME), 303)) for typed in ("/", "/ops", "/ops/")),
        Route("/ops/{rest:path}", _nothing, methods=["GET", "POST"]),
    ]


@open_to_all
def _nothing(_request: Request) -> Response:
    raise HTTPException(404)
