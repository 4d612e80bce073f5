"""Reads renditions back as receivers do, each by a parser that forgives nothing, and compares them with the article."""

from __future__ import annotations

import email
import email.policy
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from typing import Any

import feedparser
import html5lib
from lxml import etree
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from tasks.formatting.article import Article
from tasks.formatting.columns import width
from tasks.formatting.media_html import shown_at
from tasks.formatting.plain import runs_of, tree
from tasks.model.documents import load_yaml
from tasks.model.markup import BLOCKS

from .markup import page as parsed_page

COMMONMARK = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


_LINES = frozenset({"p", "h2", "h3", "h4", "dt", "pre"})
_FORMATS = 32
"""Renditions of one article that are read one after the other: what is asked of all is found out once for them."""


@dataclass
class Found:
    """What a receiver finds in a rendition."""

    headlines: list[str]
    """The headline, at each place where it stands."""
    words: str
    """All words, in order."""
    strings: set[str] = field(default_factory=set)
    """Every text and attribute by itself; of plain text, its words."""
    paragraphs: list[str] | None = None
    """The letters of each paragraph of the body; None where paragraphs cannot be told apart."""


def letters(text: str) -> str:
    """The letters and digits of a text: signs and spaces are the format's own to escape, to add or to fold."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))


def paragraphs(element: Any) -> list[str]:
    """The letters of each run of words between two ends of blocks; none is empty."""
    found: list[str] = []
    for run in runs_of(element):
        if isinstance(run, list):
            words = (part if isinstance(part, str) else "".join(part.itertext()) for part in run)
            found.append(letters("".join(words)))
        else:
            found += paragraphs(run)
    return [one for one in found if one]


def check(format: str, article: Article, rendition: bytes) -> None:
    """Fail unless a receiver reads in the rendition what the article says."""
    found = READERS[format](rendition, article)
    assert found.headlines, "has no headline"
    assert [letters(one) for one in found.headlines if letters(article.headline) not in letters(one)] == []
    said = letters(found.words)
    names = [article.release.issuer.name] if article.release.issuer else []
    for name in (*names, *(contact.name for contact in article.contacts), article.lead, article.note):
        assert letters(name or "") in said, f"lacks {name!r}"
    _check_body(found, said, article, nested=format != "nitf")
    for item in article.media:
        assert found.strings & {item.href, shown_at(item)}, f"lacks {item.href}"
        for words in (item.caption, item.alt, item.credit):
            assert letters(words or "") in said, f"lacks {words!r}"


@dataclass
class Body:
    """What the body of an article says, of which each format has to have its own."""

    links: list[str]
    words_of_tables: list[str]
    """The letters of each word in a table that is ASCII."""
    texts: list[str]
    """The letters of each text outside of tables, in the order in which they are read aloud."""
    paragraphs: list[str]
    set_otherwise: bool
    """Whether NITF sets some paragraph otherwise."""


@lru_cache(_FORMATS)
def _body(html: str) -> Body:
    body = tree(html)
    words = [word for table in body.iter("table") for word in " ".join(table.itertext()).split()]
    return Body(
        links=[str(link.get("href")) for link in body.iter("a")],
        words_of_tables=[letters(word) for word in words if word.isascii()],
        texts=[letters(text) for text in _texts_of(body)],
        paragraphs=paragraphs(body),
        set_otherwise=_set_otherwise(body),
    )


def _check_body(found: Found, said: str, article: Article, *, nested: bool) -> None:
    """`said`: the letters of all that was found. `nested`: whether the format keeps paragraphs apart that stand where
    HTML allows none."""
    if not article.body_html:
        return
    body = _body(article.body_html)
    for address in body.links:
        bare = re.sub("^(mailto|tel):", "", address)
        plain = found.paragraphs is None and bare in found.words  # whose ends nothing marks
        assert plain or {address, bare} & found.strings, f"lacks the link to {address}"
    for word in body.words_of_tables:  # those of a cell may go on in the next line, behind those of another
        assert word in said, f"lacks {word!r} of a table"
    at = 0
    for text in body.texts:
        where = said.find(text, at)
        if found.paragraphs is None:
            assert where >= 0, f"lacks {text!r} at its place"
            at = where + len(text)
        else:
            assert text in said
    if found.paragraphs is not None and (nested or not body.set_otherwise):
        there = [re.sub("^" + re.escape(letters(article.dateline)), "", one) for one in found.paragraphs]
        credits = {letters(item.credit) for item in article.media if item.credit}
        for paragraph in body.paragraphs:
            known = {paragraph, *(paragraph + credit for credit in credits)}
            assert known & {*there, *found.paragraphs}, f"lacks the paragraph {paragraph!r}"


def _set_otherwise(body: Any) -> bool:
    """Whether NITF sets some paragraph otherwise: blocks stand in a line or in a block that may hold lines only, or a
    link has no words and gets its address as such."""
    if any(not letters("".join(link.itertext())) for link in body.iter("a")):
        return True
    return any(
        inner.tag in BLOCKS
        for element in body.iterdescendants()
        if element.tag not in BLOCKS or element.tag in _LINES
        for inner in element.iterdescendants()
    )


def _texts_of(body: Any) -> Iterator[str]:
    """The texts of a body in the order in which they are read aloud: a caption before what stands under it."""
    if body.tag == "table":
        return
    if body.tag == "figure":
        for caption in body.iterchildren("figcaption"):
            yield from caption.itertext()
    else:
        yield body.text or ""
    for child in body:
        if body.tag != "figure" or child.tag != "figcaption":
            yield from _texts_of(child)
        yield child.tail or ""


@lru_cache(_FORMATS)
def _html(text: str, *, page: bool = False) -> Any:
    """HTML by a parser that takes no mistake; nobody may change what it gives, which is that of the same text again."""
    parser = html5lib.HTMLParser(strict=True, tree=html5lib.getTreeBuilder("lxml"), namespaceHTMLElements=False)
    if page:
        return parser.parse(text).getroot()
    root = etree.Element("div")
    for part in parser.parseFragment(text):
        if isinstance(part, str):
            root.text = (root.text or "") + part
        else:
            root.append(part)
    return root


def _found(root: Any, headlines: list[str | None], body: Any = None) -> Found:
    """What stands in a tree of elements; `body` is the one whose paragraphs are the article's."""
    strings: set[str] = set()
    for element in root.iter():
        if isinstance(element.tag, str):
            strings |= {str(value) for value in element.attrib.values()}
            strings |= {(element.text or "").strip(), (element.tail or "").strip()}
    words = " ".join([*root.itertext(), *strings])
    return Found([one or "" for one in headlines], words, strings, paragraphs(body) if body is not None else [])


