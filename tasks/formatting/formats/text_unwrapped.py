"""`text-unwrapped`: the plain text of `text` with a line for each paragraph, for editors' systems that break lines."""

from __future__ import annotations

from tasks.formatting.article import Article
from tasks.formatting.formats import Format
from tasks.formatting.formats.text import write


def make(article: Article) -> bytes:
    """The article as UTF-8 text with `\\n` line ends."""
    return write(article, None)


FORMAT = Format(content_type="text/plain; charset=utf-8", make=make, ending="txt")
