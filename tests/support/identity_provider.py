"""A small identity provider (OpenID Connect) for tests: it signs by RS256, and can be told to do wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "fanwire", "the secret of the client"


class Provider(ThreadingHTTPServer):
    """The provider; `claims` are put over those of a right identity, and `key` and `algorithm` sign it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_address[1]}/realm"
        self.own_key = RSAKey.generate_key(2048, parameters={"kid": "one"})
        self.key: RSAKey | OctKey = self.own_key
        self.algorithm = "RS256"
        self.claims: dict[str, Any] = {"preferred_username": "jane", "groups": ["wire-ops", "everybody"]}
        self.asked: dict[str, dict[str, str]] = {}
        """What was asked for, by the code that was given for it."""

    def authorize(self, query: dict[str, str]) -> str:
        """Where somebody is sent back to who has signed in."""
        code = secrets.token_urlsafe(8)
        self.asked[code] = query
        return query["redirect_uri"] + "?" + urlencode({"code": code, "state": query["state"], "iss": self.issuer})

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The answer to a code; None for one that is not right, or that verifier and client's secret do not prove."""
        asked = self.asked.pop(form["code"], None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if asked is None or authorization != f"Basic {basic}" or digest != asked["code_challenge"]:
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "1234", "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"]} | self.claims
        sound = {name: value for name, value in claims.items() if value is not None}
        text = jwt.encode({"alg": self.algorithm, "kid": "one"}, sound, self.key, algorithms=[self.algorithm])
        return {"access_token": "x", "token_type": "Bearer", "id_token": text}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        issuer = self.server.issuer
        if path.endswith("/.well-known/openid-configuration"):
            ends = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys"}
            self._say({"issuer": issuer} | {name: f"{issuer}/{end}" for name, end in ends.items()})
        elif path.endswith("/keys"):
            self._say({"keys": [self.server.own_key.as_dict(private=False)]})
        else:
            self.send_response(302)
            self.send_header("location", self.server.authorize({name: one[0] for name, one in query.items()}))
            self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: one[0] for name, one in parse_qs(body).items()}
        found = self.server.token(form, self.headers.get("authorization", ""))
        self._say(found or {"error": "invalid_grant"}, 200 if found else 400)

    def _say(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def identity_provider() -> Iterator[Provider]:
    """A provider that is there."""
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
