"""Importing what people changed in an exported translation.

Every unit that changed is checked. Either all changes are kept in the memory, and the translation is built anew with
them, or none is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from tasks.building.recall import terms_for
from tasks.ledger import audit, deliveries, memory_entries, now, releases, rendition_rows, translation_rows, write
from tasks.ledger.artifacts import TranslationKey
from tasks.model.acts import Act
from tasks.model.documents import DocumentRefused
from tasks.model.release import Release
from tasks.review import edited
from tasks.review.approval import keep, name_of
from tasks.review.listing import Reviewed, ReviewedUnit, refused, to_change
from tasks.review.xliff_files import state_of
from tasks.runtime.errors import Problem
from tasks.runtime.foreign_text import harmful, named
from tasks.translation import checks
from tasks.translation.exchange import xliff
from tasks.translation.exchange.xliff import Returned, ReturnedSheet
from tasks.translation.memory import entries, forms, packing
from tasks.translation.memory.entries import Entry
from tasks.translation.pieces import Opaque, Open, Text, shown, strip
from tasks.translation.protection import glossary

STRUCTURE = frozenset(("empty", "inline", "anchor"))
"""Checks that nobody can overrule: the page would break, or a link would be lost."""
REWRITABLE = frozenset(("name", "term", "date", "amount", "number", "version", "year"))
"""Kinds of opaque pieces for which a person may write words of their own."""
MOST_PROBLEMS = 20
"""Problems of one file that a refusal names."""


@dataclass(frozen=True)
class Taken:
    """What an import of translated sentences did."""

    accepted: list[str]
    """Names of the units that changed, or that were approved as they are."""
    unchanged: int
    warnings: list[Problem] = field(default_factory=list)
    remade: bool = False
    """Whether the translation is built anew. It is not when nothing changed, or when all its deliveries have left."""


def take(
    release_id: int,
    language: str,
    sheet: ReturnedSheet,
    *,
    by: str | None = None,
    despite_warnings: bool = False,
    unless: Callable[[Connection, Reviewed], None] | None = None,
) -> Taken:
    """Keep what people changed, and have the translation built anew; raises DocumentRefused, and then nothing is kept.

    `by` has approved the translation if this makes every unit of it approved. `unless` is called with the translation
    as it is when nobody else can change it any more, and may refuse by raising.

    The units are checked outside any transaction. A translation that changed meanwhile is noticed before writing.
    """
    with write() as connection:
        release = releases.get(connection, release_id)
        row = to_change(connection, release, release_id, language)
    found = Reviewed(release_id, release, language, row)
    if not found.units:
        raise refused(release, language, "its sentences are not known yet: a worker must have begun it")
    work = _Work(found, sheet)
    work.check()
    if work.problems or (work.warnings and not despite_warnings):
        raise DocumentRefused(f"{release.name} in {language}", _first([*work.problems, *work.warnings]))
    taken = Taken(work.accepted, len(sheet.units) - len(work.accepted), work.warnings)
    if not work.accepted:
        return taken
    with write() as connection:
        deliveries.revising(connection)
        if to_change(connection, release, release_id, language).units != row.units:
            raise refused(release, language, "it changed while the file was checked: import it again")
        if unless is not None:
            unless(connection, found)
        present = now(connection)
        keep(connection, list(work.entries.values()), release, found.source, language, present)
        memory_entries.drop(connection, work.outdone - work.entries.keys(), entries.APPROVED)
        edited.keep(connection, found, work.texts, present)
        audit.record(connection, work.entry(name_of(by)))
        if not deliveries.still_open(connection, release_id, language):
            return taken
        make_anew(connection, release_id, language, present, name_of(by))
    return Taken(taken.accepted, taken.unchanged, taken.warnings, remade=True)


def make_anew(connection: Connection, release_id: int, language: str, present: float, by: str | None = None) -> None:
    """Have a translation and its renditions built again. Workers that are building them lose their claims.

    Deliveries in flight go out as they are; the others wait. The caller has called `deliveries.revising` first.
    """
    translation_rows.rebuild(connection, TranslationKey(release_id, language), present, by)
    rendition_rows.rebuild(connection, release_id, present, language)
    deliveries.wait_anew(connection, release_id, language)


def _first(problems: Sequence[Problem]) -> list[Problem]:
    more = len(problems) - MOST_PROBLEMS
    return [*problems[:MOST_PROBLEMS], *([Problem("(file)", f"has {more:,} more problems")] if more > 0 else [])]


class _Work:
    """The comparison of a returned file with the translation that it is for."""

    def __init__(self, found: Reviewed, sheet: ReturnedSheet) -> None:
        self.found, self.sheet = found, sheet
        self.units = {unit.id: unit for unit in found.units}
        self.pair = found.pair.with_terms(terms_for(found.release, found.language))
        self.accepted: list[str] = []
        self.entries: dict[str, Entry] = {}
        self.first: dict[str, str] = {}
        """Memory key of an entry to the name of the unit that gave it."""
        self.outdone: set[str] = set()
        """Memory keys of older entries that would be found before the new ones; they are dropped."""
        self.before: dict[str, str] = {}
        self.after: dict[str, str] = {}
        """Names of accepted units to what they said and say, for people."""
        self.texts: dict[str, Text] = {}
        """Names of accepted units to their texts."""
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def check(self) -> None:
        """Check every returned unit and fill the lists above; raises DocumentRefused for another translation's file."""
        for tag, wanted in ((self.sheet.source, self.found.source), (self.sheet.target, self.found.language)):
            if tag is not None and tag != wanted:
                problem = f"the file is from {self.sheet.source} into {self.sheet.target}"
                raise refused(self.found.release, self.found.language, f"{problem}; it must be {wanted!r}", "(file)")
        for returned in self.sheet.units:
            unit = self.units.get(returned.id)
            if unit is None:
                self.problem(returned.name, f"the release has no such unit{self.exported_from()}")
            elif xliff.stripped(xliff.marks(unit.source, unit.source)) != returned.source:
                self.problem(unit.name, f"its source is not what the release says now{self.exported_from()}")
            elif returned.target:
                self.unit(unit, returned)

    def unit(self, unit: ReviewedUnit, returned: Returned) -> None:
        there = xliff.stripped(xliff.marks(unit.draft, unit.source))
        same = returned.target == there
        signed = returned.state in ("reviewed", "final") and state_of(unit, self.found.standing) != "final"
        left_alone = same or (bool(returned.stamp) and xliff.stamp(returned.target) == returned.stamp)
        if left_alone and not signed:  # what somebody else has written since stays
            return
        if unit.approved and returned.stamp and returned.stamp != xliff.stamp(there):
            self.problem(unit.name, "somebody else has changed it since the file was exported: export it again")
            return
        fitted, unknown = xliff.fitted(returned.target, unit.source)
        result = strip(fitted)
        if unknown:
            self.problem(unit.name, f"inline code {unknown[0][:40]!r} stands in its target and not in its source")
            return
        problem = (
            _harmful(result) or _lost(unit, result) or checks.problem_with_structure(unit.source, result, self.pair)
        )
        if unit.target and not unit.record.engine:  # the memory is not asked for such units
            problem = "has no words to translate: it goes out as it stands"
        if problem:
            self.problem(unit.name, problem)
            return
        kept = entries.entry(unit.source, result, self.pair, entries.APPROVED)
        again = packing.unpack(kept.target, unit.source) if kept else None
        if not kept or not again or shown(again) != shown(result):
            self.problem(unit.name, "its inline codes cannot be put into their places again")
            return
        if problem := glossary.problem(again, self.pair.terms):  # the next build would not use it, and ask an engine
            self.problem(unit.name, problem)
            return
        if not same or unit.open:  # looked at as the memory will give it: a name that was typed as words is the name
            found = checks.problems_with(unit.source, again, self.pair, by_person=True)
            self.warnings += [Problem(unit.name, str(one)) for one in found if one.check not in STRUCTURE]
        keys = forms.keys(unit.source, self.pair)
        self.outdone.update(keys[: keys.index(kept.key)] if kept.key in keys else ())
        self.before[unit.name], self.after[unit.name] = shown(unit.target), shown(again)
        self.texts[unit.name] = again
        self.accept(unit.name, kept)

    def accept(self, name: str, kept: Entry) -> None:
        """Note an accepted unit; a sentence that stands in several places must have one translation."""
        first = self.first.setdefault(kept.key, name)
        if self.entries.setdefault(kept.key, kept) != kept:
            self.problem(name, f"is the same sentence as {first}, which has another translation")
        self.accepted.append(name)

    def entry(self, by: str | None) -> audit.Entry:
        """What is recorded of the import: each accepted unit as it was and is, and which warnings were overruled."""
        release, warnings = self.found.release, [str(warning) for warning in self.warnings]
        new = {"units": self.after} | ({"despite": warnings} if warnings else {})
        of = (Act.IMPORT_TRANSLATION, release.uri, release.version, self.found.language)
        return audit.of_release(*of, old={"units": self.before}, new=new, remark=by)

    def problem(self, name: str, problem: str) -> None:
        self.problems.append(Problem(name[:100], problem))

    def exported_from(self) -> str:
        """The end of a problem that says from which other version the file was exported; empty if from this one."""
        release: Release = self.found.release
        version = re.fullmatch(re.escape(release.uri) + r" v(\d{1,10})", self.sheet.original)
        if version and int(version[1]) != release.version:
            return f": the file was exported from version {version[1]}, and this is version {release.version}"
        return "" if version else f": the file was exported from {self.sheet.original[:100]!r}"


def _harmful(result: Text) -> str | None:
    """The characters in a text that no text may have, in words; None if there are none."""
    found = harmful("".join(piece for piece in result if isinstance(piece, str)))
    return f"it has {named(found)}" if found else None


def _lost(unit: ReviewedUnit, result: Text) -> str | None:
    """The first inline element or opaque piece that is missing or stands twice, in words; None if there is none."""
    for kind in (Open, Opaque):
        wanted, there = (
            Counter(p for p in text if isinstance(p, kind) and not _rewritable(p)) for text in (unit.source, result)
        )
        for piece in wanted | there:
            if wanted[piece] != there[piece]:
                what = "is missing" if there[piece] < wanted[piece] else "stands there twice"
                return f"{unit.describe(piece)} {what}"
    return None


def _rewritable(piece: Open | Opaque) -> bool:
    return isinstance(piece, Opaque) and piece.kind in REWRITABLE
