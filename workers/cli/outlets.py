"""`fanwire outlets …`: the configured receivers."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tasks import ledger, planning
from tasks.delivery import disabling
from tasks.ledger import audit, deliveries
from tasks.ledger import outlets as outlet_rows
from tasks.model.acts import Act
from tasks.model.outlet import Outlet
from tasks.model.readers.outlet_files import OutletFile, parse_outlets, read_outlets
from tasks.model.states import Hold
from tasks.operations.outlet_import import Imported, import_outlets
from tasks.runtime.errors import UserError
from workers import doctor
from workers.broker import shared_state
from workers.cli.rows import find_outlet, find_release, reading, writing
from workers.cli.screen import JsonOption, err, out, print_json, print_rows
from workers.offered import offered

PAUSED_BY_US = "paused by operations"
"""Why an outlet is paused."""

app = typer.Typer(no_args_is_help=True, help="Import, list, test, pause and resume outlets, the configured receivers.")

OutletArgument = Annotated[str, typer.Argument(help="The id of an outlet.")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A file of outlets, .yaml, .json or .csv; - for standard input.")],
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Import the good rows even if others are bad.")] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Import outlets with credentials although their URL has changed.")
    ] = False,
    form: Annotated[
        Literal["yaml", "json", "csv"] | None,
        typer.Option("--format", help="The format of standard input; yaml reads JSON too."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import a file of outlets (YAML, JSON or CSV): all rows, or none if one is bad.

    An outlet with credentials whose URL differs from the one it had stays as it was, unless --confirm says that its
    credentials may go there.
    """
    if str(file) == "-":
        name = "standard input"
        found = parse_outlets(sys.stdin.buffer.read(), form or "yaml", name, offered())
    else:
        name, found = file.name, read_outlets(file, offered(), form)
    done = Imported(0)
    if not found.refused or skip_bad:
        with writing() as connection:
            done = import_outlets(connection, found.outlets, confirmed=confirm, remark=f"from {name}")
    problems, refused = _problems(found, done), len(found.refused) + len(done.unconfirmed)
    if as_json:
        print_json({"imported": done.written, "refused": refused, "problems": problems})
    else:
        for problem in problems:
            hint = f" (for example {problem['example']})" if problem["example"] else ""
            where = ", ".join(filter(None, (name, problem["where"], problem["what"])))
            err.print(f"{where}: {problem['field']}: {problem['problem']}{hint}", markup=False)
        out.print(f"{done.written} outlets imported, {refused} refused", markup=False)
        if found.refused and not skip_bad:
            out.print("Nothing was imported: correct these rows, or use --skip-bad.", markup=False)
    if refused:
        raise typer.Exit(1)


def _problems(found: OutletFile, done: Imported) -> list[dict[str, Any]]:
    refusals = [*found.refused, *((None, refusal) for refusal in done.unconfirmed)]
    return [
        {"where": where, "what": refusal.what} | vars(problem)
        for where, refusal in refusals
        for problem in refusal.problems
    ]


@app.command("list")
def list_(
    release: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="The URI of a release: list which outlets get it, in which languages, and which do not, and why.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List all outlets; with --for, which of them get a release, and why the others do not."""
    if release is not None:
        _list_for(release, as_json)
        return
    with reading() as connection:
        everyone = outlet_rows.everyone(connection)
    if as_json:
        print_json([json.loads(outlet.to_json()) | {"status": outlet.status} for outlet in everyone])
    else:
        print_rows(
            ("outlet", "country", "languages", "format", "status", "name"),
            ((o.id, o.country, " ".join(o.languages), o.format, o.status, o.name) for o in everyone),
        )


def _list_for(uri: str, as_json: bool) -> None:
    """As outlets stand now: planning asked the same when the release came."""
    with reading() as connection:
        row = find_release(connection, uri)
        matches = planning.audience(connection, row.id)
    if as_json:
        found = [{"outlet": m.outlet.id, "languages": m.languages, "refused": m.refused} for m in matches]
        print_json({"release": row.uri, "version": row.version, "outlets": found})
        return
    print_rows(
        ("outlet", "gets it in", "not in", "because it"),
        [
            (m.outlet.id, " ".join(m.languages) or "—", " ".join(m.refused) or "—", ", ".join({*m.refused.values()}))
            for m in matches
        ],
    )
    taken = sum(bool(match.languages) for match in matches)
    out.print(f"\n{row.uri} version {row.version} goes to {taken:,} of {len(matches):,} outlets", markup=False)
    why = Counter(reason for match in matches for reason in set(match.refused.values()))
    for reason, count in why.most_common():
        out.print(f"{count:>7,}  do not get it, or not in every language: the outlet {reason}", markup=False)


@app.command()
def show(outlet: OutletArgument) -> None:
    """Print one outlet as JSON."""
    with reading() as connection:
        row = find_outlet(connection, outlet)
    print_json(json.loads(row.document) | {"status": row.status, "status_reason": row.status_reason})


@app.command()
def pause(outlet: OutletArgument) -> None:
    """Send an outlet nothing for now, and keep what it misses."""
    with writing() as connection:
        row = find_outlet(connection, outlet)
        if row.status != "disabled":  # one that is gets nothing already, and why is worth more than who paused it
            outlet_rows.set_status(connection, [outlet], "paused", PAUSED_BY_US, ledger.now(connection))
            kept = deliveries.hold_for_status(connection, [outlet], Hold.PAUSED, PAUSED_BY_US)
            new = {"status": "paused", "reason": PAUSED_BY_US, "deliveries": kept}
            audit.record(connection, audit.of_outlet(Act.PAUSE_OUTLET, outlet, old=_status(row), new=new))
    if row.status == "disabled":
        out.print(f"{outlet} is disabled ({row.status_reason}), and stays so; what it misses is kept", markup=False)
        return
    out.print(f"{outlet} is paused; {kept} deliveries are kept for it", markup=False)


@app.command()
def resume(outlet: OutletArgument) -> None:
    """Make a paused or disabled outlet active again, and deliver what was kept for it."""
    with writing() as connection:
        row = find_outlet(connection, outlet)
        outlet_rows.set_status(connection, [outlet], "active", None, ledger.now(connection))
        due = deliveries.resume(connection, [outlet], ledger.now(connection))
        new = {"status": "active", "reason": None, "deliveries": due}
        audit.record(connection, audit.of_outlet(Act.RESUME_OUTLET, outlet, old=_status(row), new=new))
    with suppress(UserError):  # no broker is up, so nothing is remembered there
        disabling.forget_failures(shared_state(), Outlet.model_validate_json(row.document).url)
    out.print(f"{outlet} is active; {due} deliveries are due now", markup=False)


def _status(row: Any) -> dict[str, Any]:
    return {"status": row.status, "reason": row.status_reason}


@app.command("test")
def test_(outlet: OutletArgument, as_json: JsonOption = False) -> None:  # noqa: PT028, a command
    """Send an outlet one delivery that is marked as a test, and print its verdict."""
    with reading() as connection:
        row = find_outlet(connection, outlet)
    result = doctor.test_outlet(Outlet.model_validate_json(row.document))
    if as_json:
        print_json(result)
    else:
        out.print(f"{outlet}: {result['verdict']}: {result['detail']} after {result['seconds']} s", markup=False)
    if result["verdict"] != "delivered":
        raise typer.Exit(1)
