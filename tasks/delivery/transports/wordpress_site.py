"""WordPress: a release is a post, made over the REST API by a user with an application password.

| step | request |
|---|---|
| 1 | find the post by its slug, which is the same in all versions |
| 2 | for each file of the release: find it by its slug, which follows from its bytes; upload it if it is not there |
| 3 | create the post, or update the one that was found; a kill puts it into the trash instead of 2 and 3 |

So a delivery that is sent twice makes no second post, whether its answer was lost or not. Should two attempts create
one at the same time, WordPress gives the later one another slug: it is removed, and the other one updated. Of a post
that is there only what the release says is changed: its status, author, categories and tags are the desk's by then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlencode, urlsplit

import pycurl
from markupsafe import escape
from pydantic import Field

from tasks.delivery import verdicts
from tasks.delivery.admission.shared_state import host_of
from tasks.delivery.certificates import certificate_options
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.multipart import quoted
from tasks.delivery.read_first import pool_for, read_first
from tasks.delivery.transfers.transfer import Answer, Pool, Transfer
from tasks.delivery.transports import Transport, options_of
from tasks.delivery.transports.http import USER_AGENT, check_url, credentials, wire_url
from tasks.delivery.verdicts import Judgement
from tasks.model.codes import Code
from tasks.model.documents import Document
from tasks.model.media import MediaFile
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime.errors import pattern
from tasks.runtime.secrets import Noting, resolve
from tasks.runtime.striking import strike_text

_TYPE = pattern(r"^[a-z0-9_-]{1,40}$", "must be what the REST API calls the posts: small letters, digits, '_' and '-'")
_POST: Final = {"_fields": "id,slug,status,link"}
_FILE: Final = {"_fields": "id,slug,source_url"}
_UNUSABLE: Final = frozenset({400, 404, 405, 406, 412, 413, 414, 415, 422})
"""Statuses by which a site refuses a file and not the user; beside them whatever has one of these codes:"""
_UNUSABLE_CODE: Final = "rest_upload_"
MEDIA: Final = "fanwire_media"
"""The field of a rendition that says by the ids of files where its content shows them from; it is not sent."""
DETAIL_CHARACTERS: Final = verdicts.DETAIL_CHARACTERS

Id = Annotated[int, Field(ge=1)]


class WordPressOptions(Document):
    """What an outlet may say about its posts."""

    type: Annotated[str, Field(pattern=_TYPE)] = Field("posts", examples=["press-releases"])
    """What the REST API calls the kind of post."""
    status: Literal["publish", "draft", "pending", "private"] = Field("publish", examples=["draft"])
    """That of new posts: on the site at once · a draft · to be reviewed · for users of the site only."""
    author: Id | None = Field(None, examples=[7])
    """The number of the user whose new posts are; else that of the application password."""
    categories: list[Id] = Field([], examples=[[12]])
    """The numbers of the categories of new posts."""
    tags: list[Id] = Field([], examples=[[31, 32]])
    """The numbers of the tags of new posts."""
    media: Literal["upload", "link"] = Field("upload", examples=["link"])
    """upload: files go into the site's library, and the post shows them from there · link: it shows them from where the
    wire has them."""
    featured: bool = True
    """The first picture is the post's featured image."""
    permalinks: Literal["pretty", "plain"] = Field("pretty", examples=["plain"])
    """plain: for a site whose settings say so, which has its REST API at `/?rest_route=` and not at `/wp-json`."""


def prepare(
    outlet: Outlet,
    request: DeliveryRequest,
    *,
    key: Any,
    deadline: float,
    now: float,  # noqa: ARG001, nothing of it depends on the moment
) -> Transfer:
    """Make the first transfer of one attempt; raises SecretMissing. See `tasks.delivery.transports.Prepare`."""
    with Noting():  # or each word of the password would be struck from the answers, which are read here
        name, value = credentials(outlet.auth)
        password = resolve(outlet.auth.secret or "")
    options, secrets = certificate_options(outlet.auth.certificate) if outlet.auth.certificate else ((), ())
    site = _Site(
        url=wire_url(outlet.url.partition("+")[2]).rstrip("/"),
        plain=options_of(outlet, WordPressOptions).permalinks == "plain",
        headers=(f"{name}: {value}", "Accept: application/json", f"User-Agent: {USER_AGENT}"),
        key=key,
        deadline=deadline,
        options=options,
        secrets=(password, password.replace(" ", ""), value.partition(" ")[2], *secrets),
    )
    return _Steps(site, options_of(outlet, WordPressOptions), request, json.loads(request.body)).find()


