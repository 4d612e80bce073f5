"""What `fanwire doctor` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing that `fanwire doctor` looked at."""

    level: Literal["fine", "note", "unsafe"]
    what: str
