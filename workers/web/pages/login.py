"""Signing in with a password, and out. Who guesses is slowed; nothing tells a wrong name from a wrong password."""

from __future__ import annotations

import time
from functools import cache

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tasks.runtime import passwords
from workers.users import User
from workers.web.pages import links, oidc, sessions, shell
from workers.web.pages.sessions import known_users
from workers.wrong_passwords import WrongPasswords

log = structlog.get_logger()

_by_address, _by_name = WrongPasswords(), WrongPasswords()
WRONG = "The name or the password is wrong."


def routes() -> list[Route]:
    """The routes of signing in and out."""
    return [
        Route("/ops/login", ask, methods=["GET"]),
        Route("/ops/login", sign_in, methods=["POST"]),
        Route("/ops/logout", sign_out, methods=["POST"]),
    ]


@shell.open_to_all
def ask(request: Request) -> Response:
    """The form; whoever is signed in goes on at once."""
    if shell.person(request) is not None:
        return RedirectResponse(shell.own_address(request.query_params.get("next")), 303)
    return _form(request)


@shell.open_to_all
def sign_in(request: Request) -> Response:
    """Begin a session, if the password is right."""
    name, password = shell.said(request, "name").strip()[:200], shell.said(request, "password")
    address = shell.client(request)
    if seconds := max(_by_address.wait(address), _by_name.wait(name)):
        wait = f"There were too many wrong passwords. Try again in {int(seconds) + 1} s."
        return _form(request, wait, 429, {"retry-after": str(int(seconds) + 1)})
    _by_address.note(address)  # before it is looked at: of many at once each counts
    _by_name.note(name)
    user = known_users().get(name)
    if not passwords.fits(password, user.password_hash if user else _nobodys_hash()) or user is None:
        log.warning("wrong password for the page", address=address)
        return _form(request, WRONG, 401)
    _by_address.forget(address)
    _by_name.forget(name)
    return _begin(request, user)


def _begin(request: Request, user: User) -> Response:
    """Answer with a new session: what the browser had before is worth nothing any more."""
    log.info("signed in", user=user.name, rank=user.rank.value, address=shell.client(request))
    response = RedirectResponse(shell.own_address(shell.said(request, "next")), 303)
    shell.begin(request, response, sessions.of_user(user, time.time()))
    return response


@shell.open_to_all
def sign_out(request: Request) -> Response:
    """End the session, and take the pages that the browser has kept."""
    response = RedirectResponse(links.at("/ops/login"), 303, {"clear-site-data": '"cache"'})
    shell.finish(request, response)
    return response


def _form(request: Request, problem: str = "", status: int = 200, headers: dict[str, str] | None = None) -> Response:
    provider = oidc.provider_name()
    target = shell.own_address(shell.said(request, "next") or request.query_params.get("next"))
    return shell.render(
        request, "login.html", title="Sign in", status=status, headers=headers,
        problem=problem, next=target, name=shell.said(request, "name")[:200],
        nobody=not known_users() and provider is None, provider=provider,
    )  # fmt: skip


@cache
def _nobodys_hash() -> str:
    """What the password of a name that nobody has is compared with, for the same time."""
    return passwords.hashed(passwords.made())
