"""What is done with a release: submit, status, report, kill, embargo, replay."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from tasks.ledger import releases
from tasks.media_store.store import archive_store
from tasks.model.readers import Reading, read_fields, read_with_warnings
from tasks.model.states import State
from tasks.operations import embargo as embargoes
from tasks.operations import replay as replays
from tasks.operations import report as reports
from tasks.operations import report_documents, statement
from tasks.operations.outlet_acts import find
from tasks.operations.progress import Wanted
from tasks.operations.retention import archived
from tasks.runtime import moments, trust
from tasks.runtime.errors import Problem
from tasks.runtime.foreign_text import printable
from tasks.runtime.seal_key import seal_key
from tasks.runtime.settings import settings
from workers import authority, outlet_acts, taking
from workers.broker import require_broker
from workers.cli import dry_run as dry_runs
from workers.cli.release_status import (
    in_short,
    show_goes_to,
    show_latest,
    show_particulars,
    show_status,
    status_of,
)
from workers.cli.rows import find_release, need_ledger, reading, writing
from workers.cli.screen import MOMENT_HELP, JsonOption, err, moment, out, print_json, stop
from workers.cli.seals import KeyOption, verify_report
from workers.cli.waiting import until_done
from workers.envelope import Receipt
from workers.producer import Producer

app = typer.Typer()

VersionOption = Annotated[int | None, typer.Option(help="The version of the release; the newest if left out.")]
ReleaseArgument = Annotated[str, typer.Argument(help="The URI of a release.")]


class ReplayState(StrEnum):
    """What can be replayed. An enumeration, for Typer reads no lists of literals."""

    DELIVERED = State.DELIVERED
    REJECTED = State.REJECTED
    EXHAUSTED = State.EXHAUSTED
    CANCELED = State.CANCELED


AnyState = StrEnum("AnyState", {state.name: state.value for state in State})  # type: ignore[misc]
"""Any state of a delivery. An enumeration of its own, for Typer shows the docstrings of others."""


class ReportFormat(StrEnum):
    """What a report can be written as."""

    HTML = "html"
    JSON = "json"
    CSV = "csv"
    PDF = "pdf"


@app.command()
def submit(
    file: Annotated[
        Path,
        typer.Argument(help="A release: JSON, Markdown or HTML with front matter, or ninjs; - for standard input."),
    ],
    translation: Annotated[
        list[Path] | None,
        typer.Option(help="A translation of the release: Markdown or HTML whose front matter names the language."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Return when every delivery is final or held.")] = False,
    wait_timeout: Annotated[
        float | None, typer.Option(help="With --wait: give up after so many seconds, and say what is open.", min=0)
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the receipt.")] = 60,
    revive: Annotated[bool, typer.Option("--revive", help="Publish a release again that was killed.")] = False,
    jump: Annotated[
        bool, typer.Option("--jump", help="Send a version that is far above the newest one (FANWIRE_VERSION_JUMP).")
    ] = False,
    producer: Annotated[
        str | None,
        typer.Option(help="The producer as which the release is signed; FANWIRE_PRODUCER_NAME if left out."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Send nothing: say who would get it, what is missing, and what they read."),
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="With --dry-run: the folder into which each rendition is written.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Send a release and print its receipt.

    With --dry-run nothing is put on the queue or written into the ledger, and what intake would refuse is refused, also
    by the exit status. Texts are then translated by engines of this machine only; what others would translate is not
    shown.
    """
    if output and not dry_run:
        raise typer.BadParameter("--output belongs to --dry-run")
    read = _read(file, translation or [])
    release = read.release
    consent = [word for word, meant in (("jump", jump), ("revive", revive)) if meant]
    if dry_run:
        if not dry_runs.show(read, output, as_json=as_json, producer=producer, consent=consent):
            raise typer.Exit(1)
        return
    if wait:
        need_ledger()
    receipt = _submit(read, timeout, consent, producer, as_json)
    if wait and receipt.taken:
        until_done(release, wait_timeout)
        if not as_json:
            show_status(status_of(release.uri, release.version))


