"""A mail server on this machine: what it takes it keeps, and by the address it says no, hangs or breaks off."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.support.threads import PATIENCE

USER, PASSWORD = "wire", "geheim+/ß"
LARGEST = 6_000_000
"""Bytes of a message at most."""
REFUSED_RECIPIENTS = {
    "unknown": "550 5.1.1 no such desk here",
    "grey": "450 4.2.0 come back in a while",
    "closing": "421 4.7.0 going down",
    "full": "452 4.3.1 no room on the disk",
}
REFUSED_CONTENT = {
    "spam": "554 5.7.1 we do not like what it says",
    "slowly": "451 4.7.1 not now",
    "quota": "552 5.2.2 the mailbox is full",
}


@dataclass(frozen=True)
class Mail:
    """An e-mail that was taken."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    connection: int
    """Which of the connections it came by."""

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, _class=EmailMessage, policy=POLICY)


@dataclass
class Taken:
    """What a server has seen."""

    mails: list[Mail] = field(default_factory=list)
    connections: int = 0
    logins: int = 0
    silent: int = 0
    """How often it was to answer and said nothing."""


class _Conversation(SMTP):
    """One connection. Breaking off is not in the library: it is done to the socket."""

    async def smtp_DATA(self, arg: str) -> None:
        local = self.envelope.rcpt_tos[0].partition("@")[0] if self.envelope.rcpt_tos else ""
        if local == "cut-within":
            await self.push("354 go on")
            await self._reader.read(1000)
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._over = asyncio.Event()

    async def _say_nothing(self) -> None:
        """Until the other side gives up, or the test lets the server go on."""
        self._taken.silent += 1
        await self._over.wait()

    def go_on(self) -> None:
        """Let those that were to hear nothing go on. For the thread of the server."""
        self._over.set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        local = address.partition("@")[0]
        if local == "cut-before":
            server.transport.abort()
        if local == "silent":
            await self._say_nothing()
        if refusal := REFUSED_RECIPIENTS.get(local):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("stranger@"):
            return "550 5.7.1 you may not send as this address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        local = envelope.rcpt_tos[0].partition("@")[0]
        if refusal := REFUSED_CONTENT.get(local):
            return refusal
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        number = session.__dict__.setdefault("number", None)
        if number is None:
            number = session.number = self._taken.connections = self._taken.connections + 1  # type: ignore[attr-defined]
        self._taken.mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw, number))
        if local == "cut-after":
            server.transport.abort()
        if local == "silent-after":
            await self._say_nothing()
        return "250 2.0.0 taken as number 7"


class Closing(Controller):
    """A server whose connections are closed when it stops. One that is left open warns when it is collected, and that
    fails whichever test runs then."""

    def __init__(self, handler: Any, **more: Any) -> None:
        self._conversations: list[Any] = []
        super().__init__(handler, hostname="127.0.0.1", ready_timeout=PATIENCE, **more)

    def _factory_invoker(self) -> Any:
        self._conversations.append(super()._factory_invoker())
        return self._conversations[-1]

    def stop(self, no_assert: bool = False) -> None:
        """Close all connections, and stop."""
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(PATIENCE)
        super().stop(no_assert)

    async def _close(self) -> None:
        cast("asyncio.Server", self.server).close()
        for conversation in self._conversations:
            if conversation.transport is not None:
                conversation.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for _ in range(3):  # what a transport does at its end waits for its turn
            await asyncio.sleep(0)


class MailServer(Closing):
    """The running server."""

    def __init__(self, context: ssl.SSLContext | None, *, login: bool, implicit: bool) -> None:
        self.taken = Taken()
        self._context, self._login, self._implicit = context, login, implicit
        super().__init__(_Handler(self.taken), port=0, ssl_context=context if implicit else None)

    def factory(self) -> SMTP:
        return _Conversation(
            self.handler,
            hostname="relay.example",
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            tls_context=None if self._implicit else self._context,
            require_starttls=bool(self._context) and not self._implicit,
            authenticator=self._check if self._login else None,
            auth_required=self._login and not self._implicit,  # the library warns of it where it knows of no TLS
            auth_require_tls=not self._implicit,
        )

    def _check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.taken.logins += 1
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)

    def _trigger_server(self) -> None:
        """Connect, at the port that it has; the library would try the one that it was given, 0."""
        host, _, port = self.address.partition(":")
        socket.create_connection((host, int(port))).close()

    def go_on(self) -> None:
        """Have those that have heard nothing go on, and all that come."""
        self.loop.call_soon_threadsafe(self.handler.go_on)

    @property
    def address(self) -> str:
        """`127.0.0.1:port`"""
        listening = cast("asyncio.Server", self.server)
        return f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"


@contextmanager
def mail_server(
    context: ssl.SSLContext | None = None, *, login: bool = False, implicit: bool = False
) -> Iterator[MailServer]:
    """Run a server. `context`: its certificate, for STARTTLS, or from the start with `implicit`. `login`: whether it
    asks for the user and the password above."""
    server = MailServer(context, login=login, implicit=implicit)
    server.start()
    try:
        yield server
    finally:
        server.stop()
