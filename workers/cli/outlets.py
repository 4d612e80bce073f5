"""`fanwire outlets …`: the configured receivers."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

import typer

from tasks import ledger
from tasks.ledger import counts, releases
from tasks.ledger import outlets as outlet_rows
from tasks.model.codes import Code
from tasks.model.countries import country as country_code
from tasks.model.languages import LanguageTag
from tasks.model.outlet import Outlet
from tasks.model.outlet_filter import OutletFilter
from tasks.model.readers.outlet_files import parse_outlets, read_outlets
from tasks.model.states import Verdict
from tasks.operations import outlet_acts as acts
from tasks.operations.outlet_acts import Done
from tasks.operations.outlet_import import Imported
from tasks.runtime.foreign_text import printable
from workers import marked_test, outlet_acts
from workers.cli import audience, one_outlet
from workers.cli.rows import find_release, need_ledger, reading, writing
from workers.cli.screen import JsonOption, checked_by, counted, err, out, print_changes, print_json, print_rows, stop
from workers.host_key import shown_host_key
from workers.offered import offered

CHANGES_SHOWN = 20
"""New and changed outlets of an import that are listed, of each kind."""

_NOT_SENT = (Code.LOGIN, Code.HOST_KEY)
"""The codes of a test that ended before anything of it was sent."""
app = typer.Typer(
    no_args_is_help=True, help="Import, list, test, pause, disable and remove outlets, the configured receivers."
)

OutletArgument = Annotated[str, typer.Argument(help="The id of an outlet.")]
ReasonOption = Annotated[str | None, typer.Option(help="Why, for whoever looks at the outlet later.")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A file of outlets, .yaml, .json or .csv; - for standard input.")],
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Import the good rows even if others are bad.")] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Import outlets with credentials although their URL has changed.")
    ] = False,
    form: Annotated[
        Literal["yaml", "json", "csv"] | None,
        typer.Option("--format", help="The format, if no name says it, as of standard input; yaml reads JSON too."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is new, changed or refused, and write nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Import a file of outlets (YAML, JSON or CSV): all rows, or none if one is bad.

    An outlet with credentials whose URL differs from the one it had stays as it was, unless --confirm says that its
    credentials may go there. So does one whose status in the file is not the one it has: to pause, disable and resume
    has commands of its own.
    """
    if str(file) == "-":
        name = "standard input"
        found = parse_outlets(sys.stdin.buffer.read(), form or "yaml", name, offered())
    else:
        name, found = file.name, read_outlets(file, offered(), form)
    if dry_run or skip_bad or not found.refused:
        need_ledger()
    imported = outlet_acts.import_file(found, name, skip_bad=skip_bad, confirmed=confirm, dry_run=dry_run)
    done, problems, refused = imported.done, imported.problems, imported.refused
    if as_json:
        print_json(
            {
                "imported": done.good, "new": done.new, "changed": done.changed, "unchanged": done.unchanged,
                "unverified": done.unverified, "refused": refused, "problems": problems, "dry_run": dry_run,
            }
        )  # fmt: skip
    else:
        for problem in problems:
            hint = f" (for example {problem['example']})" if problem["example"] else ""
            where = ", ".join(filter(None, (name, problem["where"], problem["what"])))
            err.print(f"{where}: {problem['field']}: {problem['problem']}{hint}", markup=False)
        _print_changes(done, refused, dry_run=dry_run)
        if dry_run:
            out.print("Nothing was written: this was a dry run.", markup=False)
        if imported.stopped:
            be = "would be" if dry_run else "was"
            out.print(f"Nothing {be} imported: correct these rows, or use --skip-bad.", markup=False)
    if refused:
        raise typer.Exit(1)


def _print_changes(done: Imported, refused: int, *, dry_run: bool) -> None:
    """Which outlets are new and which change, if they are few or nothing is done yet, and how many of each there
    are."""
    changed = [f"{outlet_id}: {', '.join(fields)}" for outlet_id, fields in done.changed.items()]
    for heading, lines in (("new", done.new), ("changed", changed)):
        left = len(lines) - CHANGES_SHOWN
        if left > 0 and not dry_run:
            continue
        more = [f"… and {left:,} more; --json lists all"] if left > 0 else []
        for line in lines[:CHANGES_SHOWN] + more:
            out.print(f"{heading:<9}  {line}", markup=False)
    new, changes = f"{len(done.new):,} new", f"{len(changed):,} changed"
    out.print(
        f"{counted(done.good, 'outlet')} {'would be ' if dry_run else ''}imported: {new}, {changes}, "
        f"{done.unchanged:,} unchanged; {refused:,} refused",
        markup=False,
    )
    if done.unverified:
        one = len(done.unverified) == 1
        out.print(
            f"{counted(len(done.unverified), 'outlet')} of the new {'is' if one else 'are'} unverified, and "
            f"{'gets' if one else 'get'} nothing until `fanwire outlets verify ID`",
            markup=False,
        )


