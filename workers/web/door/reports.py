"""`/releases/{uri}/report.html` (`.json`, `.csv`): the report of a release."""

from __future__ import annotations

from starlette.responses import Response

from tasks import ledger
from tasks.operations import report as reports
from tasks.operations import report_documents
from tasks.runtime.seal_key import seal_key
from tasks.runtime.settings import settings
from workers.web.door.asking import Call
from workers.web.door.operation import Operation
from workers.web.door.releases import VERSION, whole

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; sandbox"
)
"""For browsers: a report is one file with its own style, and runs nothing."""
KINDS = {"html": "text/html; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8"}


def show(call: Call) -> Response:
    """The report of a release in the form that the end of the address names."""
    form = call.request.url.path.rpartition(".")[2]
    version = whole(call, "version", 0, 2**31 - 1) or None
    with ledger.read() as connection:
        row = call.caller.own(connection, call.uri, version)
        found = reports.report(connection, row.id)
        text = "".join(report_documents.written(found, form, settings().wire_name, seal_key()))
    return Response(text, 200, {"content-security-policy": POLICY}, KINDS[form])


OPERATIONS = tuple(
    Operation(
        method="GET", path=f"/releases/{{uri}}/report.{form}", id=f"reportAs{form.title()}", handler=show, heavy=True,
        summary=f"The report of a release as {form.upper()}",
        description="Which outlets have it and since when, which do not, and why.",
        answers={200: ("the report", {kind.partition(";")[0]: {"schema": {}}})},
        refusals=(404, 422), parameters=[VERSION],
    )
    for form, kind in KINDS.items()
)  # fmt: skip
