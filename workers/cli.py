"""`fanwire`: what operations and producers type. Exit status 0 done, 1 refused or failed, 2 wrong usage."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError

from tasks import embargo as embargoes
from tasks import ledger
from tasks import report as reports
from tasks.documents import Document, DocumentRefused
from tasks.ledger import counts, deliveries, releases
from tasks.ledger import notices as notice_rows
from tasks.ledger import outlets as outlet_rows
from tasks.outlet import Outlet, read_outlets
from tasks.release import Release, read_front_matter, read_release
from tasks.settings import settings
from tasks.states import Hold, State
from workers import doctor as checks
from workers import health as process_health
from workers import stack
from workers.broker import broker_url
from workers.envelope import Receipt
from workers.producer import NoReceipt, Producer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Fanwire, a press-release wire.")
outlets_app = typer.Typer(no_args_is_help=True, help="The configured receivers.")
app.add_typer(outlets_app, name="outlets")

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


class ReplayState(StrEnum):
    """What can be replayed. An enumeration, for Typer reads no lists of literals."""

    DELIVERED = State.DELIVERED
    REJECTED = State.REJECTED
    EXHAUSTED = State.EXHAUSTED


JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PROGRESS_EVERY = 0.5


def main() -> None:
    """The entry point: refusals and a missing ledger become a message, not a traceback."""
    try:
        app()
    except DocumentRefused as refusal:
        _fail(refusal)
    except OperationalError as error:
        told = str(error.orig).splitlines()[0]
        hint = "; run `fanwire up` once, which makes it" if "no such table" in told else ""
        err.print(f"The ledger ({ledger.safe_ledger_url()}) says: {told}{hint}", markup=False)
        sys.exit(1)


def _fail(refusal: DocumentRefused) -> NoReturn:
    err.print(f"{refusal.what} refused:", markup=False)
    for problem in refusal.problems:
        err.print(f"  {problem}", markup=False)
    sys.exit(1)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


@app.command()
def up() -> None:
    """Run the whole stack in the foreground; SIGTERM or Ctrl-C ends it all."""
    stack.up()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def worker(
    context: typer.Context,
    name: Annotated[Literal["intake", "prepare", "deliver", "flower"], typer.Argument()],
) -> None:
    """Run one process of the stack in the foreground; more options go to Celery, such as --concurrency 8."""
    stack.run(name, *context.args)


@app.command()
def migrate(
    wait: Annotated[float, typer.Option(help="Seconds to wait for a ledger that is not there yet.")] = 0,
) -> None:
    """Bring the ledger to this version's tables; safe to repeat, and from several machines at once."""
    until = time.monotonic() + wait
    while True:
        try:
            ledger.upgrade()
            break
        except OperationalError as error:
            if time.monotonic() > until:
                raise
            err.print(f"waiting for the ledger: {str(error.orig).splitlines()[0]}", markup=False)
            time.sleep(PROGRESS_EVERY * 2)
    out.print(f"{ledger.safe_ledger_url()} has this version's tables", markup=False)


@app.command()
def health(
    name: Annotated[Literal["intake", "prepare", "deliver", "flower"], typer.Argument()],
    max_age: Annotated[float, typer.Option(help="Seconds since a worker's last heartbeat.")] = process_health.MAX_AGE,
) -> None:
    """Whether a process on this machine is well; `python -m workers.health` says the same in a fiftieth of the time."""
    if told := process_health.problem(name, max_age):
        err.print(told, markup=False)
        sys.exit(1)
    out.print(f"{name} is well", markup=False)


# --- releases


