"""`/releases`: a producer sends releases, and sees how far its own are."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tasks import ledger, review
from tasks.ledger import releases
from tasks.model.documents import DocumentRefused
from tasks.model.readers import MAX_RELEASE_BYTES
from tasks.model.release import Release
from tasks.operations import progress, prospects, receipts
from tasks.runtime import moments
from tasks.runtime.errors import Problem, UserError
from workers import authority, taking
from workers.document_reader import DocumentReader
from workers.web.door.asking import ByToken, Call
from workers.web.door.operation import Operation, Parameter, json_content
from workers.web.prefix import prefix

TYPES = ("application/json", "text/markdown", "text/html")
"""Of a release; one in Markdown or HTML has YAML front matter, and JSON may be a ninjs item."""
PAGE, LARGEST_PAGE = 20, 100
"""Release versions of a page, unless the query says another number, and at most."""
_NUMBER = re.compile(r"[1-9]\d{0,17}", re.ASCII)

reader = DocumentReader()
"""Of this process; its own processes start with the first release."""


def send(call: Call) -> Response:
    """Take a release in, or with `dry_run` say what would become of it."""
    _look_at_type(call)
    consent = authority.consents(call.request.headers.get("fanwire-consent"))
    sent_by = ByToken(caller=call.caller, consent=consent)
    _await_producers()
    if _flag(call, "dry_run"):
        return JSONResponse(_rehearsed(call, sent_by))
    taken = taking.take(call.body, lambda: sent_by, reader, hinted=False)
    link = {"location": _link(taken.receipt.uri or "")}
    return JSONResponse(taken.receipt.to_dict(), 202, link)


def _look_at_type(call: Call) -> None:
    """Refuse text that is said to be JSON, and JSON that is said to be text: a reader goes by what it finds."""
    is_json = call.request.headers.get("content-type", "").partition(";")[0].strip().lower().endswith("json")
    begins = call.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if is_json and begins == b"-":
        raise HTTPException(415, "this is no JSON; say text/markdown or text/html of a text with front matter")
    if not is_json and begins in (b"{", b"["):
        raise HTTPException(415, "this is JSON; say application/json of it")


def _await_producers() -> None:
    """Raise 503 while the producers file has never been good: nobody knows then to whom URIs belong."""
    try:
        if file := authority.producers_file():
            file.current()
    except DocumentRefused:
        raise HTTPException(503, "the wire takes nothing until its operations correct its setting of producers",
                            {"retry-after": "60"}) from None  # fmt: skip


def _rehearsed(call: Call, sent_by: ByToken) -> dict[str, Any]:
    """What would become of a release; raises what `taking.take` would."""
    reading = reader.read(call.body)
    release = reading.release
    with ledger.read() as connection:
        now = ledger.now(connection)
        problems, known = taking.would_take(connection, release, sent_by)
        if problems:
            raise DocumentRefused("release", problems)
        found = prospects.sums(connection, release, policy=review.policy, now=now)
        warnings = [*reading.warnings, *receipts.warnings_of(connection, release, now)]
    return {
        "status": "dry_run", "release": release.uri, "version": release.version, "known": known,
        "goes_to": found.to_dict(),
        "warnings": [vars(one) for one in (*warnings, *prospects.warnings(found, release))],
    }  # fmt: skip


def list_own(call: Call) -> Response:
    """The versions of the producer's releases, a page of them."""
    count = whole(call, "limit", PAGE, LARGEST_PAGE)
    below = whole(call, "below", 0, 10**18) or None
    with ledger.read() as connection:
        rows = releases.of_producer(connection, call.caller.name, count + 1, below)
    shown = rows[:count]
    more = f"{prefix()}/releases?limit={count}&below={shown[-1].id}" if len(rows) > count else None
    return JSONResponse({"releases": [_listed(row) for row in shown], "next": more})


