"""Files of pictures, videos and documents for tests, made here, and a server that has them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

from PIL import Image

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2mp41" + bytes(64)
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(64)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
CSV = "Jahr;Umsatz\n2026;1.234,5 €\n".encode()
GPS = 0x8825
ORIENTATION = 0x0112


def picture(width: int = 64, height: int = 40, form: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """A picture that is red at its left and blue at its right."""
    made = Image.new(mode, (width, height), (200, 30, 30, 255)[: len(mode)])
    made.paste((30, 30, 200, 128)[: len(mode)], (width // 2, 0, width, height))
    written = BytesIO()
    made.save(written, form, **options)
    return written.getvalue()


def with_exif(width: int, height: int) -> bytes:
    """A picture that a camera held on its side has taken, and that says where."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (41.0, 9.0, 0.0)
    return picture(width, height, exif=exif)


def bomb() -> bytes:
    """A small PNG that says it has 40,000 × 40,000 pixels."""
    small = bytearray(picture(8, 8, "PNG"))
    small[16:24] = (40_000).to_bytes(4, "big") * 2
    import zlib

    small[29:33] = zlib.crc32(bytes(small[12:29])).to_bytes(4, "big")
    return bytes(small)


Answer = tuple[int, dict[str, str], bytes]


class FileServer:
    """An HTTP server on loopback that has these files, and notes who asked for what."""

    def __init__(self) -> None:
        self.files: dict[str, Answer | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.asked.append(self.path)
                found = server.files.get(self.path, (404, {}, b"no such file"))
                if callable(found):
                    found(self)
                    return
                status, headers, body = found
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def put(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        """Have this at a path; its URL."""
        self.files[path] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
        return self.url + path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
