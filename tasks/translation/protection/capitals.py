"""Names by their capitals, in languages that write only names with one: where a row of capitalised words is a name.

A heading in title case says nothing; names that are known from running text are found there too, because masking looks
for them everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tasks.translation.protection.name_words import CAPITAL, INSIDE_NAMES, LETTER, WORD, NameWords

_PARTICLES = r"(?:(?:de|da|del|dos|la|le|el|van|von|der|den|bin|al|&)\s){0,2}"
_NEXT = rf"\s{_PARTICLES}(?:{WORD}|[{CAPITAL}]\.(?=\s[{CAPITAL}]))"
_ROW = re.compile(rf"(?<![\w’'-])(?:{WORD}|[{CAPITAL}]\.)(?:{_NEXT}){{1,9}}")
_COINED = re.compile(
    rf"(?<![\w@#./-])(?:[A-Z]?[a-z]{{1,40}}+[A-Z]{LETTER}*+|[A-Z][a-z]{{3,40}}+\d{LETTER}*+)(?:\s\d{{1,4}}(?![\w.,]\d|\w))?"
)
"""A capital inside a word, or a figure at its end: somebody made it up. `RoboLift 3`"""
_UNIT = re.compile(r"[kmµnd](?:[AVWJN]h?|Hz|Pa|B|Bq|Sv|VA|Wp)|[mt]RNA|p[HK]a?|PhD|[BM]Sc|eV|mAh|mL")
"""Symbols of units and terms of science that have a capital inside and are no names."""
_ALONE = re.compile(rf"(?<![\w’'@#./-])({WORD})(?:\s(?=(?:&\s)?({WORD})))?")
"""A capitalised word, and the one that follows it."""
_ROLE = re.compile(r"(?:[eo]r|ist|ant|ian|man|woman|eer)s?$")
"""The end of a word for what somebody does."""
_INITIAL = re.compile(rf"[{CAPITAL}]\.")
_BEGINNING = ("", ".", "!", "?", ":", ";", "…")
MOST_CAPITALS, LONGEST_HEADING = 0.8, 12


@dataclass(frozen=True)
class Capitals:
    """A text in which names are looked for, with what is known of it."""

    text: str
    words: NameWords
    small: frozenset[str]
    """The words that the text has in small letters."""

    @classmethod
    def of(cls, text: str, words: NameWords) -> Capitals:
        """A text with a paragraph or heading on each line."""
        return cls(text, words, frozenset(re.findall(rf"(?<![\w’'-])[^\W\d_{CAPITAL}]{LETTER}*+", text)))

    def names(self, known: Collection[str]) -> Iterator[str]:
        """Rows of capitalised words that are names, and words that somebody made up. `known`: names that a row may have
        beside other words."""
        for line in self.text.splitlines():
            if _says_nothing(line, self.words):
                continue
            for row in _ROW.finditer(line):
                yield from self._in_row(row, known)
        for line in self.text.splitlines():
            yield from (found[0] for found in _COINED.finditer(line) if self._coined(found[0]))

    def alone(self, part: str) -> bool:
        """Whether part of a name stands without the rest of it in the text, and can be understood as the name only."""
        if " " in part:
            followed = rf"(?!\s(?:&\s)?[{CAPITAL}])"
            return re.search(rf"(?<![\w-]){re.escape(part)}(?![\w-]){followed}", self.text) is not None
        return self.words.may_stand_alone(part, self.small) and part in self._single

    @cached_property
    def _single(self) -> frozenset[str]:
        """Capitalised words that stand alone, or before a title."""
        return frozenset(
            match[1] for match in _ALONE.finditer(self.text) if match[2] is None or self.words.ends_name(match[2])
        )

    def _coined(self, word: str) -> bool:
        bare = word.rstrip("0123456789 ")
        return not _UNIT.fullmatch(word) and bare.lower() not in self.small and not self.words.is_common(bare)

    def _in_row(self, row: re.Match[str], known: Collection[str]) -> Iterator[str]:
        words, before = row[0].split(), row.string[: row.start()]
        begins = before.rstrip(" “\"'«(")[-1:] in _BEGINNING  # the capital of the first word says nothing
        beside = {words[0].lower(), before.rstrip().rpartition(" ")[2].lower().rpartition("’")[2]}
        determined = not beside.isdisjoint(self.words.determiners)  # `the Wet Season`
        if begins and words[0].lower() in self.small:
            words, begins = words[1:], False
        after = row.string[row.end() : row.end() + 20].split()
        if after and after[0].rstrip(",:") in self.words.speaking:  # `Crop Insurance` says nothing
            begins = False
        for office, part in self._between_offices(words):
            for segment in _without_known(part, known):
                if name := self._name_in(segment, begins=begins, determined=determined, office=office):
                    yield name
                if segment:
                    begins = determined = False

    def _between_offices(self, words: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
        """The row cut where a name ends: at titles, months, articles …; each part with whether an office that only
        people have stands before it."""
        part: list[str] = []
        office = False
        for word, after in zip(words, [*words[1:], ""], strict=True):
            inside = bool(part) and (word[:1].islower() or word.lower() in INSIDE_NAMES)  # `Ras Al Khair`
            closes = word.lower() in self.words.companies and bool(part) and (not after or self.words.ends_name(after))
            if self.words.ends_name(word) and not inside and not closes:
                yield office, part
                part, office = [], self.words.is_office(word)
            else:
                part.append(word)
        yield office, part

    def _name_in(self, words: list[str], *, begins: bool, determined: bool, office: bool) -> str | None:
        """The name in capitalised words that have no title among them; None if they are something else.

        `begins`: they begin a sentence; `determined`: an article stands before them; `office`: an office does. A name
        is less likely after the first two, and the more so after the last.
        """
        words = self._without_roles(self._trimmed(words))
        if len(words) < 2 or " ".join(words) in self.words.places:
            return None
        kinds = [self._kind(word) for word in words]
        if words[-1].lower() in _LEGAL_FORMS:
            return " ".join(words)
        if any(
            kind == "institution" and not before[:1].islower()
            for kind, before in zip(kinds, ["", *words[:-1]], strict=True)
        ):
            return None
        if _only_acronyms(words, kinds):
            return None
        company = kinds[-1] == "company" or (kinds[0] == "company" and words[0].lower() not in self.words.common)
        ordinary = kinds[-1] == "common" and (begins or determined)
        if "name" not in kinds:
            again = company and self.text.count(" ".join(words)) > 1
            rare = "word" in kinds and not determined and (again or not begins)
            likely = company or not self.words.titles_have_capitals or (office and set(kinds) == {"word"})
            return " ".join(words) if rare and likely else None
        if company or (kinds[0] == "name" and not ordinary):
            return " ".join(words)
        first = kinds.index("name")
        rest = [kind for kind, word in zip(kinds[first:], words[first:], strict=True) if word[:1].isupper()]
        if len(rest) > 1 and set(rest) == {"name"}:
            return " ".join(words[first:])
        return " ".join(words) if kinds[0] == "word" and "common" not in kinds and not determined else None

    def _trimmed(self, words: list[str]) -> list[str]:
        """Without particles and initials at the ends."""
        while words and (words[0][:1].islower() or words[0] == "&"):
            words = words[1:]
        while words and (words[-1][:1].islower() or words[-1] == "&" or _INITIAL.fullmatch(words[-1])):
            words = words[:-1]
        return words

    def _without_roles(self, words: list[str]) -> list[str]:
        """Without what a person or company is called before the name: `Publisher`, `Contractor`."""
        while len(words) > 2 and _ROLE.search(words[0]) and self._kind(words[0]) in ("common", "word"):
            words = words[1:]
        return words

    def _kind(self, word: str) -> str:
        """What a word of a row says: `institution`, `company`, `common` (an ordinary one that often has a capital),
        `word` (one of the language's), or `name`: nothing else."""
        low = word.lower()
        if word[:1].islower() or word == "&" or _INITIAL.fullmatch(word) or low in self.words.people:
            return "name"
        if low in self.words.institutions:
            return "institution"
        if low in self.words.companies:
            return "company"
        if self.words.is_common(word, self.small):
            return "common"
        return "word" if self.words.is_word(low) else "name"


def _only_acronyms(words: Sequence[str], kinds: Sequence[str]) -> bool:
    """Whether what is no word in a row are acronyms beside ordinary words: `ESG Report`, `Hall AB`, `Flight LH`."""
    named = [word for word, kind in zip(words, kinds, strict=True) if kind == "name"]
    others = {kind for kind in kinds if kind != "name"}
    ordinary = others == {"common"} or (others <= {"common", "word"} and kinds[-1] == "name")
    return bool(named) and ordinary and all(_ACRONYM.fullmatch(word) for word in named)


_ACRONYM = re.compile(r"[A-Z]{2,6}")
_LEGAL_FORMS = frozenset("ag se spa nv bv ab asa oyj kgaa gmbh plc llc llp inc corp ltd limited bhd tbk".split())  # noqa: SIM905


def _without_known(words: list[str], known: Collection[str]) -> Iterator[list[str]]:
    """The words before, between and after names that are known already."""
    for size in range(len(words), 0, -1):
        for start in range(len(words) - size + 1):
            if size > 1 and " ".join(words[start : start + size]) in known:
                yield from _without_known(words[:start], known)
                yield from _without_known(words[start + size :], known)
                return
    yield words


def _says_nothing(line: str, words: NameWords) -> bool:
    """Whether a line is a heading in title case. Short lines say nothing either, unless they are a sentence, or have
    small words enough to show that their capitals mean something."""
    found = re.findall(r"[^\W\d_]{3,}", line)[1:]
    plain = [word for word in found if word[0].islower() and word not in words.before]
    if line.rstrip()[-1:] in '.!?:;…”»"’)':
        return not plain
    long = [word for word in found if len(word) > 3]
    capitals = sum(word[0].isupper() for word in long)
    if len(long) > 3 and capitals > MOST_CAPITALS * len(long):
        return True
    return len(long) < LONGEST_HEADING and (2 * capitals > len(long) or len(long) < 4)
