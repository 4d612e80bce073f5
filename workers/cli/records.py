"""What is kept for people to read: refusals and notices."""

from __future__ import annotations

import typer

from tasks.ledger import notices as notice_rows
from tasks.ledger import refusals as refusal_rows
from tasks.runtime.moments import shown, utc
from workers.cli.rows import reading
from workers.cli.screen import CountOption, JsonOption, out, print_json

app = typer.Typer()


@app.command()
def refusals(count: CountOption = 20, as_json: JsonOption = False) -> None:
    """List what intake refused, and why."""
    with reading() as connection:
        rows = refusal_rows.latest(connection, count)
    for row in rows:
        row["body"] = row["body"].decode("utf-8", "replace")
    if as_json:
        print_json([row | {"received_at": utc(row["received_at"])} for row in rows])
        return
    for row in rows:
        of = f" · {row['uri']}" if row["uri"] else ""
        when = shown(row["received_at"])
        out.print(f"{row['id']} · {when}{of} · {row['bytes']:,} bytes · {row['reason']}", markup=False)


@app.command()
def notices(count: CountOption = 20, as_json: JsonOption = False) -> None:
    """List notices: outlets that are gone, and hosts that have been failing for days."""
    with reading() as connection:
        rows = notice_rows.latest(connection, count)
    if as_json:
        print_json([row | {name: row[name] and utc(row[name]) for name in ("at", "told_at")} for row in rows])
        return
    for row in rows:
        out.print(f"{shown(row['at'])} · {row['kind']} · {row['subject']} · {row['text']}", markup=False)
