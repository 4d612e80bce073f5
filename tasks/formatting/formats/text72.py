"""`text72`: the plain text of `text` in lines of 72 columns, for wires, printers and terminals.

A Chinese or Japanese character takes two columns. An address is never broken, and so a line may be longer.
"""

from __future__ import annotations

from tasks.formatting.article import Article
from tasks.formatting.formats import Format
from tasks.formatting.formats.text import write

COLUMNS = 72


def make(article: Article) -> bytes:
    """The article as UTF-8 text with `\\n` line ends."""
    return write(article, COLUMNS)


FORMAT = Format(content_type="text/plain; charset=utf-8", make=make, ending="72.txt")
