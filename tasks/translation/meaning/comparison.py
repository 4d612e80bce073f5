"""A source text and what a translation of it says when it is translated back, compared on what turns the meaning round.

Back-translations read badly and use other words, so only what survives bad reading is compared: whether something is
denied; words of a direction and their opposites; weekdays; who speaks; the order of names; and how many content words
come back at all. What is compared lies in the language files (`Meaning` in tasks/language_data/sections.py); only the
source language needs it. The limits come from human translations (`make bench`, part reader).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise

from tasks.language_data import data_of
from tasks.model.languages import LanguageTag, locale_of
from tasks.translation.function_words import function_words
from tasks.translation.meaning.faults import Fault
from tasks.translation.pieces import Opaque, Text, words_of

VERSION = 1
"""Part of what is remembered with a result: another number has everything compared again."""
LEAST_WORDS = 4
"""Content words below which nothing is said of how many came back."""
UNRELATED = 0.15
"""A text of which no larger share of content words comes back is about something else."""
CLAUSE = 3
"""Content words in a row of which none comes back may be a clause that was left out or put in."""
SHORTER = 0.75
"""… if the one text has no larger share of the other's content words."""
_SHORTEST = 3
"""Letters of a content word."""
_STEM = 0.6
"""Share of the longer word that two forms of one word have in common at their beginning."""
_WORD = re.compile(r"[^\W\d_]+")
_AROUND = 3
"""Content words on each side of a name by which it is known."""


def can_compare(language: str) -> bool:
    """Whether texts in a language can be compared: its file says what denies in it."""
    return bool(data_of(language).meaning.negation)


def faults(source: Text, back: Text, target: Text, language: str) -> list[Fault]:
    """What is wrong with the translation `target`, of which `back` is the translation back into the language of
    `source`; the same names must be opaque in all three."""
    before, after = words_of(source), words_of(back)
    found = [fault for compare in _OF_WORDS for fault in compare(before, after, language)]
    found += _names(source, back, language)
    return found + (_content(before, after, words_of(target), language) if not _gravest(found) else [])


def _gravest(found: Iterable[Fault]) -> bool:
    return any(fault.severity == "critical" for fault in found)


# --- words


def _negation(before: str, after: str, language: str) -> Iterator[Fault]:
    denied, denied_back = _found(_negations(language), before), _found(_negations(language), after)
    if denied and not denied_back and not _nearly_denied(after, before, language):
        yield _mistranslation(f"{_quoted(denied)} is lost: what the source denies, the translation says", denied)
    if denied_back and not denied and not _nearly_denied(before, after, language):
        yield _mistranslation(f"back it says {_quoted(denied_back)}: the translation denies what the source says")


def _nearly_denied(text: str, other: str, language: str) -> bool:
    """Whether a text says in another wording what another one denies: more often than that one does."""
    return any(len(_found(kind, text)) > len(_found(kind, other)) for kind in _near_negations(language))


def _directions(before: str, after: str, language: str) -> Iterator[Fault]:
    for sides in _opposites(language):
        (one, other), (one_back, other_back) = ([_found(side, text) for side in sides] for text in (before, after))
        for said, instead, had in ((one, other_back, other), (other, one_back, one)):
            kept = one_back if said is one else other_back
            if len(said) > len(kept) and len(instead) > len(had):
                yield _mistranslation(f"{_quoted(said)} came back as {_quoted(instead)}", said)
                return


def _weekdays(before: str, after: str, language: str) -> Iterator[Fault]:
    days, back = (Counter(map(_singular, _found(_days(language), text))) for text in (before, after))
    lost, added = sorted(days - back), sorted(back - days)
    if lost and added:
        yield _mistranslation(f"{_quoted(lost)} came back as {_quoted(added)}", lost)
    elif lost:
        yield Fault("accuracy/omission", "major", f"{_quoted(lost)} did not come back", source=lost[0])
    elif added:
        yield Fault("accuracy/addition", "major", f"{_quoted(added)} was added")


def _persons(before: str, after: str, language: str) -> Iterator[Fault]:
    persons = _of_persons(language)
    if len(persons) != 2:
        return
    (own, others), (own_back, others_back) = ([_found(who, text) for who in persons] for text in (before, after))
    if len(own) > len(own_back) and len(others_back) > len(others):
        yield Fault("accuracy/mistranslation", "major", f"{_quoted(own)} came back as {_quoted(others_back)}", own[0])
    elif len(own_back) > len(own) and len(others) > len(others_back):
        yield Fault("accuracy/mistranslation", "major", f"{_quoted(others)} came back as {_quoted(own_back)}")


_OF_WORDS: tuple[Callable[[str, str, str], Iterator[Fault]], ...] = (_negation, _directions, _weekdays, _persons)


def _mistranslation(why: str, said: Sequence[str] = ()) -> Fault:
    return Fault("accuracy/mistranslation", "critical", why, source=said[0] if said else "")


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"“{word}”" for word in dict.fromkeys(words))


def _found(pattern: re.Pattern[str], text: str) -> list[str]:
    return [match[0].lower() for match in pattern.finditer(text)]


@cache
def _negations(language: str) -> re.Pattern[str]:
    return _any_of(data_of(language).meaning.negation)


