"""The folders of this machine that files for outlets may be written to: those below `FANWIRE_DELIVERY_FOLDERS`."""

from __future__ import annotations

from pathlib import Path

from tasks.runtime.settings import settings


def refused_folder(folder: Path) -> str | None:
    """Why no file of an outlet may be written to this folder; None if it may, whether the folder is there or not."""
    allowed = settings().delivery_folders
    if not allowed:
        return "is a folder of this machine, and none is allowed: FANWIRE_DELIVERY_FOLDERS names those that are"
    if ".." in folder.parts or not any(
        folder.is_relative_to(one) or folder.is_relative_to(one.resolve()) for one in allowed
    ):
        return f"is not below a folder that is allowed: {', '.join(map(str, allowed))} (FANWIRE_DELIVERY_FOLDERS)"
    return None
