"""Who is signed in: a cookie that the wire has signed, with a token against forged requests.

Nothing is kept here of a session but its end. A session ends when it was idle or old for too long, when its user is
removed or gets another password, and when somebody signs out, which other web servers do not hear of. The rank is that
of the users' file at each request; for a user whom an identity provider has named, it is in the cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import Response

from tasks.model.ranks import Rank
from tasks.runtime import signed_urls
from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings
from workers import users
from workers.users import User
from workers.web.prefix import prefix

log = structlog.get_logger()

IDLE_SECONDS = 2 * 3600.0
"""A session without a request for so long is over."""
LONGEST_SECONDS = 12 * 3600.0
"""A session is over after this, whatever its user does."""
RENEWED_SECONDS = 60.0
"""The cookie is written anew if the last request that it knows of is so old."""
_ENDED_KEPT = 10_000
"""Sessions that people have ended, and that are remembered so."""
_PURPOSE = b"fanwire session key 1"


@dataclass(frozen=True)
class Session:
    """What the cookie says. Moments are seconds since the epoch; a session without a user is of somebody who has not
    signed in."""

    id: str
    csrf: str
    begun: float
    seen: float
    user: str | None = None
    rank: str | None = None
    """Only of a user whom an identity provider has named."""
    stamp: str = ""
    """Of the password with which it began."""


@dataclass(frozen=True)
class Person:
    """Who is signed in, as things are now."""

    name: str
    rank: Rank


def anonymous(now: float) -> Session:
    """A new session of somebody who is not signed in; its id and token are new."""
    return Session(secrets.token_urlsafe(16), secrets.token_urlsafe(24), now, now)


def of_user(user: User, now: float) -> Session:
    """A new session of a user who has given the right password."""
    return replace(anonymous(now), user=user.name, stamp=_stamp(user))


def of_provider(name: str, rank: Rank, now: float) -> Session:
    """A new session of somebody whom the identity provider has named."""
    return replace(anonymous(now), user=name, rank=rank.value)


def read(request: Request, now: float) -> Session | None:
    """The session of a request; None if there is none, or it is over, or not by this wire."""
    said = signer("session").load(request.cookies.get(cookie_name("session"), ""))
    try:
        session = Session(**said)
        over = now - session.begun > LONGEST_SECONDS or now - session.seen > IDLE_SECONDS
    except TypeError:  # nothing, or a session of another version
        return None
    return None if over or _ended.has(session.id) else session


def person(session: Session) -> Person | None:
    """Who is signed in by a session; None if nobody is, or not any more."""
    if session.user is None:
        return None
    if session.rank is not None:
        if settings().oidc_issuer is None:
            return None
        return Person(session.user, Rank(session.rank))
    user = known_users().get(session.user)
    if user is None or not hmac.compare_digest(_stamp(user), session.stamp):
        return None
    return Person(user.name, user.rank)


def keep(response: Response, session: Session) -> None:
    """Give the browser a session."""
    set_cookie(response, "session", signer("session").dump(asdict(session)), int(LONGEST_SECONDS))


def end(response: Response, session: Session) -> None:
    """End a session: here, and in the browser."""
    _ended.add(session.id)
    set_cookie(response, "session", "", 0)


def set_cookie(response: Response, what: str, value: str, seconds: int) -> None:
    """Set one of our cookies; 0 seconds take it away. No script reads it, and no other site has it sent with a POST."""
    path = "/" if _is_secure() else f"{prefix()}/ops"  # browsers take `__Host-` for `/` only
    response.set_cookie(
        cookie_name(what), value, max_age=seconds, path=path, httponly=True, samesite="lax", secure=_is_secure()
    )


def cookie_name(what: str) -> str:
    """The name of one of our cookies: with TLS one that no other host can set."""
    return f"__Host-fanwire-{what}" if _is_secure() else f"fanwire-{what}"


def _is_secure() -> bool:
    return (settings().web_url or "").startswith("https://")


class Signer:
    """Signs what goes into one kind of cookie, by keys that stand on those of FANWIRE_WEB_KEY."""

    def __init__(self, purpose: str) -> None:
        keys = [hmac.digest(key.encode(), _PURPOSE, "sha256") for key in reversed(signed_urls.keys())]
        self._serializer = URLSafeSerializer(keys, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})

    def dump(self, value: dict[str, Any]) -> str:
        """The value as the text of a cookie."""
        return str(self._serializer.dumps(value))

    def load(self, text: str) -> dict[str, Any]:
        """The value of a cookie; empty if this wire has not signed it."""
        try:
            found = self._serializer.loads(text)
        except BadSignature:
            return {}
        return found if isinstance(found, dict) else {}


def signer(purpose: str) -> Signer:
    """The signer of one kind of cookie."""
    return Signer(purpose)


def _stamp(user: User) -> str:
    """Of a password as it is now, without saying anything of it."""
    return hashlib.sha256(b"fanwire password stamp 1\n" + user.password_hash.encode()).hexdigest()[:32]


class _Ended:
    """The sessions that people have ended."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, session: str) -> None:
        with self._lock:
            self._ids[session] = None
            while len(self._ids) > _ENDED_KEPT:
                self._ids.popitem(last=False)

    def has(self, session: str) -> bool:
        return session in self._ids


_ended = _Ended()
_users: dict[Path, tuple[tuple[int, int, int], dict[str, User]]] = {}
"""The users of a file, and the state of the file when somebody last looked."""


def known_users() -> dict[str, User]:
    """The users as their file has them now. While a line of it is wrong those of before count, and the log says so."""
    file = users.users_file()
    try:
        found = file.stat()
    except FileNotFoundError:
        return {}
    state = (found.st_ino, found.st_mtime_ns, found.st_size)
    known = _users.get(file)
    if known is None or known[0] != state:
        try:
            known = (state, users.read())
        except ConfigurationRefused as refusal:
            log.error("the users cannot be read, so those of before count", problem=str(refusal))
            known = (state, known[1] if known else {})
        _users[file] = known
    return known[1]
