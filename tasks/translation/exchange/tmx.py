"""TMX 1.4: what translation tools call a memory. Read in portions, and nothing outside the file is ever looked at.

In a file from another tool `<bpt>`, `<ept>` and `<hi>` are inline elements, `<it>` is half of one and is left out, and
a `<ph>` that says not what it is makes its row bad: what it stands for would be lost. What Fanwire writes says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from lxml import etree

from tasks.model.documents import DocumentRefused
from tasks.model.languages import LanguageTag
from tasks.runtime.errors import Problem
from tasks.translation.exchange import Found, Row, notation
from tasks.translation.exchange.table import LONGEST_MAKER, Refused, language, plain_row, refusal, too_big, written_row
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory.entries import APPROVED
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_KIND = "x-fanwire-"
"""Begins the type of a `<ph>` of ours, and of each `<prop>`."""
_FORM, _MAKER, _ORIGIN = (_KIND + name for name in ("form", "maker", "origin"))
_BREAK = re.compile(r"\s*(<br\s*/?>)?\s*$", re.IGNORECASE)
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot hold."""
_MOST_VARIANTS = 50
"""Languages of one unit."""


def read_memory(path: Path) -> Found:
    """Read the memory entries of a TMX file. Raises DocumentRefused when the file as a whole cannot be read."""
    too_big(path)
    found = Found()
    try:
        with path.open("rb") as file:
            for unit, usual in _units(path, file):
                where = f"line {unit.sourceline}"
                try:
                    found.rows += _rows(unit, usual)
                except Refused as error:
                    found.refused.append((where, str(error)))
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        problem = Problem("(file)", f"is not XML: line {line}: {error.msg}")
        raise DocumentRefused(str(path), [problem]) from None
    except OSError as error:
        raise refusal(path, error) from None
    return found


def write_memory(file: IO[bytes], rows: Iterable[Any], version: str) -> tuple[int, int]:
    """Rows of the memory, and how many; the second number are those that XML cannot hold and damaged ones,
    which are left out."""
    count = unfit = 0
    with etree.xmlfile(file, encoding="utf-8") as xml:
        xml.write_declaration()
        with xml.element("tmx", version="1.4"):
            about = {
                "creationtool": "Fanwire",
                "creationtoolversion": version,
                "segtype": "sentence",
                "adminlang": "en",
            }
            xml.write(
                etree.Element("header", {**about, "srclang": "*all*", "datatype": "plaintext", "o-tmf": "fanwire"})
            )
            xml.write("\n")
            with xml.element("body"):
                for row in rows:
                    unit = _unit(row)
                    if unit is None:
                        unfit += 1
                    else:
                        xml.write("\n", unit)
                        count += 1
    return count, unfit


