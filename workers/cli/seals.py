"""Checks of what is sealed, and of reports, for `fanwire audit --verify` and `fanwire report --verify FILE`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from tasks.ledger import seals
from tasks.operations import chain, statement
from tasks.operations.chain import Anchor, Verification
from tasks.runtime.counting import counted
from tasks.runtime.foreign_text import printable
from tasks.runtime.seal_key import head_file, is_public_key, seal_key
from workers import home
from workers.cli.rows import reading
from workers.cli.screen import out, print_json

SHOWN = 20
"""Faults that are listed."""


def _public_key(text: str) -> str:
    if not is_public_key(text):
        raise typer.BadParameter("a public key is 44 characters of base64; `fanwire audit --public-key` prints it")
    return text


KeyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        help="With --verify: a public key that may have signed; may be repeated. The wire's own if left out.",
        parser=_public_key,
        metavar="<public key>",
    ),
]


def verified(keys: Collection[str], anchors: Collection[Anchor] = ()) -> Verification:
    """Check the whole ledger; `keys`: the public keys that may have signed, if not only the wire's own."""
    with reading() as connection:
        seals.keep_view(connection)
        return chain.verify(connection, keys or [seal_key().public], [*anchors, *_head()])


def _head() -> list[Anchor]:
    """The last seal that this machine has made, if it has made any."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(head_file().read_text())
        return [Anchor(int(kept["seal"]), str(kept["hash"]), str(head_file()))]
    return []


def show_verification(found: Verification, as_json: bool) -> None:
    """Say what was checked, what holds, and what is broken; exit status 1 if anything is."""
    if as_json:
        print_json(asdict(found) | {"keys": sorted(found.keys), "holds": found.holds})
    else:
        for line in lines(found):
            out.print(printable(line), markup=False)
    if not found.holds:
        raise typer.Exit(1)


def lines(found: Verification) -> list[str]:
    """What was checked in words, and what is broken."""
    if not found.seals and found.holds:
        return ["Nothing is sealed yet: workers do it, seconds after something is final."]
    told = [
        f"{counted(found.seals, 'seal')}, from {found.first_at} to {found.last_at}, "
        f"signed with {', '.join(sorted(found.keys))}",
        f"{counted(found.entries, 'audit entry')} as sealed",
        f"{counted(found.ends, 'delivery')} and {counted(found.attempts, 'attempt')} of "
        f"{counted(found.releases, 'release')} as sealed",
        f"{counted(found.texts, 'text')} as sealed: releases, translations and renditions",
    ]
    told += [f"What {where} has kept of the chain is in it" for where in dict.fromkeys(found.anchors)]
    for number, what, words in (
        (found.opened, "sealed delivery", "gone on by a replay or a return since"),
        (found.answered, "sealed attempt", "answered by a worker that had vanished"),
        (found.changed_texts, "text", "changed since it was sealed, as audit entries say, and not sealed anew yet"),
        (found.without_texts, "release", "sealed before texts were: an edit of its texts is not found"),
        (found.pruned, "seal", "of rows that retention took since: what they said can no longer be checked"),
        (found.unsealed_entries, "audit entry", "not sealed yet"),
        (found.unsealed_releases, "release", "open, or not sealed as a whole yet"),
    ):
        if number:
            told.append(f"{counted(number, what)}: {words}")
    if found.holds:
        return [*told, "The chain holds: nothing was edited, deleted or put in after it was sealed."]
    told.append(f"Broken: {counted(len(found.faults), 'fault')}, the first at the top")
    told += [f"  {fault}" for fault in found.faults[:SHOWN]]
    return told + ([f"  … and {len(found.faults) - SHOWN:,} more"] if len(found.faults) > SHOWN else [])


def verify_report(file: Path, keys: Collection[str]) -> None:
    """Say whether a report was edited since it was made, and whether the ledger still holds what it was made of, if the
    ledger is here; exit status 1 if anything is broken."""
    here = home.ledger_is_there()
    known = keys or ([seal_key().public] if here else [])
    found = statement.verify_file(file, known)
    said = found.said
    told = [] if found.faults else _report_holds(file, said, bool(known))
    ledger = verified(known, found.anchors) if here and said else None
    if ledger:
        told += ["", "The ledger:", *lines(ledger)]
    elif said:
        told.append("The ledger is not here: whether it still holds what the report was made of was not checked.")
    for line in [*(f"Broken: {fault}" for fault in found.faults), *told]:
        out.print(printable(line), markup=False)
    if found.faults or (ledger and not ledger.holds):
        raise typer.Exit(1)


def _report_holds(file: Path, said: Mapping[str, Any], is_known: bool) -> list[str]:
    """What is known of a report that was not edited."""
    whose = "which was to be expected" if is_known else "which it names itself: compare it with the wire's"
    return [
        f"{file} was not edited since it was made, at {said['made_at']}, as the report of {said['release']} "
        f"v{said['version']}.",
        f"It is signed with the key {said['key']}, {whose}.",
        f"The ends of {said['sealed']:,} of its {said['deliveries']:,} deliveries were sealed then.",
    ]
