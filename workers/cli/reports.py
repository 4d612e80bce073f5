"""What has become of a release: status, report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from tasks.media_store.store import archive_store
from tasks.model.states import State
from tasks.operations import report as reports
from tasks.operations import report_documents, statement
from tasks.operations.progress import Wanted
from tasks.operations.retention import archived
from tasks.runtime import moments
from tasks.runtime.seal_key import seal_key
from tasks.runtime.settings import settings
from workers.cli.release_status import show_latest, show_stall, show_status, status_of
from workers.cli.rows import find_release, reading
from workers.cli.screen import MOMENT_HELP, JsonOption, err, moment, out, print_json
from workers.cli.seals import KeyOption, verify_report

app = typer.Typer()

VersionOption = Annotated[int | None, typer.Option(help="The version of the release; the newest if left out.")]

AnyState = StrEnum("AnyState", {state.name: state.value for state in State})  # type: ignore[misc]
"""Any state of a delivery. An enumeration of its own, for Typer shows the docstrings of others."""


class ReportFormat(StrEnum):
    """What a report can be written as."""

    HTML = "html"
    JSON = "json"
    CSV = "csv"
    PDF = "pdf"


@app.command()
def status(
    release: Annotated[str | None, typer.Argument(help="The URI of a release.")] = None,
    version: VersionOption = None,
    state: Annotated[
        list[AnyState] | None,
        typer.Option(help="List the deliveries in this state; without a release, the releases that have some."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            help="List only deliveries whose last attempt ended since this moment; without a release, only releases "
            f"that were received since; {MOMENT_HELP}.",
            parser=moment,
            metavar="<moment>",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many deliveries or releases to list; 10 and 20 if left out.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far a release is, and which outlets are late and why; without a release, list the latest ones.

    Late is what failed so far or for good. With --state the deliveries in that state are listed in place of the late
    ones.
    """
    wanted = Wanted(
        states=tuple(State(one) for one in state or ()), since=since.timestamp() if since else None, limit=limit
    )
    if release is None:
        show_latest(wanted, as_json=as_json)
        return
    found = status_of(release, version, wanted)
    if as_json:
        print_json(found)
    else:
        show_status(found)
        show_stall()


@app.command()
def report(
    release: Annotated[str | None, typer.Argument(help="The URI of the release.", show_default=False)] = None,
    version: VersionOption = None,
    format: Annotated[
        ReportFormat | None,
        typer.Option(help="The format, if the name of --output does not say it; html for standard output."),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="The file to write; - or left out: standard output.")] = None,
    verify: Annotated[
        Path | None,
        typer.Option(
            help="Check instead that this report was not edited since it was made, and the ledger, where it is here.",
            metavar="<file>",
        ),
    ] = None,
    key: KeyOption = None,
) -> None:
    """Write the report of a release: which outlets have it and since when, which do not, and why. Of a release that is
    archived it is made of the archive file.

    A report has a signed statement, by which whoever has the file can check that it was not edited (--verify). HTML and
    JSON have it within; CSV and PDF have it beside them, in a file whose name ends in .statement.json.
    """
    if verify:
        if release:
            raise typer.BadParameter("--verify goes with a file, and not with a release")
        verify_report(verify, key or [])
        return
    if release is None:
        raise typer.BadParameter("name a release, or a report with --verify")
    output = None if output == Path("-") else output
    wanted = _report_format(format, output)
    with reading() as connection:
        row = find_release(connection, release, version)
        with archived.where_it_is(connection, row.uri, archive_store) as (source, archive):
            found = reports.report(source, row.id, seals_in=connection)
            if archive is not None:
                at = moments.shown(archive.archived_at)
                err.print(f"{row.uri} is archived: this is how it stood at {at}, by {archive.name}", markup=False)
            _write_report(found, wanted, output)


def _write_report(found: reports.Report, wanted: ReportFormat, output: Path | None) -> None:
    """Write the report piece by piece, and beside it the statement of one that cannot have it within.

    The first piece is made before the file is opened: where that fails, a file of before stays as it is.
    """
    rest = _report_pieces(found, wanted)
    pieces = chain([next(rest, b"")], rest)
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    digest = sha256()
    with output.open("wb") as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
    if wanted in (ReportFormat.CSV, ReportFormat.PDF):
        said = statement.statement(found, digest.hexdigest(), wanted, seal_key())
        Path(f"{output}{statement.SUFFIX}").write_text(said + "\n")
    out.print(str(output), markup=False)


def _report_pieces(found: reports.Report, wanted: ReportFormat) -> Iterator[bytes]:
    """The report in a format, piece by piece."""
    if wanted is ReportFormat.PDF:
        yield report_documents.as_pdf(found, settings().wire_name)
    else:
        pieces = report_documents.written(found, wanted, settings().wire_name, seal_key())
        yield from (piece.encode() for piece in pieces)


def _report_format(format: ReportFormat | None, output: Path | None) -> ReportFormat:
    """What --format and the name of the file say; they must not contradict each other."""
    suffixes = {f".{each}": each for each in ReportFormat} | {".htm": ReportFormat.HTML}
    by_name = suffixes.get(output.suffix.lower()) if output else None
    if format and by_name and format != by_name:
        raise typer.BadParameter(f"--format {format} does not fit a file named {output}")
    if output and not format and not by_name:
        raise typer.BadParameter(f"{output} is not named .html, .json, .csv or .pdf; name the format with --format")
    return format or by_name or ReportFormat.HTML
