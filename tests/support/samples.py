"""Documents that tests build on."""

from __future__ import annotations

from typing import Any

from tasks.model.outlet import Outlet
from tasks.model.release import Release

URI = "urn:newsml:acme.example:20261122:plant"


def release(**fields: Any) -> Release:
    """A short release; `fields` replace or add."""
    document: dict[str, Any] = {
        "uri": URI,
        "language": "en",
        "headline": "Acme Robotics opens a plant in Porto",
        "body_html": '<p>Acme said on Monday that <a href="https://acme.example/porto">the plant</a> is open.</p>',
        "dateline": {"place": "Porto", "date": "2026-11-22"},
        "issuer": {"name": "Acme Robotics"},
        "topics": ["04000000"],
    }
    return Release.model_validate(document | fields)


def outlet(id: str = "porto-daily", **fields: Any) -> Outlet:
    """An outlet that takes everything in English; `fields` replace or add."""
    document = {"id": id, "name": id, "country": "PT", "languages": ["en"], "url": "http://127.0.0.1:800/wire"}
    return Outlet.model_validate(document | fields)
