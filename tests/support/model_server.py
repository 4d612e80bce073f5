"""A package index with its archives on this machine: real HTTP with ranges and validators, and the troubles of it."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came in; names of headers in small letters."""

    method: str
    path: str
    headers: dict[str, str]


class ModelServer:
    """Serves `files` by their paths; `asked` holds every request."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.statuses: dict[str, int] = {}
        """Paths that are answered with this status and nothing else."""
        self.redirects: dict[str, str] = {}
        self.stalls: dict[str, int] = {}
        """Paths of which, once, only so many bytes are sent, and then nothing until `go_on`."""
        self.breaks: dict[str, list[int]] = {}
        """Paths of which the next answers break off after so many bytes."""
        self.ranges = self.validators = self.lengths = True
        self.stalled, self.go_on = threading.Event(), threading.Event()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_GET(self) -> None:
                double._answer(self)

            def do_HEAD(self) -> None:
                double._answer(self)

            def log_message(self, *_: object) -> None:
                """Nothing: pytest shows enough."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Nothing: clients leave in the middle here, on purpose."""

        self._scheme = "http"
        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https"

    @property
    def index(self) -> str:
        return f"{self.url}/index.json"

    def offer(self, *entries: dict[str, Any]) -> None:
        """Make the index hold these entries."""
        self.files["/index.json"] = json.dumps(list(entries)).encode()

    def gets(self, path: str) -> list[Asked]:
        """The requests for a file."""
        return [asked for asked in self.asked if (asked.method, asked.path) == ("GET", path)]

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = urlsplit(handler.path).path
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.asked.append(Asked(handler.command, path, headers))
        content = self.files.get(path)
        if path in self.redirects or path in self.statuses or content is None:
            handler.send_response(302 if path in self.redirects else self.statuses.get(path, 404))
            if path in self.redirects:
                handler.send_header("Location", self.redirects[path])
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        start = self._start(headers, tag, len(content))
        if start is not None and start >= len(content):
            handler.send_response(416)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(200 if start is None else 206)
        if start is not None:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.validators:
            handler.send_header("ETag", tag)
        if self.lengths:
            handler.send_header("Content-Length", str(len(content) - (start or 0)))
        else:
            handler.send_header("Connection", "close")
        handler.end_headers()
        if handler.command == "GET":
            self._send(handler, path, content[start or 0 :])

    def _start(self, headers: dict[str, str], tag: str, _size: int) -> int | None:
        wanted = headers.get("range", "")
        if not self.ranges or not wanted or headers.get("if-range", tag) != tag:
            return None
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def _send(self, handler: BaseHTTPRequestHandler, path: str, content: bytes) -> None:
        if path in self.stalls:
            handler.wfile.write(content[: self.stalls.pop(path)])
            handler.wfile.flush()
            self.stalled.set()
            self.go_on.wait()
            handler.close_connection = True
            return
        breaks = self.breaks.get(path)
        handler.wfile.write(content[: breaks.pop(0)] if breaks else content)
        if breaks is not None:
            handler.close_connection = True
