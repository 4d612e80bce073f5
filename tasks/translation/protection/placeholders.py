"""Opaque pieces as words for engines that take plain text.

Letters-only words survive best: none of 485 was harmed by Apertium, where words with brackets or underscores were cut
apart. `XQZAB` is a word of no language; if a text holds its beginning nevertheless, another beginning is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from string import ascii_uppercase as LETTERS

from tasks.translation.pieces import Opaque, Piece, Text, joined

_BEGINNINGS = ("XQZ", "QXJ", "ZXQ", "JQX", "WXQ")
LETTER = "[A-Za-zÀ-ɏͰ-ӿ]"
"""A letter of a script (Latin, Greek, Cyrillic) whose words have spaces between them and nothing joined on."""
LIMIT = len(LETTERS) ** 2
"""Placeholder words in one text."""


def left_over(text: str) -> str | None:
    """A placeholder word, whole or damaged, or a mark of Apertium's stream that is still in `text`."""
    found = re.search(rf"(?:{'|'.join(_BEGINNINGS)})\w*|\[\[t:|\[\[/\]\]", text, re.IGNORECASE)
    return found[0] if found else None


def beginning_for(text: str) -> str:
    """The beginning of all placeholder words in `text`: one that the text itself does not hold."""
    upper = text.upper()
    for beginning in _BEGINNINGS:
        if beginning not in upper:
            return beginning
    held = {upper[start : start + 5] for start in range(len(upper))}
    return next(letters for letters in map("".join, product("QXZJWVK", repeat=5)) if letters not in held)


def word(beginning: str, index: int) -> str:
    """The placeholder word of the opaque piece at `index`, 0 to 675: always two letters, so none begins another."""
    return beginning + LETTERS[index // 26] + LETTERS[index % 26]


def read(text: str, beginning: str, opaques: Sequence[Opaque]) -> Text:
    """The pieces of an engine's answer; a placeholder that was damaged stays in the text, where the checks will see
    it."""
    pieces: list[Piece] = []
    last = 0
    # `在XQZAA的` is not damaged, `XQZAAs` is; several are run together where pieces touch, as `~` and a number
    for found in re.finditer(rf"(?<!{LETTER})(?:{beginning}[A-Z]{{2}})+(?!{LETTER})", text, re.IGNORECASE):
        pairs = re.findall(rf"{beginning}([A-Z])([A-Z])", found[0].upper())
        indexes = [LETTERS.index(first) * 26 + LETTERS.index(second) for first, second in pairs]
        if indexes and max(indexes) < len(opaques):
            pieces += [text[last : found.start()], *(opaques[index] for index in indexes)]
            last = found.end()
    return joined([*pieces, text[last:]])
