"""What this installation offers to outlets; the command line reads outlet documents with it."""

from __future__ import annotations

from tasks.delivery import transports
from tasks.formatting import FORMATS
from tasks.model.outlet import Offered


def offered() -> Offered:
    """Its formats by name, its transports by URL scheme."""
    checks = {scheme: transport.check_url for scheme, transport in transports.by_scheme().items()}
    return Offered(formats=frozenset(FORMATS.all()), transports=checks)
