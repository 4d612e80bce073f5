"""What seals say of deliveries, read back from their leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from tasks.ledger import sealed_rows
from tasks.ledger.deliveries.returns import RETURNED
from tasks.ledger.sealed_rows import Kind, Leaf
from tasks.model.states import State


class UnreadableSeal(ValueError):
    """A seal whose leaves cannot be read: somebody has edited it."""


def leaves_of(seal: Row[Any]) -> Iterator[Leaf]:
    """The leaves of a seal; none of one whose rows were pruned. Raises UnreadableSeal for what is none."""
    if seal.leaves is None:
        return
    try:
        if seal.form not in sealed_rows.FORMS:
            raise ValueError(f"there is no form {seal.form}")
        yield from sealed_rows.unpacked(seal.leaves, seal.form)
    except ValueError as error:
        raise UnreadableSeal(f"seal {seal.id:,} cannot be read: {error}") from None


def readable(seal: Row[Any]) -> list[Leaf]:
    """The leaves of a seal; none if they cannot be read, which `fanwire audit --verify` says."""
    try:
        return list(leaves_of(seal))
    except UnreadableSeal:
        return []


@dataclass
class Known:
    """What is sealed of the deliveries of a release."""

    planned: Leaf | None = None
    """Which deliveries were planned."""
    ends: dict[int, Leaf] = field(default_factory=dict)
    """The last sealed end of each delivery."""
    attempts: dict[tuple[int, int], Leaf] = field(default_factory=dict)
    """Each sealed attempt, by delivery and attempt; only where they are asked for."""
    publications: dict[tuple[int, int], Leaf] = field(default_factory=dict)
    """What outlets said, by delivery and number."""
    reopened: set[Leaf] = field(default_factory=set)
    """Every sealed note that a delivery was opened again."""
    opened: set[int] = field(default_factory=set)
    """The deliveries that were opened again after their last sealed end."""

    @classmethod
    def read(cls, blocks: Iterable[Row[Any]], ids: set[int] | None = None, *, attempts: bool = False) -> Known:
        """What a release's seals say, in their order; only of the deliveries `ids`, if that is given."""
        known = cls()
        mine = (block for block in blocks if block.kind == Kind.DELIVERIES)
        for leaf in (leaf for block in mine for leaf in leaves_of(block)):
            if leaf.kind == "planned":
                known.planned = leaf
                continue
            if ids is not None and leaf.number not in ids:
                continue
            if leaf.kind == "end":
                known.ends[leaf.number] = leaf
                known.opened.discard(leaf.number)
            elif leaf.kind == "reopened":
                known.reopened.add(leaf)
                known.opened.add(leaf.number)
            elif leaf.kind == "publication":
                known.publications[leaf.number, leaf.attempt] = leaf
            elif attempts:
                known.attempts[leaf.number, leaf.attempt] = leaf
        return known

    def has_end(self, row: Mapping[str, Any]) -> bool:
        """Whether a delivery stands as it was sealed last."""
        end = self.ends.get(row["id"])
        return end is not None and end == sealed_rows.end(row, end.form)


def is_return(end: Leaf, row: Mapping[str, Any], newer: Sequence[Mapping[str, Any]]) -> bool:
    """Whether only what came back of a delivery has changed it since it ended so. `newer`: all attempts since then.

    What comes back stands among the attempts. The delivery is as before, or ended as one of these attempts says.
    """
    if not newer or any(one["code"] not in RETURNED for one in newer):
        return False
    if sealed_rows.end({**row, "attempt": end.attempt}, end.form) == end:
        return True
    said = [(one["verdict"], one["status"], one["code"], one["detail"]) for one in newer]
    return row["state"] != State.DELIVERED and (row["verdict"], row["status"], row["code"], row["reason"]) in said
