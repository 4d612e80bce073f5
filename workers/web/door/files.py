"""`POST /media`: a producer puts a picture or another file into the wire's store."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import IO

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tasks import ledger
from tasks.building import fetching
from tasks.ledger import audit
from tasks.media_store.examining import NotTaken
from tasks.media_store.store import configured_store
from tasks.model.media import SCHEME
from tasks.operations import media_adding
from tasks.runtime.errors import Problem, UserError
from tasks.runtime.foreign_text import printable
from tasks.runtime.settings import settings
from workers.web.door import asking
from workers.web.door.asking import Call
from workers.web.door.operation import Operation, Parameter, json_content, reading, working
from workers.web.door.refusing import refused

log = structlog.get_logger()

LONGEST_NAME = 200


async def add(call: Call) -> Response:
    """Keep the body as a file, and say how the media of a release name it."""
    name = call.request.query_params.get("name", "")
    if len(name) > LONGEST_NAME or "/" in name or name != printable(name):
        problem = Problem("(name)", f"must be the name of a file, without '/', at most {LONGEST_NAME} characters")
        return refused(UserError("request", [problem]))
    asking.refuse_other_types(call.request, ())
    with TemporaryFile() as file:
        with reading.one(call.caller.name):
            await _receive(call, file)
        with working.one(call.caller.name):
            return await run_in_threadpool(_add, call, file, name)


async def _receive(call: Call, file: IO[bytes]) -> None:
    policy = settings()
    try:
        async for part in asking.stream(call.request, policy.media_bytes, policy.media_deadline):
            await run_in_threadpool(file.write, part)
    except OSError as error:
        log.error("no room for a file of a producer", error=str(error))
        raise _no_store() from None


def _no_store() -> HTTPException:
    return HTTPException(503, "the wire cannot keep the file now; send it again", {"retry-after": "30"})


def _add(call: Call, file: IO[bytes], name: str) -> Response:
    file.flush()
    try:
        kept = fetching.add(configured_store(), file, name, pixels=settings().media_pixels)
    except NotTaken as refusal:
        return refused(UserError("file", [Problem("(file)", str(refusal))]))
    except OSError as error:
        log.error("file of a producer not kept", error=str(error))
        raise _no_store() from None
    with audit.acting_as(call.caller.actor), ledger.write() as connection:
        call.caller.hold(connection)
        media_adding.note(connection, kept)
    return JSONResponse(
        {"media": f"{SCHEME}{kept.sha256}", "content_type": kept.content_type, "bytes": kept.bytes,
         "width": kept.width, "height": kept.height, "name": kept.name}, 201,
    )  # fmt: skip


OPERATIONS = (
    Operation(
        method="POST", path="/media", id="addMedia", summary="Put a file into the wire's store",
        description="The body is the file itself. What it is, is found in the file: a picture, a video, a sound or a "
        "document. `stored` of an item of `media` names it then.",
        stream=add,
        body={"application/octet-stream": {}},
        answers={201: ("the wire has it", json_content({"$ref": "#/components/schemas/Stored"}))},
        refusals=(408, 413, 415, 422),
        parameters=[
            Parameter(name="name", schema={"type": "string", "maxLength": LONGEST_NAME}, description="Its name.")
        ],
    ),
)  # fmt: skip
