"""Setting a translated sentence as its language sets it: quotation marks, spaces, capitals, `¿` and `¡`, full stops.

Engines leave the source's typography behind. This mends it after the checks on words and numbers; it moves no word.
The quotation marks are CLDR's (Babel does not carry them).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from tasks.language_data import Quotes, Typography, data_of
from tasks.model.languages import locale_of
from tasks.translation.figures import numerals
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import INVISIBLE, Opaque, Piece, Text, joined, words_of

NBSP, NNBSP = "\u00a0", "\u202f"


_EAST_ASIAN = r"\u3041-\u30ff\u3400-\u9fff々〇」』）”’》】％"
_ARABIC = r"\u0621-\u06d3”»)"
"""Letters after which wide and Arabic marks may rightly stand."""
_MARK, _SEEN = "\ue003", "\ue004"
"""Stand for the mark of an inline element, which nobody sees, and for an opaque piece, which is read like a word, while
a sentence is mended; the real ones are put back after."""


@dataclass(frozen=True)
class _Quotes:
    """Quotation marks one by one."""

    marks: str
    """Opening and closing mark, then those of a quotation inside a quotation."""
    inside: str
    """The space inside the outer ones."""


def _quotes_of(quotes: Quotes) -> _Quotes:
    parts = (quotes.open, quotes.close, quotes.inner_open or quotes.open, quotes.inner_close or quotes.close)
    stripped = quotes.open.rstrip()
    return _Quotes("".join(part.strip() for part in parts), quotes.open[len(stripped) :])


def typeset(text: Text, made_from: Text, pair: LanguagePair) -> Text:
    """The translation `text` of `made_from` with numbers and typography as the target language has them."""
    if not pair.target.same_language(pair.source):
        known = numerals.literals(words_of(made_from), pair.source)
        text = joined(
            numerals.rewritten(piece, pair.source, pair.target, known) if isinstance(piece, str) else piece
            for piece in text
        )
    return mended(text, made_from, pair)


def mended(text: Text, made_from: Text, pair: LanguagePair) -> Text:
    """The translated sentence `text` with the typography of the target language; `made_from` is the sentence in the
    source language."""
    pieces: list[Piece] = [piece for piece in text if not isinstance(piece, str)]
    data = data_of(pair.target)
    house = data.typography
    plain = _spaces(_plain(text))
    plain = _quotes(plain, _quotes_of(data_of(pair.source).quotes), _quotes_of(data.quotes), house)
    plain = _marks(_ended(plain, _plain(made_from), house), house)
    plain = _punctuation(plain, pair.target)
    if house.inverted_marks:
        plain = _inverted(plain)
    result = _unmarked(plain, pieces)
    return _cased(result, made_from) if house.capitals else result


def _plain(text: Text) -> str:
    return "".join(
        INVISIBLE.sub("", piece) if isinstance(piece, str) else _SEEN if isinstance(piece, Opaque) else _MARK
        for piece in text
    )


_ENDS = {".": 0, "。": 0, "．": 0, "?": 2, "？": 2, "؟": 2, "!": 3, "！": 3}
"""Marks that end a sentence, and which of a house's marks they are."""
_CLOSERS = f"\"'”’“‘»«›‹）)]」』】 \u00a0\u202f{_MARK}"
_COMMON = ".,?!:;"
_OTHERS = str.maketrans("。．，、？！：；،؟؛", "..,,?!:;,?;")


def _ended(plain: str, made_from: str, house: Typography) -> str:
    """The end mark of the source added where the translation has none, inside a closing quotation if it was inside."""
    before, after = made_from.rstrip(_CLOSERS), plain.rstrip(_CLOSERS)
    mark = _ENDS.get(before[-1:])
    if mark is None or not after or after[-1] in _ENDS or after[-1] in "…:：;；।":
        return plain
    if house.marks[mark] == " ":
        return plain
    at = len(after) if len(before) < len(made_from) else len(plain.rstrip())
    return plain[:at] + house.marks[mark] + plain[at:]


