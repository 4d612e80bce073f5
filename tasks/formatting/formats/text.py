"""`text`: the release as plain text in lines of 72 columns, ready to be pasted.

Lead (kill or correction), headline, dateline and body, contacts, notices, disclaimer, industries, about, and at the end
a record for the desk and its programs: a line for each field, called the same in all languages. An empty line stands
between any two parts. A Chinese or Japanese character takes two columns. An address is never broken, and so a line may
be longer. `text-unwrapped` breaks no lines.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from tasks.formatting.article import Article
from tasks.formatting.article_media import ArticleMedia
from tasks.formatting.columns import wrapped
from tasks.formatting.formats import Format
from tasks.formatting.media_html import title_of, with_credits
from tasks.formatting.plain import paragraphs
from tasks.formatting.record import record
from tasks.model.release import Contact

COLUMNS = 72
LEFT_TO_RIGHT_MARK = "\u200e"
RIGHT_TO_LEFT_MARK = "\u200f"


def make(article: Article) -> bytes:
    """The article as UTF-8 text with `\\n` line ends."""
    return write(article, COLUMNS)


def write(article: Article, columns: int | None) -> bytes:
    """The article as UTF-8 text; its lines are broken so that they take at most so many columns, if that is given."""
    foreign = _foreign(article) if article.direction == "rtl" else set()
    parts = []
    for part in filter(None, _parts(article, columns)):
        text = wrapped(part, columns) if columns else part
        ours = article.direction == "rtl" and part not in foreign
        parts.append(_right_to_left(text) if ours else text)
    parts.append("\n".join(_record(article, columns)))
    return ("\n\n".join(parts) + "\n").encode()


def _parts(article: Article, columns: int | None) -> Iterator[str | None]:
    yield article.lead
    yield article.note
    yield article.headline
    yield article.subheadline
    yield from _body(article, columns)
    for item in article.media:
        if not item.in_body:
            yield _medium(article, item)
    if article.contacts:
        heading = article.house.texts.contact
        yield "\n".join([heading, *(_contact(article, contact) for contact in article.contacts)])
    if article.action == "kill":
        return
    yield article.machine_notice
    yield article.disclaimer
    yield article.release.rights
    yield article.industries
    yield article.about


def _body(article: Article, columns: int | None) -> list[str]:
    """The body's paragraphs, the dateline before the first words."""
    parts = (with_credits(part, article.media) for part in article.body_parts)
    figures, blocks = (paragraphs(part, article.house, columns) for part in parts)
    if not article.dateline:
        return figures + blocks
    if article.begins_with_paragraph and blocks:
        return [*figures, article.dateline + blocks[0], *blocks[1:]]
    return [*figures, article.dateline.strip(), *blocks]


def _medium(article: Article, item: ArticleMedia) -> str:
    """`Picture: The yard in Porto (Jane Doe)`, what it shows, and its address in the next line."""
    label = getattr(article.house.texts.media, item.type)
    credit = f" ({item.credit})" if item.credit else ""
    alt = article.house.texts.link.format(text=item.alt, url=item.href) if item.alt and item.caption else item.href
    return f"{label}: {title_of(item)}{credit}\n{alt}"


def _record(article: Article, columns: int | None) -> Iterator[str]:
    """A line for each field of the record; what goes on in the next line is indented there."""
    for name, value in record(article).items():
        line = f"{name}: {value}"
        yield wrapped(line, columns - 2).replace("\n", "\n  ") if columns else line


def _contact(article: Article, contact: Contact) -> str:
    """`Jane Doe · Head of Press · press@acme.example · +49 30 1234`."""
    phone = contact.phone
    if phone and article.direction == "rtl":
        phone = LEFT_TO_RIGHT_MARK + phone  # or the groups of digits would be shown in reverse order
    return " · ".join(part for part in (contact.name, contact.role, contact.email, phone) if part)


def _foreign(article: Article) -> set[str | None]:
    """The texts that stay in the language of the release because nobody translates them."""
    release = article.release
    own = article.language == release.language
    return set() if own else {release.rights, release.correction_note}


def _right_to_left(part: str) -> str:
    """The text with a mark before each line that begins with Latin letters.

    Plain text has no `dir`, and viewers take the direction of a line from its first letter.
    """
    return "\n".join(RIGHT_TO_LEFT_MARK + line if _begins_left_to_right(line) else line for line in part.split("\n"))


def _begins_left_to_right(line: str) -> bool:
    strong = (unicodedata.bidirectional(character) for character in line)
    return next((kind for kind in strong if kind in ("L", "R", "AL")), "R") == "L"


FORMAT = Format(content_type="text/plain; charset=utf-8", make=make, ending="txt")
