"""Setting a translated sentence as its language sets it: quotation marks, spaces, capitals, `¿` and `¡`, full stops.

Engines leave the source's typography behind. This mends it after the checks on words and numbers; it moves no word.
The quotation marks are CLDR's (Babel does not carry them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from tasks.language_data import Currencies, Dates, Quotes, Typography, data_of
from tasks.model.languages import locale_of
from tasks.translation.figures import numerals
from tasks.translation.function_words import function_words
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
    result = _cased(result, made_from, pair.target) if house.capitals else result
    return _with_one_of(_with_articles(result, data.dates), data.currencies)


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
    return re.sub(rf"(?<! ) ++(?={_MARK}*(?:,(?:\D|$)|\.(?:\W|$)))", "", plain)  # not in `for .NET`


_DOUBLE, _SINGLE = '"„“”«»「」『』', "'‚‘’‹›"
_OPENS, _CLOSES = "„‚«「『‹", "»」』›"
"""Marks that open and that close by themselves, in most languages."""


_NEAR = 40
"""How far from a quotation mark it is looked at what stands beside it."""


@dataclass(frozen=True)
class _Mark:
    """A quotation mark of a text."""

    at: int
    side: int
    """1: it opens, -1: it closes."""
    single: bool


def _quotes(plain: str, source: _Quotes, target: _Quotes, house: Typography) -> str:
    """Any quotation marks, whoever's, as the target's; which side a mark is on is read from its surroundings."""
    if target.marks[0] in plain and target.marks[0] not in source.marks:
        source = target  # the engine has set them already: the German closing mark is an English opening one
    plain = _REVERSED.sub(lambda found: f"{_TURNED[found[1]]}{found[2]}{_TURNED[found[3]]}", plain)
    marks = _paired(plain, source, house)
    depth = _depth_at_start(marks)
    parts: list[str] = []
    last = 0
    for mark in marks:
        depth += 1 if mark.side > 0 else 0
        level = 0 if depth <= 1 else 2
        shown = target.marks[level] if mark.side > 0 else target.marks[level + 1]
        outer = level == 0
        around = (_OUTER[0] if outer else "\ue001") if mark.side > 0 else (_OUTER[1] if outer else "\ue002")
        parts += [plain[last : mark.at], shown + around if mark.side > 0 else around + shown]
        depth = max(0, depth - 1) if mark.side < 0 else depth
        last = mark.at + 1
    return _set_tight("".join(parts) + plain[last:], target.inside, house)


_REVERSED = re.compile(r"(?<!\w)([»›])(?=\w)([^«»‹›]*[^\s«»‹›])([«‹])(?!\w)")
"""`»so«`, as German books have it: the closing marks of others open here."""
_TURNED = {"»": "«", "«": "»", "›": "‹", "‹": "›"}
_OUTER = ("\ue005", "\ue006")
"""Stand inside outer quotation marks while a sentence is mended, as \\ue001 and \\ue002 stand inside inner ones."""


def _set_tight(plain: str, inside: str, house: Typography) -> str:
    """The text with the spaces that belong inside its outer quotation marks, and none inside the inner ones."""
    if not house.comma_inside_quotes:
        plain = re.sub(rf"(?<!\s)\s*+,\s*+({_MARK}*+)([\ue002\ue006].)", r"\1\2,", plain)
    # each row of spaces or marks is tried from its beginning only
    for opens, closes, space in (("\ue001", "\ue002", ""), (*_OUTER, inside)):
        plain = re.sub(rf"(?:(?<!\s)\s++|(?<![\s{_MARK}]))({_MARK}*+){closes}", rf"\1{space}", plain)
        plain = re.sub(rf"{opens}({_MARK}*+)\s*+", rf"{space}\1", plain)
    return plain


def _depth_at_start(marks: list[_Mark]) -> int:
    """How many quotations were opened in a sentence before: this one closes them without an opening mark."""
    depth = lowest = 0
    for mark in marks:
        depth += mark.side
        lowest = min(lowest, depth)
    return -lowest


def _paired(plain: str, source: _Quotes, house: Typography) -> list[_Mark]:
    """The quotation marks of a text, in order; a single one, which may be an apostrophe, only with its partner."""
    found: list[_Mark] = []
    opened: list[int] = []
    """Where in `found` the single marks are that wait for a partner."""
    lone: set[int] = set()
    depth = 0
    inches = {match.end() - 1 for match in _INCHES.finditer(plain)}
    for at, character in enumerate(plain):
        if at in inches and not depth:
            continue
        if character in _DOUBLE:
            side = _side(plain, at, source)
            if character == '"' and house.wide_marks:  # no spaces show to what it belongs
                side = -1 if depth else 1
            found.append(_Mark(at, side, single=False))
            depth = max(0, depth + side)
            lone.update(opened)
            opened.clear()
        elif character in _SINGLE:
            side = _side_of_single(plain, at)
            if side > 0:
                opened.append(len(found))
                found.append(_Mark(at, 1, single=True))
            elif side < 0 and opened:
                if any(_side_of_single(plain, later) < 0 for later in _singles_behind(plain, at)):
                    continue  # the apostrophe of `workers’` in a quotation that goes on
                opened.pop()
                found.append(_Mark(at, -1, single=True))
    lone.update(opened)
    return [mark for index, mark in enumerate(found) if index not in lone]


def _singles_behind(plain: str, at: int) -> Iterator[int]:
    """The single marks behind a place, up to the next mark that is double or opens."""
    for later in range(at + 1, min(len(plain), at + 200)):
        if plain[later] in _DOUBLE or (plain[later] in _SINGLE and _side_of_single(plain, later) > 0):
            return
        if plain[later] in _SINGLE:
            yield later


def _seen_before(plain: str, at: int) -> str:
    """The character before a place; marks of elements, of which few stand in a row, are passed over."""
    return plain[max(0, at - _NEAR) : at].rstrip(_MARK)[-1:]


def _seen_behind(plain: str, at: int) -> str:
    return plain[at + 1 : at + 1 + _NEAR].lstrip(_MARK)[:1]


_AND = frozenset(("'n'", "‘n’", "’n’", "‘n‘"))
"""What stands for `and` in `rock 'n' roll`."""
_INCHES = re.compile(r"(?<![\w.,])\d{1,3}(?:[.,]\d{1,3})?\"(?=[\s\w-])")


def _side_of_single(plain: str, at: int) -> int:
    """1 for a single mark that opens a quotation, -1 for one that may close it, 0 for an apostrophe."""
    before, after = _seen_before(plain, at), _seen_behind(plain, at)
    if plain[at] in _OPENS:
        return 1
    if {plain[at : at + 3], plain[max(0, at - 2) : at + 1]} & _AND:
        return 0
    starts = not before or before.isspace() or before in "([{—–-/" or before in _DOUBLE
    if starts and after and not after.isspace() and plain[at] != "’":
        return 1
    ends = before and not before.isspace() and not (after.isalnum() or after == _SEEN)
    return -1 if ends or plain[at] == "›" else 0


def _side(plain: str, at: int, source: _Quotes) -> int:
    """1 for an opening double mark, -1 for a closing one: where words stand on one side of it only, that says it, else
    the marks of the source do."""
    character, before, after = plain[at], _seen_before(plain, at), _seen_behind(plain, at)
    starts = not before or before.isspace() or before in "([{—–-/“„«‘‚"
    if character in _OPENS or character in _CLOSES:
        return 1 if character in _OPENS else -1
    if starts and (after.isalnum() or after in (_SEEN, "¿", "¡", "‘", "‚")) and after:
        return 1
    if not starts and (not after or after.isspace() or after in ".,;:!?)…。，、！？；：）"):
        return -1
    if character in source.marks[0] and character != source.marks[1]:
        return 1
    if character in source.marks[1] + source.marks[3:4]:
        return -1
    return 1 if starts else -1


def _punctuation(plain: str, target: str) -> str:
    house = data_of(target).typography
    for marks, space in house.space_before.items():
        ahead = rf"(?<=[^\s{marks}\d])({_MARK}*)[ {NBSP}{NNBSP}]?"
        plain = re.sub(rf"{ahead}(?=[{marks}](?:\s|{_MARK}|$|[^\w/]))", rf"\1{space}", plain)
        plain = re.sub(rf"(?<=\d)({_MARK}*) ?(?=[{marks}](?:\s|$))", rf"\1{space}", plain)
    if not house.space_before:
        plain = re.sub(rf"(?<! ) ++(?={_MARK}*[;:!?](?:\s|{_MARK}|$))", "", plain)
    if house.apostrophe:
        plain = re.sub(r"(?<=[^\W\d_])'(?=[^\W\d_]|[«“])", house.apostrophe, plain)
    percent = locale_of(target).percent_formats[None].pattern
    gap = NBSP if NBSP in percent else ""
    return re.sub(rf"(?<=[\d{_SEEN}])[ {NBSP}{NNBSP}]?%", f"{gap}%", plain)


def _inverted(plain: str) -> str:
    """`Qué es?` as `¿Qué es?`: the opening goes to the beginning of the clause, or inside the quotation mark there."""
    return _opened(_opened(plain, "?", "¿"), "!", "¡")


def _opened(plain: str, closing: str, opening: str) -> str:
    """`opening` put before every clause that ends with `closing`, has a word and is not opened yet.

    One pass: a clause begins after the last end of a clause or opening bracket; a quotation or bracket that closes
    before its end is part of it. The point of a number (`1.200`) or an address ends none.
    """
    starts = [0]  # of the clause at hand and of those around it
    opened = word = -1  # where the last one was opened, where the last letter is
    waits = False  # an opening mark for its closing one
    places: list[int] = []
    for index, character in enumerate(plain):
        if character == closing and waits:
            waits = False
        elif character == closing and opened < starts[-1] <= word:
            clause = plain[starts[-1] : index]
            opened = starts[-1] + len(clause) - len(clause.lstrip())
            places.append(opened)
        if character == opening:
            opened, waits = max(opened, index), True
        elif character.isalnum() or character == "_":
            word = index
        elif character in "!?;" or (character in ".:" and not plain[index + 1 : index + 2].isalnum()):
            starts[-1] = index + 1
        elif character in "“«(":
            starts.append(index + 1)
        elif character in "”»)":
            starts[-1:] = [] if len(starts) > 1 else [0]
    ends = [0, *sorted(places), len(plain)]
    return opening.join(plain[start:end] for start, end in pairwise(ends))


def _with_articles(text: Text, house: Dates) -> Text:
    """The words before a date with the article that the language needs there: `desde 1 de enero`, `depuis 1er janvier`.

    The second of two dates gets one with the first: `entre le 28 juin et le 3 juillet`.
    """
    if not house.with_article:
        return text
    pieces = list(text)
    after_article = False
    for index, piece in enumerate(pieces[1:], start=1):
        before = pieces[index - 1]
        if not isinstance(piece, Opaque) or piece.kind != "date" or not isinstance(before, str):
            continue
        words = house.and_again.get(before.strip()) if after_article else None
        if words:
            pieces[index - 1] = f" {words} "
        after_article = bool(words) or before.rstrip().lower().endswith(_articles(house))
        if piece.shown[:1].isdigit() and not words and (found := _preposition(house).search(before)):
            both = house.with_article[found[1].lower()]
            both = both[0].upper() + both[1:] if found[1][0].isupper() else both
            pieces[index - 1] = f"{before[: found.start(1)]}{both} "
            after_article = True
    return joined(pieces)


def _with_one_of(text: Text, house: Currencies) -> Text:
    """`1,2 millones de` before a noun, without the `de` of an engine that did not see it."""
    of = house.after_scale.strip()
    if not of:
        return text
    second = re.compile(rf"\s(?:{of}\s|{(house.after_scale_before_vowel or of + ' ').strip()})")
    pieces = list(text)
    for index, piece in enumerate(pieces[:-1]):
        behind = pieces[index + 1]
        if _ends_with_of(piece, of) and isinstance(behind, str) and (found := second.match(behind)):
            pieces[index + 1] = f" {behind[found.end() :]}"
    return joined(pieces)


def _ends_with_of(piece: Piece, of: str) -> bool:
    return isinstance(piece, Opaque) and piece.kind == "amount" and piece.shown.endswith(f" {of}")


def finished(text: Text, made_from: Text, target: str) -> Text:
    """A translated sentence as it leaves: what was written for the language before the engine came has a capital where
    it begins the sentence, and `1,2 million de` is `1,2 million d’` before a vowel.

    This changes protected pieces, so it is done to what leaves and not to what is remembered.
    """
    return _elided(_begun(text, made_from), target)


def _begun(text: Text, made_from: Text) -> Text:
    """`el 5 de marzo` at the beginning of a sentence as `El 5 de marzo`."""
    at, first = _first_said(text)
    if not isinstance(first, Opaque) or first.kind != "date" or not first.shown[:1].islower():
        return text
    begins = _first_said(made_from)[1]
    words = begins.said or begins.shown if isinstance(begins, Opaque) else begins.lstrip("“”‘’«»„\"'¿¡([ ")
    if not words[:1].isupper():
        return text
    return (*text[:at], replace(first, shown=first.shown[0].upper() + first.shown[1:]), *text[at + 1 :])


def _first_said(text: Text) -> tuple[int, str | Opaque]:
    """The first piece of a text with a letter or a digit to see, and where it is."""
    for index, piece in enumerate(text):
        if isinstance(piece, Opaque) or (isinstance(piece, str) and re.search(r"\w", piece)):
            return index, piece
    return 0, ""


def _elided(text: Text, target: str) -> Text:
    house = data_of(target).currencies
    of, elision = house.after_scale.strip(), house.after_scale_before_vowel
    if not of or not elision:
        return text
    pieces = list(text)
    for index, piece in enumerate(pieces[:-1]):
        behind = pieces[index + 1]
        if not isinstance(piece, Opaque) or not _ends_with_of(piece, of) or not isinstance(behind, str):
            continue
        if (word := behind.lstrip()) and re.match(house.vowels or r"(?!)", word, re.IGNORECASE):
            pieces[index : index + 2] = [replace(piece, shown=piece.shown.removesuffix(f" {of}") + elision), word]
    return joined(pieces)


def _articles(house: Dates) -> tuple[str, ...]:
    return tuple(f" {word.split()[-1]}" for word in house.and_again.values())


def _preposition(house: Dates) -> re.Pattern[str]:
    """A word that needs an article before a date, at the end of what stands before it."""
    words = "|".join(re.escape(word) for word in sorted(house.with_article, key=len, reverse=True))
    return re.compile(rf"(?<![^\W_])({words})\s\Z", re.IGNORECASE)


def _cased(text: Text, made_from: Text, target: str) -> Text:
    """The first letter large or small as in the source: engines forget it, or set it after a protected name."""
    first, written = _first_letter(made_from), _first_letter(text)
    if not first or not written:
        return text
    if _begins_with_figure(made_from, first) or _begins_with_figure(text, written):
        return text  # `25 new jobs` says nothing of capitals
    source_led = any(isinstance(piece, Opaque) for piece in made_from[: first[0]])
    target_led = any(isinstance(piece, Opaque) for piece in text[: written[0]])
    index, word, letter = written
    if target_led and not (source_led and first[2].islower()):
        return text
    if first[2].islower() and (target_led or not source_led):
        names = {name for piece in made_from if isinstance(piece, str) for name in re.findall(r"\w+", piece)}
        kept = word in names or (len(word) > 1 and word.isupper())
        if data_of(target).typography.words_have_capitals:  # `Gewinn`, `Monday`: only of small words is it the engine's
            kept = kept or letter.lower() + word[1:] not in function_words(target)
        return text if kept else _with_first(text, index, letter, letter.lower())
    return _with_first(text, index, letter, letter.upper())


def _begins_with_figure(text: Text, letter: tuple[int, str, str]) -> bool:
    """Whether a figure stands among the words before the first letter of a text."""
    index, word, _ = letter
    return re.search(r"\d", words_of(text[:index]) + str(text[index]).partition(word)[0]) is not None


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
