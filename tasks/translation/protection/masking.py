"""Opaque pieces: what goes past the engine instead of through it.

Addresses, names and symbols come out as they went in; amounts and dates come out as the target language writes them.
Rules apply in order, each to the words that those before it left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from tasks.model.release import Release
from tasks.translation import bounds
from tasks.translation.figures import amounts, labels, numerals, times_of_day
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import TERM, Close, Opaque, Open, Piece, Text, composed, joined
from tasks.translation.protection import glossary
from tasks.translation.protection.addresses import DOMAIN, EMAIL, URL
from tasks.translation.protection.glossary import Term
from tasks.translation.protection.identifiers import CODE, PATH
from tasks.translation.protection.proper_names import kept_as_they_are, names_in

_TICKER = (
    r"(?<!\w)(?:(?:NYSE|NASDAQ|LSE|Nasdaq|Euronext)(?: [A-Z][a-z]+)?: ?[A-Z]|[A-Z]{3,8}: ?[A-Z0-9])"
    r"[A-Z0-9.\-]{0,9}(?<=[A-Z0-9])(?!\w)"
)
_ISIN = r"(?<!\w)[A-Z]{2}[A-Z0-9]{9}\d(?!\w)"
_PHONE = r"(?<![\w.])(?:\+\d[\d\s().\-/]{6,18}\d|\(?\d{3}\)?[\s.\-]\d{3}[\s.\-]\d{4})(?!\w)"
_HANDLE = r"(?<![\w@#&/])(?:@[A-Za-z_]|#(?=\w*[^\W\d_]))\w+"
_STRANGE = r"[~\u200c-\u200f\u2028-\u202e\u2061-\u2064]+"
_ALWAYS = re.compile(
    f"(?P<url>{URL})|(?P<email>{EMAIL})|(?P<domain>{DOMAIN})|(?P<ticker>{_TICKER})|(?P<isin>{_ISIN})"
    f"|(?P<phone>{_PHONE})|(?P<handle>{_HANDLE})|(?P<path>{PATH})|(?P<label>{CODE})|(?P<mark>{_STRANGE})"
)


class Place(NamedTuple):
    """What a rule makes opaque, and where it stands."""

    start: int
    end: int
    shown: str
    kind: str


@dataclass(frozen=True)
class Rule:
    """What to look for, and what stands there in the translation; None from `shown` lets the engine have it."""

    pattern: re.Pattern[str]
    shown: Callable[[re.Match[str]], str | None]
    kind: str | None = None
    """Of the opaque pieces it makes; None: the name of the group that matched."""

    def places(self, text: str) -> Iterator[Place]:
        """Where the rule applies in `text`."""
        for found in self.pattern.finditer(text):
            if shown := self.shown(found):
                yield Place(found.start(), found.end(), shown, self.kind or found.lastgroup or "term")


@dataclass(frozen=True)
class SpanRule:
    """What comes out as it went in, found otherwise than by one expression."""

    spans: Callable[[str], Iterator[tuple[int, int]]]
    """Where it stands in a text."""
    kind: str
    """Of the opaque pieces it makes."""

    def places(self, text: str) -> Iterator[Place]:
        """Where the rule applies in `text`."""
        for start, end in self.spans(text):
            yield Place(start, end, text[start:end], self.kind)


@dataclass(frozen=True)
class FigureRule:
    """Figures that are written for the target: where they stand in a text, and what stands there then."""

    written: Callable[[str, str, str], Iterator[tuple[int, int, str]]]
    """Takes a text, its language and the target (figures/amounts.py)."""
    source: str
    target: str
    kind: str
    """Of the opaque pieces it makes."""

    def places(self, text: str) -> Iterator[Place]:
        """Where the rule applies in `text`."""
        for start, end, shown in self.written(text, self.source, self.target):
            yield Place(start, end, shown, self.kind)


AnyRule = Rule | SpanRule | FigureRule


def rules_for(
    pair: LanguagePair, release: Release | None = None, whole: str = "", *, within: str | None = None
) -> list[AnyRule]:
    """The rules for a pair of languages, in the order in which they apply; raises TranslationHeld for too many terms.

    `release` has names that no engine may change; `whole` is all of its text, where more of them are looked for.
    Without a release these are the rules that hold in every one. `within` is what the rules will be applied to: a name
    or term that does not stand there needs no rule. Names win over the terms of the glossary.
    An engine that only changes the script gets names, numbers and dates: they are to be written in that script too.
    """
    rules: list[AnyRule] = [Rule(_ALWAYS, _unchanged), *_names(kept_as_they_are(release) if release else [], within)]
    if pair.script_only:
        return [*rules, *_terms(pair.terms, within)]
    source, target = pair.source, pair.target
    rules.append(FigureRule(amounts.dates_written, source, target, "date"))
    rules += _names(names_in(release, whole, source) if release else [], within)
    rules += _terms(pair.terms, within)
    rules.append(FigureRule(times_of_day.times_written, source, target, "time"))
    rules.append(SpanRule(times_of_day.zones_in, "zone"))
    rules.append(SpanRule(partial(labels.labels_in, language=source), "version"))
    return [*rules, FigureRule(amounts.amounts_written, source, target, "amount")]


def number_rule(pair: LanguagePair) -> Rule:
    """The rule that finds every number that is left, for when the engine is trusted with none (fallbacks.py)."""

    def shown(found: re.Match[str]) -> str | None:
        value = numerals.parse(found[0], pair.source)
        return found[0] if value is None else numerals.write(value, pair.target, like=found[0])

    return Rule(
        re.compile(rf"(?<![^\W\d_]){numerals.NOT_INSIDE}{numerals.LITERAL}(?:st|nd|rd|th|s)?(?![^\W\d_])"),
        shown,
        "number",
    )


def mask(text: Text, rules: Sequence[AnyRule]) -> Text:
    """`text` with all that `rules` find made opaque, letters composed, and without characters that nobody sees."""
    text = joined(composed(piece) if isinstance(piece, str) else piece for piece in text)
    for rule in rules:
        text = _apply(text, rule)
    return text


def _apply(text: Text, rule: AnyRule) -> Text:
    number = 1 + max((piece.id for piece in text if isinstance(piece, Opaque | Open | Close)), default=0)
    pieces: list[Piece] = []
    for piece in text:
        if not isinstance(piece, str):
            pieces.append(piece)
            continue
        last = 0
        for start, end, shown, kind in rule.places(piece):
            said = piece[start:end] if piece[start:end] != shown else None
            pieces += [piece[last:start], Opaque(number, shown, kind=kind, said=said)]
            number, last = number + 1, end
        pieces.append(piece[last:])
    return joined(pieces)


def _unchanged(found: re.Match[str]) -> str:
    return found[0]


def _terms(terms: Sequence[Term], within: str | None) -> list[Rule]:
    """One rule for the whole glossary."""
    found = glossary.finder(terms, None if within is None else composed(within))
    return [Rule(*found, TERM)] if found else []


def _names(names: Sequence[str], within: str | None) -> list[Rule]:
    """One rule for all names; in scripts that write no spaces a name may stand inside other letters."""
    if within is not None:
        bounds.refuse_terms(len(names), len(within))
        within = composed(within)
        names = [name for name in map(composed, names) if name in within]
        bounds.refuse_terms(len(names), len(within), sum(map(len, names)))
    if not names:
        return []
    ascii, others = ([name for name in names if name[0].isascii() is first] for first in (True, False))
    parts = [rf"(?<!\w)(?:{_any_of(ascii)})"] * bool(ascii) + [_any_of(others)] * bool(others)
    return [Rule(re.compile("|".join(parts)), _unchanged, "name")]


def _any_of(terms: Iterable[str]) -> str:
    """Letters first in each alternative: `re` then sees at a glance which cannot match."""
    return "|".join(re.escape(term) + (r"(?!\w)" if term[-1].isascii() else "") for term in terms)
