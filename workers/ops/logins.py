"""Slows who guesses at Flower's password: whoever sends wrong ones has to wait (workers/wrong_passwords.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from tornado.web import HTTPError

from workers.wrong_passwords import WrongPasswords

log = structlog.get_logger()


def slowed(look: Callable[[Any], Any], wrong: WrongPasswords) -> Callable[[Any], Any]:
    """Make of `look`, by which a handler of Flower finds its user, one that refuses addresses which have to wait."""

    def get_current_user(handler: Any) -> Any:
        if "Authorization" not in handler.request.headers:
            return look(handler)
        address = str(handler.request.remote_ip)
        if seconds := wrong.wait(address):
            raise HTTPError(429, "Too many wrong passwords from this address; try again in %d s", int(seconds) + 1)
        try:
            user = look(handler)
        except HTTPError as refusal:
            if refusal.status_code == 401:
                wrong.note(address)
                log.warning("wrong password for Flower", address=address)
            raise
        wrong.forget(address)
        return user

    return get_current_user


def install() -> None:
    """Have Flower refuse to look at passwords of an address that has to wait."""
    from flower.views import BaseHandler

    BaseHandler.get_current_user = slowed(BaseHandler.get_current_user, WrongPasswords())
