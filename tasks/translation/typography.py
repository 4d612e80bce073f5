"""Setting a translated sentence as its language sets it: quotation marks, spaces, capitals, `¿` and `¡`.

Engines leave the source's typography behind. This mends it after the checks on words and numbers; it moves no word.
The quotation marks are CLDR's (Babel does not carry them).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from tasks.languages import locale_of
from tasks.translation.pieces import INVISIBLE, Opaque, Piece, Text, joined

NBSP, NNBSP = "\u00a0", "\u202f"


@dataclass(frozen=True)
class House:
    """How one language is set."""

    quotes: str
    """Opening and closing quotation mark, then those of a quotation inside a quotation."""
    inside: str = ""
    """The space inside the outer quotation marks."""
    before: tuple[tuple[str, str], ...] = ()
    """Punctuation marks that have a space before them, and which."""
    inverted: bool = False
    """Questions and exclamations are opened with `¿` and `¡`."""
    apostrophe: str = ""
    """What stands for ' between letters; empty: as it comes."""
    comma_inside: bool = True
    """`“… ,” he said` as in America; else the comma follows the mark."""
    capitals: bool = True
    """Sentences begin with a capital letter: the script has them."""


HOUSES = {
    "en": House("“”‘’"),
    "ko": House("“”‘’", capitals=False),
    "ja": House("「」『』", capitals=False),
    "ar": House("”“’‘", capitals=False),
    "zh-Hans": House("“”‘’", capitals=False),
    "zh-Hant": House("「」『』", capitals=False),
    "vi": House("“”‘’"),
    "th": House("“”‘’", capitals=False),
    "id": House("“”‘’"),
    "ms": House("“”‘’"),
    "de": House("„“‚‘", comma_inside=False),
    "ru": House("«»„“", comma_inside=False),
    "fr": House("«»“”", inside=NBSP, before=((";!?", NNBSP), (":", NBSP)), apostrophe="’", comma_inside=False),
    "es": House("“”‘’", inverted=True, comma_inside=False),
    "pt": House("“”‘’", comma_inside=False),
}
_MARK, _SEEN = "\ue003", "\ue004"
"""Stand for the mark of an inline element, which nobody sees, and for an opaque piece, which is read like a word, while
a sentence is mended; the real ones are put back after."""


def house_of(language: str) -> House:
    """The house of a tag, that of its language if the tag says more; the English one for a language not listed."""
    locale = locale_of(language)
    written = f"{locale.language}-{locale.script}" if locale.script else locale.language
    return HOUSES.get(written) or HOUSES.get(locale.language) or HOUSES["en"]


def mended(text: Text, made_from: Text, source: str, target: str) -> Text:
    """The translated sentence `text` set as `target` is; `made_from` is the sentence in the source language."""
    pieces: list[Piece] = [piece for piece in text if not isinstance(piece, str)]
    plain = "".join(
        INVISIBLE.sub("", piece) if isinstance(piece, str) else _SEEN if isinstance(piece, Opaque) else _MARK
        for piece in text
    )
    plain = _spaces(plain)
    plain = _quotes(plain, house_of(source), house_of(target))
    plain = _punctuation(plain, target)
    house = house_of(target)
    if house.inverted:
        plain = _inverted(plain)
    result = _unmarked(plain, pieces)
    return _cased(result, made_from) if house.capitals else result


def _unmarked(plain: str, pieces: list[Piece]) -> Text:
    rest = iter(pieces)
    result: list[Piece] = []
    for index, part in enumerate(re.split(f"[{_MARK}{_SEEN}]", plain)):
        result += [part] if index == 0 else [next(rest), part]
    return joined(result)


def _spaces(plain: str) -> str:
    plain = re.sub(r"[ \t\r\n]+", " ", plain)
    # two spaces with only the mark of an element between them show as two
    plain = re.sub(rf" ({_MARK}+) (?=\S)", r" \1", plain)
    return re.sub(rf"(?<! ) ++(?={_MARK}*[,.](?:\D|$))", "", plain)


def _quotes(plain: str, source: House, target: House) -> str:
    """Any quotation marks, whoever's, as the target's; which side a mark is on is read from its surroundings."""
    depth = 0
    before = ""
    parts: list[str] = []
    for character in plain:
        side = _side(character, before, source)
        before = before if character == _MARK else character
        if side == 0:
            parts.append(character)
            continue
        depth += side if side > 0 else 0
        level = 0 if depth <= 1 else 2
        parts.append((target.quotes[level] + "\ue001") if side > 0 else ("\ue002" + target.quotes[level + 1]))
        depth = max(0, depth + min(side, 0))
    result, inside = "".join(parts), target.inside
    if not target.comma_inside:
        result = re.sub(rf"(?<!\s)\s*+,\s*+({_MARK}*+)(\ue002.)", r"\1\2,", result)
    # each row of spaces or marks is tried from its beginning only
    result = re.sub(rf"(?:(?<!\s)\s++|(?<![\s{_MARK}]))({_MARK}*+)\ue002", rf"\1{inside}", result)
    return re.sub(rf"\ue001({_MARK}*+)\s*+", rf"{inside}\1", result)


