"""Text that strangers wrote: what of it may be published, kept and shown.

A *harmful* character has no place in any text: controls (but for tab and line break), marks that turn the order of what
follows around (U+202A–202E, U+2066–2069), half surrogate pairs, and code points that are no characters. The marks and
joiners that Arabic, Persian and emoji need (LRM, RLM, ZWJ, ZWNJ) are none of them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

REPLACEMENT = "\ufffd"
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINES = frozenset("\t\n\r")
_SPACES = frozenset("\v\f\x1c\x1d\x1e\x1f\x85")
"""Harmful ones that stand between words and part them."""
_TO_COME = (range(0x1F000, 0x1FB00), range(0x1FC00, 0x1FFFE), range(0x20000, 0x3FFFE))
"""Where newer versions of Unicode put pictographs and Han characters that this Python may not know yet."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_harmful(character: str) -> bool:
    """Whether a character must not stand in a text; tabs and line breaks may."""
    if character in _LINES:
        return False
    kind = unicodedata.category(character)
    if kind == "Cn":
        code = ord(character)
        return not any(code in block and code & 0xFFFE != 0xFFFE for block in _TO_COME)
    return kind in ("Cc", "Cs") or character in _TURNING


def harmful(text: str) -> list[str]:
    """The harmful characters of a text, each once."""
    if text.isprintable():  # no harmful character is
        return []
    return sorted(found for found in set(text) if not found.isprintable() and is_harmful(found))


def without_harmful(text: str) -> str:
    """The text without harmful characters; a space where one of them parted words."""
    table = {ord(found): " " if found in _SPACES else None for found in harmful(text)}
    return text.translate(table) if table else text


def printable(text: str) -> str:
    """The text as one line for a terminal, a log or a report, in which nothing steers or misleads: line breaks, tabs
    and harmful characters become U+FFFD."""
    if text.isprintable():
        return text
    return _replaced(text, {*harmful(text), *(_LINES & set(text)), *(set("\u2028\u2029") & set(text))})


def printable_lines(text: str) -> str:
    """The text for a terminal, its tabs and line breaks kept; harmful characters become U+FFFD."""
    return _replaced(text, {*harmful(text), *({"\r"} & set(text))})


def printable_json(document: str) -> str:
    """A JSON document with harmful characters as JSON's own escapes, so that it holds the same and can be shown."""
    table = {ord(found): _escaped(found) for found in harmful(document)}
    return document.translate(table) if table else document


def printable_value(value: Any) -> Any:
    """`printable_lines` for text, and everything else as it is: for templates. Text that is HTML stays so."""
    return printable_lines(value) if isinstance(value, str) else value


def storable(text: str) -> str:
    """The text as every ledger can hold it: PostgreSQL takes no NUL, and no database takes half a surrogate pair."""
    return _UNSTORABLE.sub(REPLACEMENT, text)


def named(characters: list[str]) -> str:
    """Harmful characters in words, the first few of them: `U+202E (right-to-left override)`."""
    names = [_name(found) for found in characters[:3]]
    return " and ".join(names) + (f" and {len(characters) - 3} others" if len(characters) > 3 else "")


def _name(character: str) -> str:
    code = ord(character)
    name = unicodedata.name(character, "").lower()
    if not name:
        kinds = {"Cc": "a control character", "Cs": "half a surrogate pair"}
        name = kinds.get(unicodedata.category(character), "no character")
    return f"U+{code:04X} ({name})"


def _escaped(character: str) -> str:
    if ord(character) < 0x10000:
        return f"\\u{ord(character):04x}"
    high, low = divmod(ord(character) - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def _replaced(text: str, characters: set[str]) -> str:
    return text.translate(dict.fromkeys(map(ord, characters), REPLACEMENT)) if characters else text
