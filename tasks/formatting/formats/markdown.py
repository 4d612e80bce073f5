"""`markdown`: the release as Markdown (CommonMark with tables) after YAML front matter.

The front matter has the fields of the format `json` but for the body. After it come the notices, the headline, the body
with its dateline, and under a line the contacts and the wire's own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import yaml

from tasks.formatting.article import Article
from tasks.formatting.article_media import ArticleMedia
from tasks.formatting.formats import Format
from tasks.formatting.formats.json import document
from tasks.formatting.markdown_body import escaped, heading, link, markdown
from tasks.formatting.media_html import title_of, with_credits
from tasks.model.release import Contact


def make(article: Article) -> bytes:
    """The article as UTF-8 text with `\\n` line ends."""
    fields = {name: value for name, value in document(article).items() if name not in ("body_html", "body_text")}
    known = json.dumps({name: value for name, value in fields.items() if value not in (None, [], {})})
    front = yaml.safe_dump(json.loads(known), allow_unicode=True, sort_keys=False, width=10_000)
    return (f"---\n{front}---\n\n" + "\n\n".join(part for part in _parts(article) if part) + "\n").encode()


def _parts(article: Article) -> Iterator[str | None]:
    for notice in (article.lead, article.note):
        yield f"> {escaped(notice)}" if notice else None
    yield heading("#", escaped(article.headline))
    yield heading("##", escaped(article.subheadline)) if article.subheadline else None
    yield _body(article)
    for item in article.media:
        if not item.in_body:
            yield _medium(item)
    yield "* * *"
    if article.contacts:
        yield heading("##", escaped(article.house.texts.contact))
        yield "\n".join(f"- {_contact(contact)}" for contact in article.contacts)
    if article.action == "kill":
        yield escaped(article.release.name)
        return
    for text in (article.machine_notice, article.disclaimer, article.release.rights, article.industries, article.about):
        yield escaped(text) if text else None


def _body(article: Article) -> str:
    """The body, the dateline before its first words."""
    figures, text = (markdown(with_credits(part, article.media), article.house) for part in article.body_parts)
    if article.dateline:
        between = article.dateline[len(article.dateline.rstrip(" ")) :] if article.begins_with_paragraph else "\n\n"
        text = f"{escaped(article.dateline)}{between}{text}"
    return f"{figures}\n\n{text}" if figures else text


def _medium(item: ArticleMedia) -> str:
    """A picture with its caption below, or a link to any other file."""
    credit = f" ({escaped(item.credit)})" if item.credit else ""
    if item.type != "picture":
        return link(escaped(title_of(item)), item.href) + credit
    caption = f"{escaped(item.caption) if item.caption else ''}{credit}".strip()
    return "\n\n".join(part for part in ("!" + link(escaped(item.alt or ""), item.href), caption) if part)


def _contact(contact: Contact) -> str:
    address = link(escaped(contact.email), f"mailto:{contact.email}") if contact.email else None
    others = (escaped(part) if part else None for part in (contact.name, contact.role))
    phone = escaped(contact.phone) if contact.phone else None
    return " · ".join(part for part in (*others, address, phone) if part)


FORMAT = Format(content_type="text/markdown; charset=utf-8", make=make, ending="md")