@app.command()
def submit(
    file: Annotated[
        Path, typer.Argument(help="JSON, Markdown or HTML with front matter, or ninjs; - for standard input")
    ],
    translation: Annotated[
        list[Path] | None, typer.Option(help="A translation: Markdown or HTML whose front matter names the language")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Return once no delivery is due or claimed any more.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the receipt.")] = 60,
    as_json: JsonOption = False,
) -> None:
    """Send a release and print its receipt."""
    release = _read(file, translation or [])
    receipt = _submit(release, timeout, as_json)
    if wait and receipt.taken:
        _wait(release, quiet=as_json)
        if not as_json:
            _print_status(_status(release.uri, release.version))


def _read(file: Path, translations: list[Path]) -> Release:
    """The release in `file`, with translations that stand in files of their own."""
    try:
        release = read_release(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
        texts = {path: read_front_matter(path.read_bytes()) for path in translations}
    except OSError as error:
        err.print(f"{error.filename}: {error.strerror}", markup=False)
        sys.exit(1)
    if not texts:
        return release
    document = json.loads(release.to_json())
    for path, text in texts.items():
        language = text.pop("language", None)
        if not language:
            err.print(f"{path}: the front matter names no 'language'", markup=False)
            sys.exit(1)
        document.setdefault("translations", {})[language] = text
    return read_release(document)


def _submit(release: Release, timeout: float, as_json: bool) -> Receipt:
    try:
        with Producer(broker_url()) as producer:
            receipt = producer.submit(release, timeout=timeout)
    except NoReceipt as error:
        err.print(str(error), markup=False)
        sys.exit(1)
    if as_json:
        _print_json(receipt.to_dict())
    elif receipt.taken:
        out.print(f"{receipt.status}: {receipt.uri} version {receipt.version}", markup=False)
    if not receipt.taken:
        for problem in receipt.problems:
            err.print(f"refused: {problem['field']}: {problem['problem']}", markup=False)
        sys.exit(1)
    return receipt


def _wait(release: Release, *, quiet: bool) -> None:
    """Until the release is planned, what can be made is made, and nothing is due or claimed."""
    with err.status("waiting for planning …") as line:
        while True:
            with ledger.read() as book:
                row = releases.find(book, release.uri, release.version)
                busy, told = True, {}
                if row is not None and row.planned_at is not None:
                    busy = bool(counts.unfinished(book, row.id) or counts.in_the_making(book, row.id))
                    told = {} if quiet else counts.total(counts.states(book, row.id))
            if not busy:
                return
            line.update(", ".join(f"{n} {state}" for state, n in sorted(told.items())) or "waiting for planning …")
            time.sleep(PROGRESS_EVERY)


@app.command()
def status(
    release: Annotated[str | None, typer.Argument(help="URI of a release")] = None,
    version: int | None = None,
    as_json: JsonOption = False,
) -> None:
    """How far a release is; without one, the latest releases."""
    if release is None:
        _print_latest(as_json)
        return
    found = _status(release, version)
    if as_json:
        _print_json(found)
    else:
        _print_status(found)


def _status(uri: str, version: int | None) -> dict[str, Any]:
    with ledger.read() as book:
        row = _find(book, uri, version)
        languages = counts.states(book, row.id)
        return {
            "release": row.uri,
            "version": row.version,
            "states": counts.total(languages),
            "languages": languages,
            "held": counts.holds(book, row.id),
        }


def _find(book: Any, uri: str, version: int | None = None) -> Any:
    row = releases.find(book, uri, version)
    if row is None:
        which = f"{uri} version {version}" if version else uri
        err.print(f"The ledger has no release {which}; `fanwire status` lists those it has.", markup=False)
        sys.exit(1)
    return row


def _print_status(found: dict[str, Any]) -> None:
    states = sorted(found["states"])
    table = Table("language", *states, title=f"{found['release']} version {found['version']}", title_justify="left")
    for language, counted in found["languages"].items():
        table.add_row(language, *(str(counted.get(state, "")) for state in states))
    table.add_row("all", *(str(found["states"][state]) for state in states), style="bold")
    out.print(table)
    for hold in found["held"]:
        detail = f" ({hold['detail']})" if hold["detail"] else ""
        out.print(f"held: {hold['n']} in {hold['language']} for {hold['reason']}{detail}", markup=False)


def _print_latest(as_json: bool) -> None:
    with ledger.read() as book:
        rows = [
            {"release": row.uri, "version": row.version, "states": counts.total(counts.states(book, row.id))}
            for row in releases.latest(book, 20)
        ]
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        told = ", ".join(f"{n} {state}" for state, n in sorted(row["states"].items())) or "not planned yet"
        out.print(f"{row['release']} version {row['version']}: {told}", markup=False)


@app.command()
def report(
    release: str,
    version: int | None = None,
    format: Annotated[Literal["html", "json", "csv"], typer.Option()] = "html",
    output: Annotated[Path | None, typer.Option(help="File to write; none: standard output")] = None,
) -> None:
    """Who has a release, who not and why, and when."""
    with ledger.read() as book:
        found = reports.report(book, _find(book, release, version).id)
    make = {"json": reports.as_json, "csv": reports.as_csv}
    text = make[format](found) if format in make else reports.as_html(found, settings().wire_name)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, "utf-8")
        out.print(str(output), markup=False)
    else:
        sys.stdout.write(text)


@app.command()
def kill(
    release: str,
    note: Annotated[str | None, typer.Option(help="Why, for the outlets")] = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a release: stop what is not out, and tell everyone who got or may have got it."""
    with ledger.read() as book:
        newest = releases.get(book, _find(book, release).id)
    if newest.status == "canceled":
        out.print(f"{newest.name} is a kill already", markup=False)
        return
    killed = newest.model_copy(
        update={"version": newest.version + 1, "status": "canceled", "correction_note": note, "body_html": None,
                "translations": {}, "embargo_until": None, "urgency": 1}
    )  # fmt: skip
    _submit(killed, 60, as_json)


@app.command()
def refusals(count: int = 20, as_json: JsonOption = False) -> None:
    """What intake could not take, and why."""
    with ledger.read() as book:
        rows = counts.refused(book, count)
    for row in rows:
        row["body"] = row["body"].decode("utf-8", "replace")
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        when = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(row["received_at"]))
        out.print(f"{row['id']} · {when} · {row['bytes']:,} bytes · {row['reason']}", markup=False)


@app.command()
def replay(
    release: Annotated[
        str | None, typer.Option(help="URI: only deliveries of this release (its newest version)")
    ] = None,
    outlet: Annotated[str | None, typer.Option(help="Only deliveries to this outlet")] = None,
    language: Annotated[str | None, typer.Option(help="Only deliveries in this language")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only what ended since then (UTC)")] = None,
    state: Annotated[list[ReplayState] | None, typer.Option(help="exhausted and rejected by default")] = None,
) -> None:
    """Make finished deliveries due again: of a release, of an outlet that was repaired, or a single one.

    A delivery that a correction or kill has replaced is never replayed. What an outlet missed while it was paused or
    disabled is kept anyway: `fanwire outlets resume` lets it go.
    """
    if release is None and outlet is None:
        raise typer.BadParameter("name a --release, an --outlet, or both")
    if outlet:
        _outlet_row(outlet)
    states = [State(wanted) for wanted in state or ("exhausted", "rejected")]
    with ledger.write() as book:
        count = deliveries.replay(
            book,
            ledger.now(book),
            states=states,
            release_id=_find(book, release).id if release else None,
            outlet_id=outlet,
            language=language,
            since=since.replace(tzinfo=UTC).timestamp() if since else None,
        )
    out.print(f"{count} deliveries are due again", markup=False)


@app.command()
def embargo(
    release: str,
    until: Annotated[datetime | None, typer.Option(help="Hold it until then (UTC)")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Let it go now.")] = False,
) -> None:
    """Move or lift the embargo of a release that has not gone out yet."""
    if lift == (until is not None):
        raise typer.BadParameter("say either --until or --lift")
    with ledger.write() as book:
        row = _find(book, release)
        embargoes.move(book, row.id, until.replace(tzinfo=UTC) if until else None)
    told = f"is held until {until.isoformat()}Z" if until else "goes out now"
    out.print(f"{row.uri} version {row.version} {told}", markup=False)


@app.command()
def notices(count: int = 20, as_json: JsonOption = False) -> None:
    """What somebody should be told: outlets that are gone, hosts that have been failing for days."""
    with ledger.read() as book:
        rows = notice_rows.latest(book, count)
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        when = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(row["at"]))
        out.print(f"{when} · {row['kind']} · {row['subject']} · {row['text']}", markup=False)


@app.command()
def schema(document: Annotated[Literal["release", "outlet"], typer.Argument()]) -> None:
    """Print the JSON Schema of a document."""
    models: dict[str, type[Document]] = {"release": Release, "outlet": Outlet}
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | models[document].model_json_schema()
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Check the configuration, the broker and the ledger, and say what is unsafe."""
    findings = checks.examine()
    if as_json:
        _print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            out.print(f"{finding.level:<7} {finding.what}", markup=False)
    if any(finding.level == "unsafe" for finding in findings):
        sys.exit(1)


# --- outlets


@outlets_app.command("import")
def outlets_import(
    file: Path,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Import the good rows although some are bad.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import a file of outlets (YAML, JSON or CSV): all of it, or nothing."""
    found = read_outlets(file)
    for where, refusal in found.refused:
        for problem in refusal.problems:
            err.print(f"{file.name}, {where}, {refusal.what}: {problem}", markup=False)
    written = 0
    if not found.refused or skip_bad:
        with ledger.write() as book:
            written = outlet_rows.put(book, found.outlets, ledger.now(book))
    result = {"imported": written, "refused": len(found.refused)}
    if as_json:
        _print_json(result)
    else:
        out.print(f"{written} outlets imported, {len(found.refused)} refused", markup=False)
        if found.refused and not skip_bad:
            out.print("Nothing was imported: mend these rows, or use --skip-bad.", markup=False)
    if found.refused:
        sys.exit(1)


@outlets_app.command("list")
def outlets_list(as_json: JsonOption = False) -> None:
    """All outlets."""
    with ledger.read() as book:
        everyone = outlet_rows.everyone(book)
    if as_json:
        _print_json([json.loads(outlet.to_json()) | {"status": outlet.status} for outlet in everyone])
        return
    for outlet in everyone:
        out.print(
            " · ".join(
                (outlet.id, outlet.name, outlet.country, " ".join(outlet.languages), outlet.format, outlet.status)
            ),
            markup=False,
        )


@outlets_app.command("show")
def outlets_show(outlet: str) -> None:
    """One outlet, as JSON."""
    row = _outlet_row(outlet)
    _print_json(json.loads(row.document) | {"status": row.status, "status_reason": row.status_reason})


@outlets_app.command("pause")
def outlets_pause(outlet: str) -> None:
    """Send an outlet nothing for now; what it misses is kept."""
    _outlet_row(outlet)
    with ledger.write() as book:
        outlet_rows.set_status(book, [outlet], "paused", "paused by operations", ledger.now(book))
        kept = deliveries.hold_for_status(book, [outlet], Hold.PAUSED)
    out.print(f"{outlet} is paused; {kept} deliveries are kept for it", markup=False)


@outlets_app.command("resume")
def outlets_resume(outlet: str) -> None:
    """Make a paused or disabled outlet active again and deliver what was kept for it."""
    _outlet_row(outlet)
    with ledger.write() as book:
        outlet_rows.set_status(book, [outlet], "active", None, ledger.now(book))
        due = deliveries.resume(book, [outlet], ledger.now(book))
    out.print(f"{outlet} is active; {due} deliveries are due now", markup=False)


@outlets_app.command("test")
def outlets_test(outlet: str, as_json: JsonOption = False) -> None:
    """Send an outlet a test delivery, marked as such, and say what came of it."""
    row = _outlet_row(outlet)
    told = checks.test_outlet(Outlet.model_validate_json(row.document))
    if as_json:
        _print_json(told)
    else:
        out.print(f"{outlet}: {told['verdict']}: {told['detail']} after {told['seconds']} s", markup=False)
    if told["verdict"] != "delivered":
        sys.exit(1)


def _outlet_row(outlet: str) -> Any:
    with ledger.read() as book:
        row = outlet_rows.get(book, outlet)
    if row is None:
        err.print(f"There is no outlet {outlet!r}; `fanwire outlets list` lists them.", markup=False)
        sys.exit(1)
    return row


if __name__ == "__main__":
    main()
