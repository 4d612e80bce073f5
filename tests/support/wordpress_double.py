"""A double of WordPress' REST API, for machines without one: its routes, statuses, errors, and what it does to slugs.

It was written beside a real WordPress 6.1, and the cases of tests/delivery/test_wordpress.py run against both.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.lingering import linger
from tests.support.wordpress import DESK, READER, Site

PASSWORDS = {DESK: "abcd EFGH ijkl MNOP qrst UVWX", READER: "zyxw VUTS rqpo NMLK jihg FEDC"}
STATUSES = ("publish", "future", "draft", "pending", "private")
TYPES = {"image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf", "audio/mpeg", "video/mp4"}
"""Of the files that a site takes, unless it was told to take others."""
FORBIDDEN = "Sorry, you are not allowed to create posts as this user."


@dataclass
class Refusal(Exception):
    """An error of the API."""

    status: int
    code: str
    message: str
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    user: str | None

    @property
    def line(self) -> str:
        """The method, and the path below the API."""
        return f"{self.method} {self.path}"


class WordPressDouble:
    """The posts, pages and files of a site, and the requests that it got."""

    def __init__(self) -> None:
        self.items: dict[str, dict[int, dict[str, Any]]] = {"posts": {}, "pages": {}, "media": {}}
        self.asked: list[Asked] = []
        self.before: Callable[[Asked], tuple[int, bytes] | None] = lambda _: None
        """Asked before each request: what to answer instead, with status and body; raises to answer nothing."""
        self.after: Callable[[Asked], None] = lambda _: None
        """Called when a request was served, before it is answered; raises to answer nothing."""
        self._last = 0
        self._lock = threading.RLock()

    def forget(self) -> None:
        """Behave as one should, and forget the requests."""
        self.asked.clear()
        self.before, self.after = lambda _: None, lambda _: None

    def lines(self) -> list[str]:
        """The requests so far, as methods and paths."""
        return [asked.line for asked in self.asked]

    def serve(self, asked: Asked) -> tuple[int, Any]:
        """The status and the document that answer a request."""
        self.asked.append(asked)
        if instead := self.before(asked):
            return instead
        try:
            with self._lock:
                answered = self._served(asked)
        except Refusal as refusal:
            data = {"status": refusal.status} | refusal.more
            answered = refusal.status, {"code": refusal.code, "message": refusal.message, "data": data}
        self.after(asked)
        return answered

    def _served(self, asked: Asked) -> tuple[int, Any]:
        match = re.fullmatch(r"/(posts|pages|media)(?:/(\d+))?", asked.path)
        served = match and {
            ("GET", False): self._list, ("GET", True): self._one, ("POST", False): self._create,
            ("POST", True): self._update, ("DELETE", True): self._delete,
        }.get((asked.method, bool(match[2])))  # fmt: skip
        if not match or not served:
            raise Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")
        status, found = served(asked, match[1], int(match[2] or 0))
        wanted = asked.query.get("_fields", "").split(",")
        if wanted == [""]:
            return status, found
        return status, [_picked(one, wanted) for one in found] if isinstance(found, list) else _picked(found, wanted)

    def _list(self, asked: Asked, kind: str, _: int) -> tuple[int, Any]:
        usual = "inherit" if kind == "media" else "publish"
        statuses = asked.query.get("status", usual).split(",")
        allowed = ("inherit", "private", "trash") if kind == "media" else (*STATUSES, "inherit", "trash", "any")
        for place, status in enumerate(statuses):
            if status != usual and asked.user != DESK:
                raise _wrong("status", "Status is forbidden.", "rest_forbidden_status", _denied(asked))
            if status not in allowed:
                why = f"status[{place}] is not one of {', '.join(allowed)}."
                raise _wrong("status", why, "rest_not_in_enum", None)
        if "any" in statuses:
            statuses = [*STATUSES, "inherit"]
        slugs = asked.query.get("slug", "")
        found = [
            one for one in self.items[kind].values()
            if one["status"] in statuses and (not slugs or one["slug"] in slugs.split(","))
        ]  # fmt: skip
        found.sort(key=lambda one: one["id"], reverse=asked.query.get("order", "desc") == "desc")
        return 200, found[: int(asked.query.get("per_page", "10"))]

    def _one(self, _: Asked, kind: str, id: int) -> tuple[int, Any]:
        return 200, self._known(kind, id)

    def _known(self, kind: str, id: int) -> dict[str, Any]:
        if id not in self.items[kind]:
            raise Refusal(404, "rest_post_invalid_id", "Invalid post ID.")
        return self.items[kind][id]

    def _create(self, asked: Asked, kind: str, _: int) -> tuple[int, Any]:
        if asked.user != DESK:
            raise Refusal(_denied(asked), "rest_cannot_create", FORBIDDEN)
        made = self._file(asked) if kind == "media" else self._filled({"status": "draft"}, _document(asked))
        self._last += 1
        wanted = made["slug"] or re.sub(r"[^a-z0-9]+", "-", made["title"]["raw"].lower()).strip("-")
        made |= {"id": self._last, "slug": self._unique(kind, wanted, self._last)}
        made["link"] = f"http://site.example/{made['slug']}/"
        self.items[kind][self._last] = made
        return 201, made

    def _update(self, asked: Asked, kind: str, id: int) -> tuple[int, Any]:
        old = self._known(kind, id)
        if asked.user != DESK:
            raise Refusal(_denied(asked), "rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
        new = self._filled(old, _document(asked))
        self.items[kind][id] = new | {"slug": self._unique(kind, new["slug"], id)}
        return 200, self.items[kind][id]

    def _delete(self, asked: Asked, kind: str, id: int) -> tuple[int, Any]:
        old = self._known(kind, id)
        if asked.user != DESK:
            raise Refusal(_denied(asked), "rest_cannot_delete", "Sorry, you are not allowed to delete this post.")
        if asked.query.get("force") == "true":
            return 200, {"deleted": True, "previous": self.items[kind].pop(id)}
        if old["status"] == "trash":
            raise Refusal(410, "rest_already_trashed", "The post has already been deleted.")
        self.items[kind][id] = old | {"status": "trash", "slug": f"{old['slug']}__trashed"}
        return 200, self.items[kind][id]

    def _filled(self, old: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
        """A post with what a document says of it."""
        usual = {"title": "", "content": "", "excerpt": ""}
        texts = {
            name: {"raw": document[name]} if name in document else old.get(name, {"raw": empty})
            for name, empty in usual.items()
        }
        if document.get("status", "draft") not in STATUSES:
            why = "status is not one of publish, future, draft, pending, and private."
            raise _wrong("status", why, "rest_not_in_enum", None)
        if "author" in document and document["author"] != 1:
            raise Refusal(400, "rest_invalid_author", "Invalid author ID.")
        if not any(text["raw"] for text in texts.values()):
            raise Refusal(400, "empty_content", "Content, title, and excerpt are empty.")
        usual_rest: dict[str, Any] = {
            "slug": "", "status": "draft", "author": 1, "categories": [1], "tags": [], "featured_media": 0,
        }  # fmt: skip
        return old | texts | {name: document.get(name, old.get(name, empty)) for name, empty in usual_rest.items()}

    def _file(self, asked: Asked) -> dict[str, Any]:
        """What an upload makes: its words come in the query, its name in a header."""
        name = re.search(r'filename="([^"]+)"', asked.headers.get("content-disposition", ""))
        if not asked.body:
            raise Refusal(400, "rest_upload_no_data", "No data supplied.")
        if not name:
            why = "No valid filename could be extracted from Content-Disposition."
            raise Refusal(400, "rest_upload_invalid_disposition", why)
        kind = asked.headers.get("content-type", "")
        if kind not in TYPES:
            why = "Sorry, you are not allowed to upload this file type."
            raise Refusal(500, "rest_upload_sideload_error", why)
        return {
            "status": "inherit", "slug": asked.query.get("slug", ""), "title": {"raw": asked.query.get("title", "")},
            "alt_text": asked.query.get("alt_text", ""), "mime_type": kind,
            "source_url": f"http://site.example/wp-content/uploads/{self._last + 1}/{name[1]}",
        }  # fmt: skip

    def _unique(self, kind: str, wanted: str, id: int) -> str:
        """The slug, or it with the first number behind it that is free."""
        taken = {one["slug"] for one in self.items[kind].values() if one["id"] != id}
        slug, number = wanted, 2
        while slug in taken:
            slug, number = f"{wanted}-{number}", number + 1
        return slug


def _picked(one: dict[str, Any], wanted: list[str]) -> Any:
    """These fields of an item; an empty list if it has none of them, as PHP has it."""
    return {name: one[name] for name in wanted if name in one} or []


def _denied(asked: Asked) -> int:
    return 403 if asked.user else 401


def _wrong(name: str, why: str, code: str, status: int | None) -> Refusal:
    details = {"code": code, "message": why, "data": {"status": status} if status else None}
    more = {"params": {name: why}, "details": {name: details}}
    return Refusal(400, "rest_invalid_param", f"Invalid parameter(s): {name}", more)


def _document(asked: Asked) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(asked.body)
    except ValueError:
        raise Refusal(400, "rest_invalid_json", "Invalid JSON body passed.") from None
    return found


def _user(value: str) -> str | None:
    """Who an `Authorization` header is of; nobody if the password is wrong. Spaces in it do not count."""
    name, _, password = base64.b64decode(value.removeprefix("Basic ")).decode().partition(":")
    known = PASSWORDS.get(name, "")
    return name if known and re.sub(r"\W", "", password) == re.sub(r"\W", "", known) else None


@contextlib.contextmanager
def double_site(context: ssl.SSLContext | None = None) -> Iterator[tuple[Site, WordPressDouble]]:
    """A double that listens, over TLS if there is a context."""
    double = WordPressDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            path = query.pop("rest_route", parts.path.removeprefix("/wp-json"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            user = _user(headers["authorization"]) if "authorization" in headers else None
            body = self.rfile.read(int(headers.get("content-length", 0)))
            try:
                status, found = double.serve(
                    Asked(self.command, path.removeprefix("/wp/v2"), query, headers, body, user)
                )
            except ConnectionError:
                self.close_connection = True
                return
            answer = found if isinstance(found, bytes) else json.dumps(found).encode()
            kind = "text/html" if isinstance(found, bytes) else "application/json; charset=UTF-8"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with contextlib.suppress(OSError):  # whoever asked is gone
                self.wfile.write(answer)

        do_GET = do_POST = do_DELETE = _serve

        def log_message(self, *_: object) -> None:
            """Nothing: pytest shows enough."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Nothing: clients leave in the middle here, on purpose."""

        def shutdown_request(self, request: Any) -> None:
            linger(request)
            super().shutdown_request(request)

    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        scheme = "https" if context else "http"
        yield Site(f"127.0.0.1:{server.server_port}", PASSWORDS, scheme), double
    finally:
        server.shutdown()
        server.server_close()
