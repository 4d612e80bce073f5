"""Two texts that a person says are translations of each other, as an entry of the memory.

Addresses, amounts and dates of the source are looked for in the target, and where all are found the entry is good for
any others too. Where one is not, it is kept literally: good for this very sentence. No rule here needs a release, so
the entry is found again by units of any.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from tasks.runtime.foreign_text import harmful, named
from tasks.translation import bounds, checks
from tasks.translation.figures import amounts, dates
from tasks.translation.figures.dates import Day
from tasks.translation.figures.recogniser import Figure, exact_in
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import entries, forms
from tasks.translation.memory.entries import APPROVED, Entry
from tasks.translation.pieces import Opaque, Open, Piece, Text, has_letters, joined, strip
from tasks.translation.protection import masking

_MOST = 50
"""Pieces of one text that are looked for in the other; nobody writes more into a sentence."""
Finder = Callable[[str], Iterator[tuple[int, int]]]
"""Where something stands in a string."""


def entry(source: str, target: str, pair: LanguagePair) -> Entry | None:
    """The memory entry for two plain texts; None if they cannot be one."""
    found = entry_of((source,), (target,), pair)
    return found if isinstance(found, Entry) else None


def entry_of(source: Text, target: Text, pair: LanguagePair, maker: str = APPROVED) -> Entry | str:
    """The memory entry for two texts, with inline elements under the same ids in both; or why they cannot be one."""
    if problem := problem_with(source, target, pair):
        return problem
    unit = _masked(source, pair)
    result = _aligned(unit, strip(joined(target)), pair)
    found = entries.entry(unit, result, pair, maker)
    return found or "holds what no ledger can keep, or a code that stands in one of the two texts only"


def keys_of(text: str, pair: LanguagePair) -> list[str]:
    """The keys under which the memory may know a plain text."""
    return forms.keys(_masked((text,), pair), pair)


def outdone_by(entry: Entry, source: Text, pair: LanguagePair) -> tuple[str, ...]:
    """Memory keys that take precedence over `entry` for `source`: an older entry under one of them would hide it."""
    keys = forms.keys(_masked(source, pair), pair)
    return tuple(keys[: keys.index(entry.key)]) if entry.key in keys else ()


def problem_with(source: Text, target: Text, pair: LanguagePair) -> str | None:
    """Why two texts cannot be a memory entry; None if they can."""
    for name, text in (("source", source), ("target", target)):
        if not strip(joined(text)):
            return f"{name} is empty"
        if sum(len(piece) for piece in text if isinstance(piece, str)) > bounds.MAX_CHARACTERS:
            return f"{name} is longer than {bounds.MAX_CHARACTERS:,} characters"
        if found := harmful("".join(piece for piece in text if isinstance(piece, str))):
            return f"{name} has {named(found)}"
        if sum(isinstance(piece, Open) for piece in text) > bounds.MAX_INLINES:
            return f"{name} has more than {bounds.MAX_INLINES} inline elements"
    if not has_letters(source):
        return "source has no letters, so nobody asks for its translation"
    problem = checks.problem_with_structure(strip(joined(source)), strip(joined(target)), pair)
    return f"target: {problem}" if problem else None


def _masked(text: Text, pair: LanguagePair) -> Text:
    script_only = pair.source.base == pair.target.base == "zh"
    return strip(masking.mask(text, masking.rules_for(replace(pair, script_only=script_only))))


def _aligned(unit: Text, target: Text, pair: LanguagePair) -> Text:
    """`target` with every typed piece of `unit` in its place; as it was if one is not found."""
    wanted = [piece for piece in unit if isinstance(piece, Opaque) and piece.kind in forms.TYPED]
    wanted = [piece for piece in wanted if piece not in target]
    if len(wanted) > _MOST:
        return target
    result: Text | None = target
    for piece in sorted(wanted, key=lambda piece: -len(piece.shown)):  # `€1.5` must not be found in `€1.5 million`
        result = _placed(piece, result, pair) if result else None
    return target if result is None else result


def _placed(piece: Opaque, text: Text, pair: LanguagePair) -> Text | None:
    """`text` with the piece where its words, or else other words of the same value, stand; None: nowhere."""
    for look in (_written(piece), _of_value(piece, pair)):
        for index, words in enumerate(text):
            span = next(look(words), None) if isinstance(words, str) else None
            if span and isinstance(words, str):
                parts: list[Piece] = [words[: span[0]], piece, words[span[1] :]]
                return joined([*text[:index], *parts, *text[index + 1 :]])
    return None


def _written(piece: Opaque) -> Finder:
    """Where the words stand that we would write; whoever wrote the target may have used other spaces."""
    words = r"[\s\u00a0\u202f]".join(re.escape(word) for word in piece.shown.split())
    pattern = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9][.,])(?:{words})(?![0-9A-Za-z]|[.,][0-9])")
    return lambda text: (found.span() for found in pattern.finditer(text))


def _of_value(piece: Opaque, pair: LanguagePair) -> Finder:
    """Where the same amount or day stands in other words; not where a word would be left over, as after `on`."""
    said, source, target = piece.said or piece.shown, pair.source, pair.target
    if piece.kind == "amount":
        wanted = {(amount.value, amount.currency) for amount in exact_in(said, source) if _is_all(amount, said)}
        return lambda text: (
            (found.start, found.end)
            for found in exact_in(text, target)
            if (found.value, found.currency) in wanted and not text[found.end : found.end + 1].isalpha()
        )
    if piece.kind == "date":
        days = {_as_english(day) for day in dates.days_in(said, source) if _is_all(day, said)} - {None}
        return lambda text: (
            (found.start, found.end) for found in dates.days_in(text, target) if _as_english(found) in days
        )
    return lambda _: iter(())


def _is_all(found: Figure | Day, text: str) -> bool:
    return (found.start, found.end) == (0, len(text))


def _as_english(day: Day) -> str | None:
    """The day, as English writes it; none for one with a word before it."""
    return None if day.on else amounts.write_date(day, "en")
