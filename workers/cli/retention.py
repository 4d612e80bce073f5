"""`fanwire retention …`: what the wire keeps for how long, what goes next, and what comes back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tasks import ledger
from tasks.ledger import archive_rows, sqlite_space
from tasks.media_store.store import archive_store, configured_store
from tasks.model.retention_policy import AllDays, RetentionPolicy, read_retention_policy
from tasks.operations.retention import archived, legal_holds, retention_run
from tasks.operations.retention.outlook import Outlook, outlook, standing
from tasks.operations.retention.pace import Pace
from tasks.runtime import moments
from tasks.runtime.foreign_text import printable
from tasks.runtime.settings import settings
from workers.cli.rows import find_release, need_ledger, reading, writing
from workers.cli.screen import JsonOption, ReleaseArgument, counted, out, print_json, print_rows

app = typer.Typer(
    no_args_is_help=True,
    help="Say what the wire keeps for how long, take what it no longer keeps, and bring back what is archived.",
)
LONGEST_RUN = 24 * 3600.0


@app.command()
def show(as_json: JsonOption = False) -> None:
    """Show for how many days what is kept, which releases legal holds name, and what is in archive files."""
    policy = _policy()
    need_ledger()
    found: dict[str, Any] = {
        "file": settings().retention_file and str(settings().retention_file),
        "policy": _written(policy),
    }
    found |= {"archive_url": settings().archive_url} | standing()
    if as_json:
        print_json(found)
        return
    out.print(f"days, by {found['file'] or 'the defaults (FANWIRE_RETENTION_FILE names no file)'}:", markup=False)
    print_rows(("  what", "days"), [(f"  {name}", f"{getattr(policy.days, name):,}") for name in AllDays.model_fields])
    for customer in policy.customers:
        days = ", ".join(f"{name} {days:,}" for name, days in customer.days.model_dump(exclude_none=True).items())
        named = (("producer", customer.producer), ("issuer", customer.issuer))
        who = " and ".join(f"{kind} {name}" for kind, name in named if name)
        out.print(printable(f"{who}: {days or 'as all others'}"), markup=False)
    for hold in found["legal_holds"]:
        why = f"{hold['reason']} ({hold['by']})"
        out.print(printable(f"legal hold: {hold['release']} since {hold['since']}, {why}"), markup=False)
    files = found["archive"]
    out.print(
        f"archive: {counted(files['releases'], 'release')} with {counted(files['deliveries'], 'delivery')}, "
        f"{files['bytes'] / 1e6:,.1f} MB, in {found['archive_url'] or settings().home / 'archive'}",
        markup=False,
    )
    if size := found.get("ledger"):
        gives = "" if size["gives_space_back"] else "; it gives none back before `fanwire retention compact`"
        out.print(f"ledger: {size['bytes'] / 1e6:,.1f} MB, {size['free_bytes'] / 1e6:,.1f} MB of it free{gives}")


@app.command()
def plan(
    in_days: Annotated[int, typer.Option(min=0, help="As if it were so many days later.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Say what would go now, how much and why the rest stays; changes nothing."""
    policy = _policy()
    need_ledger()
    found = outlook(policy, days_ahead=in_days, address_days=settings().media_days)
    if as_json:
        print_json(found.to_dict())
    else:
        _show_outlook(found)


def _show_outlook(found: Outlook) -> None:
    rows = [
        (line.kind, f"{line.days:,}", f"{line.releases:,}", f"{line.rows:,}", line.next_at or "—")
        for line in found.lines
    ]
    print_rows(("what", "days", "releases", "rows now", "next from"), rows)
    for kind, count in found.others.items():
        out.print(f"{kind}: {count:,}", markup=False)
    for why, count in found.kept.items():
        out.print(f"{counted(count, 'release')} past their days stay: {why}", markup=False)


@app.command()
def run(as_json: JsonOption = False) -> None:
    """Take at once what the workers would take in the course of time: to the end, and while deliveries are due in
    small bulks only."""
    policy = _policy()
    need_ledger()
    pace = Pace(LONGEST_RUN, yields=False)
    done = retention_run.run(
        policy,
        archive=archive_store(),
        media=configured_store(),
        pace=pace,
        address_days=settings().media_days,
    )
    if as_json:
        print_json(
            {
                "taken": {kind: n for kind, n in done.taken.items() if n},
                "kept": {kind.value: n for kind, n in done.kept.items()},
                "longest_lock_ms": round(done.longest_lock * 1000, 1),
                "waited_seconds": round(pace.waited, 1),
            }
        )
        return
    out.print(str(done), markup=False)
    for why, count in done.kept.items():
        out.print(f"{counted(count, 'release')} past their days stay: {why}", markup=False)


@app.command()
def hold(
    release: ReleaseArgument,
    reason: Annotated[str, typer.Option(help="Why, such as the number of a case; the audit table has it.")],
) -> None:
    """Put a legal hold on a release: retention takes nothing of it, whatever its age, until it is ended."""
    with writing() as connection:
        row = find_release(connection, release)
        legal_holds.put(connection, row.uri, row.version, reason)
        away = archive_rows.away(connection, row.uri)
    out.print(f"nothing is taken of {row.uri} from now on", markup=False)
    if away is not None:
        out.print(f"its deliveries are only in {away.name} already; `fanwire retention restore` brings them back")


@app.command()
def unhold(release: ReleaseArgument) -> None:
    """End the legal hold of a release."""
    with writing() as connection:
        row = find_release(connection, release)
        legal_holds.end(connection, row.uri, row.version)
    out.print(f"{row.uri} is kept for the days of all others again", markup=False)


@app.command()
def restore(release: ReleaseArgument) -> None:
    """Bring the deliveries of an archived release back into the ledger, so that it can be corrected or killed. They go
    again after a week."""
    with writing() as connection:
        row = find_release(connection, release)
        count = archived.restore(connection, row.uri, archive_store(), ledger.now(connection))
    out.print(f"{row.uri}: {counted(count, 'delivery')} in the ledger again", markup=False)


@app.command()
def archives(
    count: Annotated[int, typer.Option("--count", min=1, help="How many to show, the latest first.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the archive files that were written last."""
    with reading() as connection:
        rows = [
            {"release": row.uri, "newest_version": row.newest, "deliveries": row.deliveries, "file": row.name}
            | {"sha256": row.sha256, "bytes": row.bytes, "archived_at": moments.utc(row.archived_at)}
            for row in archive_rows.latest(connection, count)
        ]
    if as_json:
        print_json(rows)
        return
    lines = [(row["release"], f"{row['deliveries']:,}", row["archived_at"], row["file"]) for row in rows]
    print_rows(("release", "deliveries", "archived", "file"), lines)


@app.command()
def compact() -> None:
    """Write the file of a SQLite ledger anew, without what is free in it; from then on it gives space back by itself.

    Nobody else can write meanwhile, about 10 s for each gigabyte: stop the wire first, or do it in a quiet hour. The
    disk needs as much room again as the ledger takes.
    """
    need_ledger()
    before, after = sqlite_space.compact(ledger.sql_engine())
    out.print(f"{before / 1e6:,.1f} MB before, {after / 1e6:,.1f} MB now", markup=False)


def _policy() -> RetentionPolicy:
    return read_retention_policy(settings().retention_file)


def _written(policy: RetentionPolicy) -> dict[str, Any]:
    return policy.model_dump(mode="json", exclude_none=True)
