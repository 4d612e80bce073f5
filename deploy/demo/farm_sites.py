"""What some outlets of the farm are beside a URL that is posted to: a WordPress site, a bucket of S3, one with tokens.

Each answers the requests that a sender makes of such a place, as far as the real ones do so in good order; of the rest
they know nothing. `answer` has no state but the farm's own, and says for each request whether it is a receipt.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from farm_manners import SimulatedOutlet
from farm_receipts import blank, of_file
from farm_transports import BUCKET, token_of


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Without its query."""
        return urlsplit(self.target).path

    def query(self, name: str) -> str:
        """A value of the query, empty if it is not there."""
        return parse_qs(urlsplit(self.target).query).get(name, [""])[0]


@dataclass(frozen=True)
class Reply:
    """What a site answers."""

    status: int
    document: Any = None
    """JSON; None: no body."""
    outlet: str | None = None
    receipt: dict[str, Any] | None = None
    """Of a request that delivers something."""

    @property
    def whole(self) -> bytes:
        """The answer as bytes."""
        body = b"" if self.document is None else json.dumps(self.document).encode()
        head = f"HTTP/1.1 {self.status} Status\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


@dataclass
class Site:
    """A WordPress site: its posts and files, by number."""

    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    files: dict[int, dict[str, Any]] = field(default_factory=dict)


class Sites:
    """The outlets of one farm process that are more than a URL."""

    def __init__(self, outlets: dict[str, SimulatedOutlet], manner_of: Callable[[SimulatedOutlet, str], str]) -> None:
        """`manner_of`: counts an attempt, by outlet and what is delivered; the name of the manner that holds."""
        self.outlets = outlets
        self.manner_of = manner_of
        self.sites: dict[str, Site] = {}

    def answer(self, asked: Asked) -> Reply | None:
        """What is answered; None for a request that is none of these outlets'."""
        kind, _, rest = asked.path.lstrip("/").partition("/")
        if kind == BUCKET and rest.startswith("o/"):
            name, _, key = rest.removeprefix("o/").partition("/")
            return self._object(self.outlets.get(name), unquote(key), asked)
        if kind == "token":
            return self._token(self.outlets.get(rest), asked)
        name, _, path = rest.partition("/")
        outlet = self.outlets.get(name) if kind == "o" else None
        if outlet is None or outlet.transport != "wordpress" or not path.startswith("wp-json/wp/v2/"):
            return None
        if asked.headers.get("authorization") != (outlet.credential or ("", ""))[1]:
            return Reply(401, {"code": "rest_forbidden"}, name)
        return self._wordpress(outlet, path.removeprefix("wp-json/wp/v2/").split("/"), asked)

    # --- tokens

    def _token(self, outlet: SimulatedOutlet | None, asked: Asked) -> Reply:
        if outlet is None or asked.method != "POST" or b"client_credentials" not in asked.body:
            return Reply(400, {"error": "invalid_request"})
        return Reply(200, {"access_token": token_of(outlet.id), "token_type": "Bearer", "expires_in": 3600}, outlet.id)

    # --- S3

    def _object(self, outlet: SimulatedOutlet | None, key: str, asked: Asked) -> Reply:
        if outlet is None or outlet.transport != "s3":
            return Reply(404)
        if not asked.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential=AKIDFARM/"):
            return Reply(403, None, outlet.id)
        if asked.method != "PUT":
            return Reply(204, None, outlet.id)
        manner = self.manner_of(outlet, key)
        status = 503 if manner == "unavailable" else 200
        told = {name.removeprefix("x-amz-meta-fanwire-"): value for name, value in asked.headers.items()}
        receipt = of_file(outlet, key, asked.body) | {
            "release": told.get("release"), "key": told.get("key"), "webhook_id": told.get("key"),
            "content_type": asked.headers.get("content-type"), "manner": manner,
        }  # fmt: skip
        return Reply(status, None, outlet.id, receipt)

    # --- WordPress

    def _wordpress(self, outlet: SimulatedOutlet, path: list[str], asked: Asked) -> Reply:
        site = self.sites.setdefault(outlet.id, Site())
        things = site.files if path[0] == "media" else site.posts
        number = int(path[1]) if len(path) > 1 else None
        if asked.method == "GET":
            slug = asked.query("slug")
            return Reply(200, [_shown(thing) for thing in things.values() if thing["slug"] == slug], outlet.id)
        if number is not None and number not in things:
            return Reply(404, {"code": "rest_post_invalid_id"}, outlet.id)
        if path[0] == "media":
            slug = asked.query("slug")
            things[len(things) + 1] = {"id": len(things) + 1, "slug": slug, "status": "inherit"}
            return Reply(201, _shown(things[len(things)]), outlet.id)
        if asked.method == "DELETE" and number is not None:
            return self._trash(outlet, site, number)
        return self._write(outlet, site, number, asked.body)

    def _write(self, outlet: SimulatedOutlet, site: Site, number: int | None, body: bytes) -> Reply:
        document = json.loads(body)
        if number is None:
            number, status = max(site.posts, default=0) + 1, 201
            taken = sum(post["slug"] == document["slug"] for post in site.posts.values())
            post = {"id": number, "slug": document["slug"] + (f"-{taken + 1}" if taken else "")}
        else:
            post, status = site.posts[number], 200
        receipt = _of_post(outlet, document | {"slug": post["slug"]})
        receipt["manner"] = manner = self.manner_of(outlet, str(receipt["key"]))
        if manner == "unavailable":
            return Reply(503, None, outlet.id, receipt)
        site.posts[number] = post | document | {"slug": post["slug"]}
        return Reply(status, _shown(site.posts[number]), outlet.id, receipt)

    def _trash(self, outlet: SimulatedOutlet, site: Site, number: int) -> Reply:
        post = site.posts.pop(number)
        receipt = _of_post(outlet, post)
        version = (receipt["version"] or 0) + 1  # the request says nothing of it: the next one after that of the post
        key = f"{outlet.id} {post['slug']} v{version}"
        receipt |= {
            "action": "kill",
            "version": version,
            "key": key,
            "webhook_id": key,
            "manner": "fast",
            "format": None,
        }
        return Reply(200, _shown(post) | {"status": "trash"}, outlet.id, receipt)


