"""S3: an object for each delivery in a bucket of Amazon's or any server that speaks the same protocol.

Requests are signed by libcurl (AWS Signature Version 4); the secret key itself never travels. A PUT is all or nothing.

| answer | verdict | why |
|---|---|---|
| 2xx | delivered | |
| 403 `SignatureDoesNotMatch`, `InvalidAccessKeyId`, 401 | rejected, `login` | somebody must correct the key |
| `SlowDown`, 503 with Retry-After, 429 | throttled | it asks for time |
| 507, and what speaks of a quota | failed, `no_space` | |
| `RequestTimeTooSkewed` | ours | this machine's clock is wrong |
| `RequestTimeout`, `OperationAborted`, `ConditionalRequestConflict` | failed | may work later |
| 301, 307 (the bucket is elsewhere), 404 `NoSuchBucket`, the rest | as over HTTP (tasks/delivery/verdicts.py) | |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

import pycurl
from pydantic import AfterValidator, Field

from tasks.delivery import verdicts
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.files.file_options import FileOptions
from tasks.delivery.files.file_plan import FileToWrite, plan
from tasks.delivery.files.steps import Step, in_order
from tasks.delivery.read_first import pool_for, read_first
from tasks.delivery.transfers.transfer import Answer, Transfer
from tasks.delivery.transports import Transport, options_of
from tasks.delivery.transports.http import ascii_safe
from tasks.delivery.verdicts import DETAIL_CHARACTERS, Judgement
from tasks.model.codes import Code
from tasks.model.destinations import Destinations, wrong_host
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime.errors import pattern
from tasks.runtime.foreign_text import printable
from tasks.runtime.secrets import SecretMissing, resolve

NAME: Final = pattern(r"^[A-Za-z0-9_-]{1,60}$", "must be letters, digits, '-' and '_'")
BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")

_BY_CODE: Final[Mapping[str, tuple[Verdict, str | None]]] = MappingProxyType({
    "SignatureDoesNotMatch": (Verdict.REJECTED, Code.LOGIN),
    "InvalidAccessKeyId": (Verdict.REJECTED, Code.LOGIN),
    "SlowDown": (Verdict.THROTTLED, None),
    "RequestTimeTooSkewed": (Verdict.OURS, None),
    "RequestTimeout": (Verdict.FAILED, None),
    "OperationAborted": (Verdict.FAILED, None),
    "ConditionalRequestConflict": (Verdict.FAILED, None),
    "QuotaExceeded": (Verdict.FAILED, Code.NO_SPACE),
    "XMinioStorageFull": (Verdict.FAILED, Code.NO_SPACE),
    "XMinioAdminBucketQuotaExceeded": (Verdict.FAILED, Code.NO_SPACE),
})  # fmt: skip
"""Verdict and code of answers that name their error so; for the others their status decides."""
_SAID: Final = re.compile(rb"<Code>([A-Za-z0-9._-]{1,80})</Code>(?:\s*<Message>([^<]{0,300}))?")


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be the address of a server, such as https://objects.bote.example")
    if parts.username or parts.query or parts.fragment:
        raise ValueError("must be the address of a server only, without a user and a query")
    if why := wrong_host(value) or Destinations().wrong_port(value):
        raise ValueError(why)
    return value.rstrip("/")


class S3Options(FileOptions):
    """What an outlet may say about S3."""

    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = Field(
        None, max_length=500, examples=["https://objects.bote.example"]
    )
    """The server, if it is not Amazon's; the bucket is then the first part of the path."""
    region: Annotated[str, Field(pattern=NAME)] = Field("us-east-1", examples=["eu-central-1"])
    """The region of the bucket; servers of other makers mostly take any."""
    acl: Annotated[str, Field(pattern=NAME)] | None = Field(None, examples=["bucket-owner-full-control"])
    """A canned ACL for each object; None: what the bucket says."""
    storage_class: Annotated[str, Field(pattern=NAME)] | None = Field(None, examples=["STANDARD_IA"])
    """The storage class of each object; None: what the bucket says."""


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:
    """Make the transfers of one attempt; raises SecretMissing. See `tasks.delivery.transports.Prepare`."""
    options = options_of(outlet, S3Options)
    secret = resolve(outlet.auth.secret or "")
    if not f"{outlet.auth.user}{secret}".isascii():
        raise SecretMissing(outlet.auth.secret or "", "holds characters that no key of S3 has")
    base = _base(outlet.url, options)
    common = partial(
        Transfer,
        key=key,
        deadline=deadline,
        options=(
            (pycurl.AWS_SIGV4, f"aws:amz:{options.region}:s3"),
            (pycurl.USERNAME, outlet.auth.user or ""),
            (pycurl.PASSWORD, secret),
        ),
        secrets=(secret,),
    )
    files = plan(request, options, now)
    told = _told(request, options)
    writing: list[Step] = [partial(_put, common, base, file, told) for file in files.written]
    removing: list[Step] = [
        partial(common, url=base + quote(name), method="DELETE", body=b"") for name in files.removed
    ]
    return in_order([*writing, *removing], _went_well)