@app.command()
def edit(
    outlet: OutletArgument,
    changes: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE…",
            help="What is to change, such as format=html, 'languages=de fr' or limits.in_flight=2; with nothing after "
            "the = the field goes.",
        ),
    ],
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Change the URL of an outlet although its credentials would go there.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Change single fields of an outlet. The new document is checked as by an import, and taken whole or not at all.

    Fields are named as the columns of a CSV file; lists are separated by spaces or semicolons. What is planned for the
    outlet already keeps its format and its languages.
    """
    with writing() as connection:
        done = outlet_acts.edit(connection, outlet, changes, confirmed=confirm, dry_run=dry_run)
    fields, old, new = done.fields, done.old, done.new
    if as_json:
        print_json({"outlet": outlet, "changed": fields, "old": old, "new": new, "dry_run": dry_run})
        return
    print_changes(outlet, fields, old, new, dry_run=dry_run)


@app.command("list")
def list_(
    release: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="The URI of a release: list which outlets get it, in which languages, and which do not, and why.",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="Only outlets that take this language: pt, or pt-BR for that variant alone.",
            parser=checked_by(LanguageTag),
            metavar="<str>",
        ),
    ] = None,
    country: Annotated[
        str | None,
        typer.Option(
            help="Only outlets in this country, such as DE.", parser=checked_by(country_code), metavar="<str>"
        ),
    ] = None,
    circuit: Annotated[str | None, typer.Option(help="Only outlets in this circuit.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only outlets that name this topic, such as 04000000.")] = None,
    status: Annotated[
        Literal["active", "paused", "disabled", "unverified", "removed"] | None,
        typer.Option(help="Only outlets with this status."),
    ] = None,
    form: Annotated[str | None, typer.Option("--format", help="Only outlets with this format, such as ninjs.")] = None,
    transport: Annotated[
        str | None, typer.Option(help="Only outlets whose URL has this scheme, such as https.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Only outlets at this host, or in this domain: bote.example.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List all outlets, or those that all filters fit; with --for, which get a release, and why the others do not."""
    _refuse_unknown(form, offered().formats, "format")
    _refuse_unknown(transport, offered().transports, "transport")
    wanted = OutletFilter(
        language=language, country=country, circuit=circuit, topic=topic, status=status, format=form,
        transport=transport, host=host,
    )  # fmt: skip
    if release is not None:
        _list_for(release, wanted, as_json)
        return
    with reading() as connection:
        everyone = outlet_rows.everyone(connection, removed=status == "removed")
        count = outlet_rows.count(connection)
    found = [outlet for outlet in everyone if wanted.fits(outlet)]
    if as_json:
        print_json([json.loads(outlet.to_json()) | {"status": outlet.status} for outlet in found])
        return
    print_rows(
        ("outlet", "country", "languages", "format", "status", "name"),
        ((o.id, o.country, " ".join(o.languages), o.format, o.status, o.name) for o in found),
    )
    if not wanted.empty:
        of = counted(count, "outlet")
        out.print(f"{len(found):,} removed, beside {of}" if status == "removed" else f"{len(found):,} of {of}")


def _refuse_unknown(value: str | None, known: Collection[str], what: str) -> None:
    """End the command if nothing has the name that a filter asks for."""
    if value is not None and value.lower() not in known:
        raise typer.BadParameter(f"{value!r} is no {what}; the {what}s are {', '.join(sorted(known))}")


def _list_for(uri: str, wanted: OutletFilter, as_json: bool) -> None:
    """As outlets and engines stand now; planning asked the same of outlets when the release came, and what it did not
    choose then does not go out."""
    from tasks import review  # these import translation, and no other command here does
    from tasks.operations import prospects

    with reading() as connection:
        row = find_release(connection, uri)
        found = prospects.prospects(
            connection,
            releases.get(connection, row.id),
            policy=review.policy,
            now=ledger.now(connection),
            texts=counts.texts(connection, row.id),
            planned=counts.planned(connection, row.id),
        )
    chosen = prospects.Prospects([match for match in found.matches if wanted.fits(match.outlet)], {})
    ids = {match.outlet.id for match in chosen.matches}
    chosen.holds.update({key: why for key, why in found.holds.items() if key[0] in ids})
    if as_json:
        print_json(
            {
                "release": row.uri,
                "version": row.version,
                "goes_to": chosen.to_dict(),
                "outlets": audience.as_json(chosen),
            }
        )
        return
    audience.show(chosen)
    out.print()
    audience.show_sums(f"{row.uri} version {row.version}", chosen)


@app.command()
def show(outlet: OutletArgument, as_json: JsonOption = False) -> None:
    """Show one outlet: its document, its last attempts and how many succeeded, and whether it or its host
    rests."""
    with reading() as connection:
        row = acts.find(connection, outlet)
        rest = one_outlet.rest_of(row.id, json.loads(row.document)["url"])
        if as_json:
            print_json(one_outlet.look(connection, row, rest))
        else:
            one_outlet.show(connection, row, rest)