def _read(file: Path, translations: list[Path]) -> Reading:
    """The release in `file`, with translations that stand in files of their own."""
    read = read_with_warnings(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
    texts = {path: read_fields(path.read_bytes()) for path in translations}
    if not texts:
        return read
    document = json.loads(read.release.to_json())
    for path, text in texts.items():
        language = text.pop("language", None)
        if not language:
            stop(f"{path}: the front matter names no 'language'", "language")
        document.setdefault("translations", {})[language] = text
    whole = read_with_warnings(document)
    return Reading(whole.release, [*read.warnings, *whole.warnings])


def _submit(read: Reading, timeout: float, consent: Collection[str], producer: str | None, as_json: bool) -> Receipt:
    name, key = authority.signing_as(producer)
    with Producer(require_broker(), name=name, key=key, ca_file=trust.bundle()) as sender:
        receipt = sender.submit(read.release, timeout=timeout, consent=consent)
    receipt = _with_warnings(receipt, read)
    _print_receipt(receipt, as_json)
    if not receipt.taken:
        raise typer.Exit(1)
    return receipt


def _with_warnings(receipt: Receipt, read: Reading) -> Receipt:
    """The receipt with the warnings of this command's own reading, for intake was sent what came of that."""
    ours = [vars(warning) for warning in read.warnings] if receipt.taken else []
    new = [warning for warning in ours if warning not in receipt.warnings]
    return replace(receipt, warnings=[*new, *receipt.warnings])


def _print_receipt(receipt: Receipt, as_json: bool) -> None:
    if as_json:
        print_json(receipt.to_dict())
    elif receipt.taken:
        out.print(
            f"{receipt.status}: {receipt.uri} version {receipt.version}{in_short(receipt.to_dict())}", markup=False
        )
        show_particulars(receipt.to_dict())
        show_goes_to(receipt.goes_to, kill=receipt.kill)
        for warning in receipt.warnings:
            err.print(f"warning: {_in_words(warning)}", markup=False)
    else:
        for problem in receipt.problems:
            err.print(f"refused: {_in_words(problem)}", markup=False)


def _in_words(problem: dict[str, str | None]) -> str:
    """A problem or a warning of a receipt, from an intake that may be another version's."""
    return printable(str(Problem(str(problem["field"]), str(problem["problem"]), problem.get("example"))))


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


@app.command()
def kill(
    release: ReleaseArgument,
    note: Annotated[str | None, typer.Option(help="The reason, as the outlets read it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a release: cancel what is not out, and send a kill to every outlet that has it or may have it."""
    with writing() as connection:
        releases.one_taker_at_a_time(connection, release)
        newest = releases.get(connection, find_release(connection, release).id)
        receipt = taking.kill(connection, newest, note)
    if receipt.status == "known" and not as_json:
        out.print(f"{newest.name} is already killed", markup=False)
        return
    _print_receipt(receipt, as_json)


@app.command()
def embargo(
    release: ReleaseArgument,
    until: Annotated[
        datetime | None,
        typer.Option(help=f"Hold the release until this moment, {MOMENT_HELP}.", parser=moment, metavar="<moment>"),
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="End the embargo now.")] = False,
) -> None:
    """Move or lift the embargo of a release that has not gone out yet."""
    if lift == (until is not None):
        raise typer.BadParameter("give either --until or --lift")
    with writing() as connection:
        row = find_release(connection, release)
        embargoes.move(connection, row.id, until)
    what = f"is held until {moments.with_utc(until)}" if until else "goes out now"
    out.print(f"{row.uri} version {row.version} {what}", markup=False)


@app.command()
def replay(
    release: Annotated[
        str | None, typer.Option(help="Only deliveries of the newest version of this release (its URI).")
    ] = None,
    outlet: Annotated[str | None, typer.Option(help="Only deliveries to this outlet.")] = None,
    language: Annotated[str | None, typer.Option(help="Only deliveries in this language.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            help=f"Only deliveries that ended since this moment, {MOMENT_HELP}.", parser=moment, metavar="<moment>"
        ),
    ] = None,
    state: Annotated[
        list[ReplayState] | None,
        typer.Option(help="Only deliveries in this state; exhausted, rejected and canceled if left out."),
    ] = None,
    missed: Annotated[
        bool,
        typer.Option(
            "--missed",
            help="With --outlet alone: make the outlet active if it is paused or disabled, send what was kept for it, "
            "and what it could not get before.",
        ),
    ] = False,
) -> None:
    """Make finished deliveries due again: those of a release, of an outlet that was repaired, or a single one.

    A delivery that a correction or a kill has replaced is never replayed; of canceled ones only those that ended
    because their outlet was removed, once an import has brought it back. What was kept for an outlet while it was
    paused or disabled needs no replay: `fanwire outlets resume` sends it.

    --missed does both for an outlet that is well again: it sends what was kept or waits for its next try, what ended as
    exhausted or with the outlet's removal, and what was rejected for the outlet's address or credentials (401, 403,
    404, 407, 410, a redirect, an address that is not allowed). It sends nothing that the outlet has, refused on its
    merits, or that a correction or a kill has replaced.
    """
    if missed:
        if outlet is None or release or language or since or state:
            raise typer.BadParameter("--missed goes with --outlet, and with nothing else")
        need_ledger()
        out.print(printable(outlet_acts.send_missed(outlet).words), markup=False)
        return
    if release is None and outlet is None:
        raise typer.BadParameter("give a --release, an --outlet, or both")
    states = [State(wanted) for wanted in state or replays.USUAL]
    with writing() as connection:
        if outlet:
            find(connection, outlet)
        row = find_release(connection, release) if release else None
        done = replays.replay(connection, row, outlet, states=states, language=language, since=since)
        told = replays.in_words(connection, done, states)
    out.print(printable(told), markup=False)