def _put(common: partial[Transfer], base: str, file: FileToWrite, told: tuple[str, ...]) -> Transfer:
    url, pool = base + quote(file.name), pool_for(file.size)
    headers = (f"Content-Type: {ascii_safe(file.content_type)}", *told)

    def put(content: bytes) -> Transfer:
        return common(url=url, method="PUT", headers=headers, body=content, decisive=file.decisive, pool=pool)

    if file.decisive:  # the rendition, which is in memory
        return replace(put(file.read()), pool=None)
    key, deadline = common.keywords["key"], common.keywords["deadline"]
    return read_first([file], lambda contents, _: put(contents[0]), key=key, url=url, deadline=deadline, pool=pool)


def _base(url: str, options: S3Options) -> str:
    """The URL of the folder of an outlet's bucket that its objects are in, with a slash at its end."""
    parts = urlsplit(url)
    prefix = quote(parts.path.strip("/"), safe="/%") + "/" if parts.path.strip("/") else ""
    if options.endpoint:
        return f"{options.endpoint}/{parts.netloc}/{prefix}"
    return f"https://{parts.netloc}.s3.{options.region}.amazonaws.com/{prefix}"


def _told(request: DeliveryRequest, options: S3Options) -> tuple[str, ...]:
    """Headers that say what each object is, and how it is to be kept."""
    found = {
        "x-amz-acl": options.acl,
        "x-amz-storage-class": options.storage_class,
        "x-amz-meta-fanwire-release": ascii_safe(request.release),
        "x-amz-meta-fanwire-version": str(request.version),
        "x-amz-meta-fanwire-action": request.action,
        "x-amz-meta-fanwire-language": ascii_safe(request.outlet_language),
        "x-amz-meta-fanwire-key": request.key,
    }
    return tuple(f"{name}: {value}" for name, value in found.items() if value)


def _went_well(answer: Answer) -> bool:
    return judge(answer, 0.0).verdict is Verdict.DELIVERED


def judge(answer: Answer, now: float) -> Judgement:
    """The verdict on an answer of S3."""
    judgement = verdicts.judge(answer, now)
    if answer.status is None or judgement.verdict is Verdict.DELIVERED:
        return judgement
    judgement = replace(judgement, disable_outlet=False)  # a bucket is not gone for good: it can be made again
    if answer.status == 404 and answer.transfer.method == "DELETE" and b"NoSuchKey" in answer.answer:
        return replace(judgement, verdict=Verdict.DELIVERED)
    if answer.status == 401:
        judgement = replace(judgement, code=Code.LOGIN)
    elif answer.status == 507:
        judgement = replace(judgement, code=Code.NO_SPACE)
    said = _SAID.search(answer.answer)
    if said is None:
        return judgement
    name, message = said[1].decode(), (said[2] or b"").decode("utf-8", "replace")
    verdict, code = _BY_CODE.get(name, (judgement.verdict, None))
    text = printable(" ".join(f"{answer.status} {name}{': ' if message else ''}{message}".split()))
    detail = text[:DETAIL_CHARACTERS]
    return replace(judgement, verdict=verdict, code=code or judgement.code, detail=detail)


def check_url(url: str) -> None:
    """Raise ValueError that says why a URL names no bucket."""
    parts = urlsplit(url)
    if not BUCKET.fullmatch(parts.netloc):
        raise ValueError(f"names no bucket: {parts.netloc!r}; it is s3://bucket/ or s3://bucket/folder/")
    if parts.query or parts.fragment or any(part in (".", "..") for part in parts.path.split("/")):
        raise ValueError("must end with a bucket or a folder in it, without '?', '#' and '..'")


def host(url: str) -> str:
    """The bucket, which is all that its URL says of where it is."""
    return f"s3:{url.partition('//')[2].partition('/')[0]}"


TRANSPORT = Transport(
    schemes=("s3",),
    prepare=prepare,
    check_url=check_url,
    host=host,
    judge=judge,
    ignores=("signing_secret", "certificate", "headers"),
    options=S3Options,
    auth=("basic",),
)