def _units(path: Path, file: IO[bytes]) -> Iterator[tuple[Any, str]]:
    """Each `<tu>` with the file's source language; what was read is thrown away."""
    events = etree.iterparse(
        file, ("start", "end"), resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    usual, begun = "*all*", False
    for event, node in events:
        if not begun:
            _check_root(path, node)
            begun = True
        if event == "start":
            usual = node.get("srclang", usual) if node.tag == "header" else usual
        elif node.tag == "tu":
            yield node, usual
            node.clear()
            while node.getprevious() is not None:
                del node.getparent()[0]


def _check_root(path: Path, root: Any) -> None:
    if root.tag != "tmx":
        raise DocumentRefused(str(path), [Problem("(file)", f"is no TMX: it begins with <{root.tag}>", "<tmx>")])
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and next(declared.iterentities(), None) is not None:
        raise DocumentRefused(str(path), [Problem("(file)", "declares entities; write the characters themselves")])


def _rows(unit: Any, usual: str) -> list[Row]:
    variants = _variants(unit)
    sources = _sources(unit.get("srclang") or usual, variants)
    maker = (_prop(unit, _MAKER) or APPROVED)[: LONGEST_MAKER + 1]
    if len(maker) > LONGEST_MAKER:
        raise Refused(f"its maker is longer than {LONGEST_MAKER} characters")
    rows = []
    for source in sources:
        for target in variants:
            if target != source:
                rows.append(_row(unit, LanguagePair.of(source, target), (variants[source], variants[target]), maker))
    return rows


def _row(unit: Any, pair: LanguagePair, segments: tuple[Any, Any], maker: str) -> Row:
    form = _prop(unit, _FORM)
    try:
        texts = [_text(segment, ours=form is not None) for segment in segments]
        if form is None:
            return plain_row(texts[0], texts[1], pair, maker)
        return written_row(texts[0], texts[1], pair, maker, literally=form == "literal")
    except Refused as error:
        raise Refused(f"{pair}: {error}") from None


def _variants(unit: Any) -> dict[str, Any]:
    """{language: its `<seg>`}."""
    found: dict[str, Any] = {}
    for variant in unit.iterchildren("tuv"):
        tag = variant.get(_LANG) or variant.get("lang")
        if not tag:
            raise Refused("a <tuv> says no xml:lang")
        name = language(tag, "xml:lang")
        if name in found:
            raise Refused(f"has two texts in {name}")
        segment = variant.find("seg")
        if segment is None:
            raise Refused(f"the <tuv> in {name} has no <seg>")
        found[name] = segment
    if not 2 <= len(found) <= _MOST_VARIANTS:
        raise Refused(f"has texts in {len(found)} languages, not in 2 to {_MOST_VARIANTS}")
    return found


def _sources(tag: str, variants: dict[str, Any]) -> list[str]:
    """The languages to translate from: the one that is named, as it stands or less particular; or each."""
    if tag.lower() == "*all*":
        return list(variants)
    wanted = language(tag, "srclang")
    if wanted in variants:
        return [wanted]
    near = [name for name in variants if LanguageTag(name).same_language(LanguageTag(wanted))]
    if len(near) != 1:
        raise Refused(f"has no text in {wanted}, the source language")
    return near


def _prop(unit: Any, kind: str) -> str | None:
    return next((prop.text or "" for prop in unit.iterchildren("prop") if prop.get("type") == kind), None)


def _text(segment: Any, *, ours: bool) -> Text:
    pieces = list(_pieces(segment, {}))
    if ours:
        return joined(pieces)
    return joined(re.sub(r"[ \t\r\n]+", " ", piece) if isinstance(piece, str) else piece for piece in pieces)


def _pieces(node: Any, opened: dict[str, int]) -> Iterator[Piece]:
    """The pieces in a `<seg>` or `<hi>`. `x` says which codes belong together across languages, or else `i`."""
    yield node.text or ""
    for child in node:
        if not isinstance(child.tag, str):
            raise Refused("has an entity in it; write the characters themselves")
        if child.tag == "hi":
            id = _number(child.get("x"), 1000 + sum(key.startswith("hi") for key in opened))
            opened[f"hi{len(opened)}"] = id
            yield Open(id)
            yield from _pieces(child, opened)
            yield Close(id)
        elif child.tag == "bpt":
            id = _number(child.get("x") or child.get("i"), 0)
            opened[child.get("i", "")] = id
            yield Open(id)
        elif child.tag == "ept":
            if child.get("i", "") not in opened:
                raise Refused("has an <ept> without its <bpt>")
            yield Close(opened[child.get("i", "")])
        elif child.tag == "ph":
            yield _placeholder(child)
        elif child.tag != "it":
            raise Refused(f"has an inline code <{child.tag}>, which is not known here")
        yield child.tail or ""


def _placeholder(node: Any) -> Piece:
    said = "".join(node.itertext())
    if str(node.get("type", "")).startswith(_KIND):
        pieces = notation.read(said)
        if len(pieces) == 1 and isinstance(pieces[0], Opaque):
            return pieces[0]
    if _BREAK.match(said):
        return " "
    raise Refused(f"has a placeholder <ph> that stands for something unknown: {said[:40]!r}")


def _number(value: str | None, otherwise: int) -> int:
    try:
        return int(value or otherwise)
    except ValueError:
        raise Refused(f"has an inline code with the number {str(value)[:20]!r}") from None


def _unit(row: Any) -> Any:
    """The `<tu>` of a row; None if XML cannot hold it."""
    texts = notation.texts_of(row.source, row.target)
    if texts is None:
        return None
    unit, result, literally = texts
    if _UNFIT.search(notation.write(unit) + notation.write(result) + row.maker + row.origin):
        return None
    person = "people" if row.maker == APPROVED else row.maker
    node = etree.Element("tu", srclang=row.source_language, creationid=person)
    if row.kept_at:  # 0: not known
        node.set("creationdate", datetime.fromtimestamp(row.kept_at, UTC).strftime("%Y%m%dT%H%M%SZ"))
    for kind, value in ((_FORM, "literal" if literally else "normal"), (_MAKER, row.maker), (_ORIGIN, row.origin)):
        etree.SubElement(node, "prop", type=kind).text = value
    for tag, text in ((row.source_language, unit), (row.target_language, result)):
        segment = etree.SubElement(etree.SubElement(node, "tuv", {_LANG: tag}), "seg")
        _fill(segment, text)
    return node


def _fill(segment: Any, text: Text) -> None:
    last = None
    for piece in text:
        if isinstance(piece, str):
            if last is None:
                segment.text = (segment.text or "") + piece
            else:
                last.tail = (last.tail or "") + piece
        elif isinstance(piece, Open | Close):
            tag = "bpt" if isinstance(piece, Open) else "ept"
            codes = {"i": str(piece.id), **({"x": str(piece.id)} if tag == "bpt" else {})}
            last = etree.SubElement(segment, tag, codes)
        else:
            last = etree.SubElement(segment, "ph", type=_KIND + piece.kind)
            last.text = notation.written(piece)