def rendition_in(headers: dict[str, str], body: bytes) -> bytes:
    """The bytes that all outlets of a format share: the body, or the first part of a form."""
    kind = headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return body
    form = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    first = next(part for part in form.walk() if not part.is_multipart())
    found = first.get_payload(decode=True)
    return found if isinstance(found, bytes) else body


def _shown(thing: dict[str, Any]) -> dict[str, Any]:
    url = f"https://site.example/?p={thing['id']}"
    return {name: thing.get(name) for name in ("id", "slug", "status")} | {"link": url, "source_url": url}


def _of_post(outlet: SimulatedOutlet, document: dict[str, Any]) -> dict[str, Any]:
    """A receipt of a post. Its key is its slug, which is one in all versions, and its version."""
    meta = document.get("meta", {})
    version = str(meta.get("fanwire_version", ""))
    key = f"{outlet.id} {document['slug']} v{version}"
    shared = json.dumps([document.get("title"), document.get("content")]).encode()
    return blank(outlet.id, shared) | {
        "release": meta.get("fanwire_release"),
        "version": int(version) if version.isdigit() else None,
        "language": _asked_for(outlet, meta.get("fanwire_language")),
        "action": meta.get("fanwire_action"),
        "key": key,
        "webhook_id": key,
        "content_type": "application/json",
        "format": "wordpress",
    }


def _asked_for(outlet: SimulatedOutlet, written: str | None) -> str | None:
    """The language of the outlet that a text serves: a post says only in which it is written, such as `en-US`."""
    languages = outlet.document["languages"]
    return next((one for one in languages if written and one.split("-")[0] == written.split("-")[0]), written)