@dataclass(frozen=True)
class _Site:
    """A site, and what all requests of one attempt have in common."""

    url: str
    plain: bool
    headers: tuple[str, ...]
    key: Any
    deadline: float
    options: tuple[tuple[int, Any], ...]
    secrets: tuple[str, ...]

    def ask(
        self,
        method: str,
        path: str,
        query: dict[str, Any],
        then: Callable[[Answer], Transfer | None],
        *,
        body: bytes = b"",
        headers: Sequence[str] = (),
        decisive: bool = False,
        creates: bool = False,
        pool: Pool | None = None,
    ) -> Transfer:
        """A request. `creates`: sent twice it would make two, and libcurl sends again by itself what it sent over a
        connection that had been used before and was then closed; so it gets a connection of its own."""
        place = f"/?rest_route=/wp/v2/{path}&" if self.plain else f"/wp-json/wp/v2/{path}?"
        return Transfer(
            key=self.key,
            url=f"{self.url}{place}{urlencode(query, quote_via=quote)}",
            headers=(*self.headers, *headers),
            body=body,
            deadline=self.deadline,
            method=method,
            options=(*self.options, (pycurl.FRESH_CONNECT, 1)) if creates else self.options,
            secrets=self.secrets,
            decisive=decisive,
            then=then,
            pool=pool,
        )

    def end(self, detail: str, **said: str) -> Transfer:
        """The end of a delivery that went well. `said`: what became of it, as outlets say it in their answers
        (tasks/delivery/answering.py)."""
        # What the site says may hold our password, or anything else that nobody should keep.
        outcome = strike_text(json.dumps(said | {"detail": _shown(detail)}), self.secrets)
        return Transfer(key=self.key, url=self.url, body=b"", deadline=self.deadline, work=lambda: outcome)


