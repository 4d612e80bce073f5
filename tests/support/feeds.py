"""Releases on their way into feeds, for tests: with real renditions, by a real drain."""

from __future__ import annotations

from typing import Any

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.ledger import outlets, releases
from tasks.ledger.releases import Consent, Sender
from tasks.model.outlet import Outlet
from tasks.operations import feed_access
from tests.support.drains import drain
from tests.support.samples import outlet, release

FORMATS = {"atom": "atom", "rss": "rss", "jsonfeed": "json"}
"""The formats of feeds, and how their addresses end."""


def take(**fields: Any) -> int:
    """A release in the ledger and planned, but not delivered; its number."""
    with ledger.write() as connection:
        sender = Sender(consent=frozenset({Consent.REVIVE}))
        taken = releases.take(connection, release(**fields), ledger.now(connection), sender)
    planning.plan(taken.release_id)
    return taken.release_id


def deliver(release_id: int, language: str = "en") -> None:
    """Make the renditions of a release, and deliver all that is due."""
    assert not build_renditions(release_id, language).held
    drain()


def publish(**fields: Any) -> int:
    """A release that is delivered as far as it may be; its number."""
    release_id = take(**fields)
    deliver(release_id, fields.get("language", "en"))
    return release_id


def feed(id: str = "desk", format: str = "atom", **fields: Any) -> str:
    """An outlet that fetches, and the path of its feed."""
    document: Outlet = outlet(id, url="pull:", format=format, **fields)
    with ledger.write() as connection:
        outlets.put(connection, [document], ledger.now(connection))
        return feed_access.rotate(connection, id, format, overlap=0).path
