"""Writes a release body with the elements of NITF, in which blocks and inline elements may stand in fewer places.

No word and no link is lost: what NITF has no place for becomes a paragraph beside it. A picture inside a line follows
the line, as `media`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tasks.formatting import xml
from tasks.formatting.plain import runs_of, tree

_NMTOKEN = re.compile(r"-?[0-9]{1,9}")
_SAME = frozenset({"em", "q", "br"})
_ROWS = frozenset({"tr", "thead", "tbody", "tfoot"})
_SECTION_HEADS = frozenset({"h2", "h3", "h4"})


def fill(content: Any, body_html: str) -> None:
    """Add the blocks of a clean body, which is not empty, to an element that may hold blocks (`body.content`)."""
    _blocks(tree(body_html), content)


def _blocks(source: Any, into: Any) -> None:
    """Adds what an element holds as blocks; words between them are paragraphs."""
    for run in runs_of(source):
        if isinstance(run, list):
            _paragraph(run, into)
        else:
            _BLOCK.get(run.tag, _blocks)(run, into)


def _paragraph(run: list[Any], into: Any, tag: str = "p", **attributes: str) -> None:
    """Adds a paragraph, and the pictures in it after it; nothing if it is empty."""
    made = xml.element(into, tag, **attributes)
    pictures = _inlines(run, made)
    if not "".join(made.itertext()).strip():
        into.remove(made)
    for picture in pictures:
        _media(picture, into)


def _mixed(source: Any, into: Any) -> None:
    """Adds what an element holds to one that may hold words as well as blocks."""
    runs = [run for run in runs_of(source) if not isinstance(run, list) or _says_something(run)]
    if len(runs) == 1 and isinstance(runs[0], list):
        for picture in _inlines(runs[0], into):
            _media(picture, into)
    else:
        _blocks(source, into)


def _says_something(run: list[Any]) -> bool:
    return any(not isinstance(part, str) or part.strip() for part in run)


def _inlines(run: list[Any], into: Any) -> list[Any]:
    """Adds text and inline elements; returns the pictures among them, for which there is no place in a line."""
    pictures: list[Any] = []
    for part in run:
        if isinstance(part, str):
            xml.append(into, part)
        elif part.tag == "img":
            pictures.append(part)
        else:
            pictures += _inline(part, into)
    return pictures


def _inline(source: Any, into: Any) -> list[Any]:
    if source.tag == "br":
        xml.element(into, "br")
        return []
    if source.tag in ("sup", "sub") and not len(source):
        xml.element(xml.element(into, "num"), source.tag, source.text or "")
        return []
    pictures = _inlines(_content(source), made := _named(source, into))
    if source.tag == "a" and not "".join(made.itertext()).strip():
        words = next((picture.get("alt") for picture in pictures if picture.get("alt")), None)
        xml.append(made, words or source.get("href"))
    return pictures


def _named(source: Any, into: Any) -> Any:
    """The NITF element for an HTML element in a line."""
    if source.tag == "a":
        made = xml.element(into, "a", href=source.get("href"))
    elif source.tag in _SAME:
        made = xml.element(into, source.tag)
    else:
        made = xml.element(into, "em", **{"class": source.tag})
    if source.get("title") and source.tag == "a":
        xml.put(made, title=source.get("title"))
    xml.put_language(made, source.get("lang"))
    return made


def _content(source: Any) -> list[Any]:
    """What an element in a line holds; blocks in it, which HTML does not allow there, as the words in them."""
    content: list[Any] = []
    for run in runs_of(source):
        content += run if isinstance(run, list) else [" ", *_content(run), " "]
    return content


def _media(picture: Any, into: Any, captions: tuple[Any, ...] = ()) -> None:
    media = xml.element(into, "media", **{"media-type": "image"})
    reference = xml.element(media, "media-reference", source=picture.get("src"))
    if words := " – ".join(dict.fromkeys(filter(None, (picture.get("alt"), picture.get("title"))))):
        xml.put(reference, **{"alternate-text": words})
    _numbers(picture, reference, "width", "height")
    for caption in captions:
        _mixed(caption, xml.element(media, "media-caption"))


def _numbers(source: Any, made: Any, *names: str) -> None:
    for name in names:
        if _NMTOKEN.fullmatch(source.get(name) or ""):
            xml.put(made, **{name: source.get(name)})


def _lines(tag: str, **attributes: str) -> Callable[[Any, Any], None]:
    """A block that holds a line (`p`, `hl2`); blocks in it, which HTML does not allow there, follow it."""

    def add(source: Any, into: Any) -> None:
        for run in runs_of(source):
            if isinstance(run, list):
                _paragraph(run, into, tag, **attributes)
                if len(into) and into[-1].tag.endswith(f"}}{tag}"):
                    xml.put_language(into[-1], source.get("lang"))
            else:
                _BLOCK.get(run.tag, _blocks)(run, into)

    return add


def _list(source: Any, into: Any) -> None:
    made = xml.element(into, source.tag)
    if source.tag == "ol" and _NMTOKEN.fullmatch(source.get("start") or ""):
        xml.put(made, seqnum=source.get("start"))
    for run in runs_of(source):
        if not isinstance(run, list):
            item = xml.element(made, "li")
            if run.tag == "li":
                _mixed(run, item)
            else:
                _BLOCK.get(run.tag, _blocks)(run, item)
        elif _says_something(run):
            for picture in _inlines(run, item := xml.element(made, "li")):
                _media(picture, item)
    _drop_if_empty(made)


def _definitions(source: Any, into: Any) -> None:
    made = xml.element(into, "dl")
    for run in runs_of(source):
        if isinstance(run, list):
            if _says_something(run):
                _paragraph(run, xml.element(made, "dd"))
        elif run.tag == "dt":
            pictures = _inlines(_content(run), xml.element(made, "dt"))
            for picture in pictures:
                _media(picture, xml.element(made, "dd"))
        elif run.tag == "dd":
            _blocks(run, xml.element(made, "dd"))
        else:
            _BLOCK.get(run.tag, _blocks)(run, xml.element(made, "dd"))
    _drop_if_empty(made)


def _quotation(source: Any, into: Any) -> None:
    _blocks(source, xml.element(xml.element(into, "bq"), "block"))


def _preformatted(source: Any, into: Any) -> None:
    if len(source):  # `pre` may hold no elements
        _paragraph(_content(source), into, "p", **{"class": "pre"})
    else:
        xml.element(into, "pre", source.text or "")


def _figure(source: Any, into: Any) -> None:
    """A picture with its caption; any other figure as blocks."""
    pictures = list(source.iter("img"))
    captions = tuple(source.iterchildren("figcaption"))
    others = [child for child in source if child.tag not in ("img", "figcaption")]
    words = [source.text, *(child.tail for child in source)]
    if len(pictures) == 1 and not others and not any((text or "").strip() for text in words):
        _media(pictures[0], into, captions)
    else:
        _blocks(source, into)


def _table(source: Any, into: Any) -> None:
    """A table. NITF wants one body, and it after the foot; further captions and stray words come before the table."""
    captions = list(source.iterchildren("caption"))
    for run in runs_of(source):
        if isinstance(run, list):
            _paragraph(run, into)
        elif run.tag not in _ROWS and run is not (captions or [None])[0]:
            _BLOCK.get(run.tag, _blocks)(run, into)
    made = xml.element(into, "table")
    if captions:
        _mixed(captions[0], xml.element(made, "caption"))
    _section(made, "thead", source.iterchildren("thead"))
    _section(made, "tfoot", source.iterchildren("tfoot"))
    _section(made, "tbody", [source, *source.iterchildren("tbody")])
    _drop_if_empty(made)


def _section(table: Any, tag: str, sources: Any) -> None:
    rows = [row for source in sources for row in source.iterchildren("tr") if len(row)]
    if not rows:
        return
    section = xml.element(table, tag)
    for row in rows:
        made = xml.element(section, "tr")
        for cell in row.iterchildren("td", "th"):
            into = xml.element(made, cell.tag)
            _numbers(cell, into, "colspan", "rowspan")
            _mixed(cell, into)
        _drop_if_empty(made)
    _drop_if_empty(section)


def _drop_if_empty(made: Any) -> None:
    """Takes out an element that holds no other, which NITF does not allow of lists, tables and rows."""
    if not len(made):
        made.getparent().remove(made)


_BLOCK: dict[str, Callable[[Any, Any], None]] = {
    "p": _lines("p"),
    "figcaption": _lines("p"),
    **{head: _lines("hl2", **{"class": head}) for head in _SECTION_HEADS},
    "ul": _list,
    "ol": _list,
    "dl": _definitions,
    "blockquote": _quotation,
    "pre": _preformatted,
    "figure": _figure,
    "table": _table,
    "hr": lambda _, into: xml.element(into, "hr"),
}