@dataclass(frozen=True)
class _Steps:
    """The steps of one attempt."""

    site: _Site
    options: WordPressOptions
    request: DeliveryRequest
    document: dict[str, Any]
    """The rendition."""
    post: int | None = None
    """The number of the post that is there."""
    files: tuple[tuple[MediaFile, dict[str, Any]], ...] = ()
    """Those in the site's library, with what the site says of them."""
    left_out: tuple[str, ...] = ()
    """Files that the site does not take, and why."""

    # --- the post that is there

    def find(self) -> Transfer:
        query = {"slug": self.document["slug"], "status": "any", "orderby": "id", "order": "asc", "per_page": 1}
        return self.site.ask("GET", self.options.type, query | _POST, self.found)

    def found(self, answer: Answer) -> Transfer | None:
        posts = _listed(answer)
        if posts is None:
            return None
        known = replace(self, post=posts[0]["id"]) if posts else self
        return known.withdraw() if self.request.action == "kill" else known.next_file(self.request.media)

    # --- its files

    def next_file(self, files: Sequence[MediaFile]) -> Transfer:
        if not files or self.options.media == "link":
            return self.write()
        query = {"slug": _file_slug(files[0]), "per_page": 1}
        return self.site.ask("GET", "media", query | _FILE, lambda answer: self.file_found(files, answer))

    def file_found(self, files: Sequence[MediaFile], answer: Answer) -> Transfer | None:
        found = _listed(answer)
        if found is None:
            return None
        return self.with_file(files, found[0]) if found else self.upload(files)

    def upload(self, files: Sequence[MediaFile]) -> Transfer:
        file = files[0]

        def make(contents: list[bytes], _: tuple[str, ...]) -> Transfer:
            return self.site.ask(
                "POST",
                "media",
                {"slug": _file_slug(file), "title": file.name.rpartition(".")[0] or file.name} | _FILE,
                lambda answer: self.uploaded(files, answer),
                body=contents[0],
                headers=(
                    f"Content-Type: {file.content_type}",
                    f'Content-Disposition: attachment; filename="{quoted(file.name)}"',
                ),
                creates=True,
                pool=pool_for(file.bytes),
            )

        key, url, deadline = self.site.key, self.site.url, self.site.deadline
        return read_first(files[:1], make, key=key, url=url, deadline=deadline, pool=pool_for(file.bytes))

    def uploaded(self, files: Sequence[MediaFile], answer: Answer) -> Transfer | None:
        file, made = files[0], _made(answer)
        if made is not None and made.get("slug") == _file_slug(file):
            return self.with_file(files, made)
        if made is not None:  # somebody else uploaded it at the same time: use theirs
            query = {"slug": _file_slug(file), "per_page": 1}
            return self.site.ask("GET", "media", query | _FILE, lambda other: self.file_doubled(files, made, other))
        if _refuses_file(answer):
            why = f"{file.name}: {_detail(answer)}"
            return replace(self, left_out=(*self.left_out, why)).next_file(files[1:])
        return None

    def file_doubled(self, files: Sequence[MediaFile], own: dict[str, Any], answer: Answer) -> Transfer | None:
        found = _listed(answer)
        if not found:
            return None if found is None else self.with_file(files, own)
        query = {"force": "true"} | _FILE
        path = f"media/{own['id']}"
        return self.site.ask("DELETE", path, query, lambda _: self.with_file(files, found[0]))

    def with_file(self, files: Sequence[MediaFile], found: dict[str, Any]) -> Transfer:
        return replace(self, files=(*self.files, (files[0], found))).next_file(files[1:])

    # --- writing it

    def write(self) -> Transfer:
        path = self.options.type if self.post is None else f"{self.options.type}/{self.post}"
        body = json.dumps(self._fields(), ensure_ascii=False).encode()
        headers = ("Content-Type: application/json; charset=utf-8",)
        creates = self.post is None
        return self.site.ask(
            "POST", path, _POST, self.written, body=body, headers=headers, decisive=True, creates=creates
        )

    def _fields(self) -> dict[str, Any]:
        """What is sent of the post: of one that is there nothing that the desk may have changed."""
        document = {name: value for name, value in self.document.items() if name != MEDIA}
        hrefs = self.document.get(MEDIA, {})
        for file, found in self.files:
            if file.id in hrefs and isinstance(found.get("source_url"), str):
                document["content"] = _shown_from(document["content"], hrefs[file.id], found["source_url"])
        pictures = [found["id"] for file, found in self.files if file.content_type.startswith("image/")]
        if self.options.featured and pictures:
            document["featured_media"] = pictures[0]
        if self.post is not None:
            return {name: value for name, value in document.items() if name not in ("slug", "status", "date_gmt")}
        if document.get("status") == "publish":
            document["status"] = self.options.status
        own = {"author": self.options.author, "categories": self.options.categories, "tags": self.options.tags}
        return document | {name: value for name, value in own.items() if value}

    def written(self, answer: Answer) -> Transfer | None:
        made = _made(answer)
        if self.post is not None and answer.status == 404:  # somebody removed it meanwhile
            return replace(self, post=None).write()
        if made is None:
            return None
        if self.post is None and made.get("slug") != self.document["slug"]:
            query = {"slug": self.document["slug"], "status": "any", "orderby": "id", "order": "asc", "per_page": 1}
            then = lambda other: self.doubled(made, other)  # noqa: E731
            return self.site.ask("GET", self.options.type, query | _POST, then)
        return self._end(made)

    def doubled(self, own: dict[str, Any], answer: Answer) -> Transfer | None:
        """Another attempt made the post at the same time: remove the later one, and update the other."""
        posts = _listed(answer)
        if not posts:
            return None if posts is None else self._end(own)
        path, other = f"{self.options.type}/{own['id']}", replace(self, post=posts[0]["id"])
        return self.site.ask("DELETE", path, {"force": "true"} | _POST, lambda _: other.write())

    def _end(self, made: dict[str, Any]) -> Transfer:
        without = f", without {'; '.join(self.left_out)}" if self.left_out else ""
        link, published = str(made.get("link", "")), made.get("status") == "publish"
        detail = f"{made.get('status')}: {self.options.type}/{made['id']} {link}{without}"
        return (
            self.site.end(detail, status="published", url=link)
            if published
            else self.site.end(detail, status="accepted")
        )

    # --- withdrawing it

    def withdraw(self) -> Transfer:
        if self.post is None:
            detail = f"nothing to withdraw: no post has the slug {self.document['slug']}"
            return self.site.end(detail, status="accepted")
        path = f"{self.options.type}/{self.post}"
        return self.site.ask("DELETE", path, _POST, self.withdrawn, decisive=True)

    def withdrawn(self, answer: Answer) -> Transfer | None:
        if answer.status == 501:  # a site without a trash: take it off the site
            path, body = f"{self.options.type}/{self.post}", json.dumps({"status": "draft"}).encode()
            headers = ("Content-Type: application/json",)
            return self.site.ask("POST", path, _POST, self.withdrawn, body=body, headers=headers, decisive=True)
        if answer.status in (404, 410):
            return self.site.end("nothing to withdraw: the post is gone already", status="accepted")
        made = _made(answer)
        if made is None:
            return None
        return self.site.end(f"{made.get('status')}: {self.options.type}/{made['id']}", status="accepted")