def _side(character: str, ahead: str, source: House) -> int:
    """1 for an opening mark, -1 for a closing one, 0 for no quotation mark; `ahead` is the character before it."""
    if character not in '"„“”«»「」『』':
        return 0
    if character in source.quotes[0] and character != source.quotes[1]:
        return 1
    if character in source.quotes[1] + source.quotes[3:4]:
        return -1
    if character in "„«「『":
        return 1
    if character in "»」』":
        return -1
    return 1 if not ahead or ahead.isspace() or ahead in "([{—–-/“„«" else -1


def _punctuation(plain: str, target: str) -> str:
    house = house_of(target)
    for marks, space in house.before:
        ahead = rf"(?<=[^\s{marks}\d])({_MARK}*)[ {NBSP}{NNBSP}]?"
        plain = re.sub(rf"{ahead}(?=[{marks}](?:\s|{_MARK}|$|[^\w/]))", rf"\1{space}", plain)
        plain = re.sub(rf"(?<=\d)({_MARK}*) ?(?=[{marks}](?:\s|$))", rf"\1{space}", plain)
    if not house.before:
        plain = re.sub(rf"(?<! ) ++(?={_MARK}*[;:!?](?:\s|{_MARK}|$))", "", plain)
    if house.apostrophe:
        plain = re.sub(r"(?<=[^\W\d_])'(?=[^\W\d_])", house.apostrophe, plain)
    percent = locale_of(target).percent_formats[None].pattern
    gap = NBSP if NBSP in percent else ""
    return re.sub(rf"(?<=[\d{_SEEN}])[ {NBSP}{NNBSP}]?%", f"{gap}%", plain)


def _inverted(plain: str) -> str:
    """`Qué es?` as `¿Qué es?`: the opening goes to the beginning of the clause, or inside the quotation mark there."""
    return _opened(_opened(plain, "?", "¿"), "!", "¡")


def _opened(plain: str, closing: str, opening: str) -> str:
    """`opening` put before every clause that ends with `closing`, has a word and is not opened yet.

    One pass: a clause begins after the last end of a clause or opening bracket; a quotation or bracket that closes
    before its end is part of it.
    """
    starts = [0]  # of the clause at hand and of those around it
    opened = word = -1  # where the last one was opened, where the last letter is
    places: list[int] = []
    for index, character in enumerate(plain):
        if character == closing and opened < starts[-1] <= word:
            clause = plain[starts[-1] : index]
            opened = starts[-1] + len(clause) - len(clause.lstrip())
            places.append(opened)
        if character == opening:
            opened = max(opened, index)
        elif character.isalnum() or character == "_":
            word = index
        elif character in ".!?:;":
            starts[-1] = index + 1
        elif character in "“«(":
            starts.append(index + 1)
        elif character in "”»)":
            starts[-1:] = [] if len(starts) > 1 else [0]
    ends = [0, *sorted(places), len(plain)]
    return opening.join(plain[start:end] for start, end in pairwise(ends))


def _cased(text: Text, made_from: Text) -> Text:
    """The first letter large or small as in the source: engines forget it, or set it after a protected name."""
    first, written = _first_letter(made_from), _first_letter(text)
    if not first or not written:
        return text
    source_led = any(isinstance(piece, Opaque) for piece in made_from[: first[0]])
    target_led = any(isinstance(piece, Opaque) for piece in text[: written[0]])
    index, word, letter = written
    if target_led and not (source_led and first[2].islower()):
        return text
    if first[2].islower() and (target_led or not source_led):
        names = {name for piece in made_from if isinstance(piece, str) for name in re.findall(r"\w+", piece)}
        kept = word in names or (len(word) > 1 and word.isupper())
        return text if kept else _with_first(text, index, letter, letter.lower())
    return _with_first(text, index, letter, letter.upper())


def _first_letter(text: Text) -> tuple[int, str, str] | None:
    """Where the first letter among the words is: index of its piece, the word it begins, the letter."""
    for index, piece in enumerate(text):
        found = re.search(r"[^\W\d_]\w*", piece) if isinstance(piece, str) else None
        if found:
            return index, found[0], found[0][0]
    return None


def _with_first(text: Text, index: int, old: str, new: str) -> Text:
    piece = text[index]
    assert isinstance(piece, str)
    return (*text[:index], piece.replace(old, new, 1), *text[index + 1 :])
