"""Addresses that stand in a text unprotected: URLs and e-mails."""

from __future__ import annotations

import re

from tasks.translation.pieces import Text, words_of

ADDRESS = re.compile(
    r"(?:https?://|www\.)[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]*[A-Za-z0-9/_~=&#-]"
    r"|(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]++@[A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)++"
)


def addresses_in(text: Text) -> list[str]:
    """Every address among the words of a text."""
    words = words_of(text)
    return ADDRESS.findall(words) if "." in words else []


def prose_of(text: Text) -> str:
    """The words without addresses, which belong to no language."""
    words = words_of(text)
    return ADDRESS.sub(" ", words) if "." in words else words
