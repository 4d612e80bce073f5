"""Writes a release body as plain text: one string for each paragraph, list or table, links and quotes included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from tasks.formatting.house import HouseText
from tasks.formatting.table_columns import Row, aligned
from tasks.model.languages import LanguageTag
from tasks.model.markup import BLOCKS

_SPACE = re.compile(r"[ \t\r\n\f]+")
"""The white space that HTML folds. It is not `\\s`, because no-break spaces are typography and stay."""
MAX_DEPTH = 100
"""Elements inside one another; real bodies reach about ten, and each costs Python a few stack frames."""
_QUOTE_MARKS = "“”„‚‘’«»‹›「」『』《》\"'"
_DASHES = "–—―-"
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_INDENT = 4
"""Columns that a table inside a list loses at most to the signs of the list."""
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")


def paragraphs(body_html: str, house: HouseText, columns: int | None = None) -> list[str]:
    """The blocks of a clean body in reading order; lists, tables and line breaks have lines of their own inside.

    `columns`: the columns of a table are aligned, in lines of at most so many; else there are bars between its cells.
    Raises ValueError for a body nested too deeply.
    """
    if not body_html.strip():
        return []
    return [_bracketed(block) for block in _Walk(house, columns).blocks(tree(body_html))]


_PARENTHESIS = re.compile(r"[(（](?P<address>https?://[^\s()（）]+)(?P<end>[)）])|[(（]|[)）]")


def _bracketed(block: str) -> str:
    """The block with square brackets around the addresses that stand inside parentheses: `(details [https://…])`."""
    depth = 0

    def one(match: re.Match[str]) -> str:
        nonlocal depth
        address = match["address"]
        if not address:
            depth = max(0, depth + (1 if match[0] in "(（" else -1))
        elif depth:
            return f"[{address}]" if match["end"] == ")" else f"［{address}］"
        return match[0]

    return _PARENTHESIS.sub(one, block)


def runs_of(element: Any) -> Iterator[Any]:
    """The children of an element: blocks as they are, and lists of what stands between them (text and elements)."""
    run: list[Any] = [element.text or ""]
    for child in element:
        if child.tag in BLOCKS:
            yield run
            yield child
            run = []
        elif isinstance(child.tag, str):
            run.append(child)
        run.append(child.tail or "")
    yield run


def tree(body_html: str) -> lxml_html.HtmlElement:
    """A clean body, which is not empty, as the children of a `div`.

    Raises ValueError for one nested so deeply that its parser would begin to drop what is inside.
    """
    # one parser a call: lxml's parsers are not meant to be shared by threads
    parser = lxml_html.HTMLParser(huge_tree=True)
    root = lxml_html.fragment_fromstring(body_html, create_parent="div", parser=parser)
    _refuse_deep(root)
    return root


def _refuse_deep(root: lxml_html.HtmlElement) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"body is nested deeper than {MAX_DEPTH} elements")


def fold(text: str) -> str:
    """The text with white space folded to single spaces; no-break spaces stay."""
    return _SPACE.sub(" ", text).strip(" ")


class _Walk:
    """Walks through the elements of a body, with the quotation marks and link style of a house text."""

    def __init__(self, house: HouseText, columns: int | None = None):
        self.house = house
        self.columns = columns
        self._special: dict[str, Callable[[lxml_html.HtmlElement], list[str]]] = {
            "ul": self._list,
            "ol": self._list,
            "dl": self._definitions,
            "table": self._table,
            "blockquote": self._blockquote,
            "pre": lambda element: [self.inline(element, keep=True).strip("\n")],
            "figure": self._figure,
            "hr": lambda _: ["* * *"],
        }

    def blocks(self, element: lxml_html.HtmlElement) -> list[str]:
        """The blocks inside an element; loose text between them is a block too."""
        found: list[str] = []
        run = [_SPACE.sub(" ", element.text or "")]
        for child in element:
            if child.tag in BLOCKS:
                found.append(_tidy("".join(run)))
                found += self._special.get(child.tag, self.blocks)(child)
                run = []
            else:
                run.append(self._one(child, keep=False))
            run.append(_SPACE.sub(" ", child.tail or ""))
        found.append(_tidy("".join(run)))
        return [block for block in found if block]

    def inline(self, element: lxml_html.HtmlElement, keep: bool = False) -> str:
        """The text inside an element, with links and quotes written out; `keep` leaves white space as it is (`pre`)."""
        return "".join(self._pieces(element, keep))

    def _pieces(self, element: lxml_html.HtmlElement, keep: bool) -> Iterator[str]:
        yield _spaces(element.text, keep)
        for child in element:
            yield self._one(child, keep)
            yield _spaces(child.tail, keep)

    def _one(self, element: lxml_html.HtmlElement, keep: bool) -> str:
        tag = element.tag
        if not isinstance(tag, str):
            return ""  # a comment
        if tag == "br":
            return "\n"
        if tag == "img":
            words = dict.fromkeys(filter(None, (element.get("alt"), element.get("title"))))
            return self._link(" – ".join(words), element.get("src") or "")
        inner = self.inline(element, keep)
        match tag:
            case "a":
                return self._link(inner, element.get("href") or "")
            case "q":
                around = sum(1 for _ in element.iterancestors("q"))
                return self.house.data.quotes.around(inner, inner=around % 2 == 1)
            case "sup":  # 10<sup>6</sup> must not become 106
                return _shifted(inner, _RAISED)
            case "sub":
                return _shifted(inner, _LOWERED)
            case "s":  # what is struck out must not read as if it still held
                return f"~~{inner}~~"
        return f" {inner} " if tag in BLOCKS else inner

    def _link(self, text: str, url: str) -> str:
        """`text (URL)`; only the URL where the text is nothing but the URL; spaces around the text stay outside."""
        url = re.sub(r"^(mailto|tel):", "", url.strip())
        core = text.strip(" \n")
        if not url or not core or _bare(core) == _bare(url):
            shown = url or core
        else:
            shown = self.house.texts.link.format(text=core, url=url)
        before, after = text[:1].isspace(), text[-1:].isspace()
        return f"{' ' if before else ''}{shown}{' ' if after and core else ''}"

    def _children(self, element: lxml_html.HtmlElement) -> Iterator[tuple[str, str]]:
        """Tag and text of each child; text that stands between children comes with an empty tag."""
        yield "", _tidy(_spaces(element.text, keep=False))
        for child in element:
            if child.tag in BLOCKS:
                yield child.tag, "\n".join(self._special.get(child.tag, self.blocks)(child))
            else:
                yield "", _tidy(self._one(child, keep=False))
            yield "", _tidy(_spaces(child.tail, keep=False))

    def _list(self, element: lxml_html.HtmlElement) -> list[str]:
        start = element.get("start") or "1"
        number = int(start) if re.fullmatch(r"-?\d{1,9}", start) else 1
        lines = []
        for tag, text in self._children(element):
            if not text:
                continue
            if tag == "li":
                lines.append(_hanging(f"{number}. " if element.tag == "ol" else "• ", text))
                number += 1
            else:  # a list right inside a list belongs to the item before it
                lines.append(_indented(text, "  "))
        return ["\n".join(lines)]

    def _definitions(self, element: lxml_html.HtmlElement) -> list[str]:
        children = [(tag, text) for tag, text in self._children(element) if text]
        return ["\n".join(_indented(text, "  ") if tag == "dd" else text for tag, text in children)]

    def _table(self, element: lxml_html.HtmlElement) -> list[str]:
        """A table with a line for each row and bars or aligned columns between cells, after its caption as a
        paragraph."""
        captions = [_tidy(self.inline(caption)) for caption in element.iterchildren("caption")]
        parts = [element, *element.iterchildren("thead", "tbody", "tfoot")]
        elements = [list(row.iterchildren("td", "th")) for part in parts for row in part.iterchildren("tr")]
        words = _Walk(self.house)  # a table in a cell has no columns of its own
        cells = [[" ".join(words.blocks(cell)).replace("\n", " ") for cell in row] for row in elements]
        rows = [(row, texts) for row, texts in zip(elements, cells, strict=True) if any(texts)]
        if not rows or self.columns is None:
            return [*captions, "\n".join(" | ".join(texts) for _, texts in rows)]
        head = all(cell.tag == "th" for cell in rows[0][0])
        grid = [_spread(row, texts) for row, texts in rows]
        room = self.columns - _INDENT * sum(1 for _ in element.iterancestors("li", "dd"))
        rtl = LanguageTag(self.house.language).direction == "rtl"
        return [*captions, *aligned(grid, head, max(1, room), right_to_left=rtl)]

    def _figure(self, element: lxml_html.HtmlElement) -> list[str]:
        """`Picture: The yard in Porto`, and in the next line its alternative text with its address; a figure that has
        more in it than one picture and a caption as its blocks."""
        blocks = self.blocks(element)
        caption = [block for one in element.iterchildren("figcaption") for block in self.blocks(one)]
        if sum(1 for _ in element.iter("img")) != 1 or len(caption) > 1 or len(blocks) != len(caption) + 1:
            return blocks
        shown = next((block for block in blocks if [block] != caption), blocks[0])
        return [f"{self.house.texts.media.picture}: " + "\n".join([*caption, shown])]

    def _blockquote(self, element: lxml_html.HtmlElement) -> list[str]:
        """A quotation in quotation marks, unless it has its own: indentation is lost when an editor pastes the text."""
        blocks = self.blocks(element)
        said = [number for number, block in enumerate(blocks) if block[0] not in _DASHES]
        if said and blocks[said[0]][0] not in _QUOTE_MARKS:
            blocks[said[0]] = self.house.data.quotes.open + blocks[said[0]]
            blocks[said[-1]] += self.house.data.quotes.close
        return blocks


def _spread(row: list[lxml_html.HtmlElement], texts: list[str]) -> Row:
    """The words of a row, a cell that spans columns followed by empty ones."""
    spread: Row = []
    for cell, text in zip(row, texts, strict=True):
        span = cell.get("colspan", "1")
        spread += [text, *[""] * (int(span) - 1 if re.fullmatch("[1-9][0-9]?", span) else 0)]
    return spread


def _spaces(text: str | None, keep: bool) -> str:
    return (text or "") if keep else _SPACE.sub(" ", text or "")


def _tidy(text: str) -> str:
    """The text without spaces around line breaks and at its ends."""
    return re.sub(r" ?\n ?", "\n", re.sub(r" {2,}", " ", text)).strip(" \n")


def _bare(address: str) -> str:
    return re.sub(r"^https?://", "", address).rstrip("/")


def _shifted(text: str, table: dict[int, int]) -> str:
    """Superscript or subscript characters by `table`, if there is one for each: `1<sup>st</sup>` stays 1st."""
    shifted = text.translate(table)
    return shifted if all(old != new for old, new in zip(text, shifted, strict=True)) else text


def _indented(text: str, indent: str) -> str:
    return "\n".join(indent + line for line in text.split("\n"))


def _hanging(marker: str, text: str) -> str:
    return marker + text.replace("\n", "\n" + " " * len(marker))
