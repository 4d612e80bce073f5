"""supervisord as `fanwire up` runs it: each line of its log has a moment with its zone, as those of all others have."""

from __future__ import annotations

import time
from typing import Any

from supervisor import loggers, supervisord

from tasks.runtime import moments


class Record(loggers.LogRecord):  # type: ignore[misc]  # it has no types
    """A line of supervisord's log; its own time is the machine's, and does not say so."""

    dictrepr: dict[str, Any] | None

    def asdict(self) -> dict[str, Any]:
        """The fields of the line."""
        if self.dictrepr is None:
            self.dictrepr = super().asdict() | {"asctime": moments.utc(time.time(), "milliseconds")}
        return self.dictrepr


def main() -> None:
    """Run supervisord with our log format."""
    loggers.LogRecord = Record
    supervisord.main()


if __name__ == "__main__":
    main()
