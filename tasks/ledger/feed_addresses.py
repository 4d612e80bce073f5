"""The secret addresses of feeds in the ledger. Of a token it has the SHA-256 only, and the seed from which it is made
with a key of the web server, which the ledger does not have."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from tasks.ledger.schema import feed_addresses, feeds, outlets

a = feed_addresses.c


@dataclass(frozen=True, slots=True)
class AddressRow:
    """A secret address of a feed."""

    id: int
    outlet_id: str
    seed: str
    sha256: str
    made_at: float
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class Addressed:
    """The feed to which an address leads, as it stands."""

    expires_at: float | None
    """When the address ends, or has ended; None if it does not."""
    outlet: str
    """The document of the outlet whose feed it is."""
    status: str
    """Of the outlet."""
    changes: int
    changed_at: float
    """Of the feed, or of the outlet while the feed has never had an entry."""


def add(connection: Connection, outlet_id: str, seed: str, token: str, now: float) -> int:
    """Keep a new address, which never ends by itself; returns its number."""
    values = {"outlet_id": outlet_id, "seed": seed, "sha256": hashed(token), "made_at": now}
    return int(connection.execute(feed_addresses.insert().values(values).returning(a.id)).scalar_one())


def end(connection: Connection, outlet_id: str, at: float, *, but: int | None = None, only: int | None = None) -> int:
    """Have the addresses of a feed end at this moment, as far as they do not end sooner; returns how many do now.

    `but`: the number of one that stays. `only`: the number of the one that ends.
    """
    which = [a.outlet_id == outlet_id, or_(a.expires_at.is_(None), a.expires_at > at)]
    if but is not None:
        which.append(a.id != but)
    if only is not None:
        which.append(a.id == only)
    return connection.execute(update(feed_addresses).where(*which).values(expires_at=at)).rowcount


def find(connection: Connection, outlet_id: str, token: str) -> Addressed | None:
    """Where an address leads, whether it has ended or not; None if the feed never had such a one."""
    query = (
        select(a.expires_at, outlets.c.document, outlets.c.status, outlets.c.updated_at,
               feeds.c.changes, feeds.c.changed_at)
        .join(outlets, outlets.c.id == a.outlet_id)
        .outerjoin(feeds, feeds.c.outlet_id == a.outlet_id)
        .where(a.sha256 == hashed(token), a.outlet_id == outlet_id)
    )  # fmt: skip
    row = connection.execute(query).first()
    if row is None:
        return None
    changed_at = row.updated_at if row.changed_at is None else row.changed_at
    return Addressed(row.expires_at, row.document, row.status, row.changes or 0, changed_at)


def of(connection: Connection, outlet_ids: Collection[str], now: float | None = None) -> dict[str, list[AddressRow]]:
    """The addresses of feeds, oldest first: {outlet: addresses}; with `now` only those that have not ended."""
    query = select(feed_addresses).where(a.outlet_id.in_(outlet_ids)).order_by(a.id)
    if now is not None:
        query = query.where(or_(a.expires_at.is_(None), a.expires_at > now))
    found: dict[str, list[AddressRow]] = {}
    for row in connection.execute(query):
        found.setdefault(row.outlet_id, []).append(_address(row))
    return found


def hashed(token: str) -> str:
    """What the ledger keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _address(row: Row[Any]) -> AddressRow:
    return AddressRow(row.id, row.outlet_id, row.seed, row.sha256, row.made_at, row.expires_at)
