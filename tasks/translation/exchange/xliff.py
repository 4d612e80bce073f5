"""XLIFF 2.1: the units of a translation as a file that every translation tool reads, and that file read back.

One file, one unit of it for each of ours, under an id that stays the same as long as its place in the text does. What
is no plain word is an inline code that no tool may delete: `<pc>` for inline elements, `<ph>` for opaque pieces, their
markup in `<originalData>`.

A file that comes back is somebody else's: `read` takes no DTD and no entity, fetches nothing and is bounded in size.
What it gives are marks by id; `fitted` puts the pieces of the unit in their places.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from html import escape
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Literal
from xml.parsers import expat

from lxml import etree

from tasks.model.documents import DocumentRefused
from tasks.model.languages import LanguageTag
from tasks.runtime.errors import Problem
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined

NAMESPACE = "urn:oasis:names:tc:xliff:document:2.0"
"""The same in 2.0, 2.1 and 2.2."""
MATCHES = "urn:oasis:names:tc:xliff:matches:2.0"
"""Of the module Translation Candidates, which is the same in all of them too."""
MOST_MARKS = 20_000
"""Doubts that are marked in one file, so that it stays smaller than `MAX_BYTES`."""
MAX_BYTES = 16 * 1024 * 1024
"""Our own of a release with 1 MB of body are smaller."""
State = Literal["initial", "translated", "reviewed", "final"]
STATES: tuple[State, ...] = ("initial", "translated", "reviewed", "final")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FOLD = re.compile(r"[ \t\r\n]+")
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_OURS = "urn:fanwire:xliff"
_STAMP = f"{{{_OURS}}}exported"
"""Attribute of a unit: `stamp` of its target when it was exported."""
_SEGMENT = "s1"
_SHOWN = 80


@dataclass(frozen=True)
class Code:
    """What stands behind an inline element or an opaque piece, for people and tools."""

    start: str
    """Its markup, or what an opaque piece shows."""
    end: str = ""
    type: str = "other"
    """link, image, fmt, quote or other, as XLIFF has them."""
    description: str = ""
    """What it is, in few words: `link to https://…`."""


@dataclass(frozen=True)
class Match:
    """A translation of a sentence that is nearly the same as a unit."""

    score: int
    """Per cent."""
    source: Text
    target: Text
    origin: str


@dataclass(frozen=True)
class Line:
    """One unit as XLIFF writes it; `codes` by the piece's id."""

    id: str
    name: str
    source: Text
    target: Text = ()
    _: KW_ONLY
    state: State = "initial"
    notes: Sequence[tuple[str, str]] = ()
    """(category, words): problem, maker."""
    doubts: Sequence[tuple[Piece, str | None]] = ()
    """The target once more, cut into stretches, and why an editor has to look at each; none if there is no doubt."""
    matches: Sequence[Match] = ()
    """Near matches from the memory."""
    codes: Mapping[int, Code] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """All units of one translation; `original` names the release and its version."""

    original: str
    source: str
    target: str
    lines: Sequence[Line]
    _: KW_ONLY
    stamp: str = ""
    """What stands for all of it, for those who approve it."""
    notes: Sequence[tuple[str, str]] = ()
    """(category, words), on the whole."""


@dataclass(frozen=True)
class Mark:
    """Where an inline code stands in a text that was read."""

    kind: Literal["open", "close", "opaque"]
    id: str


Marked = tuple[str | Mark, ...]


@dataclass(frozen=True)
class Returned:
    """One unit as it was read from XLIFF."""

    id: str
    name: str
    source: Marked
    target: Marked
    """Empty where there is none."""
    _: KW_ONLY
    state: State = "initial"
    stamp: str = ""
    """The fingerprint of the target when it was exported, if the tool has kept it."""


@dataclass(frozen=True)
class ReturnedSheet:
    """An XLIFF file that was read: normalised language tags, and its units."""

    original: str
    source: str
    target: str | None
    units: Sequence[Returned]


