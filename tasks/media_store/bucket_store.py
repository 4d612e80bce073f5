"""A store of media in a bucket of S3, or of another server that speaks the same; requests are signed (SigV4)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, Any
from urllib.parse import urlsplit

import pycurl

_PART = 1024 * 1024
"""Bytes of a file that one request reads."""
_CONNECT_SECONDS = 10
_STALLED_SECONDS = 60
"""Seconds in which nothing comes or goes after which a request is given up."""
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,60})</Code>")
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The SHA-256 of nothing, which is what a request without a body is signed with."""


class BucketTrouble(OSError):
    """A bucket did not do what it was asked; the text says what it answered, without secrets."""


@dataclass(frozen=True)
class Bucket:
    """A bucket, or a part of one, by the address of its folder: `https://s3.example/bucket/prefix`."""

    folder: str
    region: str
    key_id: str
    secret: str = field(repr=False)
    trust: str
    """The path of a bundle of certificates."""

    def put(self, file: IO[bytes], sha256: str, content_type: str) -> None:
        """See Store. A bucket keeps what has arrived whole, and nothing else."""
        if self.size(sha256) is None:
            self._upload(_place(sha256), file, sha256, content_type)

    def _upload(self, name: str, file: IO[bytes], sha256: str, content_type: str) -> None:
        length = file.seek(0, 2)
        file.seek(0)
        with self._request(name, (f"Content-Type: {content_type}", f"x-amz-content-sha256: {sha256}")) as request:
            request.setopt(pycurl.UPLOAD, 1)
            request.setopt(pycurl.INFILESIZE_LARGE, length)
            request.setopt(pycurl.READFUNCTION, file.read)
            status, body = request.perform()
        if status not in (200, 201, 204):
            raise self._trouble("keep a file", status, body)

    def folder_of_drafts(self) -> None:
        """See Store."""
        return

    def size(self, sha256: str) -> int | None:
        """See Store."""
        with self._request(_place(sha256)) as request:
            request.setopt(pycurl.NOBODY, 1)
            status, body = request.perform()
            length = int(request.getinfo(pycurl.CONTENT_LENGTH_DOWNLOAD_T))
        if status == 404:
            return None
        if status != 200:
            raise self._trouble("look for a file", status, body)
        return length

    def parts(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """See Store. Each part is a request of its own, so that nobody who reads slowly holds a connection."""
        for first in range(start, end, _PART):
            with self._request(_place(sha256)) as request:
                request.setopt(pycurl.RANGE, f"{first}-{min(first + _PART, end) - 1}")
                status, body = request.perform()
            if status == 404:
                raise FileNotFoundError(f"the bucket has no file {sha256}")
            if status not in (200, 206):
                raise self._trouble("read a file", status, body)
            yield body[first : min(first + _PART, end)] if status == 200 else body

    def remove(self, sha256: str) -> None:
        """See Store."""
        self.unlink(_place(sha256))

    def write(self, name: str, file: IO[bytes], content_type: str) -> None:
        """See Store. The file is read twice: its digest is part of the signature."""
        digest = hashlib.sha256()
        while part := file.read(_PART):
            digest.update(part)
        self._upload(name, file, digest.hexdigest(), content_type)

    def whole(self, name: str) -> bytes:
        """See Store."""
        with self._request(name) as request:
            status, body = request.perform()
        if status == 404:
            raise FileNotFoundError(f"the bucket has no file {name}")
        if status != 200:
            raise self._trouble("read a file", status, body)
        return body

    def unlink(self, name: str) -> None:
        """See Store."""
        with self._request(name) as request:
            request.setopt(pycurl.CUSTOMREQUEST, "DELETE")
            status, body = request.perform()
        if status not in (200, 204, 404):
            raise self._trouble("remove a file", status, body)

    def _request(self, name: str, headers: tuple[str, ...] = (f"x-amz-content-sha256: {_EMPTY}",)) -> _Request:
        return _Request(
            {
                pycurl.URL: f"{self.folder}/{name}",
                pycurl.USERNAME: self.key_id,
                pycurl.PASSWORD: self.secret,
                pycurl.AWS_SIGV4: f"aws:amz:{self.region}:s3",
                pycurl.HTTPHEADER: [*headers, "Expect:"],
                pycurl.CAINFO: self.trust,
            }
        )

    def _trouble(self, what: str, status: int, body: bytes) -> BucketTrouble:
        code = _CODE.search(body)
        said = f"{status} {code[1].decode()}" if code else str(status)
        return BucketTrouble(f"the bucket at {urlsplit(self.folder).netloc} did not {what}: it answered {said}")


def _place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


class _Request:
    """One request to a bucket."""

    def __init__(self, options: dict[int, Any]) -> None:
        self._curl = pycurl.Curl()
        self._body = BytesIO()
        fixed = {
            pycurl.NOSIGNAL: 1,
            pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
            pycurl.CONNECTTIMEOUT: _CONNECT_SECONDS,
            pycurl.LOW_SPEED_LIMIT: 1,
            pycurl.LOW_SPEED_TIME: _STALLED_SECONDS,
            pycurl.WRITEFUNCTION: self._body.write,
        }
        for option, value in {**fixed, **options}.items():
            self._curl.setopt(option, value)

    def __enter__(self) -> _Request:
        return self

    def __exit__(self, *_: object) -> None:
        self._curl.close()

    def setopt(self, option: int, value: Any) -> None:
        self._curl.setopt(option, value)

    def getinfo(self, what: int) -> Any:
        return self._curl.getinfo(what)

    def perform(self) -> tuple[int, bytes]:
        """The status and the body of the answer; raises BucketTrouble if there is none."""
        try:
            self._curl.perform()
        except pycurl.error as error:
            host = urlsplit(self._curl.getinfo(pycurl.EFFECTIVE_URL)).netloc
            raise BucketTrouble(f"the bucket at {host} does not answer: {error.args[1]}") from None
        return self._curl.getinfo(pycurl.RESPONSE_CODE), self._body.getvalue()
