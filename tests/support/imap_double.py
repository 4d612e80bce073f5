"""A mail server with one mailbox, as far as IMAP (RFC 3501) is needed to read what is unread. No package has one."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

USER: Final = "bounces"
PASSWORD: Final = 'geheim "x"'
ACCOUNT: Final = "geheim%20%22x%22"
"""The password, as it stands in an address."""
MAILBOX: Final = "Back mail"


class ImapServer:
    """The running server: which messages were marked as seen, and how often somebody logged in."""

    def __init__(self, messages: Sequence[bytes], context: ssl.SSLContext | None) -> None:
        self.messages = dict(enumerate(messages, start=1))
        self.context = context
        self.seen: set[int] = set()
        self.logins = 0
        outer = self

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer.talk(self.rfile, self.wfile)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def get_request(self) -> tuple[Any, Any]:
                connection, client = super().get_request()
                if outer.context:
                    connection = outer.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                return connection, client

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Whoever does not believe the certificate goes away."""

        self.server = Server(("127.0.0.1", 0), Conversation)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    def talk(self, read: Any, write: Any) -> None:
        """Answer each command until its client logs out."""
        write.write(b"* OK ready\r\n")
        selected = False
        for line in read:
            tag, command, *rest = line.decode().strip().split(" ", 2)
            told = rest[0] if rest else ""
            match command.upper():
                case "LOGIN":
                    name, password = re.fullmatch(r'"?(\w+)"? "((?:[^"\\]|\\.)*)"', told).groups()
                    good = (name, re.sub(r"\\(.)", r"\1", password)) == (USER, PASSWORD)
                    self.logins += good
                    answer = b"OK logged in" if good else b"NO [AUTHENTICATIONFAILED] wrong"
                case "SELECT":
                    selected = told.strip('"') == MAILBOX
                    write.write(b"* %d EXISTS\r\n" % len(self.messages) if selected else b"")
                    answer = b"OK selected" if selected else b"NO no such mailbox"
                case "UID":
                    assert selected
                    answer = self._by_uid(told, write)
                case "LOGOUT":
                    write.write(b"* BYE\r\n%s OK bye\r\n" % tag.encode())
                    return
                case "CAPABILITY":
                    write.write(b"* CAPABILITY IMAP4rev1\r\n")
                    answer = b"OK done"
                case _:
                    answer = b"BAD what?"
            write.write(tag.encode() + b" " + answer + b"\r\n")

    def _by_uid(self, told: str, write: Any) -> bytes:
        what, _, rest = told.partition(" ")
        if what == "SEARCH":
            assert rest == "UNSEEN"
            unread = " ".join(str(number) for number in self.messages if number not in self.seen)
            write.write(f"* SEARCH {unread}".rstrip().encode() + b"\r\n")
        elif what == "FETCH":
            number, asked = re.fullmatch(r"(\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", rest).groups()
            body = self.messages[int(number)][: int(asked)]
            write.write(
                b"* %s FETCH (UID %s BODY[]<0> {%d}\r\n%s)\r\n" % (number.encode(), number.encode(), len(body), body)
            )
        elif what == "STORE":
            number = rest.split()[0]
            assert rest.endswith(r"+FLAGS.SILENT (\Seen)")
            self.seen.add(int(number))
        else:
            return b"BAD what?"
        return b"OK done"


@contextmanager
def imap_server(messages: Sequence[bytes], context: ssl.SSLContext | None) -> Iterator[ImapServer]:
    """Run a server with these messages. `context`: its certificate; None: without TLS."""
    server = ImapServer(messages, context)
    threading.Thread(target=server.server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.server.shutdown()
        server.server.server_close()