def ids(names: Iterable[str]) -> list[str]:
    """An id for each of these names of units: `paragraph 3, sentence 2` is `paragraph-3.sentence-2`."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        parts = [re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in name.split(", ")]
        slug = ".".join(part for part in parts if part) or "unit"
        seen[slug] += 1
        found.append(slug if seen[slug] == 1 else f"{slug}_{seen[slug]}")
    return found


def marks(text: Text, within: Text) -> Marked:
    """`text` with a mark for each inline element and opaque piece, numbered as in `within`, its source text.

    Opaque pieces that the source does not have, such as a number hidden from the engine, become words.
    """
    return _together(_marks(text, within))


def _marks(text: Iterable[Piece], within: Text) -> Iterator[str | Mark]:
    """For each piece its words, or its mark; an empty string for an element that the source does not have."""
    waiting = numbered(within)
    for piece in text:
        if isinstance(piece, str):
            yield _FOLD.sub(" ", piece)
        elif isinstance(piece, Opaque):
            left = waiting.get(piece, [])
            yield Mark("opaque", left.pop(0)) if left else _FOLD.sub(" ", piece.shown)
        elif number := waiting.get(Open(piece.id)):
            yield Mark("open" if isinstance(piece, Open) else "close", number[0])
        else:
            yield ""


def stamp(target: Marked) -> str:
    """A fingerprint of a target: a returned target with the fingerprint of the exported one is unchanged."""
    return hashlib.sha256(repr(stripped(target)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def fitted(found: Marked, source: Text) -> tuple[Text, list[str]]:
    """The text with the pieces of `source` in the places of their marks; and ids that `source` does not have."""
    pieces = {number: piece for piece, numbers in numbered(source).items() for number in numbers}
    parts: list[Piece] = []
    unknown: list[str] = []
    for part in found:
        piece = None if isinstance(part, str) else pieces.get(part.id)
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(piece, Opaque) and part.kind == "opaque":
            parts.append(piece)
        elif isinstance(piece, Open) and part.kind != "opaque":
            parts.append(piece if part.kind == "open" else Close(piece.id))
        else:
            unknown.append(part.id)
    return joined(parts), unknown


def numbered(text: Text) -> dict[Piece, list[str]]:
    """The inline elements and opaque pieces of a source text, each with the numbers that its marks have."""
    numbers: dict[Piece, list[str]] = {}
    for piece in text:
        if isinstance(piece, Opaque) or (isinstance(piece, Open) and piece not in numbers):
            numbers.setdefault(piece, []).append(str(1 + sum(map(len, numbers.values()))))
    return numbers


# --- writing


def write(sheet: Sheet) -> bytes:
    """Write a sheet as XLIFF 2, UTF-8."""
    languages = {"version": "2.1", "srcLang": sheet.source, "trgLang": sheet.target}
    names = {None: NAMESPACE, "fanwire": _OURS} | ({"mtc": MATCHES} if any(x.matches for x in sheet.lines) else {})
    root = etree.Element(_q("xliff"), languages, nsmap=names)  # type: ignore[arg-type]
    file = etree.SubElement(root, _q("file"), {"id": "f1", "original": _clean(sheet.original), "canResegment": "no"})
    if sheet.stamp:
        file.set(f"{{{_OURS}}}stamp", sheet.stamp)
    _add_notes(file, sheet.notes)
    left = MOST_MARKS
    for line in sheet.lines:
        left -= sum(why is not None for _, why in line.doubts)
        file.append(_unit(line, annotated=left >= 0))
    _indent(root, 1)
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return data + b"\n"


def _unit(line: Line, *, annotated: bool) -> etree._Element:
    attributes = {"id": line.id, "name": _clean(line.name), _STAMP: stamp(marks(line.target, line.source))}
    unit = etree.Element(_q("unit"), attributes)
    _add_matches(unit, line)
    _add_notes(unit, line.notes)
    data = _Data()
    segment = etree.Element(_q("segment"), {"state": str(line.state)} | ({"id": _SEGMENT} if line.matches else {}))
    for tag, text in (("source", line.source), ("target", line.target)):
        if text or tag == "source":
            element = etree.SubElement(segment, _q(tag), {_SPACE: "preserve"})
            codes = _codes(line, in_source=tag == "source")
            if tag == "target" and annotated and line.doubts:
                pieces, reasons = zip(*line.doubts, strict=True)
                _fill(element, tuple(_marks(pieces, line.source)), codes, data, reasons)
            else:
                _fill(element, marks(text, line.source), codes, data)
    if data.ids:
        original = etree.SubElement(unit, _q("originalData"))
        for words, id in data.ids.items():
            etree.SubElement(original, _q("data"), {"id": id}).text = _clean(words)
    unit.append(segment)
    return unit


def _add_matches(unit: etree._Element, line: Line) -> None:
    """Translation candidates, which stand before the notes; `ref` names the segment that they are for."""
    if not line.matches:
        return
    group = etree.SubElement(unit, f"{{{MATCHES}}}matches")
    for number, match in enumerate(line.matches, 1):
        attributes = {"id": f"tm{number}", "ref": f"#{_SEGMENT}", "type": "tm", "similarity": f"{match.score}.0"}
        attributes |= {"origin": _clean(match.origin)} if match.origin else {}
        element = etree.SubElement(group, f"{{{MATCHES}}}match", attributes)
        for tag, text in (("source", match.source), ("target", match.target)):
            inner = etree.SubElement(element, _q(tag), {_SPACE: "preserve"})
            _fill(inner, marks(text, line.source), _codes(line, in_source=tag == "source"), None)


def _add_notes(element: etree._Element, notes: Sequence[tuple[str, str]]) -> None:
    if notes:
        group = etree.SubElement(element, _q("notes"))
        for category, words in notes:
            etree.SubElement(group, _q("note"), {"category": category}).text = _clean(words)


class _Data:
    """The `<data>` of a unit: each markup once."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}

    def id(self, words: str) -> str:
        return self.ids.setdefault(words, f"d{len(self.ids) + 1}")


