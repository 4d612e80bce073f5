"""The wire, as the settings describe it."""

from __future__ import annotations

from tasks.formatting import Figures, Wire
from tasks.runtime.settings import settings


def configured_wire() -> Wire:
    """What renditions and house texts say of the wire."""
    it = settings()
    figures = None
    if it.wire_outlets and it.wire_editors and it.wire_countries:
        figures = Figures(it.wire_outlets, it.wire_editors, it.wire_countries)
    return Wire(name=it.wire_name, url=it.wire_url, figures=figures)