@app.command()
def pause(outlet: OutletArgument, reason: ReasonOption = None, as_json: JsonOption = False) -> None:
    """Send an outlet nothing for now, and keep what it misses. A --reason for one that is paused replaces the old
    reason."""
    with writing() as connection:
        done = acts.pause(connection, outlet, reason)
    _show(done, as_json=as_json)


@app.command()
def disable(outlet: OutletArgument, reason: ReasonOption = None, as_json: JsonOption = False) -> None:
    """Send an outlet nothing until further notice, and keep what it misses. A --reason for one that is disabled
    replaces the old reason.

    It is what the wire itself does with an outlet that answers 410, or whose host has failed for days.
    """
    with writing() as connection:
        done = acts.disable(connection, outlet, reason)
    _show(done, as_json=as_json)


def _show(done: Done, *, as_json: bool) -> None:
    """Say what the status of an outlet is now, and to how many deliveries that did something."""
    if as_json:
        print_json({"outlet": done.outlet, "status": done.status, "deliveries": done.deliveries})
    else:
        out.print(printable(done.words), markup=False)


@app.command()
def remove(outlet: OutletArgument, as_json: JsonOption = False) -> None:
    """Remove an outlet: end what it has not got yet, and never send it anything again, no correction and no kill.

    What it got stays in reports. An import of its document brings it back.
    """
    with writing() as connection:
        done = acts.remove(connection, outlet)
    _show(done, as_json=as_json)
    if not as_json:
        out.print("It gets no corrections and no kills of what it has. An import of its document brings it back.")


@app.command()
def resume(outlet: OutletArgument, as_json: JsonOption = False) -> None:
    """Make a paused or disabled outlet active again, and deliver what was kept for it. If it rests after failures, end
    the rest, and try at once what waits for its next try.

    `fanwire replay --outlet ID --missed` does this too, and sends what ended undelivered as well.
    """
    need_ledger()
    _show(outlet_acts.resume(outlet), as_json=as_json)


@app.command()
def verify(
    outlets: Annotated[list[str], typer.Argument(help="The ids of outlets.")],
    vouch: Annotated[
        str | None,
        typer.Option(help="Ask nothing, and take your word that it is the outlet that is meant: say how you know."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask outlets to show that they are those that are meant, and make those active that were unverified.

    An outlet with an http or https URL is sent a challenge, which it must send back. One that takes files or posts is
    sent a marked test, which must arrive. One with a mailto: URL is sent an e-mail with a link, and is verified when
    somebody has followed it (FANWIRE_WEB_URL). For outlets that fetch nothing can be proved: ask their people, and use
    --vouch. An outlet that is paused or disabled stays so.
    """
    need_ledger()
    found = []
    for outlet in dict.fromkeys(outlets):
        found.append(outlet_acts.verify(outlet, vouch))
        if not as_json:
            out.print(printable(found[-1]["words"]), markup=False)
    if as_json:
        print_json([{name: value for name, value in one.items() if name != "words"} for one in found])
    if not all(one["verified"] or one["asked"] for one in found):
        raise typer.Exit(1)


@app.command()
def hostkey(
    url: Annotated[str, typer.Argument(help="The URL of an SFTP server, such as sftp://files.bote.example.")],
    as_json: JsonOption = False,
) -> None:
    """Print the fingerprint of the key that an SFTP server shows, which `auth.host_key` of an outlet pins.

    Whoever stands between us and the server can show a key of their own: ask the server's people whether it is theirs.
    """
    try:
        key = shown_host_key(url)
    except ValueError as error:
        stop(f"{url} {error}")
    if as_json:
        print_json({"url": url, "host_key": key})
        return
    out.print(key, markup=False)
    err.print("Ask the server's people whether this is their key before you write it into auth.host_key.")


@app.command("test")
def test_(outlet: OutletArgument, as_json: JsonOption = False) -> None:  # noqa: PT028, a command
    """Send an outlet one item that is marked as a test, in its own format, and print the verdict."""
    with reading() as connection:
        row = acts.find(connection, outlet)
    result = marked_test.send_test(Outlet.model_validate_json(row.document))
    if as_json:
        print_json(result)
    else:
        said = f"{outlet}: {result['verdict']} ({result['code']}): {result['detail']}, after {result['seconds']} s"
        out.print(printable(said), markup=False)
        if result["verdict"] not in (Verdict.OURS, Verdict.BLOCKED) and result["code"] not in _NOT_SENT:
            what = f"“{result['headline']}” as {result['format']} in {result['language']}"
            out.print(f"sent: {what}, {result['bytes']:,} bytes", markup=False)
    if result["verdict"] != "delivered":
        raise typer.Exit(1)
