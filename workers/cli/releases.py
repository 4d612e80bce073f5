"""What is changed of a release that was sent: kill, embargo, replay."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from tasks.ledger import releases
from tasks.model.states import State
from tasks.operations import embargo as embargoes
from tasks.operations import replay as replays
from tasks.operations.outlet_acts import find
from tasks.runtime import moments
from tasks.runtime.foreign_text import printable
from workers import outlet_acts, taking
from workers.cli.release_status import show_receipt
from workers.cli.rows import find_release, need_ledger, writing
from workers.cli.screen import MOMENT_HELP, JsonOption, ReleaseArgument, moment, out

app = typer.Typer()


class ReplayState(StrEnum):
    """What can be replayed. An enumeration, for Typer reads no lists of literals."""

    DELIVERED = State.DELIVERED
    REJECTED = State.REJECTED
    EXHAUSTED = State.EXHAUSTED
    CANCELED = State.CANCELED


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
    show_receipt(receipt, as_json)


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
