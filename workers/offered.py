"""What this installation offers to outlets; the command line reads outlet documents with it."""

from __future__ import annotations

from tasks.delivery import transports
from tasks.formatting import FORMATS
from tasks.model.destinations import Destinations
from tasks.model.outlet import Offered
from tasks.runtime.settings import settings


def offered() -> Offered:
    """What an outlet document may use here: formats, URL schemes, allowed networks and ports."""
    destinations = Destinations(
        networks=settings().allowed_networks,
        ports=settings().allowed_ports,
        plain_http_hosts=settings().plain_http_hosts,
    )
    return Offered(formats=frozenset(FORMATS.all()), transports=transports.rules(), destinations=destinations)
