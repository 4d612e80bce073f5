"""The checks measured on sentences of press releases that were judged by reading: eleven releases, in es, fr and pt.

python tests/bench/run.py judged

`tests/bench/judged/units.tsv` has a line a unit: the release and its part of the set (`tune`, or `held` out: no limit
and no pattern was chosen by looking at those), the number of the unit in it, its language, who made it (a person, or
Apertium through Fanwire's own way of a text) and from which language, and the fault that an editor would not let pass:
`words` (that the language does not have), `sense` (or grammar), `form`, or none. All texts were written for this set.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tasks.translation import checks
from tasks.translation.doubtful_texts import is_draft_as_a_whole
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Opaque, Piece, Text, joined

FILE = Path(__file__).parent / "judged" / "units.tsv"
PARTS = ("tune", "held")
ISSUERS = {
    "results": "Halden Marine", "product": "Brightwell", "pharma": "Corvana", "energy": "Norrland Power",
    "ngo": "Wells for Tomorrow", "security": "Fernhill Labs", "appointment": "Calder & Sons",
    "merger": "Tallgrass Foods", "transport": "Coastline Rail",
}  # fmt: skip
"""Who sends each release; the name is protected in it. The others have no issuer in their text."""


@dataclass(frozen=True)
class Judged:
    """One unit, and what was judged of it."""

    release: str
    part: str
    number: int
    language: str
    by: str
    source_language: str
    """Empty: it is the release as it was written."""
    fault: str
    """Empty: an editor would let it pass."""
    source: str
    text: str

    @property
    def document(self) -> tuple[str, ...]:
        """What the units of one version of a release have in common."""
        return self.release, self.source_language, self.language, self.by

    def problems(self) -> set[str]:
        """The checks that stop it."""
        pair = LanguagePair.of(self.source_language, self.language)
        before, after = (_protected(text, self.release) for text in (self.source, self.text))
        return {problem.check for problem in checks.problems_with(before, after, pair)}


def _protected(text: str, release: str) -> Text:
    """The text with the issuer's name as an engine gets it."""
    name = ISSUERS.get(release)
    if not name:
        return (text,)
    pieces: list[Piece] = []
    for part in text.split(name):
        pieces += [part, Opaque(1, name, kind="name")]
    return joined(pieces[:-1])


def units() -> list[Judged]:
    """All translations of the set."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    written = {(row["release"], row["unit"], row["language"]): row["text"] for row in rows if row["by"] == "person"}
    return [
        Judged(
            release=row["release"],
            part=row["split"],
            number=int(row["unit"]),
            language=row["language"],
            by=row["by"],
            source_language=row["from"],
            fault=row["fault"],
            source=written[row["release"], row["unit"], row["from"]],
            text=row["text"],
        )
        for row in rows
        if row["from"]
    ]


def run() -> None:
    """Print what is stopped of what should be, and of what should not."""
    found = {unit: unit.problems() for unit in units()}
    for part in PARTS:
        _table(part, {unit: problems for unit, problems in found.items() if unit.part == part})


def _table(part: str, found: dict[Judged, set[str]]) -> None:
    bad = [unit for unit in found if unit.fault]
    human = [unit for unit in found if unit.by == "person"]
    machine = [unit for unit in found if unit.by != "person" and not unit.fault]
    print(f"  {part}: {len(found)} units, {len(bad)} of them unprintable")
    print(f"    unprintable units stopped     {_of(bad, found)}")
    for name in ("language", "fault"):
        shares = ((kind, [unit for unit in bad if getattr(unit, name) == kind]) for kind in _kinds(bad, name))
        print(f"      by {name}: " + "; ".join(f"{kind} {_of(some, found)}" for kind, some in shares))
    print("      by check: " + ", ".join(f"{check} {number}" for check, number in _checks(bad, found)))
    print(f"    human units stopped wrongly   {_of(human, found)}  {dict(_checks(human, found)) or ''}")
    print(f"    printable units of a machine stopped {_of(machine, found)}")
    for size, releases in (("short", 1), ("long", 4)):
        documents: defaultdict[tuple[str, ...], list[Judged]] = defaultdict(list)
        names = sorted({unit.release for unit in found})
        for unit in found:
            number = min(
                names.index(unit.release) // releases, len(names) // releases - 1
            )  # what is left joins the last
            documents[str(number), *unit.document[1:]].append(unit)
        length = sum(map(len, documents.values())) // len(documents)
        for who, chosen in (
            ("with unprintable units", [some for some in documents.values() if any(unit.fault for unit in some)]),
            ("by people", [some for some in documents.values() if some[0].by == "person"]),
        ):
            whole = sum(is_draft_as_a_whole([found[unit] for unit in some]) for some in chosen)
            held = sum(any(found[unit] for unit in some) for some in chosen)
            stopped = f"drafts as a whole {_share(whole, len(chosen))}; some unit stopped {_share(held, len(chosen))}"
            print(f"    {size} documents (of {length} units) {who}: {stopped}")


def _kinds(some: Iterable[Judged], name: str) -> list[str]:
    return sorted({str(getattr(unit, name)) for unit in some})


def _checks(some: Iterable[Judged], found: dict[Judged, set[str]]) -> list[tuple[str, int]]:
    return Counter(check for unit in some for check in found[unit]).most_common()


def _of(some: list[Judged], found: dict[Judged, set[str]]) -> str:
    return _share(sum(bool(found[unit]) for unit in some), len(some))


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}, {100 * part / whole:.1f} %" if whole else "none"
