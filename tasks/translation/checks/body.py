"""The check of a whole body, as it will be sent: its addresses, and that it is not the source text."""

from __future__ import annotations

from collections import Counter

from lxml import html as lxml_html

from tasks.model.markup import text_of
from tasks.translation import scripts
from tasks.translation.checks.problem import SHOWN

_WORDS = 12
"""Words, letters of scripts without spaces counted as a third of one, from which no body stays the same by chance."""


def problem_in_body(before: str, after: str) -> str | None:
    """Why a translated body may not go out: an address was lost or changed, a link lost its text, or the body is still
    the source text; else None."""
    old, new = _addresses(before), _addresses(after)
    if Counter(address for address, _ in old) != Counter(address for address, _ in new):
        lost = Counter(address for address, _ in old) - Counter(address for address, _ in new)
        which = ", ".join(address[:SHOWN] for address in list(lost)[:3])
        return f"the addresses changed: {which or 'there are more than before'}"
    with_text = Counter(address for address, text in old if text)
    empty = with_text - Counter(address for address, text in new if text)
    if empty:
        return f"the link to {next(iter(empty))[:SHOWN]} lost its text"
    plain = _plain(before)
    if plain == _plain(after) and _size(plain) >= _WORDS:
        return "the body is the same as the source"
    return None


def _size(text: str) -> float:
    """Words of a text; Han characters are none: many are the same in both Chinese scripts."""
    words = [word for word in scripts.words_in(text) if not scripts.letters_in(word, ("Hani",))]
    return sum(1 / 3 if len(word) == 1 else 1 for word in words)


def _addresses(body: str) -> list[tuple[str, str]]:
    """Address and text of each link and image."""
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    found = [(node, node.get("href") or node.get("src")) for node in root.iter("a", "img")]
    return [(str(address), text_of(node)) for node, address in found if address]


def _plain(body: str) -> str:
    return text_of(lxml_html.fragment_fromstring(body, create_parent="div")).casefold()
