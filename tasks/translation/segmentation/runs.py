"""A clean HTML body as blocks with runs of text in them, and back again.

The block tree stays here, so that no engine can lose a paragraph or a table cell. What is to be translated are the
runs: the stretches of text and inline elements inside blocks, and the texts of `alt` and `title`.

We write the HTML ourselves: libxml2 would rewrite addresses on its way out, and they must come out byte for byte.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from lxml import html as lxml_html

from tasks.model.languages import LanguageTag, base_language
from tasks.model.markup import BLOCKS
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined, shown, visible

_VOID = frozenset(("br", "hr", "img"))
_KEPT = frozenset(("code", "pre"))
_LABELS = {
    "p": "paragraph", "h2": "heading", "h3": "heading", "h4": "heading", "li": "list item", "td": "table cell",
    "th": "table heading", "caption": "caption", "figcaption": "caption", "blockquote": "quotation", "dt": "term",
    "dd": "definition",
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A stretch of text to translate. `name` is what people call it: `paragraph 3`."""

    number: int
    name: str
    text: Text
    inlines: Mapping[int, Element]
    """The elements behind Open, Close and the images among the opaque pieces, by id."""


@dataclass(frozen=True)
class Element:
    """An element; its children are empty if it is an inline element of a run, which holds their text itself."""

    tag: str
    attributes: tuple[tuple[str, str | Run], ...] = ()
    children: tuple[Element | Run | str, ...] = ()
    """A string is markup that stays as it is."""


def read(body: str, language: LanguageTag) -> Element:
    """The blocks of a body as `tasks.model.markup.clean_html` leaves it; `language` is the one it is written in."""
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    return _Reader(language, _holding_blocks(root)).element(root, "text")


def runs_of(element: Element) -> Iterator[Run]:
    """Every run of a body, in reading order, those of attributes included."""
    yield from (value for _, value in element.attributes if isinstance(value, Run))
    for child in element.children:
        if isinstance(child, Run):
            for inline in child.inlines.values():
                yield from runs_of(inline)
            yield child
        elif isinstance(child, Element):
            yield from runs_of(child)


def write(root: Element, texts: Mapping[int, Text], language: str) -> str:
    """The body again, with the text of every run taken from `texts` by its number. `language` goes into `lang`."""
    return "".join(_written(child, texts, language) for child in root.children)


class _Reader:
    def __init__(self, language: LanguageTag, holding: set[lxml_html.HtmlElement]):
        self.holding = holding
        self.language = language.base
        self.labels: Counter[str] = Counter()
        self.numbers = 0

    def element(self, node: lxml_html.HtmlElement, label: str) -> Element:
        tag = str(node.tag)
        label = _LABELS.get(tag, label)
        children: list[Element | Run | str] = []
        waiting: list[str | lxml_html.HtmlElement] = [node.text or ""]
        for child in node:
            if child.tag == "br" or child in self.holding or child.tag in _VOID - {"img"}:
                children += self.inline(waiting, label)
                children.append(_verbatim(child) if self.fixed(child) else self.element(child, label))
                waiting = []
            else:
                waiting.append(child)
            waiting.append(child.tail or "")
        children += self.inline(waiting, label)
        return Element(tag, self.attributes(node), tuple(children))

    def inline(self, nodes: list[str | lxml_html.HtmlElement], label: str) -> list[Element | Run | str]:
        """The run that text and inline elements between two blocks make."""
        elements = [node for node in nodes if not isinstance(node, str)]
        if not elements and not any(isinstance(node, str) and visible(node) for node in nodes):
            return [words for words in nodes if isinstance(words, str) and words.strip()]
        alone = len(elements) == 1 and not any(node.strip() for node in nodes if isinstance(node, str))
        if alone and elements[0].tag != "img":  # an element around everything needs no engine to find its place
            return [_verbatim(elements[0]) if self.fixed(elements[0]) else self.element(elements[0], label)]
        inlines: dict[int, Element] = {}
        pieces: list[Piece] = []
        for node in nodes:
            pieces += [_folded(node)] if isinstance(node, str) else self.pieces(node, inlines)
        self.labels[label] += 1
        return [self.run(f"{label} {self.labels[label]}", joined(pieces), inlines)]

    def pieces(self, node: lxml_html.HtmlElement, inlines: dict[int, Element]) -> list[Piece]:
        id = len(inlines) + 1
        inlines[id] = Element(str(node.tag))
        text = "".join(node.itertext())
        if self.fixed(node) or not (node.tag in _VOID or visible(text)):
            return [Opaque(id, " ".join(text.split()) if visible(text) else "", html=_verbatim(node))]
        inlines[id] = Element(str(node.tag), self.attributes(node))
        if node.tag in _VOID:
            return [Opaque(id, "", kind="image")]
        pieces: list[Piece] = [Open(id), _folded(node.text)]
        for child in node:
            pieces += [*self.pieces(child, inlines), _folded(child.tail)]
        return [*pieces, Close(id)]

    def run(self, name: str, text: Text, inlines: Mapping[int, Element]) -> Run:
        self.numbers += 1
        return Run(self.numbers, name, text, inlines)

    def attributes(self, node: lxml_html.HtmlElement) -> tuple[tuple[str, str | Run], ...]:
        def value_of(name: str, value: str) -> str | Run:
            if name not in ("alt", "title") or not visible(value):
                return value
            return self.run(f"{name} {value[:30]!r}", (_folded(value),), {})

        return tuple((str(name), value_of(str(name), str(value))) for name, value in node.items())

    def fixed(self, node: lxml_html.HtmlElement) -> bool:
        """Code, and what its author marked as not to be translated or as another language."""
        foreign = base_language(str(node.get("lang") or self.language)) != self.language
        return node.tag in _KEPT or node.get("translate") == "no" or foreign


