"""DeepL, Google and LibreTranslate as their documentation describes them, and servers that misbehave below HTTP."""

from __future__ import annotations

import contextlib
import html
import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from lxml import etree

from .loopback import Answer, Asked, Loopback, answer, changed

DEEPL_KEY, GOOGLE_TOKEN, LIBRE_KEY = "deepl-key-0a1b2c3d4e5f", "google-token-9z8y7x6w5v", "libre-key-11aa22bb33cc"
PROJECT = "fanwire-tests"

_SPANISH = {
    "the": "la",
    "a": "un",
    "of": "de",
    "and": "y",
    "that": "que",
    "in": "en",
    "on": "en",
    "to": "a",
    "is": "es",
    "people": "gente", "town": "ciudad", "say": "dice", "plant": "planta", "open": "abierta", "fine": "buena",
    "second": "segunda", "held": "detenida", "rest": "resto", "late": "tarde", "before": "antes", "unread": "nueva",
}  # fmt: skip
"""The sentences of tests with real workers must be Spanish: the checks know its words."""
_THAI = str.maketrans({chr(ord("a") + n): chr(0x0E01 + n) for n in range(26)})


def foreign(text: str, target: str) -> str:
    """Other words, of about the same length: in Thai letters, or with the small words of Spanish among them.

    A word in capitals stays as it is, as a placeholder would.
    """

    def word(found: re.Match[str]) -> str:
        small = found[0].lower()
        if found[0].isupper() and len(small) > 1:
            return found[0]
        if target.lower() == "th":
            return small.translate(_THAI)
        new = _SPANISH.get(small, changed(small))
        return new.capitalize() if found[0][0].isupper() else new

    return re.sub("[A-Za-z]+", word, text)


class DeepLDouble(Loopback):
    """POST /v2/translate: 50 texts, 128 KiB, strict XML as in tag handling v2, 456 once the month's text is gone."""

    languages = {"EN", "EN-US", "EN-GB", "ES", "DE", "PT", "PT-BR", "PT-PT", "ZH", "ZH-HANS", "ZH-HANT", "AR", "TH"}
    left = 500_000

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"DeepL-Auth-Key {DEEPL_KEY}":
            return answer(403, {"message": "Forbidden, the auth key is wrong."})
        if asked.path != "/v2/translate":
            return answer(404, {"message": "Not found"})
        if len(asked.body) > 128 * 1024:
            return answer(413, {"message": "Request Entity Too Large"})
        return self._translated(asked.json)

    def _translated(self, body: dict[str, Any]) -> Answer:
        texts: list[str] = body["text"]
        if len(texts) > 50:
            return answer(400, {"message": "Too many texts in request."})
        for name in ("source_lang", "target_lang"):
            if body[name] not in self.languages or (name == "source_lang" and "-" in body[name]):
                return answer(400, {"message": f"Value for '{name}' not supported."})
        if self.left < sum(map(len, texts)):
            return answer(456, {"message": "Quota for this billing period has been exceeded."})
        self.left -= sum(map(len, texts))
        try:
            done = [
                _xml(text, body) if body.get("tag_handling") == "xml" else foreign(text, body["target_lang"])
                for text in texts
            ]
        except etree.XMLSyntaxError:
            return answer(400, {"message": "Tag handling parsing failed, please check input."})
        said = [{"detected_source_language": body["source_lang"], "text": self.spoil(text)} for text in done]
        return answer(200, {"translations": said})


def _xml(text: str, body: dict[str, Any]) -> str:
    root = etree.fromstring(f"<root>{text}</root>")
    ignored = body.get("ignore_tags", [])
    for node in root.iter():
        if node.tag not in ignored:
            node.text = foreign(node.text, body["target_lang"]) if node.text else node.text
        node.tail = foreign(node.tail, body["target_lang"]) if node.tail else node.tail
    return re.sub(r"^<root/?>|</root>$", "", etree.tostring(root, encoding="unicode"))


