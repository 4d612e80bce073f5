"""The translations of a release, unit by unit, as people review them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from tasks.ledger import releases, translation_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.schema import deliveries
from tasks.ledger.translation_rows import TranslationRow, WaitingKey
from tasks.model.documents import DocumentRefused
from tasks.model.release import Release
from tasks.model.states import ArtifactState, Hold, State
from tasks.review.stamps import AsRead
from tasks.runtime.errors import Problem
from tasks.translation.checks import Problem as Found
from tasks.translation.doubts import Fault, Stretch, stretches
from tasks.translation.exchange import xliff
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import unit_records as record
from tasks.translation.memory.entries import APPROVED
from tasks.translation.memory.unit_records import Inline, RefusedRecord, UnitRecord
from tasks.translation.pieces import Close, Opaque, Open, Text

_SHOWN = 60
_OTHERS = 9


@dataclass(frozen=True)
class ReviewedUnit:
    """One unit of a translation, and the id that files for translation tools know it by."""

    id: str
    record: UnitRecord
    examined: RefusedRecord | None = None
    """The draft of an engine in which the checks found something, if it is this unit's."""

    @property
    def refused(self) -> RefusedRecord | None:
        """What an engine made of an open unit, and the checks stopped."""
        return self.examined if self.open else None

    @property
    def name(self) -> str:
        return self.record.name

    @cached_property
    def source(self) -> Text:
        return record.text_of(self.record.source)

    @cached_property
    def target(self) -> Text:
        """The translation of the unit; empty while there is none that could be published."""
        return record.text_of(self.record.target)

    @cached_property
    def draft(self) -> Text:
        """What an editor starts from: the translation, else the draft that the checks refused; empty without any."""
        return self.target or (record.text_of(self.refused.text) if self.refused else ())

    def doubts(self, pair: LanguagePair) -> list[Stretch]:
        """The draft piece by piece, with what is doubtful in it; nothing is in what a person approved, or nobody had to
        translate."""
        if not self.draft or (self.target and (self.approved or not self.record.engine)):
            return [(piece, None) for piece in self.draft]
        return stretches(self.draft, self.source, pair, self.faults)

    @property
    def faults(self) -> Sequence[Fault]:
        """What is wrong with the draft, as the checks and the second reader say; nothing of what a person approved."""
        if self.approved:
            return []
        found: list[Fault] = list(self.examined.faults) if self.examined else []
        read = self.record.reading.faults if self.record.reading else ()
        return [*found, *(Found(one.category, str(one), (one.target,) * bool(one.target)) for one in read)]

    @property
    def reasons(self) -> list[str]:
        """Everything that the checks and the second reader have against the draft, in words."""
        if self.approved:
            return []
        found = [_in_full(fault) for fault in self.examined.faults] if self.examined else []
        reading = self.record.reading
        if reading:
            found += [reading.doubt] if reading.doubt else map(str, reading.faults)
        return found or ([self.problem] if self.problem else [])

    @property
    def open(self) -> bool:
        """Whether the unit has no translation although it needs one."""
        return bool(self.record.source) and not self.record.target

    @property
    def approved(self) -> bool:
        """Whether a person made or approved the unit's translation."""
        return self.record.engine == APPROVED

    @property
    def translator(self) -> str:
        """Who made it, for people: engine and model, `approved`, or nothing where nobody was needed."""
        return _name_of(self.record.engine or "", self.record.model)

    @property
    def drafted_by(self) -> str:
        """Who made the draft that the checks refused, for people; empty if there is none."""
        return _name_of(self.refused.engine, self.refused.model) if self.refused else ""

    @property
    def problem(self) -> str | None:
        """Why the unit is open, or what looks wrong in its translation to the checks or to the second reader."""
        if self.open:
            return self.record.problem or "nobody has translated it"
        doubts = (self.record.problem, self.record.reading.doubt if self.record.reading else None)
        return "; ".join(filter(None, doubts)) or None

    @property
    def kind(self) -> Literal["open", "engine", "person", "same"]:
        """Whether the unit is open, or who translated it; `same`: it has no words to translate."""
        if self.open:
            return "open"
        return "person" if self.approved else "engine" if self.record.engine else "same"

    def describe(self, piece: Open | Close | Opaque) -> str:
        """What an inline element or opaque piece is, in few words: `link to https://…`."""
        return _description(piece, self.record.inlines)


def _in_full(fault: Fault) -> str:
    """What is wrong, with all words at fault that its reason does not name."""
    others = [words for words in dict.fromkeys(fault.words) if words not in fault.text]
    return fault.text + (f" (and {', '.join(others[:_OTHERS])})" if others else "")


def _name_of(engine: str, model: str) -> str:
    return model if model.startswith(engine) and model else f"{engine} {model}".strip()


def _description(piece: Open | Close | Opaque, inlines: Mapping[int, Inline]) -> str:
    inline = inlines.get(piece.id)
    address = inline.attributes.get("href") or inline.attributes.get("src") if inline else None
    if isinstance(piece, Opaque):
        if not piece.shown:
            return f"image {address}" if address else "image"
        return (
            f"{piece.kind} {piece.shown!r}" if len(piece.shown) <= _SHOWN else f"{piece.kind} {piece.shown[:_SHOWN]!r}…"
        )
    if address:
        return f"link to {address}"
    return f"<{inline.tag}>" if inline else f"element {piece.id}"


