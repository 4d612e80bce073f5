"""What became of every unit, as the ledger keeps it: for people who review, and for the next version of the release."""

from __future__ import annotations

from typing import Literal

from pydantic import TypeAdapter

from tasks.model.documents import Document
from tasks.runtime.foreign_text import storable
from tasks.translation.drafts import Draft, EarlierUnit, RefusedDraft, Translator, UnitResult
from tasks.translation.language_pair import LanguagePair
from tasks.translation.meaning.faults import Reading
from tasks.translation.memory import entries
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined
from tasks.translation.segmentation.runs import Run
from tasks.translation.segmentation.units import Unit


class Part(Document):
    """A piece of a text that is no plain words."""

    model_config = {"str_strip_whitespace": False}
    kind: Literal["open", "close", "opaque"]
    id: int
    shown: str = ""
    """What a reader sees of an opaque piece."""
    of: str = ""
    """What an opaque piece is: url, name, date …"""
    said: str | None = None
    html: str | None = None


class Inline(Document):
    """The element behind an Open and its Close, or behind an image."""

    tag: str
    attributes: dict[str, str] = {}


class UnitRecord(Document):
    """What became of one unit, as the ledger keeps it. `target` is empty while there is none that could be
    published."""

    model_config = {"str_strip_whitespace": False, "extra": "ignore"}  # a newer worker may know more of a unit
    name: str
    language: str = ""
    """Of the source: the release's own, or that of a supplied text."""
    source: list[str | Part]
    target: list[str | Part] = []
    engine: str | None = None
    """None: it needed nobody; `approved`: a person."""
    model: str = ""
    problem: str | None = None
    doubtful: bool = False
    drafted: bool = False
    """See `drafts.UnitResult` for both."""
    inlines: dict[int, Inline] = {}
    keys: list[str] = []
    """Under which the memory may know it."""
    packed: str | None = None
    """The result as the memory keeps it, under `packed_key`."""
    packed_key: str | None = None
    reading: Reading | None = None
    """What the second reader found in the result."""


class Fault(Document):
    """What a check found in a refused draft (checks/problem.py)."""

    model_config = {"str_strip_whitespace": False}
    check: str
    text: str
    words: list[str] = []
    missing: list[str] = []


class RefusedRecord(Document):
    """What an engine made of a unit, and what the checks found in it: for editors alone."""

    model_config = {"str_strip_whitespace": False}
    name: str
    """Of the unit."""
    keys: list[str]
    """Of the unit: another sentence under the same name has others."""
    text: list[str | Part]
    engine: str
    model: str = ""
    faults: list[Fault]


_RECORDS = TypeAdapter(list[UnitRecord])
_REFUSED = TypeAdapter(list[RefusedRecord])


def to_json(draft: Draft) -> str:
    """All units of a draft as JSON."""
    return _RECORDS.dump_json([_record(draft, result) for result in draft.units], exclude_defaults=True).decode()


def from_json(text: str | None) -> list[UnitRecord]:
    """The units in JSON that `to_json` wrote; none for None."""
    return _RECORDS.validate_json(text) if text else []


def refused_to_json(draft: Draft) -> str | None:
    """The drafts in which the checks found something as JSON; None if there are none."""
    found = [_refused(result.unit, result.refused) for result in draft.units if result.refused]
    return _REFUSED.dump_json(found, exclude_defaults=True).decode() if found else None


def refused_from_json(text: str | None) -> dict[str, RefusedRecord]:
    """The drafts in JSON that `refused_to_json` wrote, by the names of their units."""
    return {record.name: record for record in _REFUSED.validate_json(text)} if text else {}


def _refused(unit: Unit, draft: RefusedDraft) -> RefusedRecord:
    faults = [
        Fault(
            check=one.check,
            text=storable(one.text),
            words=[*map(storable, one.words)],
            missing=[*map(storable, one.missing)],
        )
        for one in draft.faults
    ]
    by = draft.translator
    return RefusedRecord(
        name=unit.name, keys=list(unit.keys), text=parts_of(draft.text), engine=by.engine, model=by.model, faults=faults
    )


def earlier(records: list[UnitRecord]) -> dict[str, EarlierUnit]:
    """The translations in these units that a later version of their release, or a later try, can use."""
    return {
        record.packed_key: EarlierUnit(
            record.packed, Translator(record.engine, record.model), record.reading, record.doubtful, record.drafted
        )
        for record in records
        if record.packed_key and record.packed and record.engine
    }


def text_of(parts: list[str | Part]) -> Text:
    """The text whose parts were recorded."""
    return joined(_piece(part) for part in parts)


def parts_of(text: Text) -> list[str | Part]:
    """The parts of a text, to be recorded."""
    return [piece if isinstance(piece, str) else _part(piece) for piece in text]


def _record(draft: Draft, result: UnitResult) -> UnitRecord:
    unit, translator = result.unit, result.translator if result.text else None
    kept = (
        entries.entry(unit.text, result.text, LanguagePair.of(draft.source, draft.target), "") if translator else None
    )
    used = {piece.id for piece in unit.text if isinstance(piece, Open | Opaque)}
    return UnitRecord(
        name=unit.name,
        language=draft.source,
        source=parts_of(unit.text),
        target=parts_of(result.text),
        engine=translator.engine if translator else None,
        model=translator.model if translator else "",
        problem=result.problem and storable(result.problem),
        doubtful=result.doubtful,
        drafted=result.drafted and translator is not None,
        inlines={
            id: Inline(tag=element.tag, attributes={n: v for n, v in element.attributes if not isinstance(v, Run)})
            for id, element in unit.inlines.items()
            if id in used
        },
        keys=list(unit.keys),
        packed=kept.target if kept else None,
        packed_key=kept.key if kept else None,
        reading=result.reading,
    )


def _part(piece: Open | Close | Opaque) -> Part:
    if isinstance(piece, Opaque):
        return Part(kind="opaque", id=piece.id, shown=piece.shown, of=piece.kind, said=piece.said, html=piece.html)
    return Part(kind="open" if isinstance(piece, Open) else "close", id=piece.id)


def _piece(part: str | Part) -> Piece:
    if isinstance(part, str):
        return part
    if part.kind == "opaque":
        return Opaque(part.id, part.shown, html=part.html, kind=part.of, said=part.said)
    return Open(part.id) if part.kind == "open" else Close(part.id)
