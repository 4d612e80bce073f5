"""OAuth 2.0 with client credentials (RFC 6749, 4.4): a token is asked for once, and all drains use it until it ends.

A delivery to an outlet whose token is known is one request. Otherwise it has steps before it, each a transfer of the
loop (`Transfer.then`), none of them decisive:

1. *claim*: wait for a token that somebody is asking for, in this process or in another drain, or be told to ask;
2. *ask* the token endpoint;
3. *publish* the token for the other drains.

After a 401 the token is thrown away, and the request goes once more with another one. Tokens are secrets: they lie in
the memory of the process, and for other drains in Redis, encrypted with the secret of the client, which whoever
could ask for a token has. Without Redis each process asks for itself.

| key | holds | time to live |
|---|---|---|
| `fanwire:token:{client}` | the token and its end (tasks/runtime/encryption.py) | until a little before its end |
| `fanwire:token:{client}:asking` | that a drain is asking for one | LOCK_SECONDS |
"""

from __future__ import annotations

import hmac
import json
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import quote_plus, urlencode

from tasks.delivery.admission.shared_state import Call, Script, SharedState
from tasks.delivery.transfers.transfer import Answer, Transfer, WorkFailed
from tasks.delivery.verdicts import DETAIL_CHARACTERS, Judgement, judge_failure
from tasks.delivery.verdicts import judge as judge_http
from tasks.model.codes import Code
from tasks.model.states import Verdict
from tasks.runtime.encryption import decrypt, encrypt
from tasks.runtime.time_source import TimeSource

LOCK_SECONDS: Final = 5.0
"""So long the other drains wait for the one that asks; then one of them asks too."""
POLL_SECONDS: Final = 0.1
"""Seconds between two looks at what another drain has published."""
PATIENCE: Final = 15.0
"""Seconds that a delivery waits at most for a token that another one asks for."""
USUAL_SECONDS: Final = 300.0
"""How long a token is taken to be good of which the endpoint does not say."""
EARLY_SECONDS: Final = 60.0
"""A token is used no more so long before its end, or a quarter of its time if that is less: requests take time."""
LONGEST_TOKEN: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks for tokens, where, and what for."""

    token_url: str
    """ASCII."""
    client_id: str
    secret: str = field(repr=False)
    scope: str | None = None
    audience: str | None = None
    style: Literal["header", "body"] = "header"
    """Where id and secret stand in the request: in `Authorization: Basic`, or in the form."""
    options: tuple[tuple[int, Any], ...] = field(default=(), repr=False)
    """libcurl's options for the request, such as a client certificate."""

    @property
    def name(self) -> str:
        """What its tokens are kept under; nobody can tell the secret from it."""
        parts = "\0".join((self.token_url, self.client_id, self.scope or "", self.audience or "", self.style))
        return hmac.digest(self.secret.encode("utf-8", "surrogateescape"), parts.encode(), "sha256").hex()[:40]


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    until: float
    """Seconds since the epoch; not used from then on."""
    entry: str = ""
    """What stands for it in Redis."""


