"""The glossary: words that a translation must have for other words, and words that it must not have.

A term that stands in a unit becomes an opaque piece, so no engine can choose another word for it; it comes out as it
stands in the glossary, whatever the grammar around it asks for. So terms are best names of things, not verbs. What is
forbidden must not stand in a translation at all; a unit with it is refused, and the word is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass

from tasks.model.languages import LanguageTag
from tasks.runtime.foreign_text import harmful, named
from tasks.translation.pieces import TERM, Opaque, Text

LONGEST = 500
"""Characters of a term."""
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af"
"""Letters of scripts in which a word may touch the next one: Thai, Han, kana, Hangul …"""
_WORD = rf"[^\W{_UNSPACED}]"
_BEGINNING = re.compile(r"(?:^|[.!?:…][\"'”’»)]?\s+)[\"'“‘«(¿¡]*$")
"""What stands before the first word of a sentence; a space at the very beginning follows a name or a link."""
_NOT_IN_TERMS = re.compile(r"[{}<>|\n\r\t\0]")


@dataclass(frozen=True)
class Term:
    """One entry of the glossary."""

    source_language: str
    target_language: str
    source: str
    """Of a forbidden word only a label: what it is not to be a translation of."""
    target: str
    _: KW_ONLY
    match_case: bool = False
    forbidden: bool = False
    """`target` must not stand in a translation."""
    part: str | None = None
    """Of speech, for people."""


def fault_in(words: str) -> str | None:
    """Why these words cannot be a glossary term; None if they can."""
    if len(words) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if strange := harmful(words):
        return f"has {named(strange)}"
    if found := _NOT_IN_TERMS.search(words):
        return f"must not hold {found[0]!r}"
    return None if re.search(r"\w", words) else "has no letter or digit"


def tags_for(language: str) -> list[str]:
    """The tags under which terms for a language are looked for, the most particular one first."""
    tag = LanguageTag(language)
    return list(dict.fromkeys((tag.shortest, tag.without_territory)))


def applicable(terms: Iterable[Term], source: str, target: str) -> list[Term]:
    """The glossary terms for a pair of languages; of two for the same words the one whose tags say more."""
    sources, targets = tags_for(source), tags_for(target)
    fitting = [term for term in terms if term.source_language in sources and term.target_language in targets]
    fitting.sort(key=lambda term: (targets.index(term.target_language), sources.index(term.source_language)))
    found: dict[tuple[str, ...], Term] = {}
    for term in fitting:
        found.setdefault(("", term.target) if term.forbidden else (term.source,), term)
    return list(found.values())


def finder(terms: Sequence[Term], within: str | None) -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]] | None:
    """What finds the wanted terms that may stand in `within` (None: anywhere), and what it found in the target's words;
    None if there are none. The longest one comes first."""
    text = None if within is None else within.casefold()
    wanted = [term for term in terms if not term.forbidden and (text is None or term.source.casefold() in text)]
    if not wanted:
        return None
    wanted.sort(key=lambda term: (-len(term.source), not term.match_case, term.source))
    exact = {term.source: term for term in wanted}
    any_case = {term.source.casefold(): term for term in reversed(wanted) if not term.match_case}
    pattern = re.compile("|".join(f"(?:{_whole(term.source, match_case=term.match_case)})" for term in wanted))

    def shown(found: re.Match[str]) -> str:
        term = exact.get(found[0]) or any_case.get(found[0].casefold())
        return "" if term is None else _cased(term, found)

    return pattern, shown


def problem(result: Text, terms: Iterable[Term]) -> str | None:
    """The forbidden word that stands in a translation, in a sentence; names and addresses are not looked at."""
    forbidden = [term for term in terms if term.forbidden]
    if not forbidden:
        return None
    words = "".join(_read(piece) for piece in result)
    folded = words.casefold()
    for term in forbidden:
        likely = term.target.casefold() in folded
        if likely and re.search(_whole(term.target, match_case=term.match_case), words):
            instead = f" (for {term.source!r})" if term.source != term.target else ""
            return f"the glossary forbids {term.target!r}{instead}"
    return None


def _read(piece: object) -> str:
    if isinstance(piece, Opaque):
        return piece.shown if piece.kind == TERM else "\ufffc"
    return piece if isinstance(piece, str) else ""


def _whole(words: str, *, match_case: bool) -> str:
    """Finds words that are no part of longer ones."""
    before = rf"(?<!{_WORD})" if re.match(_WORD, words[0]) else ""
    after = rf"(?!{_WORD})" if re.match(_WORD, words[-1]) else ""
    return f"{before}{re.escape(words) if match_case else f'(?i:{re.escape(words)})'}{after}"


def _cased(term: Term, found: re.Match[str]) -> str:
    """With a capital where the source has one only because a sentence begins there."""
    capital = found[0][:1].isupper() and term.source[:1].islower()
    if capital and _BEGINNING.search(found.string[max(0, found.start() - 12) : found.start()]):
        return term.target[:1].upper() + term.target[1:]
    return term.target