def _marks(plain: str, house: Typography) -> str:
    """Punctuation as the language has it: `。` for a full stop after Japanese, `؟` after Arabic, and ours elsewhere."""
    if house.marks_after:
        gap = r"\s*+" if house.wide_marks else ""
        found = rf"(?<=[{house.marks_after}])({_MARK}*+) ?([{re.escape(_COMMON)}])(?![\w{re.escape(_COMMON)}]){gap}"
        plain = re.sub(found, lambda match: match[1] + _mark(match, house), plain)
    else:
        plain = re.sub(rf"(?<=[^{_EAST_ASIAN}{_ARABIC}\W])({_MARK}*+)([。．，、？！：；،؟؛])(?=(.?))", _ours, plain)
    if house.wide_marks and re.search(f"[{house.marks_after}]", plain):
        # a sentence that ends with a name in Latin letters
        ended = plain.rstrip(_CLOSERS)
        if ended[-1:] in (".", "?", "!") and ended[-2:-1] not in (".", ""):
            plain = ended[:-1] + house.marks[_COMMON.index(ended[-1])] + plain[len(ended) :]
    return plain


def _mark(match: re.Match[str], house: Typography) -> str:
    """The house's mark; a full stop that is not written stays after an abbreviation: `น.`"""
    mark = house.marks[_COMMON.index(match[2])]
    if mark != " ":
        return mark
    word = match.string[max(0, match.start() - 12) : match.start()].split(" ")[-1]
    return "." if len(word) < 4 or "." in word else ""


def _ours(match: re.Match[str]) -> str:
    mark = match[2].translate(_OTHERS)
    word_follows = match[3].isalnum() or match[3] in (_SEEN, "“", "«", "„")
    return match[1] + mark + (" " if word_follows else "")


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


def _quotes(plain: str, source: _Quotes, target: _Quotes, house: Typography) -> str:
    """Any quotation marks, whoever's, as the target's; which side a mark is on is read from its surroundings."""
    depth = 0
    before = ""
    parts: list[str] = []
    if target.marks[0] in plain and target.marks[0] not in source.marks:
        source = target  # the engine has set them already: the German closing mark is an English opening one
    for character in plain:
        side = _side(character, before, source)
        if character == '"' and house.wide_marks:  # no spaces show to what it belongs
            side = -1 if depth else 1
        before = before if character == _MARK else character
        if side == 0:
            parts.append(character)
            continue
        depth += side if side > 0 else 0
        level = 0 if depth <= 1 else 2
        parts.append((target.marks[level] + "\ue001") if side > 0 else ("\ue002" + target.marks[level + 1]))
        depth = max(0, depth + min(side, 0))
    result, inside = "".join(parts), target.inside
    if not house.comma_inside_quotes:
        result = re.sub(rf"(?<!\s)\s*+,\s*+({_MARK}*+)(\ue002.)", r"\1\2,", result)
    # each row of spaces or marks is tried from its beginning only
    result = re.sub(rf"(?:(?<!\s)\s++|(?<![\s{_MARK}]))({_MARK}*+)\ue002", rf"\1{inside}", result)
    return re.sub(rf"\ue001({_MARK}*+)\s*+", rf"{inside}\1", result)


def _side(character: str, ahead: str, source: _Quotes) -> int:
    """1 for an opening mark, -1 for a closing one, 0 for no quotation mark; `ahead` is the character before it."""
    if character not in '"„“”«»「」『』':
        return 0
    if character in source.marks[0] and character != source.marks[1]:
        return 1
    if character in source.marks[1] + source.marks[3:4]:
        return -1
    if character in "„«「『":
        return 1
    if character in "»」』":
        return -1
    return 1 if not ahead or ahead.isspace() or ahead in "([{—–-/“„«" else -1


def _punctuation(plain: str, target: str) -> str:
    house = data_of(target).typography
    for marks, space in house.space_before.items():
        ahead = rf"(?<=[^\s{marks}\d])({_MARK}*)[ {NBSP}{NNBSP}]?"
        plain = re.sub(rf"{ahead}(?=[{marks}](?:\s|{_MARK}|$|[^\w/]))", rf"\1{space}", plain)
        plain = re.sub(rf"(?<=\d)({_MARK}*) ?(?=[{marks}](?:\s|$))", rf"\1{space}", plain)
    if not house.space_before:
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