class Tokens:
    """The tokens that this process knows. Threads may share it."""

    def __init__(self, shared_state: SharedState | None = None, *, time_source: TimeSource = time) -> None:
        self._shared_state = shared_state or SharedState(None)
        self._time = time_source
        self._changed = threading.Condition()
        self._held: dict[str, _Token] = {}
        self._refused: dict[str, str] = {}
        self._asking: dict[str, float] = {}
        self._failures: Counter[str] = Counter()

    def share(self, shared_state: SharedState) -> None:
        """Have tokens of other drains from here, and give them ours."""
        self._shared_state = shared_state

    def forget(self) -> None:
        """Know no token any more, and nobody who asks for one."""
        with self._changed:
            self._held.clear()
            self._refused.clear()
            self._asking.clear()

    def held(self, client: Client) -> str | None:
        """A token that is good for a while."""
        token = self._held.get(client.name)
        return token.value if token and self._time.time() < token.until else None

    def refuse(self, client: Client, value: str) -> None:
        """Use a token no more that the outlet did not take."""
        with self._changed:
            token = self._held.get(client.name)
            if token and token.value == value:
                self._refused[client.name] = token.entry
                del self._held[client.name]

    def claim(self, client: Client) -> str:
        """Wait until there is a token, or it is for the caller to ask for one. Call this in a thread of its own.

        Raises WorkFailed when somebody has just asked in vain.
        """
        if not self._becomes_asker(client.name):
            return "somebody else asked"
        try:
            token = self._published(client)
        except BaseException:
            self.fail(client)
            raise
        if token is not None:
            self._hold(client, token)
        return "asked the other drains"

    def keep(self, client: Client, value: str, seconds: float | None) -> None:
        """Keep a token that was asked for. `seconds`: how long the endpoint says that it is good."""
        good = USUAL_SECONDS if seconds is None else seconds
        self._hold(client, _Token(value, self._time.time() + good - min(EARLY_SECONDS, good / 4)))

    def publish(self, client: Client) -> str:
        """Give the token to the other drains."""
        token = self._held.get(client.name)
        seconds = token.until - self._time.time() if token else 0.0
        if token and seconds > 1:
            entry = encrypt(json.dumps({"token": token.value, "until": token.until}), client.secret)
            self._shared_state.run(_publish_call(client.name, entry, seconds))
            self._hold(client, replace(token, entry=entry))
        return "published"

    def fail(self, client: Client) -> None:
        """Tell those who wait that there is no token for them."""
        with self._changed:
            self._asking.pop(client.name, None)
            self._failures[client.name] += 1
            self._changed.notify_all()

    def _hold(self, client: Client, token: _Token) -> None:
        with self._changed:
            self._held[client.name] = token
            self._asking.pop(client.name, None)
            self._changed.notify_all()

    def _becomes_asker(self, name: str) -> bool:
        """Whether the caller is to ask; false when there is a token."""
        with self._changed:
            failures, ends = self._failures[name], self._time.monotonic() + PATIENCE
            while True:
                now = self._time.monotonic()
                token = self._held.get(name)
                if token and self._time.time() < token.until:
                    return False
                if self._failures[name] != failures or now >= ends:
                    raise WorkFailed("another delivery has just asked for a token, in vain")
                if self._asking.get(name, 0.0) <= now:  # nobody asks, or whoever asked is gone
                    self._asking[name] = now + PATIENCE
                    return True
                self._changed.wait(ends - now)

    def _published(self, client: Client) -> _Token | None:
        """The token that another drain has published, or publishes soon; None if it is for this one to ask."""
        call = _claim_call(client.name, self._refused.get(client.name, ""))
        ends = self._time.monotonic() + LOCK_SECONDS
        while True:
            reply = self._shared_state.run(call)
            if reply == _ASK:
                return None
            if reply != _WAIT:
                return self._decrypted(client, reply)
            if self._time.monotonic() >= ends:
                return None
            self._time.sleep(POLL_SECONDS)

    def _decrypted(self, client: Client, entry: str) -> _Token | None:
        try:
            found = json.loads(decrypt(entry, client.secret) or "")
            token = _Token(str(found["token"]), float(found["until"]), entry)
        except (ValueError, TypeError, KeyError):  # nothing that a drain wrote
            return None
        return token if self._time.time() < token.until else None


TOKENS: Final = Tokens()
"""Those of this process."""


