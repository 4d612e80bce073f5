"""A release as units: the sentences that engines, memory, checks and reviewers see, each under a name of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tasks.model.release import Release, Translation
from tasks.translation import bounds
from tasks.translation.memory import entries
from tasks.translation.pieces import Text, composed, shown, strip
from tasks.translation.protection import masking
from tasks.translation.protection.glossary import Term
from tasks.translation.segmentation import runs, sentences

HEADLINE, SUBHEADLINE, PLACE = -1, -2, -3
"""Numbers of the stretches that are not in the body; those in the body have the numbers of their runs."""


@dataclass(frozen=True)
class Stretch:
    """A headline, or a run of the body: what is cut into units."""

    name: str
    text: Text
    inlines: Mapping[int, runs.Element] = field(default_factory=dict)


@dataclass(frozen=True)
class Unit:
    """One sentence on its way: which stretch of text it is part of, and what people call it."""

    stretch: int
    name: str
    """`paragraph 3, sentence 2`"""
    text: Text
    before: str
    """White space that stood around it and is no part of a unit."""
    after: str
    keys: tuple[str, ...]
    """Under which the memory may know it, the most particular one first."""
    inlines: Mapping[int, runs.Element]
    """The elements behind its Open and Close, by id."""


def stretches_of(origin: Translation, body: runs.Element, *, script_only: bool) -> dict[int, Stretch]:
    """Everything to translate, by number; raises TranslationHeld for a run that is beyond what people write."""
    found: dict[int, Stretch] = {HEADLINE: Stretch("headline", (origin.headline,))}
    if origin.subheadline:
        found[SUBHEADLINE] = Stretch("subheadline", (origin.subheadline,))
    if origin.dateline_place and script_only:  # an engine might translate Reading, Nice or Mobile
        found[PLACE] = Stretch("dateline place", (origin.dateline_place,))
    for run in runs.runs_of(body):
        bounds.refuse_run(run.name, run.text, len(run.inlines))
        found[run.number] = Stretch(run.name, run.text, run.inlines)
    return found


def masked(
    stretches: Mapping[int, Stretch],
    release: Release,
    origin: Translation,
    target: str,
    deadline: bounds.Deadline,
    *,
    script_only: bool,
    terms: Sequence[Term] = (),
) -> dict[int, Stretch]:
    """The same with everything opaque that goes past an engine, and without those that nobody sees."""
    text = composed("\n".join(shown(stretch.text) for stretch in stretches.values()))
    within = "\n".join(piece for stretch in stretches.values() for piece in stretch.text if isinstance(piece, str))
    rules = masking.rules_for(
        release, text, origin.language, target, script_only=script_only, within=within, terms=terms
    )
    found: dict[int, Stretch] = {}
    for number, stretch in stretches.items():
        deadline.check()
        hidden = masking.mask(stretch.text, rules)
        if strip(hidden):
            found[number] = replace(stretch, text=hidden)
    return found


def keys_of(stretches: Mapping[int, Stretch], source: str, target: str) -> set[str]:
    """Under which whole stretches may be known."""
    return {key for stretch in stretches.values() for key in entries.keys(strip(stretch.text), source, target)}


def cut(stretches: Mapping[int, Stretch], source: str, target: str, known: Mapping[str, str]) -> list[Unit]:
    """The units of masked stretches, in order.

    A whole stretch that is `known` (key to packed result) is one unit: somebody translated the paragraph as such.
    """
    units: list[Unit] = []
    for number, stretch in stretches.items():
        as_one = known and entries.first_that_fits(
            strip(stretch.text), entries.keys(strip(stretch.text), source, target), known
        )
        parts = [stretch.text] if as_one else sentences.split(stretch.text, source)
        for place, sentence in enumerate(parts, 1):
            name = stretch.name if len(parts) == 1 else f"{stretch.name}, sentence {place}"
            before, after = _white_space(sentence)
            text = strip(sentence)
            keys = tuple(entries.keys(text, source, target))
            units.append(Unit(number, name, text, before, after if text else "", keys, stretch.inlines))
    return units


def _white_space(sentence: Text) -> tuple[str, str]:
    first, last = sentence[0], sentence[-1]
    before = " " if isinstance(first, str) and first[:1].isspace() else ""
    after = " " if isinstance(last, str) and last[-1:].isspace() else ""
    return before, after