@dataclass(frozen=True)
class Reviewed:
    """One translation of a release."""

    release_id: int
    release: Release
    language: str
    row: TranslationRow
    """Its row in the ledger."""
    _: KW_ONLY
    waits: int = 0
    """Deliveries held until somebody approves it."""

    @cached_property
    def units(self) -> list[ReviewedUnit]:
        records = record.from_json(self.row.units)
        names = xliff.ids(one.name for one in records)
        refused = record.refused_from_json(self.row.refused)
        return [ReviewedUnit(id, one, _draft_of(one, refused)) for id, one in zip(names, records, strict=True)]

    @property
    def open(self) -> list[ReviewedUnit]:
        return [unit for unit in self.units if unit.open]

    @property
    def source(self) -> str:
        """Language of the text that the units are from."""
        return next((unit.record.language for unit in self.units if unit.record.language), self.release.language)

    @property
    def pair(self) -> LanguagePair:
        """The languages of the text that the units are from, and of the translation."""
        return LanguagePair.of(self.source, self.language)

    @property
    def by_us(self) -> bool:
        """Whether Fanwire makes the translation: the producer supplied none, and the release is no kill."""
        return self.release.text_in(self.language) is None and self.release.status != "canceled"

    @property
    def as_read(self) -> AsRead:
        """The translation as it is now, for those who approve it after reading."""
        records = [unit.record for unit in self.units]
        return AsRead(self.release.uri, self.release.version, self.language, self.row.made_at, records)

    @property
    def standing(self) -> str | None:
        """How far the translation is: draft, unreviewed or approved; None for what the producer supplied, and before a
        worker has begun it."""
        if self.row.state == ArtifactState.MADE:
            status = self.row.status if self.row.status in ("draft", "approved") else "unreviewed"
            return status if self.by_us else None
        return "draft" if self.row.units else None

    def to_dict(self) -> dict[str, Any]:
        """The translation as JSON and tables show it; times are seconds since the epoch."""
        return {
            "release": self.release.uri,
            "version": self.release.version,
            "language": self.language,
            "state": self.row.state,
            "status": self.standing,
            "engine": self.row.engine if self.row.state == ArtifactState.MADE else None,
            "units": len(self.units),
            "open": len(self.open),
            "unread": sum(unit.kind == "engine" for unit in self.units),
            "waits": self.waits,
            "reason": self.row.reason,
            "stamp": self.as_read.stamp,
            "approved_by": self.row.approved_by,
            "approved_at": self.row.approved_at,
        }


def _draft_of(unit: UnitRecord, refused: Mapping[str, RefusedRecord]) -> RefusedRecord | None:
    """The draft of a unit in which the checks found something; not that of another sentence which had the same name,
    nor one that has been replaced."""
    draft = refused.get(unit.name) if unit.source else None
    return draft if draft and draft.keys == unit.keys and unit.target in ([], draft.text) else None


def look(connection: Connection, release_id: int, language: str) -> Reviewed:
    """Read a translation with its units; raises DocumentRefused when the release has none in this language."""
    release = releases.get(connection, release_id)
    row = translation_rows.get(connection, TranslationKey(release_id, language))
    if row is None:
        there = ", ".join(row.language for row in translation_rows.of_release(connection, release_id)) or "none"
        raise refused(release, language, f"nobody is to get it in {language}; its languages are: {there}")
    return Reviewed(release_id, release, language, row, waits=_waits(connection, release_id)[language])


def every(connection: Connection, release_id: int) -> list[Reviewed]:
    """All translations of a release, each with its units."""
    release = releases.get(connection, release_id)
    waits = _waits(connection, release_id)
    rows = translation_rows.of_release(connection, release_id)
    return [Reviewed(release_id, release, row.language, row, waits=waits[row.language]) for row in rows]


def waiting(connection: Connection, release_id: int | None = None) -> Iterator[Reviewed]:
    """The translations that need a person, of all releases or of one, the oldest first: those to be approved, and
    drafts with open units. They are read from the ledger one at a time.
    """
    for key in translation_rows.waiting_keys(connection, release_id):
        if one := waiting_one(connection, key):
            yield one


def waiting_one(connection: Connection, key: WaitingKey) -> Reviewed | None:
    """The translation of a key that needs a person; None if nobody is needed."""
    row = translation_rows.get(connection, TranslationKey(key.release_id, key.language))
    if row is None:
        return None
    one = Reviewed(row.release_id, releases.get(connection, row.release_id), row.language, row, waits=key.waits)
    return one if one.standing == "draft" or key.waits else None


def _waits(connection: Connection, release_id: int) -> Counter[str]:
    """How many deliveries of each language are held for approval."""
    d = deliveries.c
    query = (
        select(d.language, func.count())
        .where(d.release_id == release_id, d.state == State.HELD, d.hold_kind == Hold.APPROVAL)
        .group_by(d.language)
    )
    return Counter({row.language: row[1] for row in connection.execute(query)})


def refused(release: Release, language: str, problem: str, field: str = "(translation)") -> DocumentRefused:
    """A refusal that names the release and the language."""
    return DocumentRefused(f"{release.name} in {language}", [Problem(field, problem)])


def to_change(connection: Connection, release: Release, release_id: int, language: str) -> TranslationRow:
    """The row of a translation that a person wants to change, locked until the transaction ends.

    Raises DocumentRefused with the reason if Fanwire did not make it, or its release was corrected or killed.
    """
    newest = releases.find(connection, release.uri)
    if newest is not None and newest.version > release.version:
        became = "was killed by" if newest.status == "canceled" else "was corrected by"
        raise refused(release, language, f"it {became} version {newest.version}", "version")
    if release.status == "canceled":
        raise refused(release, language, "it is a kill, which nobody reviews", "version")
    if release.text_in(language) is not None:
        raise refused(release, language, "the producer wrote it, and it goes out as it is")
    look(connection, release_id, language)
    row = translation_rows.get(connection, TranslationKey(release_id, language), to_change=True)
    assert row is not None
    return row
