"""Whether the name servers of this machine are away: then nothing is charged to outlets, and operations hear of it.

Every drain of a process looks here, since one that finds nothing to do ends, and the next one would know nothing.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery.verdicts import Judgement
from tasks.ledger import notices
from tasks.model.codes import Code
from tasks.runtime import moments

SOONEST: Final = 10.0
"""Seconds until the first deliveries are tried again after the name servers went away."""
LATEST: Final = 60.0
"""Seconds between two tries while they stay away. All outlets are tried again, and each try is kept in the ledger."""
FORGOTTEN: Final = 3 * LATEST
"""Seconds without a sign of it after which they were not away any more."""
LASTS: Final = 60.0
"""Seconds after which they have been away for so long that operations should know."""


@dataclass
class NameServers:
    """What the attempts of this process say of its name servers."""

    away_since: float = 0.0
    """Seconds since the epoch."""
    last: float = 0.0
    """When they were last found to be away. An answer of an outlet proves nothing: its address may be known already."""

    def seen(self, judgement: Judgement, now: float) -> Judgement:
        """Note what an attempt says; one that failed for want of a name server is tried again soon."""
        if judgement.code != Code.NAME_SERVER:
            return judgement
        if now > self.last + FORGOTTEN:
            self.away_since = now
        self.last = now
        return replace(judgement, retry_after=min(max(SOONEST, now - self.away_since), LATEST))

    def notice(self, connection: Connection) -> None:
        """Leave a notice if they have been away for long."""
        if self.last < self.away_since + LASTS or self.last < ledger.now(connection) - FORGOTTEN:
            return
        text = (
            f"its name servers have answered nothing since {moments.shown(self.away_since)}, so nothing is delivered "
            "from there; look at /etc/resolv.conf and at the network. No outlet is charged for it"
        )
        notices.add_unless_known(connection, "name server", socket.gethostname(), text, ledger.now(connection))


NAME_SERVERS: Final = NameServers()
"""Of this process."""
