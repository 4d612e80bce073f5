"""`fanwire producers …`: who may come to the door of the web server, and with which rights and limits."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy import Row

from tasks import ledger
from tasks.ledger import producer_rows as rows
from tasks.ledger.releases import day_of
from tasks.model.documents import read
from tasks.model.producers import REQUESTS_A_MINUTE, DoorProducer, Producer, read_producers
from tasks.operations import door_access as acts
from tasks.operations.outlet_import import without_credentials
from tasks.runtime import moments
from tasks.runtime.moments import shown, utc
from tasks.runtime.settings import settings
from workers.cli.rows import reading, writing
from workers.cli.screen import JsonOption, out, print_changes, print_json, print_rows

HOUR = 3600.0
app = typer.Typer(
    no_args_is_help=True,
    help="Let producers send releases over HTTP, each with a token of its own (docs/producers.md, Over HTTP).",
)
NameArgument = Annotated[str, typer.Argument(help="The name of the producer.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its name, such as acme; one of the producers file keeps its rights.")],
    issuer: Annotated[
        list[str] | None, typer.Option(help="An issuer that it may speak for; it may be repeated.")
    ] = None,
    circuit: Annotated[list[str] | None, typer.Option(help="A circuit that it may order; it may be repeated.")] = None,
    uri: Annotated[
        list[str] | None,
        typer.Option(help="How its URIs begin, such as urn:newsml:acme.example:; it may be repeated."),
    ] = None,
    per_day: Annotated[
        int | None, typer.Option(min=1, help="Releases and corrections a day (UTC); any number if left out.")
    ] = None,
    per_minute: Annotated[
        int, typer.Option(min=1, max=60_000, help="Requests that all web servers together take in a minute.")
    ] = REQUESTS_A_MINUTE,
    webhook: Annotated[str | None, typer.Option(help="The address that hears what becomes of its releases.")] = None,
    webhook_key: Annotated[
        str | None,
        typer.Option(
            help="Where the secret is that signs those messages: env:FANWIRE_WEBHOOK_… or file:NAME, whsec_ and base64."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Let a producer send releases over HTTP, and print its token, which nobody can show again."""
    given = {
        "issuers": issuer, "circuits": circuit, "uris": uri, "per_day": per_day, "per_minute": per_minute,
        "webhook": webhook, "webhook_key": webhook_key,
    }  # fmt: skip
    document = read(DoorProducer, {field: value for field, value in given.items() if value}, "producer")
    with writing() as connection:
        token = acts.add(connection, name, document)
    _print_token(name, token, as_json=as_json)


@app.command()
def edit(
    name: NameArgument,
    changes: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE…",
            help="What is to change: issuers, circuits, uris, per_day, per_minute, webhook or webhook_key, such as "
            "per_day=200 or 'issuers=Acme Robotics; Acme Labs'; with nothing after the = the field goes.",
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Change single rights and limits of a producer of the door, from its next request on; its token stays.

    Lists are separated by semicolons. A webhook and its key are changed together. Where the name stands in the
    producers file too, the rights there hold.
    """
    with writing() as connection:
        done = acts.edit(connection, name, changes, dry_run=dry_run)
    if as_json:
        print_json({"name": name, "changed": done.fields, "old": done.old, "new": done.new, "dry_run": dry_run})
        return
    print_changes(name, done.fields, done.old, done.new, dry_run=dry_run)


@app.command()
def token(
    name: NameArgument,
    overlap: Annotated[float, typer.Option(min=0, help="Hours for which the token of before stays good.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Give a producer another token and print it once; the one before ends at once, or after the overlap."""
    with writing() as connection:
        made = acts.new_token(connection, name, overlap * HOUR)
    _print_token(name, made, as_json=as_json)


@app.command()
def revoke(name: NameArgument, as_json: JsonOption = False) -> None:
    """Shut a producer out of the door at once; its releases stay its own, and its keys in the producers file good."""
    with writing() as connection:
        acts.revoke(connection, name)
    if as_json:
        print_json({"name": name, "revoked": True})
    else:
        out.print(f"{name} is shut out", markup=False)


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List all producers, of the door and of the producers file: what each may send, and what it sent today."""
    with reading() as connection:
        known = {row.name: row for row in rows.every(connection)}
        today = rows.counted(connection, day_of(ledger.now(connection)))
    file = settings().producers
    listed = read_producers(file).producers if file else {}
    told = [_told(name, known.get(name), listed.get(name), today.get(name, 0)) for name in sorted({*known, *listed})]
    if as_json:
        print_json(told)
        return
    if not told:
        out.print("There are no producers; `fanwire producers add` lets one send releases over HTTP.")
        return
    print_rows(("producer", "comes by", "today", "may send", "token used", "webhook"), map(_line, told))


def _told(name: str, row: Row[Any] | None, by_file: Producer | None, today: int) -> dict[str, Any]:
    """A producer for programs."""
    document = rows.document_of(row) if row else None
    rights = by_file or document
    assert rights is not None  # it is of the one or of the other
    revoked = row.revoked_at if row else None
    by_token = row is not None and revoked is None
    return {
        "name": name,
        "comes_by": [way for way, good in (("queue", by_file), ("door", by_token)) if good],
        **{field: getattr(rights, field) for field in ("issuers", "circuits", "uris", "per_day")},
        "per_minute": document and document.per_minute,
        "webhook": document and document.webhook and without_credentials(document.webhook),
        "webhook_key": document and document.webhook_key,
        "today": today,
        **{field: row and getattr(row, field) and utc(getattr(row, field)) for field in _MOMENTS},
    }


_MOMENTS = ("made_at", "used_at", "old_token_until", "revoked_at")


def _line(told: dict[str, Any]) -> tuple[str, ...]:
    """A producer for people."""
    rights = [
        f"{word} {', '.join(told[field])}"
        for word, field in (("uris", "uris"), ("issuers", "issuers"), ("circuits", "circuits"))
        if told[field]
    ]
    ways = " and ".join(told["comes_by"]) or "revoked"
    most = f"{told['today']:,} of {told['per_day']:,}" if told["per_day"] else f"{told['today']:,}"
    used = shown(moments.read(told["used_at"])) if told["used_at"] else "never" if told["made_at"] else "—"
    return told["name"], ways, most, "; ".join(rights) or "anything", used, told["webhook"] or "—"


def _print_token(name: str, token: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"name": name, "token": token})
        return
    out.print(f"The token of {name}, which nobody can show again:", markup=False)
    out.print(token, markup=False)