def _shown_from(content: str, href: str, url: str) -> str:
    """HTML that shows a file, or leads to it, at another place. A bracket is written as the format writes it."""
    old, new = (f'"{escape(address)}"'.replace("[", "&#91;") for address in (href, url))
    return content.replace(old, new)


def _file_slug(file: MediaFile) -> str:
    """What a file is called in a site's library: the same for the same bytes."""
    return f"fanwire-{file.sha256[:24]}"


def _listed(answer: Answer) -> list[dict[str, Any]] | None:
    """The items of a list that the site answered; None if it answered anything else."""
    found = _json(answer.raw) if answer.status == 200 else None
    good = isinstance(found, list) and all(isinstance(one, dict) and isinstance(one.get("id"), int) for one in found)
    return found if good else None


def _made(answer: Answer) -> dict[str, Any] | None:
    """The item that the site made or changed; None if it did not."""
    found = _json(answer.raw) if answer.status in (200, 201) else None
    return found if isinstance(found, dict) and isinstance(found.get("id"), int) else None


def _refuses_file(answer: Answer) -> bool:
    return answer.status in _UNUSABLE or _error(answer)[0].startswith(_UNUSABLE_CODE)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _error(answer: Answer) -> tuple[str, str, str]:
    """Code, message and inner code of an error of the REST API; empty if the answer is none."""
    found = _json(answer.answer)
    if not isinstance(found, dict):
        return "", "", ""
    data = found.get("data")
    details = data.get("details") if isinstance(data, dict) else None
    first = next(iter(details.values()), None) if isinstance(details, dict) else None
    inner = first.get("code") if isinstance(first, dict) else None
    return str(found.get("code", "")), str(found.get("message", "")), str(inner or "")


def judge(answer: Answer, now: float) -> Judgement:
    """The verdict on the last answer of an attempt. `now`: seconds since the epoch."""
    if answer.transfer.work is not None and answer.error is None:
        return replace(verdicts.judge_outcome(answer, now), detail=str(json.loads(answer.answer)["detail"]))
    judgement = verdicts.judge(answer, now)
    if answer.status is None:
        return judgement
    if judgement.verdict is Verdict.DELIVERED:  # a request is never the end of a delivery that went well
        text = f"{judgement.detail}, but not as the REST API of WordPress answers"
        return replace(judgement, verdict=Verdict.FAILED, detail=text, code=Code.UNFINISHED)
    code, _, inner = _error(answer)
    if not code:
        return replace(judgement, disable_outlet=False)
    judgement = replace(judgement, detail=_detail(answer), disable_outlet=False)
    if answer.status in (401, 403) or inner == "rest_forbidden_status":
        why = "the site does not know the user with this application password, or the user may not do this"
        return replace(judgement, code=Code.LOGIN, detail=f"{why}: {judgement.detail}"[:DETAIL_CHARACTERS])
    return judgement


def _detail(answer: Answer) -> str:
    code, message, _ = _error(answer)
    return _shown(f"{answer.status} {code}: {message}")


def _shown(text: str) -> str:
    """A text on one line, fit to be shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:DETAIL_CHARACTERS]


def _check_url(url: str) -> None:
    """Raise ValueError if no site can be there."""
    check_url(url)
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ValueError("must be the address of the site, without '?' and '#'")
    if parts.path.rstrip("/").endswith("/wp-json") or "/wp-json/" in parts.path:
        raise ValueError("must be the address of the site, without /wp-json")


TRANSPORT = Transport(
    schemes=("wordpress+http", "wordpress+https"),
    prepare=prepare,
    check_url=_check_url,
    judge=judge,
    options=WordPressOptions,
    auth=("basic",),
    formats=("wordpress",),
    host=lambda url: host_of(url.partition("+")[2]),
)
