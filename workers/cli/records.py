"""What is kept for people to read: refusals and notices."""

from __future__ import annotations

import typer

from tasks.ledger import notices as notice_rows
from tasks.ledger import refusals as refusal_rows
from workers.cli.rows import reading
from workers.cli.screen import CountOption, JsonOption, moment, out, print_json

app = typer.Typer()


@app.command()
def refusals(count: CountOption = 20, as_json: JsonOption = False) -> None:
    """List what intake refused, and why."""
    with reading() as connection:
        rows = refusal_rows.latest(connection, count)
    for row in rows:
        row["body"] = row["body"].decode("utf-8", "replace")
        row["received_at"] = moment(row["received_at"])
    if as_json:
        print_json(rows)
        return
    for row in rows:
        of = f" · {row['uri']}" if row["uri"] else ""
        out.print(f"{row['id']} · {row['received_at']}{of} · {row['bytes']:,} bytes · {row['reason']}", markup=False)


@app.command()
def notices(count: CountOption = 20, as_json: JsonOption = False) -> None:
    """List notices: outlets that are gone, and hosts that have been failing for days."""
    with reading() as connection:
        rows = notice_rows.latest(connection, count)
    for row in rows:
        for name in ("at", "told_at"):
            row[name] = None if row[name] is None else moment(row[name])
    if as_json:
        print_json(rows)
        return
    for row in rows:
        out.print(f"{row['at']} · {row['kind']} · {row['subject']} · {row['text']}", markup=False)
