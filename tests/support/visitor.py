"""Somebody who uses the operations' page, within this process: signs in as a browser would, and keeps its cookies."""

from __future__ import annotations

import html
import re
from http.cookies import SimpleCookie
from typing import Any

import httpx
from starlette.types import ASGIApp

from tasks.model.ranks import Rank
from tasks.runtime.private_files import write_private
from tests.support.web_server import InProcess
from workers import users

PASSWORD = "correct-horse-battery"
CHEAP = "scrypt$4$8$1$c2FsdHNhbHRzYWx0c2FsdA==$5Fm9qrlYv4rjopQ1PRXHwcePx1Od1TYcX6seY9oKxIQ="
"""The hash of PASSWORD that costs next to nothing."""
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def know_user(name: str, rank: Rank) -> None:
    """Let there be a user with PASSWORD."""
    file = users.users_file()
    before = file.read_text() if file.exists() else ""
    write_private(file, f"{before}{name} {rank.value} {CHEAP}\n")


class Visitor:
    """Asks an application for pages; `cookies` are those that the browser has."""

    def __init__(self, app: ASGIApp) -> None:
        self._server = InProcess(app)
        self.cookies: dict[str, str] = {}
        self.token = ""

    def get(self, path: str, **headers: str) -> httpx.Response:
        """A page; no redirect is followed, and `_` in the names of headers is `-`."""
        return self._ask("GET", path, headers)

    def post(self, path: str, fields: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """Send a form with the token of the page that was read last; `more`: headers, or `files`."""
        files = more.pop("files", None)
        return self._ask("POST", path, more, data={"csrf": self.token} | (fields or {}), files=files)

    def sign_in(self, name: str, password: str = PASSWORD, next_page: str = "") -> httpx.Response:
        """Open the login and send its form."""
        self.get("/ops/login")
        answer = self.post("/ops/login", {"name": name, "password": password, "next": next_page})
        if answer.status_code == 303:
            self.get("/ops/releases")
        return answer

    def _ask(self, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            named["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self._server.ask(method, path, headers=named, **more)
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        if found := _TOKEN.search(answer.text):
            self.token = html.unescape(found[1])
        return answer


def visitor(app: ASGIApp, rank: Rank, name: str = "") -> Visitor:
    """Somebody of this rank who has signed in."""
    found = Visitor(app)
    know_user(name or rank.value, rank)
    answer = found.sign_in(name or rank.value)
    assert answer.status_code == 303, answer.text
    return found