class GoogleDouble(Loopback):
    """v3 translateText: 1,024 contents, 30,000 code points; HTML comes back with `'` as a reference, as Google does."""

    languages = {"en", "es", "de", "ar", "pt-BR", "pt-PT", "zh-CN", "zh-TW", "th"}

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {GOOGLE_TOKEN}":
            return google_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        path = re.fullmatch(rf"/v3/(projects/{PROJECT}/locations/[a-z0-9-]+):translateText", asked.path)
        body = asked.json
        if not path or not body["model"].startswith(f"{path[1]}/models/"):
            return google_error(403, "PERMISSION_DENIED", "Cloud IAM permission 'cloudtranslate.generalModels.predict'")
        if len(body["contents"]) > 1_024 or sum(map(len, body["contents"])) > 30_000:
            return google_error(400, "INVALID_ARGUMENT", "Text is too long.")
        for name, said in (("sourceLanguageCode", "Source"), ("targetLanguageCode", "Target")):
            if body[name] not in self.languages:
                return google_error(400, "INVALID_ARGUMENT", f"{said} language is invalid.")
        if body.get("mimeType", "text/html") != "text/html":
            return google_error(400, "INVALID_ARGUMENT", "Only HTML is sent here.")
        done = [self.spoil(_html(text, body["targetLanguageCode"])) for text in body["contents"]]
        return answer(200, {"translations": [{"translatedText": text, "model": body["model"]} for text in done]})


def _html(text: str, target: str) -> str:
    """Its words, but not those that must not be translated. `<span/>` would be open to the end, as HTML has it."""
    assert not re.search(r"<[^<>]*/>", text)
    parts = re.split(r'(<span [^<>]*translate="no">[^<>]*</span>|<[^<>]*>)', text)
    words = [part if n % 2 else html.escape(foreign(html.unescape(part), target)) for n, part in enumerate(parts)]
    return "".join(words).replace("&#x27;", "&#39;")


def google_error(code: int, status: str, message: str, **details: Any) -> Answer:
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    return answer(code, {"error": error | ({"details": [details]} if details else {})})


class LibreTranslateDouble(Loopback):
    """POST /translate of version 1.9.6, limits included; its answers are unescaped, plain text or not."""

    languages = {"en", "es", "de", "ar", "pt", "pt-BR", "zh-Hans", "zh-Hant", "th"}
    batch_limit = 20
    char_limit = 2_000
    needs_key = False

    def answer(self, asked: Asked) -> Answer:
        body = asked.json
        if body.get("api_key") not in (None, LIBRE_KEY):
            return answer(403, {"error": "Invalid API key"})
        if self.needs_key and "api_key" not in body:
            return answer(400, {"error": "Visit https://portal.example to get an API key"})
        texts = body["q"] if isinstance(body["q"], list) else [body["q"]]
        for size, limit in [(len(texts), self.batch_limit), *((len(text), self.char_limit) for text in texts)]:
            if size > limit:
                return answer(400, {"error": f"Invalid request: request ({size}) exceeds text limit ({limit})"})
        for name in ("source", "target"):
            if body[name] not in self.languages:
                return answer(400, {"error": f"{body[name]} is not supported"})
        if body["format"] != "text":
            return answer(400, {"error": "HTML must never be sent"})
        done = [html.unescape(self.spoil(foreign(text, body["target"]))) for text in texts]
        return answer(200, {"translatedText": done if isinstance(body["q"], list) else done[0]})


class ApyDouble(Loopback):
    """POST /translate of apertium-apy, as far as a form goes; test_apertium_apy.py asks the real one."""

    def answer(self, asked: Asked) -> Answer:
        form = dict(parse_qsl(asked.body.decode()))
        if form["langpair"] not in ("eng|spa", "spa|eng"):
            return answer(400, {"status": "error", "code": 400, "explanation": "That pair is not installed"})
        text = self.spoil(foreign(form["q"], "es" if form["langpair"] == "eng|spa" else "en"))
        return answer(200, {"responseData": {"translatedText": text}, "responseStatus": 200})


class RawServer:
    """Reads one request of a connection and leaves the rest to `reply`, which may break any rule of HTTP."""

    def __init__(self, reply: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self.done = threading.Event()
        """Set when the test is over: what a hanging reply waits for."""
        self._reply, self._context = reply, context
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._context else ''}://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        self.done.set()
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client went away, or does not trust us
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                self.asked.append(_request(connection))
                self._reply(connection)


def _request(connection: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got and not got.startswith(b"\x16"):  # a client that wants TLS
        got += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]) and (more := connection.recv(65536)):
        body += more
    return head + b"\r\n\r\n" + body


def says(content: bytes, *, status: str = "200 OK", length: int | None = None, **headers: str) -> Callable[..., None]:
    """A reply that is HTTP; `length` may lie."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(content) if length is None else length}", *lines]

    def reply(connection: socket.socket) -> None:
        connection.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode() + content)

    return reply


def as_json(document: Any, **more: Any) -> Callable[..., None]:
    return says(json.dumps(document).encode(), **more)


def resets(connection: socket.socket) -> None:
    """Closes with a reset instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
