"""JSON schemas of the answers that language models are asked for."""

from __future__ import annotations

from typing import Any


def object_of(properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object that has exactly these properties, as strict structured outputs want it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