def _fragment(text: str, headline: str | None = None) -> Found:
    root = _html(text)
    bodies = root.xpath(".//div[@class='body']")
    heads = [headline] if headline is not None else [one.text for one in root.iter("h1")]
    return _found(root, heads, bodies[0] if bodies else None)


def _page(rendition: bytes, article: Article) -> Found:
    root = _html(rendition.decode(), page=True)
    data = json.loads(root.find(".//script").text)
    assert data["@type"] == "NewsArticle"
    bodies = root.xpath(".//div[@class='body']")
    found = _found(root, [root.find(".//h1").text, data["headline"]], bodies[0] if bodies else None)
    assert {one["contentUrl"] for one in data.get("image", [])} == {
        item.href for item in article.media if item.type == "picture"
    }
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, dict | list):
            yield from _strings(part)
        else:
            yield str(part)


def _json(rendition: bytes, headlines: Callable[[Any], list[str]], html: Callable[[Any], str]) -> Found:
    """A JSON document with the body in HTML."""
    document = json.loads(rendition)
    body = html(document)
    inside = _html(body)
    known = _found(inside, [], (inside.xpath(".//div[@class='body']") or [inside])[0])
    strings = set(_strings(document))
    return Found(headlines(document), " ".join([known.words, *strings]), strings | known.strings, known.paragraphs)


def _ninjs(rendition: bytes, _: Article) -> Found:
    return _json(
        rendition,
        lambda item: [one["value"] for one in item["headlines"] if one["role"] == "main"],
        lambda item: next((one["value"] for one in item.get("bodies", []) if "value" in one), ""),
    )


def _newsmlg2(rendition: bytes, _: Article) -> Found:
    root = etree.fromstring(rendition)
    bodies = [
        lxml_html.fragment_fromstring(etree.tostring(body, method="html", encoding="unicode"), create_parent="div")
        for body in _without_namespaces(root).iter("body")
    ]
    heads = [one.text for one in root.iterfind("{*}contentMeta/{*}headline") if one.get("rank") == "1"]
    return _found(root, heads, bodies[0] if bodies else None)


def _without_namespaces(root: Any) -> Any:
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    return root


_NITF_BLOCKS = ("p", "hl2", "li", "td", "th", "dt", "dd", "caption", "pre", "media-caption", "block", "body.content")


