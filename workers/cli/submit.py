"""What sends a release: submit."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tasks.model.readers import Reading, read_fields, read_with_warnings
from tasks.runtime import trust
from workers import authority
from workers.broker import require_broker
from workers.cli import dry_run as dry_runs
from workers.cli.release_status import show_receipt, show_status, status_of
from workers.cli.rows import need_ledger
from workers.cli.screen import JsonOption, stop
from workers.cli.waiting import until_done
from workers.envelope import Receipt
from workers.producer import Producer

app = typer.Typer()


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
    show_receipt(receipt, as_json)
    if not receipt.taken:
        raise typer.Exit(1)
    return receipt


def _with_warnings(receipt: Receipt, read: Reading) -> Receipt:
    """The receipt with the warnings of this command's own reading, for intake was sent what came of that."""
    ours = [vars(warning) for warning in read.warnings] if receipt.taken else []
    new = [warning for warning in ours if warning not in receipt.warnings]
    return replace(receipt, warnings=[*new, *receipt.warnings])