@cache
def _near_negations(language: str) -> list[re.Pattern[str]]:
    return [_any_of([kind]) for kind in data_of(language).meaning.near_negation]


@cache
def _opposites(language: str) -> list[list[re.Pattern[str]]]:
    return [[_words(side) for side in sides] for sides in data_of(language).meaning.opposites]


@cache
def _of_persons(language: str) -> list[re.Pattern[str]]:
    return [_words(who) for who in data_of(language).meaning.persons]


@cache
def _days(language: str) -> re.Pattern[str]:
    names = locale_of(language).days["format"]["wide"].values()
    return _any_of([re.sub(r"(?=\\-|$)", "s?", re.escape(name)) for name in names])


def _singular(day: str) -> str:
    """A weekday as it is compared: `terça-feira` for `terças-feiras`, and `lune` for `lunes`."""
    return re.sub(r"s(?=-|$)", "", day)


def _words(words: str) -> re.Pattern[str]:
    return _any_of([re.escape(word).replace(r"\*", r"\w*") for word in words.split()])


def _any_of(expressions: Sequence[str]) -> re.Pattern[str]:
    """Finds whole words; none where there is no expression."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(expressions) or '(?!)'})(?!\w)", re.IGNORECASE)


# --- content


def _content(before: str, after: str, target: str, language: str) -> list[Fault]:
    """What the words that carry the content say: another text, a clause left out, a clause put in."""
    words, back = _content_words(before, language), _content_words(after, language)
    # a word that the engine did not know stands in the back-translation as it is, and may be like the source's own
    beside = [*back, *(_folded(word) for word in _WORD.findall(target))]
    kept = [_stands_in(word, beside) for word in words]
    known = [_stands_in(word, words) for word in back]
    if len(words) >= LEAST_WORDS and sum(kept) <= UNRELATED * len(words) and sum(known) <= UNRELATED * len(back):
        return [_mistranslation(f"only {sum(kept)} of {len(words)} words of content came back: it is another text")]
    lost = _longest_run(words, kept)
    if len(lost) >= CLAUSE and len(back) <= SHORTER * len(words):
        return [Fault("accuracy/omission", "major", f"nothing of {_quoted(lost)} came back", source=" ".join(lost))]
    added = _longest_run(back, known)
    if len(added) > CLAUSE and len(words) <= SHORTER * len(back):
        return [Fault("accuracy/addition", "major", f"back it says {_quoted(added)}, which the source does not")]
    return []


def _content_words(text: str, language: str) -> list[str]:
    small = function_words(language)
    words = [word.lower() for word in _WORD.findall(text)]
    return [_folded(word) for word in words if len(word) >= _SHORTEST and word not in small]


def _folded(word: str) -> str:
    """A word without accents, which languages share without them."""
    return "".join(sign for sign in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(sign))


def _stands_in(word: str, among: Iterable[str]) -> bool:
    return any(_alike(word, other) for other in among)


def _alike(one: str, other: str) -> bool:
    """Whether two words may be forms of one."""
    if one == other:
        return True
    common = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return common >= _SHORTEST and common >= _STEM * max(len(one), len(other))


def _longest_run(words: Sequence[str], kept: Sequence[bool]) -> list[str]:
    """The longest row of words that were not kept."""
    longest: list[str] = []
    run: list[str] = []
    for word, found in zip(words, kept, strict=True):
        run = [] if found else [*run, word]
        longest = run if len(run) > len(longest) else longest
    return longest


# --- names


def _names(source: Text, back: Text, language: str) -> list[Fault]:
    """Two names that changed places: each stands now among the words that stood around the other one."""
    order, back_order = _first_places(source), _first_places(back)
    if set(order) != set(back_order):  # the engine lost one of them, which says nothing of the translation
        return []
    for one, other in pairwise(order):
        if back_order.index(one) < back_order.index(other):
            continue
        around = {name: _around(source, name, language) for name in (one, other)}
        around_back = {name: _around(back, name, language) for name in (one, other)}
        crossed = _shared(around[one], around_back[other]) + _shared(around[other], around_back[one])
        straight = _shared(around[one], around_back[one]) + _shared(around[other], around_back[other])
        if crossed >= straight:
            return [_mistranslation(f"“{one}” and “{other}” changed places", [f"{one} … {other}"])]
    return []


def _first_places(text: Text) -> list[str]:
    return list(dict.fromkeys(piece.shown for piece in text if isinstance(piece, Opaque) and piece.kind == "name"))


def _around(text: Text, name: str, language: str) -> tuple[list[str], list[str]]:
    """The content words before and after a name."""
    at = next(n for n, piece in enumerate(text) if isinstance(piece, Opaque) and piece.shown == name)
    before, after = words_of(text[:at]), words_of(text[at + 1 :])
    return _content_words(before, language)[-_AROUND:], _content_words(after, language)[:_AROUND]


def _shared(around: tuple[list[str], list[str]], other: tuple[list[str], list[str]]) -> int:
    return sum(_stands_in(word, there) for words, there in zip(around, other, strict=True) for word in words)


def readable(language: str) -> str | None:
    """Why texts in a language cannot be compared; None if they can."""
    if can_compare(language):
        return None
    return f"there are no words of denial for {LanguageTag(language)} (`meaning` in its language file)"
