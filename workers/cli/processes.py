"""The processes of the stack, and whether they and their configuration are well."""

from __future__ import annotations

import json
import sys
import time
from typing import Annotated, Literal

import typer
from sqlalchemy.exc import OperationalError

from tasks import ledger
from tasks.model.documents import Document
from tasks.model.outlet import outlet_schema
from tasks.model.release import Release
from tasks.runtime.field_docs import describe
from workers import doctor as checks
from workers import health as process_health
from workers import stack
from workers.cli.screen import JsonOption, err, out, print_json, stop
from workers.offered import offered

app = typer.Typer()

Process = Annotated[
    Literal["intake", "translate", "format", "deliver", "flower", "web"],
    typer.Argument(help="The name of the process."),
]
WAIT_POLL = 1.0


@app.command()
def up() -> None:
    """Run the whole stack in the foreground; SIGTERM or Ctrl-C ends it."""
    stack.up(lambda line: out.print(line, markup=False))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def worker(context: typer.Context, name: Process) -> None:
    """Run one process of the stack in the foreground. Further options go to Celery, such as --concurrency 8."""
    stack.run(name, *context.args)


@app.command()
def migrate(
    wait: Annotated[float, typer.Option(help="Wait so many seconds for a ledger that does not answer yet.")] = 0,
) -> None:
    """Create or update the tables of the ledger. This is safe to repeat, and from several machines at once."""
    until = time.monotonic() + wait
    while True:
        try:
            ledger.upgrade()
            break
        except OperationalError as error:
            if time.monotonic() > until:
                raise
            err.print(f"waiting for the ledger: {str(error.orig).splitlines()[0]}", markup=False)
            time.sleep(WAIT_POLL)
    out.print(f"{ledger.safe_ledger_url()} has this version's tables", markup=False)


@app.command()
def health(
    name: Process,
    max_age: Annotated[
        float, typer.Option(help="The age in seconds at which a worker's last heartbeat is too old.")
    ] = process_health.MAX_AGE,
) -> None:
    """Say whether a process on this machine is well; `python -m workers.health` does the same, and starts faster."""
    if problem := process_health.problem(name, max_age):
        stop(problem)
    out.print(f"{name} is well", markup=False)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Check the configuration, the broker, the ledger, the outlets and the engines, and say what is unsafe."""
    findings = checks.examine()
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            out.print(f"{finding.level:<7} {finding.what}", markup=False)
    if any(finding.level == "unsafe" for finding in findings):
        raise typer.Exit(1)


@app.command()
def schema(document: Annotated[Literal["release", "outlet"], typer.Argument(help="The kind of document.")]) -> None:
    """Print the JSON Schema of a document."""
    describe(Document)
    schema = Release.model_json_schema() if document == "release" else outlet_schema(offered())
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
