"""The stamp of a translation: what a person has read, in one short word, so that nobody approves anything else.

`es.2.6ae1b2c0.8c1d0a3f6b2e` is language, version, the moment at which it was made, and a digest of all its sentences.
The page, XLIFF files and `translations show` carry it, and `translations approve --stamp` asks for it.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tasks.ledger import audit
from tasks.model.acts import Act
from tasks.runtime import moments
from tasks.translation.memory.unit_records import UnitRecord

_STAMP = re.compile(
    r"(?P<language>[A-Za-z0-9-]{2,35})\.(?P<version>\d{1,10})\.(?P<made>[0-9a-f]{1,10})\.(?P<digest>[0-9a-f]{12})"
)
_NAMES_SHOWN = 5
_ACTS = 50
"""Imports of a release that are looked at, the newest first."""


@dataclass(frozen=True)
class AsRead:
    """A translation as a person reads it before approving."""

    uri: str
    version: int
    language: str
    made_at: float | None
    """When it was translated, seconds since the epoch."""
    units: Sequence[UnitRecord]

    @property
    def stamp(self) -> str:
        """The stamp of the translation as it stands; the same as long as each sentence and its source are the same."""
        made = format(max(0, int(self.made_at or 0)), "x")
        return f"{self.language}.{self.version}.{made}.{self.digest}"

    @property
    def command(self) -> str:
        """The command that approves the translation as it stands, and nothing else."""
        return f"fanwire translations approve {shlex.quote(self.uri)} {self.language} --stamp {self.stamp}"

    @property
    def digest(self) -> str:
        """The digest of everything that a person reads; not of who made a sentence, nor of its status."""
        fields = {"name", "source", "target"}
        units = [unit.model_dump(mode="json", include=fields) for unit in self.units]
        said = json.dumps([self.uri, units], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:12]


def changed(connection: Connection, found: AsRead, stamp: str) -> str | None:
    """What has changed in a translation since it had this stamp, in words; None if nothing has."""
    read = _STAMP.fullmatch(stamp.strip())
    if read is None:
        return f"{stamp[:40]!r} is no stamp: the page, XLIFF files and `fanwire translations show` have it"
    if read["language"].lower() != found.language.lower():
        return f"the stamp is of the translation into {read['language']}, and this is {found.language}"
    if int(read["version"]) != found.version:
        return f"the stamp is of version {read['version']}, and this is version {found.version}: read it again"
    if read["digest"] == found.digest:
        return None
    imports = _imports(connection, found, since=float(int(read["made"], 16)))
    if imports:
        return f"it has changed since it was read: {'; '.join(imports)}: read it again"
    made = f" at {moments.shown(found.made_at)}" if found.made_at else ""
    return f"it has changed since it was read: it was translated again{made}, or the stamp is of another release"


def _imports(connection: Connection, found: AsRead, since: float) -> list[str]:
    """Who imported which sentences since then, the newest first."""
    of = audit.of_release(Act.IMPORT_TRANSLATION, found.uri, found.version, found.language)
    wanted = audit.Wanted(uri=of.uri, act=of.act.value, since=since)
    rows = [row for row in audit.latest(connection, wanted, _ACTS) if row["subject"] == of.subject]
    return [_said(list((row["new"] or {}).get("units", {})), row["remark"] or row["actor"], row["at"]) for row in rows]


def _said(names: list[str], who: str, at: float) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{who} imported {', '.join(names[:_NAMES_SHOWN])}{more} at {moments.shown(at)}"