def _holding_blocks(root: lxml_html.HtmlElement) -> set[lxml_html.HtmlElement]:
    """Every block and all that it stands in."""
    found: set[lxml_html.HtmlElement] = set()
    for node in root.iter(*BLOCKS):
        up: lxml_html.HtmlElement | None = node
        while up is not None and up not in found:
            found.add(up)
            up = up.getparent()
    return found


def _folded(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def _quoted(value: str) -> str:
    """An attribute's value; apostrophes stay, or an address would not come out as it went in."""
    return escape(value, quote=False).replace('"', "&quot;")


def _verbatim(node: lxml_html.HtmlElement) -> str:
    tag, attributes = str(node.tag), "".join(f' {name}="{_quoted(str(value))}"' for name, value in node.items())
    if tag in _VOID:
        return f"<{tag}{attributes}>"
    inner = escape(node.text or "", quote=False)
    inner += "".join(_verbatim(child) + escape(child.tail or "", quote=False) for child in node)
    return f"<{tag}{attributes}>{inner}</{tag}>"


def _written(node: Element | Run | str, texts: Mapping[int, Text], language: str) -> str:
    if isinstance(node, str):
        return node
    if isinstance(node, Run):
        return "".join(_piece(piece, node, texts, language) for piece in texts[node.number])
    start = _start(node, texts, language)
    if node.tag in _VOID:
        return start
    return start + "".join(_written(child, texts, language) for child in node.children) + f"</{node.tag}>"


def _piece(piece: Piece, run: Run, texts: Mapping[int, Text], language: str) -> str:
    if isinstance(piece, str):
        return escape(piece, quote=False)
    if isinstance(piece, Open):
        return _start(run.inlines[piece.id], texts, language)
    if isinstance(piece, Close):
        return f"</{run.inlines[piece.id].tag}>"
    if piece.html is not None:
        return piece.html
    return escape(piece.shown, quote=False) if piece.shown else _start(run.inlines[piece.id], texts, language)


def _start(element: Element, texts: Mapping[int, Text], language: str) -> str:
    """A start tag. Only text of the source language is left to translate, so a `lang` on it becomes the target's."""

    def value_of(name: str, value: str | Run) -> str:
        return shown(texts[value.number]) if isinstance(value, Run) else language if name == "lang" else value

    attributes = "".join(f' {name}="{_quoted(value_of(name, value))}"' for name, value in element.attributes)
    return f"<{element.tag}{attributes}>"
