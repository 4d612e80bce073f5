"""`fanwire backup`, `fanwire restore`, `fanwire restored …`: a copy of the wire, and what follows from going back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tasks.ledger.deliveries import after_restore
from tasks.operations import restored_ledger
from tasks.runtime import moments
from tasks.runtime.settings import settings
from workers import backups
from workers.cli.rows import find_release, need_ledger, reading, writing
from workers.cli.screen import JsonOption, counted, out, print_json, print_rows

app = typer.Typer()
restored_app = typer.Typer(
    no_args_is_help=True,
    help="Decide what becomes of deliveries that may have left after the backup from which the ledger was restored.",
)
ReleaseOption = Annotated[str | None, typer.Option(help="Only deliveries of this release (its URI); all if left out.")]


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The tar file to write. It holds secrets and embargoed texts.")],
    with_files: Annotated[
        bool, typer.Option("--with-files", help="Also the stores of media and archives, if they are under the home.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Back up a ledger on SQLite with the keys of the home, while workers go on."""
    need_ledger()
    found = backups.back_up(file, with_files=with_files)
    if as_json:
        print_json(vars(found) | {"at": moments.utc(found.at), "file": str(file)})
    else:
        out.print(f"{file}: the ledger as of {moments.shown(found.at)}, {found.bytes / 1e6:,.1f} MB", markup=False)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `fanwire backup` wrote.")], as_json: JsonOption = False
) -> None:
    """Go back to a backup. What was open then may have been delivered since, so it waits for `fanwire restored`."""
    done = backups.restore(file)
    if as_json:
        print_json({"backup_at": moments.utc(done.backup.at), "held": done.held, "aside": done.aside})
        return
    at = moments.shown(done.backup.at)
    out.print(f"the ledger is that of {at}; what was there before has names that end in {done.aside}", markup=False)
    _show_next(done.held)


def _show_next(held: int) -> None:
    if not held:
        out.print("no delivery was open then")
        return
    out.print(f"{counted(held, 'delivery')} may have left since, and wait until somebody decides:")
    logs = f"{settings().home / 'log' / 'deliver.log'}*"
    out.print(
        f"  fanwire restored confirm {logs}   # those that the logs know to be delivered", markup=False, soft_wrap=True
    )
    out.print(
        f"  fanwire restored send {' ' * (len(logs) + 3)}   # the rest once more, with the same keys", soft_wrap=True
    )


@restored_app.command()
def hold() -> None:
    """Hold what is open in a ledger that was just restored by other means, such as pg_restore, before any worker
    starts. The last seal that this machine has kept is put aside: the ledger may not have it."""
    with writing() as connection:
        held = restored_ledger.hold_open(connection, None)
    backups.put_head_aside()
    _show_next(held)


@restored_app.command("list")
def list_undecided(as_json: JsonOption = False) -> None:
    """List how many deliveries of which release wait for a decision."""
    with reading() as connection:
        rows = after_restore.count_undecided(connection)
    if as_json:
        print_json([{"release": uri, "version": version, "deliveries": n} for uri, version, n in rows])
    elif rows:
        print_rows(("release", "version", "deliveries"), [(uri, str(version), f"{n:,}") for uri, version, n in rows])
    else:
        out.print("No delivery waits for a decision.")


@restored_app.command()
def confirm(
    files: Annotated[
        list[Path], typer.Argument(help="Logs of workers that deliver, or lists of idempotency keys, one a line.")
    ],
) -> None:
    """End what these files say was delivered as delivered: it is not sent again."""
    for file in files:
        with file.open("rb") as lines, writing() as connection:
            found = restored_ledger.confirm(connection, lines)
        said = f"says that {counted(found.said, 'delivery')} arrived; {found.confirmed:,} of those waited"
        out.print(f"{file} {said}", markup=False)


@restored_app.command()
def send(release: ReleaseOption = None) -> None:
    """Send what still waits for a decision. Outlets that have it know it by its Idempotency-Key, which is the same."""
    with writing() as connection:
        uri = find_release(connection, release).uri if release else None
        count = restored_ledger.send(connection, uri)
    out.print(f"{counted(count, 'delivery')} go on as if just planned", markup=False)


@restored_app.command()
def drop(release: ReleaseOption = None) -> None:
    """Let what still waits for a decision end as canceled; it is not sent."""
    with writing() as connection:
        uri = find_release(connection, release).uri if release else None
        count = restored_ledger.drop(connection, uri)
    out.print(f"{counted(count, 'delivery')} ended as canceled", markup=False)
