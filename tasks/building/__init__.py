"""Builds what a release needs before it can be delivered: it joins the ledger with translation and formatting.

An *artifact* is a translation or a rendition in the ledger, and a *build* makes one. Both builds go the same way: claim
the row, make the thing outside any transaction, write it, and promote the deliveries that waited for it. Whoever comes
second finds nothing to claim. What cannot be made is held with the reason, and tried again.

    translations.py  builds a translation
    renditions.py    builds the renditions of a translation
    fetching.py      fetches pictures and other files of releases
    media_addresses.py  where outlets get them
    translators.py   which engines could translate a release, and what those of this machine make of it
    engine_meter.py  what engines have used and whether they rest, for all workers together
    wire.py          the wire, as the settings describe it
    recall.py        what translations draw on beside engines: memory, house texts, glossary
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["BuildResult", "reason_of"]


@dataclass(frozen=True)
class BuildResult:
    """What became of the build of a translation or of renditions."""

    release: str
    """The release, as logs name it."""
    held: Mapping[str, str] = field(default_factory=dict)
    """The reason for each language or format that could not be made."""
    waits_for: str | None = None
    """What a translation that was made waits for; None: nothing."""

    def __str__(self) -> str:
        """For people, without the release: `made`, and what for it waits, or what is held and why."""
        whys: dict[str, list[str]] = {}
        for what, why in self.held.items():
            whys.setdefault(why, []).append(what)
        held = (f"{why} ({', '.join(what)})" if len(self.held) > 1 else why for why, what in whys.items())
        return f"held: {'; '.join(held)}" if whys else f"made: {self.waits_for}" if self.waits_for else "made"


def reason_of(error: Exception) -> str:
    """What an unexpected error says, as the reason of a hold: without the SQL that the ledger's own errors quote."""
    database = getattr(error, "orig", None)
    said = str(error) if database is None else str(database).partition("\n")[0]
    return f"{type(error).__name__}: {said}"