def authorized(client: Client, transfer: Transfer, tokens: Tokens = TOKENS) -> Transfer:
    """The transfer with a token, after whatever must come before it."""
    steps = _Steps(client, transfer, tokens)
    token = tokens.held(client)
    return steps.send(token, transfer.secrets) if token else steps.claim(transfer.secrets)


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps of one delivery."""

    client: Client
    transfer: Transfer
    """The request itself, without a token."""
    tokens: Tokens
    last: bool = False
    """Whether a 401 is the outcome: there was one before."""

    def claim(self, secrets: tuple[str, ...]) -> Transfer:
        work, then = partial(self.tokens.claim, self.client), self.after_claim
        return self._step(self._secret(secrets), work=work, then=then)

    def after_claim(self, answer: Answer) -> Transfer | None:
        if answer.error is not None:
            return None
        token = self.tokens.held(self.client)
        return self.send(token, answer.transfer.secrets) if token else self._ask(answer.transfer.secrets)

    def _ask(self, secrets: tuple[str, ...]) -> Transfer:
        headers, body = _request(self.client)
        return self._step(secrets, headers=headers, body=body, options=self.client.options, then=self.after_asking)

    def after_asking(self, answer: Answer) -> Transfer | None:
        found = _token_in(answer)
        if found is None:
            self.tokens.fail(self.client)
            return None
        self.tokens.keep(self.client, *found)
        secrets = (*answer.transfer.secrets, found[0])
        publish = partial(self.tokens.publish, self.client)
        return self._step(secrets, work=publish, then=lambda _: self.send(found[0], secrets))

    def send(self, token: str, secrets: tuple[str, ...]) -> Transfer:
        return replace(
            self.transfer,
            headers=(*self.transfer.headers, f"Authorization: Bearer {token}"),
            secrets=tuple(dict.fromkeys((*self._secret(secrets), token))),
            then=None if self.last else partial(self.after_sending, token),
        )

    def after_sending(self, token: str, answer: Answer) -> Transfer | None:
        """The outlet does not take the token: it was revoked, or the outlet forgot it. Try once with another one."""
        if answer.status != 401:
            return None
        self.tokens.refuse(self.client, token)
        return replace(self, last=True).claim(answer.transfer.secrets)

    def _secret(self, secrets: tuple[str, ...]) -> tuple[str, ...]:
        return (*secrets, self.client.secret, f"{self.client.client_id}:{self.client.secret}")

    def _step(
        self,
        secrets: tuple[str, ...],
        *,
        then: Callable[[Answer], Transfer | None],
        headers: tuple[str, ...] = (),
        body: bytes = b"",
        options: tuple[tuple[int, Any], ...] = (),
        work: Callable[[], str] | None = None,
    ) -> Transfer:
        return Transfer(
            key=self.transfer.key,
            url=self.client.token_url,
            headers=headers,
            body=body,
            deadline=self.transfer.deadline,
            options=options,
            secrets=tuple(dict.fromkeys(secrets)),
            decisive=False,
            then=then,
            work=work,
            group=f"token {self.client.name}",
            pool=self.transfer.pool,  # a form that was made goes on in the place that it has
        )


def _request(client: Client) -> tuple[tuple[str, ...], bytes]:
    """Headers and form of the request for a token."""
    form = {"grant_type": "client_credentials", "scope": client.scope, "audience": client.audience}
    headers = ["Content-Type: application/x-www-form-urlencoded", "Accept: application/json"]
    if client.style == "body":
        form |= {"client_id": client.client_id, "client_secret": client.secret}
    else:  # RFC 6749, 2.3.1: both are escaped as in a form before they are joined
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret, errors='surrogateescape')}"
        headers.append(f"Authorization: Basic {b64encode(pair.encode()).decode()}")
    fields = {name: value for name, value in form.items() if value is not None}
    return tuple(headers), urlencode(fields, errors="surrogateescape").encode()


def _token_in(answer: Answer) -> tuple[str, float | None] | None:
    """The token of an answer, and for how many seconds it is good; None if there is none."""
    if answer.status is None or not 200 <= answer.status < 300:
        return None
    try:
        found = json.loads(answer.raw)
        value, seconds = found["access_token"], found.get("expires_in")
        good = str(found.get("token_type", "bearer")).lower() == "bearer" and 0 < len(value) <= LONGEST_TOKEN
        if not (good and value.isascii() and value.isprintable()):
            return None
        return value, None if seconds is None else max(0.0, float(seconds))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def judge(answer: Answer, now: float) -> Judgement:
    """The verdict on a delivery that ended before it had a token. `now`: seconds since the epoch."""
    if answer.status is None:
        judgement = judge_failure(answer)
        if judgement.verdict is Verdict.OURS:  # which may have been met before anybody asked for a token
            return judgement
        failed = judgement.verdict is Verdict.FAILED
        return _about_token(judgement, Code.OAUTH2_UNAVAILABLE if failed else judgement.code)
    judgement = judge_http(answer, now)
    if judgement.verdict is Verdict.DELIVERED:  # what it says instead may hold a token, so it is not shown
        text = f"{answer.status}, but no token of the type Bearer in JSON"
        return _about_token(replace(judgement, verdict=Verdict.FAILED, detail=text), Code.OAUTH2_UNREADABLE)
    refused = judgement.verdict is Verdict.REJECTED
    return _about_token(judgement, Code.OAUTH2_REFUSED if refused else Code.OAUTH2_UNAVAILABLE)


def _about_token(judgement: Judgement, code: str) -> Judgement:
    detail = f"token endpoint: {judgement.detail}"[:DETAIL_CHARACTERS]
    # Nothing was sent to the outlet's host, so it says nothing of that, nor of others there.
    return replace(judgement, detail=detail, code=code, disable_outlet=False, of_host=Verdict.OURS)


_ASK: Final = "ask"
_WAIT: Final = "wait"


def _claim_call(name: str, refused: str) -> Call[str]:
    keys = [f"fanwire:token:{name}", f"fanwire:token:{name}:asking"]
    arguments: list[str | int | float] = [refused, int(LOCK_SECONDS * 1000)]
    return Call(script=_CLAIM, keys=keys, arguments=arguments, read=str, fallback=_ASK)


def _publish_call(name: str, entry: str, seconds: float) -> Call[int]:
    keys = [f"fanwire:token:{name}", f"fanwire:token:{name}:asking"]
    return Call(script=_PUBLISH, keys=keys, arguments=[entry, int(seconds * 1000)], read=int, fallback=0)


_CLAIM: Final = Script("""
local entry = redis.call('GET', KEYS[1])
if entry and entry ~= ARGV[1] then
    return entry
end
if redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then
    return 'ask'
end
return 'wait'
""")
_PUBLISH: Final = Script("""
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call('DEL', KEYS[2])
""")