def _codes(line: Line, *, in_source: bool) -> dict[str, tuple[str, Code]]:
    """Id of each mark to what a reader sees in its place, and the markup behind it."""
    found: dict[str, tuple[str, Code]] = {}
    for piece, numbers in numbered(line.source).items():
        if isinstance(piece, Open | Opaque):
            shown = piece.shown if isinstance(piece, Opaque) else ""
            said = piece.said if isinstance(piece, Opaque) and in_source else None
            found |= dict.fromkeys(numbers, (said or shown, line.codes.get(piece.id, Code(""))))
    return found


def _fill(
    element: etree._Element,
    parts: Marked,
    codes: Mapping[str, tuple[str, Code]],
    data: _Data | None,
    reasons: Sequence[str | None] = (),
) -> None:
    """Write a text into an element; for each part there may be a reason, which is a comment on it (`<mrk>`)."""
    inside = [element]
    for number, (part, why) in enumerate(zip_longest(parts, reasons)):
        within = inside[-1]
        if why and part:
            comment = {"id": f"m{number + 1}", "type": "comment", "value": _clean(why)}
            within = etree.SubElement(within, _q("mrk"), comment)
        if isinstance(part, str):
            for words, bad in _with_bad_characters(part):
                _say(within, words)
                if bad:  # what XML cannot hold is written by its number
                    etree.SubElement(within, _q("cp"), {"hex": f"{ord(bad):04X}"})
        elif part.kind == "close":
            if len(inside) > 1:
                inside.pop()
        else:
            found = _inline(part, *codes[part.id], data)
            within.append(found)
            inside += [found] if part.kind == "open" else []


