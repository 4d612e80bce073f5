"""A vendor played by a real HTTP server on this machine, and the ways in which services spoil marked-up text."""

from __future__ import annotations

import json
import re
import sys
import threading
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

WORDS = str.maketrans("aeiou", "eioua")


SMALL = {"the": "los", "of": "de", "and": "por", "to": "al", "in": "en", "is": "es", "it": "lo", "that": "para"}


def changed(text: str) -> str:
    """Other words of the same length, the small ones Spanish: a foreign language as far as the checks can see."""
    return re.sub("[A-Za-z]+", lambda found: SMALL.get(found[0], found[0].translate(WORDS)), text)


@dataclass(frozen=True)
class Asked:
    """One request as it came in; names of headers in small letters."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def answer(status: int, document: Any, **headers: str) -> Answer:
    """A JSON answer; `Retry_After` becomes the header `Retry-After`."""
    return Answer(status, json.dumps(document).encode(), {name.replace("_", "-"): v for name, v in headers.items()})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A double that fails is a fault of the test, which pytest sees by its thread; a client that left is none."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            raise error


class Loopback:
    """Answers by `answer`, or as long as `instead` is set by that; `asked` holds every request."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.instead: Answer | None = None
        self.spoil = str
        """Done to every text that goes back."""
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one segment: else each answer waits 40 ms for an acknowledgement

            def do_POST(self) -> None:
                where = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(where.query).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = Asked(where.path, query, headers, body)
                double.asked.append(asked)
                given = double.instead or double.answer(asked)
                self.send_response(given.status)
                for name, value in {**given.headers, "Content-Length": str(len(given.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(given.body)

            def log_message(self, *_: object) -> None:
                """Nothing: pytest shows enough."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._kept: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._kept.append("notranslate" in (given.get("class") or "") or given.get("translate") == "no")
        self.parts.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # as HTML has it: `<span/>` opens

    def handle_endtag(self, tag: str) -> None:
        self._kept.pop()
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(escape(data if any(self._kept) else changed(data), quote=False))


def translated_html(markup: str) -> str:
    """The words of HTML changed, without those that are not to be translated; tags stay where they are."""
    reader = _Html()
    reader.feed(markup)
    reader.close()
    return "".join(reader.parts)


def emptied(text: str) -> str:
    """`<a id="1"></a>words`: the tag is closed before its words."""
    return re.sub(r'(<a id="1">)(.*?)</a>', r"\1</a>\2", text)


def moved(text: str) -> str:
    """Every inline tag at the beginning of the sentence, and nothing in it."""
    found = re.findall(r'<a id="\d+">', text)
    return "".join(tag + "</a>" for tag in found) + re.sub(r"</?a\b[^>]*>", "", text)


def doubled(text: str) -> str:
    """The first inline element twice."""
    return re.sub(r'(<a id="1">.*?</a>)', r"\1 \1", text, count=1)


def dropped(text: str) -> str:
    """All inline tags gone."""
    return re.sub(r"</?a\b[^>]*>", "", text)


def unclosed(text: str) -> str:
    """End tags lost."""
    return text.replace("</a>", "")


REPAIRED = {"emptied": emptied, "moved": moved, "doubled": doubled, "dropped": dropped, "unclosed": unclosed}
"""What the fallbacks mend: they have every inline element translated alone."""


def opaque_lost(text: str) -> str:
    return re.sub(r"<(span|x) id=[^<>]*>[^<>]*</\1>", "", text)


def opaque_doubled(text: str) -> str:
    return re.sub(r"(<(span|x) id=[^<>]*>[^<>]*</\2>)", r"\1 \1", text)


HELD = {
    "opaque lost": opaque_lost,
    "opaque doubled": opaque_doubled,
    "empty": lambda _: "",
    "half": lambda text: text[: len(text) // 2],
    "capitals": lambda text: re.sub(r">[^<]+<|^[^<]+|[^>]+$", lambda found: found[0].upper(), text),
}
"""What nothing mends."""


def links(body: str) -> list[str]:
    return re.findall(r'href="[^"]*"', body)
