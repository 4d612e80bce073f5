"""Log files that supervisord has closed: of each process it keeps a few, and retention those that are young."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_CLOSED = re.compile(r".+\.log\.[0-9]+")
"""`deliver.log.1`; the file that a process writes into has no number."""


def remove_old(folder: Path, before: float) -> int:
    """Remove closed log files that were last written before a moment (seconds since the epoch); how many."""
    removed = 0
    for file in folder.glob("*.log.*") if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # supervisord gives them other numbers meanwhile
            if _CLOSED.fullmatch(file.name) and file.stat().st_mtime < before:
                file.unlink()
                removed += 1
    return removed