def _inline(part: Mark, shown: str, code: Code, data: _Data | None) -> etree._Element:
    """The element of an inline code; without `data` its markup is left out."""
    attributes = {"id": part.id, "canDelete": "no", "canCopy": "no", "type": code.type}
    if part.kind == "open":
        attributes |= {"dataRefStart": data.id(code.start), "dataRefEnd": data.id(code.end)} if data else {}
        attributes |= {"dispStart": _clean(f"[{code.description}:"), "dispEnd": "]"} if code.description else {}
        return etree.Element(_q("pc"), attributes)
    attributes |= {"dataRef": data.id(code.start or shown)} if data else {}
    attributes["equiv"] = _clean(shown)
    attributes |= {"disp": _clean(shown or f"[{code.description}]")} if shown or code.description else {}
    return etree.Element(_q("ph"), attributes)


def _with_bad_characters(words: str) -> Iterator[tuple[str, str]]:
    last = 0
    for found in _NOT_XML.finditer(words):
        yield words[last : found.start()], found[0]
        last = found.end()
    yield words[last:], ""


def _say(element: etree._Element, words: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + words
    else:
        element.text = (element.text or "") + words


def _indent(element: etree._Element, level: int) -> None:
    """New lines between elements that hold no text; in those that do each space counts."""
    if not len(element) or element.tag in (_q("source"), _q("target")):
        return
    element.text = "\n" + "  " * level
    for child in element:
        _indent(child, level + 1)
        child.tail = element.text
    element[-1].tail = "\n" + "  " * (level - 1)


def _clean(words: str) -> str:
    return _NOT_XML.sub("\ufffd", words)


def _q(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def start_tag(tag: str, attributes: Mapping[str, str]) -> str:
    """A start tag as it stands in a page."""
    return f"<{tag}" + "".join(f' {name}="{escape(value)}"' for name, value in attributes.items()) + ">"


# --- reading


def read_file(path: Path, what: str = "XLIFF file") -> bytes:
    """The bytes of a file that is not too large; raises DocumentRefused and OSError."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _refused(what, f"is larger than {MAX_BYTES:,} bytes")
    return data


def parse(data: bytes, what: str = "XLIFF file") -> etree._Element:
    """The root of an XML document from a stranger: no DTD, no entities, nothing fetched; raises DocumentRefused."""
    if len(data) > MAX_BYTES:
        raise _refused(what, f"is larger than {MAX_BYTES:,} bytes")
    try:
        _refuse_dtd(data, what)
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, DocumentRefused):
            raise
        raise _refused(what, f"is not XML: {str(error).splitlines()[0][:200]}") from None


class _Begun(Exception):
    """The root element begins: no document type comes any more."""


def _refuse_dtd(data: bytes, what: str) -> None:
    """A document type can only stand before the root element; there entities would be made, and files named."""

    def dtd(*_: object) -> None:
        raise _refused(what, "holds a document type (<!DOCTYPE …>), which is not taken")

    def begun(*_: object) -> None:
        raise _Begun

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = dtd
    parser.StartElementHandler = begun
    try:
        parser.Parse(data, True)
    except _Begun:
        return


def read(data: bytes) -> ReturnedSheet:
    """The units of an XLIFF 2 document; raises DocumentRefused."""
    root = parse(data)
    what = "XLIFF file"
    if root.tag != _q("xliff"):
        name = etree.QName(root)
        if name.localname == "xliff":
            raise _refused(what, f"is XLIFF {root.get('version', '?')[:10]}, not 2.0, 2.1 or 2.2: export it as XLIFF 2")
        raise _refused(what, f"is not XLIFF 2: it begins with <{name.localname[:40]}>")
    files = root.findall(_q("file"))
    if len(files) != 1:
        raise _refused(what, f"holds {len(files)} <file> elements instead of one")
    source, target = _language(root.get("srcLang"), what), root.get("trgLang")
    units = [_returned(unit, what) for unit in root.iter(_q("unit"))]
    twice = [id for id, count in Counter(unit.id for unit in units).items() if count > 1]
    if twice:
        raise _refused(what, f"holds unit {twice[0][:_SHOWN]!r} twice")
    original = files[0].get("original", "")
    return ReturnedSheet(original, source, _language(target, what) if target else None, units)


def _language(tag: str | None, what: str) -> str:
    try:
        return LanguageTag(tag or "")
    except ValueError as error:
        raise _refused(what, f"srcLang or trgLang: {error}") from None


def _returned(unit: etree._Element, what: str) -> Returned:
    id = unit.get("id")
    if not id:
        raise _refused(what, "holds a unit without an id")
    parts = [part for part in unit if part.tag in (_q("segment"), _q("ignorable"))]
    segments = [part for part in parts if part.tag == _q("segment")]
    texts: dict[str, list[str | Mark]] = {"source": [], "target": []}
    for part in parts:
        source, target = part.find(_q("source")), part.find(_q("target"))
        texts["source"] += [] if source is None else _content(source, id, what)
        if target is not None:
            texts["target"] += _content(target, id, what)
        elif part.tag == _q("ignorable") and source is not None:  # white space between two segments
            texts["target"] += _content(source, id, what)
    state: State = min((_state(segment) for segment in segments), key=STATES.index, default="initial")
    target_text = _folded(texts["target"])
    whole = all(segment.find(_q("target")) is not None for segment in segments)
    known = unit.get(_STAMP, "")
    source_text = _folded(texts["source"])
    return Returned(id, unit.get("name", id), source_text, target_text if whole else (), state=state, stamp=known)


def _state(segment: etree._Element) -> State:
    found = segment.get("state", "initial")
    return next((state for state in STATES if state == found), "initial")


def _content(element: etree._Element, unit: str, what: str) -> Iterator[str | Mark]:
    """Text and marks inside an element; depth is bounded by libxml2, at 256."""
    yield element.text or ""
    for child in element:
        name = etree.QName(child).localname if isinstance(child.tag, str) else ""
        id = child.get("id", "")
        if not isinstance(child.tag, str):  # an entity that nobody declared
            raise _refused(what, f"unit {unit[:_SHOWN]!r} holds an entity")
        if name == "pc":
            yield Mark("open", id)
            yield from _content(child, unit, what)
            yield Mark("close", id)
        elif name == "ph":
            yield Mark("opaque", id)
        elif name == "sc":
            yield Mark("open", id)
        elif name == "ec":
            yield Mark("close", child.get("startRef") or id)
        elif name == "mrk":  # somebody's annotation: its text is the text
            yield from _content(child, unit, what)
        elif name == "cp":
            yield _character(child.get("hex", ""), unit, what)
        elif name not in ("sm", "em"):
            raise _refused(what, f"unit {unit[:_SHOWN]!r} holds <{name[:40]}> within its text, which is not known")
        yield child.tail or ""


def _character(number: str, unit: str, what: str) -> str:
    try:
        return chr(int(number, 16))
    except (ValueError, OverflowError):
        raise _refused(what, f"unit {unit[:_SHOWN]!r} holds a <cp> that names no character") from None


def _folded(parts: Iterable[str | Mark]) -> Marked:
    """Neighbouring words together, white space as one space and none at the ends: tools reflow what they write."""
    return stripped(tuple(_FOLD.sub(" ", part) if isinstance(part, str) else part for part in _together(parts)))


def _together(parts: Iterable[str | Mark]) -> Marked:
    found: list[str | Mark] = []
    for words, several in groupby(parts, key=lambda part: isinstance(part, str)):
        some = list(several)
        found += ["".join(map(str, some))] if words else some
    return tuple(part for part in found if part)


def stripped(parts: Marked) -> Marked:
    """The text without white space at its two ends."""
    found = list(parts)
    if found and isinstance(found[0], str):
        found[0] = found[0].lstrip(" ")
    if found and isinstance(found[-1], str):
        found[-1] = found[-1].rstrip(" ")
    return tuple(part for part in found if part)


def _refused(what: str, problem: str) -> DocumentRefused:
    return DocumentRefused(what, [Problem("(file)", problem)])
