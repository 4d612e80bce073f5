"""`/releases/{uri}/kill`, `/embargo` and `/replay`: what a producer does with a release that the ledger has."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from tasks import ledger
from tasks.ledger import releases
from tasks.ledger.releases import Sender
from tasks.model.states import State
from tasks.operations import embargo as embargoes
from tasks.operations import replay as replays
from tasks.runtime import moments
from tasks.runtime.errors import Problem, UserError
from workers import taking
from workers.web.door import schemas
from workers.web.door.asking import JSON, Call
from workers.web.door.operation import Operation, json_content


def kill(call: Call) -> Response:
    """Withdraw a release."""
    said = call.read(schemas.Kill)
    with ledger.write() as connection:
        call.caller.hold(connection)
        releases.one_taker_at_a_time(connection, call.uri)
        newest = releases.get(connection, call.caller.own(connection, call.uri).id)
        by = Sender(actor=call.caller.actor, producer=call.caller.name)
        receipt = taking.kill(connection, newest, said.note, by)
    return JSONResponse(receipt.to_dict(), 202)


def embargo(call: Call) -> Response:
    """Move or lift the embargo of the newest version of a release."""
    said = call.read(schemas.Embargo)
    if (said.until is None) == (said.lift is None):
        raise UserError("request", [Problem("until", "give either until or lift", '{"lift": true}')])
    with ledger.write() as connection:
        call.caller.hold(connection)
        row = call.caller.own(connection, call.uri)
        if said.until and said.until.timestamp() <= ledger.now(connection):
            problem = f"{moments.with_utc(said.until)} is past; `lift` lets the release go now"
            raise UserError("request", [Problem("until", problem)])
        embargoes.move(connection, row.id, said.until)
        now = releases.get(connection, row.id)
    assert now.embargo_until is not None, "move has set one"
    until = moments.written(now.embargo_until)
    return JSONResponse({"release": row.uri, "version": row.version, "embargo_until": until})


def replay(call: Call) -> Response:
    """Send deliveries of the newest version of a release again that have ended without success."""
    said = call.read(schemas.Replay)
    with ledger.write() as connection:
        call.caller.hold(connection)
        row = call.caller.own(connection, call.uri)
        done = replays.replay(
            connection, row, said.outlet, states=list(map(State, said.states)), language=said.language,
            since=said.since,
        )  # fmt: skip
    return JSONResponse({"deliveries": done.count, "waiting": done.waiting})


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


OPERATIONS = (
    Operation(
        method="POST", path="/releases/{uri}/kill", id="killRelease", summary="Withdraw a release",
        description="Cancels what is not out, and sends a kill to every outlet that has it or may have it.",
        handler=kill, types=JSON, body={"application/json": _schema("Kill")}, body_required=False, repeatable=True,
        answers={202: ("the receipt of the kill", json_content(_schema("Receipt")))},
        refusals=(404, 408, 409, 413, 415, 422),
    ),
    Operation(
        method="POST", path="/releases/{uri}/embargo", id="moveEmbargo", summary="Move or lift an embargo",
        handler=embargo, types=JSON, body={"application/json": _schema("Embargo")}, repeatable=True,
        answers={200: ("the embargo as it stands now", json_content(_schema("Embargoed")))},
        refusals=(404, 408, 409, 413, 415, 422),
    ),
    Operation(
        method="POST", path="/releases/{uri}/replay", id="replayRelease", summary="Send again what did not arrive",
        description="Of the newest version, what has ended as exhausted, rejected or canceled.",
        handler=replay, types=JSON, body={"application/json": _schema("Replay")}, body_required=False, repeatable=True,
        answers={200: ("how many deliveries", json_content(_schema("Replayed")))},
        refusals=(404, 408, 409, 413, 415, 422),
    ),
)  # fmt: skip
