"""A webhook of a producer that notes what it hears."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.support.threads import beside

KEY = "whsec_c2l4dGVlbiBieXRlcyBvciBtb3Jl"


class Webhook:
    """A webhook that notes what it hears, and answers as it was told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(webhook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/fanwire"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Serve meanwhile."""
        with self.server, beside(self.server.serve_forever):
            yield
            self.server.shutdown()

    @property
    def events(self) -> list[tuple[str, int, list[str]]]:
        said = [json.loads(body) for _, body in self.heard]
        return [(one["type"], one["data"]["version"], one["data"]["languages"]) for one in said]
