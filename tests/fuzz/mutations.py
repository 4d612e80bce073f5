"""How good documents are spoiled: what has ended parsers before, in any place and any number."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

LARGEST: Final = 400_000
"""Bytes that a spoiled document has at most."""
COUNTS: Final = (1, 1, 1, 2, 3, 10, 100, 2_000, 30_000)
"""How often something is put in."""
TOKENS: Final = tuple(
    token.encode("utf-8", "surrogatepass")
    for token in (
        "[", "]", "{", "}", '{"a":', "[[", "- ", "? ", ": ", "\n- ", "&a ", "*a ", "<<: ", "!!", "|", ">", "---\n",
        "...\n", "1:59", "9", "1e9", "-", ".", "0", "<p>", "</p>", "<b>", "<a href=https://a.example/>", "<table>",
        "<td>", "<!--", "<![CDATA[", "]]>", "<?x ", "<!DOCTYPE x [", "<!ENTITY a 'b'>", "&a;", "&#0;", "&#xD800;",
        "&amp;", "<ph id='1'/>", "<pc id='1'>", "</pc>", "<seg>", "</seg>", "xmlns:a='b'", " a=1", "![", "[a](", "](",
        "**", "_", "`", "~~~\n", "[a]: https://a.example/ ", "|a", "\n\n", "> ", "* ", "# ", "\t", "\r\n", "\x00",
        "\x1b[2J", "\x85", "\u2028", "\u202e", "\u200b", "\ufeff", "\ud800", "😀", "é", "e\u0301", '"', "'", '""',
        ",", ";", "=1+1", "\\", "\\u0000", "https://a.example/", "xml:lang='de'", "null", "true", "NaN",
    )
)  # fmt: skip


def spoiled(rng: Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds after some steps, each of which may be harmless."""
    document = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        document = _step(rng, document, seeds)[:LARGEST]
    return document


def _step(rng: Random, document: bytes, seeds: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(document))
    until = min(len(document), at + rng.choice((0, 1, 2, 8, 40, 400)))
    before, piece, after = document[:at], document[at:until], document[until:]
    match rng.randrange(7):
        case 0:
            return before + after
        case 1:
            return before + piece * min(rng.choice(COUNTS), LARGEST // (len(piece) or 1)) + after
        case 2:
            return before + rng.choice(TOKENS) * rng.choice(COUNTS) + piece + after
        case 3:
            return before + rng.choice(TOKENS) * rng.choice(COUNTS) + after
        case 4:
            return before + bytes([rng.randrange(256)]) + piece[1:] + after
        case 5:
            other = rng.choice(seeds)
            start = rng.randint(0, len(other))
            return before + other[start : start + rng.choice((10, 100, 1000))] + after
        case _:
            return before
