"""Checks of what is sealed, for `fanwire audit --verify` and `fanwire report --verify`."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer

from tasks.operations import chain
from tasks.operations.chain import Anchor, Verification
from tasks.runtime.counting import counted
from tasks.runtime.foreign_text import printable
from tasks.runtime.seal_key import head_file, is_public_key, seal_key
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
    ]
    told += [f"The last seal is the one that {where} has kept, or follows it" for where in found.anchors]
    for number, words in (
        (found.opened, "sealed deliveries go on by a replay or a return since"),
        (found.answered, "sealed attempts have an answer of a worker that had vanished"),
        (found.pruned, "seals are of rows that were pruned since; what they said can no longer be checked"),
        (found.unsealed_entries, "audit entries are not sealed yet"),
        (found.unsealed_releases, "releases are open, or not sealed as a whole yet"),
    ):
        if number:
            told.append(f"{number:,} {words}")
    if found.holds:
        return [*told, "The chain holds: nothing was edited, deleted or put in after it was sealed."]
    told.append(f"Broken: {counted(len(found.faults), 'fault')}, the first at the top")
    told += [f"  {fault}" for fault in found.faults[:SHOWN]]
    return told + ([f"  … and {len(found.faults) - SHOWN:,} more"] if len(found.faults) > SHOWN else [])