def _listed(row: Any) -> dict[str, Any]:
    return {
        "release": row.uri, "version": row.version, "kill": row.status == "canceled",
        "headline": Release.from_ledger(row.document).headline, "received_at": moments.utc(row.received_at),
        "planned": row.planned_at is not None, "link": _link(row.uri, row.version),
    }  # fmt: skip


HIDDEN = ("sent_by", "listed")
"""What operations see of a release, and a producer does not: the names of operators, and single outlets, which stand in
the reports."""


def show(call: Call) -> Response:
    """How far a release is."""
    version = whole(call, "version", 0, 2**31 - 1) or None
    with ledger.read() as connection:
        row = call.caller.own(connection, call.uri, version)
        found = progress.progress(connection, row)
    told = {name: value for name, value in found.items() if name not in HIDDEN}
    base, query = f"{prefix()}/releases/{quote(row.uri, safe=SAFE)}", f"?version={row.version}"
    return JSONResponse(told | {"reports": {form: f"{base}/report.{form}{query}" for form in ("html", "json", "csv")}})


SAFE = ":;=@!$&'()*+,~"
"""What stands in a part of a path as it is."""


def _link(uri: str, version: int | None = None) -> str:
    """The address of the progress of a release."""
    return f"{prefix()}/releases/{quote(uri, safe=SAFE)}" + (f"?version={version}" if version else "")


def _flag(call: Call, name: str) -> bool:
    said = call.request.query_params.get(name, "false")
    if said not in ("true", "false"):
        raise UserError("request", [Problem(f"({name})", "must be true or false")])
    return said == "true"


def whole(call: Call, name: str, default: int, most: int) -> int:
    """A whole number of the query, from 1 on."""
    said = call.request.query_params.get(name)
    if said is None:
        return default
    if not _NUMBER.fullmatch(said) or int(said) > most:
        raise UserError("request", [Problem(f"({name})", f"must be a whole number from 1 to {most:,}")])
    return int(said)


VERSION = Parameter(
    name="version", description="The version of the release; the newest if left out.",
    schema={"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
)  # fmt: skip
_RELEASE = {"type": "string", "description": "A text with YAML front matter."}

OPERATIONS = (
    Operation(
        method="POST", path="/releases", id="sendRelease", summary="Send a release, a correction or a kill",
        description="The receipt comes after the ledger has the release. The same release again is `known`.",
        handler=send, repeatable=True, consent=True, types=TYPES, largest=MAX_RELEASE_BYTES,
        body={TYPES[0]: {"$ref": "#/components/schemas/Release"}, TYPES[1]: _RELEASE, TYPES[2]: _RELEASE},
        answers={
            202: ("the ledger has it", json_content({"$ref": "#/components/schemas/Receipt"})),
            200: ("what would become of it (dry_run)", json_content({"$ref": "#/components/schemas/Rehearsed"})),
        },
        refusals=(403, 408, 409, 413, 415, 422),
        parameters=[
            Parameter(
                name="dry_run", schema={"type": "boolean"}, description="Take nothing; say what would become of it."
            )
        ],
    ),
    Operation(
        method="GET", path="/releases", id="listReleases", summary="List the versions of your releases",
        handler=list_own,
        answers={200: ("a page, the newest first", json_content({"$ref": "#/components/schemas/Releases"}))},
        refusals=(422,),
        parameters=[
            Parameter(
                name="limit", schema={"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE},
                description="How many; 20 if left out.",
            ),
            Parameter(
                name="below", schema={"type": "integer", "minimum": 1, "maximum": 10**18},
                description="What `next` of the page before says.",
            ),
        ],
    ),
    Operation(
        method="GET", path="/releases/{uri}", id="showRelease", summary="See how far a release is", handler=show,
        answers={200: ("how far it is", json_content({"$ref": "#/components/schemas/Progress"}))},
        refusals=(404, 422), parameters=[VERSION],
    ),
)  # fmt: skip
