"""Reads the pictures, videos, sounds and documents of an IPTC ninjs 3.x item: what is associated with it."""

from __future__ import annotations

import re
from typing import Any

from tasks.model.media import MediaType

_TYPES: dict[str, MediaType] = {"picture": "picture", "graphic": "picture", "video": "video", "audio": "audio"}
_MAIN_TYPES: dict[str, MediaType] = {"image": "picture", "video": "video", "audio": "audio", "application": "document"}


def media_of(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The `media` of a release, of each associated object that has a file; of several sizes the largest one.

    Raises AttributeError, TypeError or ValueError for what is no ninjs.
    """
    found: list[dict[str, Any]] = []
    for association in item.get("associations") or []:
        file = _largest(association.get("renditions") or [])
        kind = file and _type_of(association, file)
        if file and kind:
            taken = {one["id"] for one in found}
            found.append({"id": _id(association, taken), "type": kind, **_described(association), **_measured(file)})
    return found


def _type_of(association: dict[str, Any], file: dict[str, Any]) -> MediaType | None:
    """The type that the object says, else that of its file; None for what is no file of an article, such as a text."""
    main = str(file.get("contentType") or "").partition("/")[0].lower()
    return _TYPES.get(str(association.get("type"))) or _MAIN_TYPES.get(main)


def _largest(renditions: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The original or the largest rendition that has an address."""

    def size(rendition: dict[str, Any]) -> tuple[bool, int, int]:
        pixels = _number(rendition, "width") * _number(rendition, "height")
        return "original" in str(rendition.get("name", "")).lower(), pixels, _number(rendition, "sizeInBytes")

    return max((one for one in renditions if one.get("href")), key=size, default=None)


def _number(rendition: dict[str, Any], name: str) -> int:
    value = rendition.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _measured(file: dict[str, Any]) -> dict[str, Any]:
    kind = str(file.get("contentType") or "").partition(";")[0].strip().lower()
    duration = file.get("duration")
    found = {
        "url": str(file["href"]),
        "content_type": kind or None,
        "width": _number(file, "width") or None,
        "height": _number(file, "height") or None,
        "bytes": _number(file, "sizeInBytes") or None,
        "duration": duration if isinstance(duration, int | float) and duration > 0 else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _described(association: dict[str, Any]) -> dict[str, str]:
    said = [one for one in association.get("descriptions") or [] if one.get("value")]
    alts = [one["value"] for one in said if "alt" in str(one.get("role", "")).lower()]
    captions = [one["value"] for one in said if "alt" not in str(one.get("role", "")).lower()]
    rights = [association.get(name) for name in ("copyrightNotice", "usageTerms")]
    found = {
        "caption": captions[0] if captions else None,
        "alt": alts[0] if alts else None,
        "credit": association.get("by"),
        "rights": " ".join(str(one) for one in rights if one),
    }
    return {name: value for name, value in found.items() if value}


def _id(association: dict[str, Any], taken: set[str]) -> str:
    """An id made of the name of an associated object, which is to be the same in all versions."""
    name = str(association.get("name") or association.get("uri") or "media").lower()
    slug = re.sub(r"[^a-z0-9._-]+", "-", name).strip("-._")[:80] or "media"
    number = next(n for n in range(1, len(taken) + 2) if (slug if n == 1 else f"{slug}-{n}") not in taken)
    return slug if number == 1 else f"{slug}-{number}"
