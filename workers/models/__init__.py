"""Models for the engine `ct2`: found in a package index, downloaded, verified and put into its folder.

    index.py       the package index: which models there are, and which of them lead from one language to others
    download.py    one file over HTTP, resumed where it broke off, with its length and checksum verified
    install.py     a model into the folder, whole or not at all; what lies there; out of it again
    place.py       which folder that is: of the translation file's engine, or the default one

`fanwire engines fetch` (workers/cli/models.py) joins them. Whatever breaks off in the middle leaves the folder as it
was: what is not whole lies in `.fetch` within it, where the engine does not look.
"""

from __future__ import annotations

from tasks.runtime.errors import NotPossible

WORK = ".fetch"
"""The folder within that of the models for what is not whole: the same file system, so that a rename is enough."""


class ModelRefused(NotPossible):
    """A model cannot be found, downloaded or installed; the text says which, why, and what would help."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, "(model)")


class NoRoom(ModelRefused):
    """The disk has no room for a model."""
