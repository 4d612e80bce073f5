"""`html-fragment`: the article as one `<article>` element, for outlets that put it into a page of their own.

The same element as in the page of `html`, inside a `<div>` whose `data-` attributes say what the head of the page says.
"""

from __future__ import annotations

from markupsafe import Markup

from tasks.formatting.article import Article
from tasks.formatting.formats import Format
from tasks.formatting.formats.html import metadata
from tasks.formatting.fragment import fragment


def make(article: Article) -> bytes:
    """The article as a fragment of HTML in UTF-8, without style sheets and scripts."""
    data = {f"data-{name.replace(':', '-')}": content for name, content in metadata(article).items()}
    attributes = Markup("").join(Markup(' {}="{}"').format(name, content) for name, content in data.items())
    return (Markup("<div{}>\n{}</div>\n").format(attributes, fragment(article))).encode()


FORMAT = Format(content_type="text/html; charset=utf-8", make=make, ending="fragment.html")
