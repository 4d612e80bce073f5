"""The producers' door: releases over HTTP, each producer with a token (docs/producers.md, "Over HTTP").

operation.py     what an operation is; from a table of them come the routes and the document of OpenAPI
asking.py        one request: from which producer it is, and what it holds
limits.py        requests a minute, requests at once, wrong tokens
repeated.py      Idempotency-Key
refusing.py      refusals as problem+json, with the fields that are wrong
schemas.py       what is taken and answered, as models
releases.py      POST and GET /releases, GET /releases/{uri}
reports.py       GET /releases/{uri}/report.html, .json, .csv
acts.py          POST /releases/{uri}/kill, /embargo, /replay
files.py         POST /media
description.py   GET /openapi.json, and /docs for people
"""

from __future__ import annotations

from starlette.routing import Route

from workers.web.door import acts, description, files, operation, releases, reports

OPERATIONS = (*releases.OPERATIONS, *reports.OPERATIONS, *acts.OPERATIONS, *files.OPERATIONS)
"""All that a producer can ask for."""


def routes() -> list[Route]:
    """The routes of the door."""
    return [*operation.routes(OPERATIONS), *description.routes(OPERATIONS)]
