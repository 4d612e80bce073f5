"""What is kept for people to read: refusals, notices and the audit table."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from tasks.ledger import audit as audit_rows
from tasks.ledger import outlets
from tasks.model.acts import Act
from tasks.operations import records
from tasks.runtime.foreign_text import printable, printable_lines
from tasks.runtime.moments import shown, utc
from tasks.runtime.seal_key import seal_key
from workers.cli.rows import find_release, reading
from workers.cli.screen import MOMENT_HELP, CountOption, JsonOption, moment, out, print_json, stop
from workers.cli.seals import KeyOption, show_verification, verified

app = typer.Typer()


@app.command()
def refusals(
    count: CountOption = 20,
    body: Annotated[
        bool, typer.Option("--body", help="Also show what was sent; it may be an embargoed text, or anything at all.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List what intake refused, and why.

    What is not signed as it must be shows the URI that it claims to be of, which nobody has checked.
    """
    with reading() as connection:
        rows = records.refusals(connection, count)
    for row in rows:
        sent = row.pop("body")
        if body:
            row["body"] = sent.decode("utf-8", "replace")
    if as_json:
        print_json([row | {"received_at": utc(row["received_at"])} for row in rows])
        return
    if not rows:
        out.print("Nothing was refused.")
    for row in rows:
        of = "".join(f" · {row[name]}" for name in ("uri", "sent_by") if row[name])
        of += f" · claims to be {row['claimed_uri']}" if row["claimed_uri"] else ""
        when = shown(row["received_at"])
        out.print(printable(f"{row['id']} · {when}{of} · {row['bytes']:,} bytes · {row['reason']}"), markup=False)
        if body:
            out.print(printable_lines(row["body"]), markup=False)


@app.command()
def notices(count: CountOption = 20, as_json: JsonOption = False) -> None:
    """List notices: outlets that are gone or refuse everything, wrong credentials, hosts that have been failing.

    A notice stays in the list; it says so if its outlet has taken a delivery since.
    """
    with reading() as connection:
        rows = records.notices(connection, count)
    if as_json:
        moments_of = ("at", "told_at", "delivered_since")
        print_json([row | {name: row[name] and utc(row[name]) for name in moments_of} for row in rows])
        return
    for row in rows:
        since = row["delivered_since"]
        over = f" · the outlet has taken a delivery since, at {shown(since)}" if since else ""
        line = f"{shown(row['at'])} · {row['kind']} · {row['subject']} · {row['text']}{over}"
        out.print(printable(line), markup=False)
    if not rows:
        out.print("There is no notice.")


@app.command()
def audit(
    release: Annotated[str | None, typer.Option(help="Only what was done to this release (its URI).")] = None,
    outlet: Annotated[str | None, typer.Option(help="Only what was done to this outlet.")] = None,
    actor: Annotated[
        str | None,
        typer.Option(help="Only what this user, machine or producer did; a part of the name will do."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(help=f"Only what was done since this moment, {MOMENT_HELP}.", parser=moment, metavar="<moment>"),
    ] = None,
    act: Annotated[str | None, typer.Option(help="Only this act (outlet.change), or all of a kind (outlet).")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to show, the latest first.")] = 50,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Check instead that no audit entry, delivery or attempt was edited after it was sealed."
        ),
    ] = False,
    key: KeyOption = None,
    public_key: Annotated[
        bool, typer.Option("--public-key", help="Print instead the key by which others check seals and reports.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List who did what, when and from where: kills, approvals, embargoes, replays, imports. Nobody can edit these.

    What is final in the ledger is sealed within seconds, in blocks that are signed and follow each other. --verify
    checks all of them, says what holds, and where it is broken first; exit status 1 if it is.
    """
    if public_key:
        sys.stdout.write(f"{seal_key().public}\n")
        return
    if verify:
        show_verification(verified(key or []), as_json)
        return
    at = since.timestamp() if since else None
    wanted = audit_rows.Wanted(uri=release, outlet_id=outlet, actor=actor, act=_known_act(act), since=at)
    with reading() as connection:
        rows = audit_rows.latest(connection, wanted, limit)
        if not rows and outlet and outlets.get(connection, outlet) is None:
            stop(f"There is no outlet {outlet!r}; `fanwire outlets list` lists them.")
        if not rows and release:
            find_release(connection, release)
    if as_json:
        print_json([row | {"at": utc(row["at"])} for row in rows])
        return
    for row in rows:
        out.print(printable(_audit_line(row)), markup=False)
    if not rows:
        out.print("Nothing is on record that fits.")


def _known_act(text: str | None) -> str | None:
    """An act, or a kind of acts; what is neither is wrong usage."""
    kinds = dict.fromkeys(act.partition(".")[0] for act in Act)
    if text is None or text in (*Act, *kinds):
        return text
    if near := get_close_matches(text, [*Act, *kinds], n=1, cutoff=0.7):
        raise typer.BadParameter(f"{text!r} is no act; did you mean {near[0]}?")
    raise typer.BadParameter(f"{text!r} is no act; the acts are {', '.join(Act)}, or all of a kind: {', '.join(kinds)}")


def _audit_line(row: dict[str, Any]) -> str:
    who = f"{row['role']} {row['actor']}" + (f" from {row['origin']}" if row["origin"] else "")
    parts = [shown(row["at"]), who, row["act"], row["subject"]]
    if row["old"] or row["new"]:
        parts.append(" → ".join(json.dumps(value, ensure_ascii=False) for value in (row["old"], row["new"]) if value))
    if row["remark"]:
        parts.append(f"“{row['remark']}”")
    return " · ".join(parts)
