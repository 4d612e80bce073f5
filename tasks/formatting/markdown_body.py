"""Writes a release body as Markdown: CommonMark with tables and strikethrough.

What Markdown has no sign for (raised letters, definitions, tables whose cells hold more than a line) stays HTML, which
Markdown allows. No word and no link is lost, and no character of a text is taken for a sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from html import escape as escape_html
from typing import Any

from tasks.formatting.house import HouseText
from tasks.formatting.plain import fold, runs_of, tree
from tasks.model.markup import BLOCKS

_SPACE = re.compile(r"[ \t\r\n\f]+")
_SIGNS = re.compile(r"[\\`*\[\]<>~|]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|(?<=\$)\$|(?<=\{)\{|!\Z")
_AT_START = re.compile(r"^([ \t]*)(?:([-+=#:])|(\d{1,9})([.)]))", re.MULTILINE)
"""What begins a list, a heading or a definition at the start of a line."""
_EMPHASIS = {"strong": "**", "b": "**", "em": "*", "i": "*", "cite": "*", "s": "~~"}
_SPACES = frozenset(" \t\n\r\f")
_VOID = frozenset({"br", "hr", "img"})
_HEADS = {"h2": "##", "h3": "###", "h4": "####"}


def markdown(body_html: str, house: HouseText) -> str:
    """A clean body as Markdown, without a line break at its end; empty for an empty body."""
    return "\n\n".join(_Writer(house).blocks(tree(body_html))) if body_html.strip() else ""


def escaped(text: str) -> str:
    """A line of text in which no character is a sign of Markdown."""
    return _start_escaped(_signs_escaped(fold(text)))


def heading(signs: str, words: str) -> str:
    """A heading after `#` signs; `words` are Markdown already. Signs at its end would be taken for its close."""
    return f"{signs} " + re.sub(r"#+$", r"\\\g<0>", words)


def link(words: str, address: str) -> str:
    """A link; `words` are Markdown already."""
    target = re.sub(r"[\\()<>]|&(?=#?\w+;)", r"\\\g<0>", address.strip())
    return f"[{words}]({_SPACE.sub('%20', target)})"


def _signs_escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\g<0>", text)


def _start_escaped(text: str) -> str:
    return _AT_START.sub(lambda found: f"{found[1]}{found[3] or ''}\\{found[2] or found[4]}", text)


class _Writer:
    """Walks through the elements of a body, with the quotation marks of a house text."""

    def __init__(self, house: HouseText):
        self.house = house
        self._special: dict[str, Callable[[Any], list[str]]] = {
            "ul": self._list,
            "ol": self._list,
            "dl": lambda element: [_raw(element)],
            "table": self._table,
            "blockquote": self._quotation,
            "pre": self._preformatted,
            "hr": lambda _: ["* * *"],
            **dict.fromkeys(_HEADS, self._head),
        }

    def blocks(self, element: Any) -> list[str]:
        """The blocks inside an element; loose text between them is a block too."""
        found: list[str] = []
        lists: str | None = None
        for run in runs_of(element):
            if isinstance(run, list):
                made = [self._paragraph(run)]
            else:
                made = self._special.get(run.tag, self.blocks)(run)
                if run.tag == lists and made:
                    found.append("<!-- -->")  # or the two lists would be one
            made = [block for block in made if block.strip()]
            if made:
                lists = run.tag if not isinstance(run, list) and run.tag in ("ul", "ol") else None
                found += made
        return found

    def _paragraph(self, run: list[Any]) -> str:
        return _start_escaped(self._inlines(run).strip(" \n"))

    def _inlines(self, run: list[Any]) -> str:
        text = ""
        for part, following in zip(run, [*run[1:], ""], strict=True):
            if isinstance(part, str):
                text += _signs_escaped(_SPACE.sub(" ", part))
            else:
                text += self._inline(part, text, following[:1] if isinstance(following, str) else "")
        return re.sub(r" *\\\n *", "\\\\\n", re.sub(r"(?: *\\\n)+ *$", "", re.sub(r" {2,}", " ", text)))

    def _inline(self, element: Any, before: str, after: str) -> str:
        """An element in a line, after the text `before`; `after`: the next character, empty if it is not known."""
        if element.tag == "br":
            return "\\\n"
        if element.tag == "img":
            return _image(element)
        if element.tag == "code" and not (len(element) or before.endswith("`")) and (element.text or "").strip():
            return _code(_SPACE.sub(" ", element.text))
        inner = self._inlines(_content(element))
        core = inner.strip(" \n")
        left, right = (" " if inner[:1] == " " else ""), (" " if inner[-1:] == " " and core else "")
        if element.tag == "a" and element.find(".//a") is not None:  # Markdown has no link in a link
            return f'{left}<a href="{escape_html(element.get("href"))}">{core}</a>{right}'
        if element.tag == "a":
            return left + link(core or escaped(element.get("href")), element.get("href")) + right
        if not core:
            return inner
        if element.tag == "q":
            around = sum(1 for _ in element.iterancestors("q"))
            return left + self.house.data.quotes.around(core, inner=around % 2 == 1) + right
        sign = _EMPHASIS.get(element.tag)
        opens = _is_word(core[0]) or ((before + left).endswith(" ") and not core[0].isspace())
        closes = _is_word(core[-1]) or ((right or after) in _SPACES and not core[-1].isspace())
        alone = sign and sign[0] not in re.sub(r"\\.", "", core) + (before + left)[-1:]
        if alone and opens and closes:
            return f"{left}{sign}{core}{sign}{right}"
        return f"{left}<{element.tag}>{core}</{element.tag}>{right}"

    def _head(self, element: Any) -> list[str]:
        text = self._inlines(_content(element)).replace("\\\n", " ").strip()
        return [heading(_HEADS[element.tag], text)] if text else []

    def _list(self, element: Any) -> list[str]:
        start = element.get("start") or "1"
        number = int(start) if re.fullmatch(r"\d{1,8}", start) else 1
        items = []
        for run in runs_of(element):
            blocks = [self._paragraph(run)] if isinstance(run, list) else self._item(run)
            if not any(blocks):
                continue
            marker = f"{number}. " if element.tag == "ol" else "- "
            number += 1
            items.append(marker + "\n\n".join(blocks).replace("\n", "\n" + " " * len(marker)))
        return [re.sub(r"[ ]+$", "", "\n".join(items), flags=re.MULTILINE)]

    def _item(self, element: Any) -> list[str]:
        if element.tag == "li":
            return self.blocks(element)
        return self._special.get(element.tag, self.blocks)(element)

    def _quotation(self, element: Any) -> list[str]:
        text = "\n\n".join(self.blocks(element))
        return [re.sub(r"^", "> ", text, flags=re.MULTILINE)] if text else []

    def _preformatted(self, element: Any) -> list[str]:
        text = element.text or ""
        if len(element) or not text.strip():
            return [_raw(element)] if "".join(element.itertext()).strip() or len(element) else []
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
        return [f"{fence}\n{text.strip(chr(10))}\n{fence}"]

    def _table(self, element: Any) -> list[str]:
        """A table with a line for each row; one that has more in it than Markdown can say stays HTML."""
        parts = (element, *element.iterchildren("thead", "tbody", "tfoot"))
        cells = [list(row.iterchildren("td", "th")) for part in parts for row in part.iterchildren("tr")]
        simple = len({len(row) for row in cells}) == 1 and len(cells[0]) > 1
        for cell in (cell for row in cells for cell in row):
            spans = cell.get("colspan", "1") == cell.get("rowspan", "1") == "1"
            simple = simple and spans and not any(inner.tag in BLOCKS for inner in cell.iterdescendants())
        if not simple:
            return [_raw(element)]
        captions = [self._paragraph(_content(caption)) for caption in element.iterchildren("caption")]
        lines = ["| " + " | ".join(self._cell(cell) for cell in row) + " |" for row in cells]
        return [*captions, "\n".join([lines[0], "|" + " --- |" * len(cells[0]), *lines[1:]])]

    def _cell(self, cell: Any) -> str:
        return self._inlines(_content(cell)).replace("\\\n", "<br>").strip()


def _content(element: Any) -> list[Any]:
    """What an element in a line holds; blocks in it, which HTML does not allow there, as the words in them."""
    content: list[Any] = []
    for run in runs_of(element):
        content += run if isinstance(run, list) else [" ", *([run] if run.tag == "img" else _content(run)), " "]
    return content


def _image(element: Any) -> str:
    words = " – ".join(dict.fromkeys(filter(None, (element.get("alt"), element.get("title")))))
    return "!" + link(_signs_escaped(fold(words)), element.get("src") or "")


def _code(text: str) -> str:
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"


def _raw(element: Any) -> str:
    """An element as HTML on one line."""
    attributes = "".join(f' {name}="{escape_html(value)}"' for name, value in element.attrib.items())
    if element.tag in _VOID:
        return f"<{element.tag}{attributes}>"
    inner = escape_html(element.text or "", quote=False)
    for child in element:
        inner += (_raw(child) if isinstance(child.tag, str) else "") + escape_html(child.tail or "", quote=False)
    inner = inner.replace("\n", "&#10;") if element.tag == "pre" else _SPACE.sub(" ", inner)
    return f"<{element.tag}{attributes}>{inner}</{element.tag}>"
