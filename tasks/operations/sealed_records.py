"""Rows that stand beside their audit entries: archive files and legal holds. The entries are sealed, and say what these
rows must.

By them retention goes: whoever deletes a legal hold, or makes believe that a release is in an archive file, would have
retention take the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from tasks.ledger import archive_rows
from tasks.ledger.audit import read_values
from tasks.ledger.seals import Took
from tasks.model.acts import Act


def emptied_by(entry: Mapping[str, Any]) -> list[int]:
    """The seals of which an audit entry says that retention took their leaves."""
    numbers = read_values(entry["new"]).get("seals")
    return [number for number in numbers if isinstance(number, int)] if isinstance(numbers, list) else []


@dataclass
class Records:
    """What the audit entries say of archive files and legal holds, as far as they were seen, the oldest first."""

    _archived: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    """The newest version in the archive file of a release, and the entry."""
    _held: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The reason of a legal hold, and by whom."""
    _faults: list[str] = field(default_factory=list)

    def see(self, entry: Mapping[str, Any]) -> None:
        """Take in an audit entry."""
        uri, act, new = entry["uri"] or "", entry["act"], read_values(entry["new"])
        if act == Act.ARCHIVE:
            self._archived[uri] = entry["version"] or 0, new
        elif act == Act.HOLD_LEGALLY:
            self._held[uri] = new.get("reason", ""), f"{entry['role']} {entry['actor']}"
        elif act == Act.END_LEGAL_HOLD:
            self._held.pop(uri, None)
        elif act == Act.RETAIN:
            self._see_taken(entry, uri, new.get("took"))

    def _see_taken(self, entry: Mapping[str, Any], uri: str, took: Any) -> None:
        archived = self._archived.get(uri, (0, {}))[0]
        if took in (Took.DELIVERIES, Took.TEXTS) and archived < (entry["version"] or 0):
            what = f"audit entry {entry['id']:,}: retention took {took} of {entry['subject']}"
            self._faults.append(f"{what}, and no entry before says that it was archived")

    def faults(self, connection: Connection) -> Iterator[str]:
        """What the rows say otherwise than the entries."""
        yield from self._faults
        yield from self._of_archives(connection)
        held = {row.uri: (row.reason, row.by) for row in archive_rows.holds(connection)}
        for uri in sorted(held.keys() | self._held.keys()):
            if uri not in held:
                yield f"the legal hold of {uri} was deleted: no audit entry ends it"
            elif held[uri] != self._held.get(uri):
                yield f"the legal hold of {uri} was edited or put in: no audit entry says so"

    def _of_archives(self, connection: Connection) -> Iterator[str]:
        rows = {row.uri: row for row in archive_rows.every(connection)}
        for uri in sorted(rows.keys() | self._archived.keys()):
            row, (version, said) = rows.get(uri), self._archived.get(uri, (0, {}))
            if row is None:
                yield f"the row of the archive file of {uri} was deleted"
                continue
            is_ = {"file": row.name, "sha256": row.sha256, "deliveries": row.deliveries}
            if row.newest != version or any(is_[name] != said.get(name) for name in is_):
                yield f"the row of the archive file of {uri} was edited or put in: no audit entry says so"