def _nitf(rendition: bytes, _: Article) -> Found:
    root = _without_namespaces(etree.fromstring(rendition))
    found = _found(root, [one.text for one in root.iter("hl1")])
    body = root.find("body/body.content")
    found.paragraphs = [one for one in _nitf_paragraphs(body) if one]
    return found


def _nitf_paragraphs(element: Any) -> Iterator[str]:
    """The letters of each run of words between two ends of blocks."""
    run = element.text or ""
    for child in element:
        if next(child.iter(*_NITF_BLOCKS), None) is not None:
            yield letters(run)
            yield from _nitf_paragraphs(child)
            run = ""
        else:
            run += "".join(child.itertext())
        run += child.tail or ""
    yield letters(run)


def _titles(root: Any) -> list[str | None]:
    """The title of the entry, which is its child; media have titles of their own."""
    return [one.text for one in root.xpath("/*[local-name()='entry']/*[local-name()='title'] | //item/title")]


def _mended(text: str) -> str:
    """What feedparser takes a text for whose letters could be the bytes of others in UTF-8, as in `È²`."""
    try:
        return text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return text


def _feed(rendition: bytes, _: Article) -> Found:
    read = feedparser.parse(rendition)
    assert not read.bozo, read.get("bozo_exception")
    (entry,) = read.entries
    root = etree.fromstring(rendition)
    (content,) = (one for one in root.iter("{*}content", "{*}encoded") if one.text)
    inside = _fragment(content.text or "", "")
    titles = _titles(root)
    assert letters(entry.title) in {letters(one) for title in titles for one in (title or "", _mended(title or ""))}
    whole = _found(root, titles)
    assert letters(parsed_page(entry.content[0].value).text_content()) in letters(inside.words)
    return Found(whole.headlines, f"{inside.words} {whole.words}", inside.strings | whole.strings, inside.paragraphs)


def _email(rendition: bytes, _: Article) -> Found:
    message = email.message_from_bytes(rendition, policy=email.policy.default)
    assert not [defect for part in message.walk() for defect in part.defects]
    page, plain = (message.get_body((kind,)) for kind in ("html", "plain"))
    assert page is not None
    assert plain is not None
    root = _html(page.get_content(), page=True)
    bodies = root.xpath(".//div[@class='body']")
    found = _found(root, [str(message["Subject"]), root.find(".//h1").text], bodies[0] if bodies else None)
    found.words += " " + plain.get_content()
    return found


def _wordpress(rendition: bytes, _: Article) -> Found:
    return _json(rendition, lambda post: [unescape(post["title"])], lambda post: str(post["content"]))


def _markdown(rendition: bytes, article: Article) -> Found:
    front, _, text = rendition.decode().removeprefix("---\n").partition("\n---\n")
    fields = load_yaml(front)
    root = lxml_html.fragment_fromstring(COMMONMARK.render(text), create_parent="div")
    found = _found(root, [fields["headline"], root.findtext("h1")], root)
    strings = set(_strings(fields))
    return Found(found.headlines, f"{found.words} {' '.join(strings)}", found.strings | strings, None)


def _text(rendition: bytes, _: Article) -> Found:
    text = rendition.decode()
    words = {part.strip("()[]（）［］,.") for part in re.split(r"[\s（）\u200e\u200f]", text)}
    return Found([text], text, words | set(re.findall(r"https?://[^\s()（）\[\]［］「」『』“”‘’„«»]+", text)), None)


def _lines(rendition: bytes, article: Article) -> Found:
    long = [line for line in rendition.decode().split("\n") if width(line) > 72 and " " in line.strip()]
    assert not [line for line in long if max(width(word) for word in line.split()) < 60]
    return _text(rendition, article)


READERS: dict[str, Callable[[bytes, Article], Found]] = {
    "ninjs": _ninjs,
    "ninjs2": _ninjs,
    "newsmlg2": _newsmlg2,
    "nitf": _nitf,
    "json": lambda body, _: _json(body, lambda it: [it["headline"]], lambda it: str(it["body_html"])),
    "html": _page,
    "html-fragment": lambda body, _: _fragment(body.decode()),
    "atom": _feed,
    "rss": _feed,
    "jsonfeed": lambda body, _: _json(
        body, lambda it: [it["items"][0]["title"]], lambda it: str(it["items"][0]["content_html"])
    ),
    "email": _email,
    "wordpress": _wordpress,
    "markdown": _markdown,
    "text": _lines,
    "text72": _lines,
    "text-unwrapped": _text,
}
