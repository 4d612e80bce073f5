"""Faults that engines make, put into sound translations: for the tests of the checks and for measuring them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tasks.model.languages import locale_of
from tasks.translation.figures import dates, numerals
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined, shown, words_of

Spoil = Callable[[Text, Text, str, str], Text | None]
"""Source text, translation and both languages to a spoilt translation; None where the fault has no place in it."""


@dataclass(frozen=True)
class Fault:
    spoil: Spoil
    checks: frozenset[str]
    """The checks that are to notice it; one is enough."""


def _of_words(change: Callable[[str, str], str | None]) -> Spoil:
    """A fault in one stretch of words: the first that `change`, given the target language, can spoil."""

    def spoil(_unit: Text, result: Text, _source: str, target: str) -> Text | None:
        for index, piece in enumerate(result):
            new = change(piece, target) if isinstance(piece, str) else None
            if new is not None and new != piece:
                return (*result[:index], new, *result[index + 1 :])
        return None

    return spoil


def _dropped(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
    id = _first_element(result)
    return None if id is None else joined(p for p in result if not (isinstance(p, Open | Close) and p.id == id))


def _emptied(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
    id = _first_element(result)
    if not id:
        return None
    start, end = result.index(Open(id)), result.index(Close(id))
    kept = [piece for piece in result[start + 1 : end] if isinstance(piece, Open | Close)]
    return joined([*result[: start + 1], *kept, *result[end:]])


def _unnested(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
    id = _first_element(result)
    if not id:
        return None
    other: dict[Piece, Piece] = {Open(id): Close(id), Close(id): Open(id)}
    return tuple(other.get(piece, piece) for piece in result)


def _first_element(text: Text) -> int | None:
    return next((piece.id for piece in text if isinstance(piece, Open)), None)


def _name_lost(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
    at = next((index for index, piece in enumerate(result) if isinstance(piece, Opaque)), None)
    return None if at is None else (*result[:at], *result[at + 1 :])


def _name_altered(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
    at = next((index for index, piece in enumerate(result) if isinstance(piece, Opaque)), None)
    if at is None:
        return None
    name = result[at]
    assert isinstance(name, Opaque)
    return joined([*result[:at], name.shown[:-1] + "a", *result[at + 1 :]])


def _names_swapped(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
    names = [piece for piece in result if isinstance(piece, Opaque)]
    if len(set(names)) != 2 or len(names) != 2 or not _first_element(result):
        return None
    return tuple(names[names.index(piece) - 1] if isinstance(piece, Opaque) else piece for piece in result)


def _numbers(text: str, target: str) -> list[re.Match[str]]:
    """Numbers that are in no address and no numbered month."""
    months = {place for month in dates.months_in(text, target) for place in range(month.start, month.end)}
    return [
        match
        for match in numerals.found(text, target)
        if match.start() not in months
        and not re.search(r"[A-Za-z/@.:-]$", text[: match.start()])
        and numerals.parse(match[0], target) is not None
    ]


def _thousandfold(text: str, target: str) -> str | None:
    for match in _numbers(text, target):
        value = numerals.parse(match[0], target)
        assert value is not None
        return text[: match.start()] + numerals.write(value * 1000, target) + text[match.end() :]
    return None


def _digits_swapped(text: str, target: str) -> str | None:
    for match in _numbers(text, target):
        for at in range(match.start(), match.end() - 1):
            first, second = text[at], text[at + 1]
            if first.isdigit() and second.isdigit() and first != second:
                return text[:at] + second + first + text[at + 2 :]
    return None


def _scale_changed(text: str, target: str) -> str | None:
    words = numerals.scales(target)
    for match in re.finditer(rf"({numerals.scale_pattern(target)})", text, re.IGNORECASE):
        before = text[: match.start(1)].rstrip()[-1:]
        power = numerals.power_of(match[1], target)
        other = next((word for word, of in words.items() if of not in (0, power)), None)
        if before.isdigit() and power and other:
            return text[: match.start(1)] + other + text[match.end(1) :]
    return None


def _month_changed(text: str, target: str) -> str | None:
    for month in dates.months_in(text, target):
        if not month.dated:
            continue
        written = text[month.start : month.end]
        for number, name in _months(target).items():
            if number == month.number % 12 + 1:
                new = re.sub(r"\d+", str(number), written) if month.numbered else name
                return text[: month.start] + new + text[month.end :]
    return None


def _months(target: str) -> dict[int, str]:
    return {int(number): str(name) for number, name in locale_of(target).months["format"]["wide"].items()}


def _day_changed(text: str, target: str) -> str | None:
    for month in dates.months_in(text, target):
        if month.day:
            day = str(month.day)
            near = [m for m in re.finditer(rf"(?<!\d){day}(?!\d)", text) if not month.start <= m.start() < month.end]
            if near:
                at = min(near, key=lambda match: abs(match.start() - month.start))
                return text[: at.start()] + str(month.day % 28 + 1) + text[at.end() :]
    return None


_CURRENCIES = (
    ("€", "$"), ("евро", "долларов"), ("يورو", "دولار"), ("유로", "달러"), ("ユーロ", "ドル"), ("欧元", "美元"),
    ("歐元", "美元"), ("ยูโร", "ดอลลาร์"), ("euros", "dollars"), ("Euro", "Dollar"), ("euro", "dollar"),
)  # fmt: skip


def _currency_changed(text: str, _target: str) -> str | None:
    for old, new in _CURRENCIES:
        name = re.escape(old)
        beside = (rf"{name}\s?\d", rf"\d\s?[억億亿]?\s?{name}", rf"\d[^\W\d]*\s?(?:\w+\s){{1,2}}(?:d’)?{name}")
        if any(re.search(pattern, text) for pattern in beside):
            return text.replace(old, new)
    return None


def _url_changed(text: str, _target: str) -> str | None:
    return re.sub(r"(https?://[a-z.]+/)([a-z]+)", r"\1x\2", text)


def _email_changed(text: str, _target: str) -> str | None:
    return re.sub(r"([a-z]+)@([a-z]+\.[a-z]+)", r"\1@\2e", text)


def _pair_swapped(text: str, target: str) -> str | None:
    found = _numbers(text, target)
    if len(found) != 2 or found[0][0] == found[1][0] or dates.months_in(text, target):
        return None
    first, second = found
    return text[: first.start()] + second[0] + text[first.end() : second.start()] + first[0] + text[second.end() :]


def _left(unit: Text, _result: Text, _source: str, _target: str) -> Text | None:
    return unit


def _half_left(unit: Text, result: Text, _source: str, target: str) -> Text | None:
    """The second half in the source language."""
    if any(isinstance(piece, Open) for piece in unit):
        return None
    before, after = words_of(unit), words_of(result)
    return (after[: len(after) // 2] + " " + before[len(before) // 2 :],)


def _cut(share: float) -> Spoil:
    """Only so much of the words, or of the letters where they have no spaces."""

    def spoil(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
        if any(not isinstance(piece, str) for piece in result):
            return None  # `inline` and `opaque` see that
        text = shown(result)
        words = text.split(" ")
        kept = " ".join(words[: round(len(words) * share)]) if len(words) > 5 else text[: round(len(text) * share)]
        return (kept.rstrip(" ,;，、،"),)

    return spoil


def _all_capitals(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
    letters = [letter for letter in words_of(result) if letter.isalpha()]
    if sum(letter.islower() for letter in letters) * 2 < len(letters):
        return None  # a script without capitals
    return tuple(piece.upper() if isinstance(piece, str) else piece for piece in result)


def _empty(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
    return tuple(piece for piece in result if not isinstance(piece, str))


def _babble(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
    """The first words again and again, as long as the sentence should be."""
    text = words_of(result)
    words = text.split(" ")
    if len(words) <= 6 and (text[:6].isascii() or len(text) < 18):
        return None
    beginning = " ".join(words[:4]) + " " if len(words) > 6 else text[:6]
    new = (beginning * 40)[: len(text)]
    done = False
    pieces: list[Piece] = []
    for piece in result:
        if not isinstance(piece, str):
            pieces.append(piece)
        elif not done:
            pieces, done = [*pieces, new], True
    return joined(pieces)


def _doubled(_unit: Text, result: Text, _source: str, _target: str) -> Text | None:
    if any(not isinstance(piece, str) for piece in result):
        return None
    return (f"{shown(result)} {shown(result)}",)


ANY_FIGURE = frozenset(("quantity", "date"))
ANY_LANGUAGE = frozenset(("residue", "script"))
FAULTS = {
    "element dropped": Fault(_dropped, frozenset(["inline"])),
    "element emptied": Fault(_emptied, frozenset(["anchor"])),
    "element turned over": Fault(_unnested, frozenset(["inline"])),
    "name lost": Fault(_name_lost, frozenset(["opaque"])),
    "name altered": Fault(_name_altered, frozenset(["opaque"])),
    "names swapped": Fault(_names_swapped, frozenset(["anchor"])),
    "number × 1000": Fault(_of_words(_thousandfold), ANY_FIGURE),
    "digits swapped": Fault(_of_words(_digits_swapped), ANY_FIGURE),
    "scale word changed": Fault(_of_words(_scale_changed), ANY_FIGURE),
    "currency changed": Fault(_of_words(_currency_changed), ANY_FIGURE),
    "month changed": Fault(_of_words(_month_changed), ANY_FIGURE),
    "day changed": Fault(_of_words(_day_changed), ANY_FIGURE),
    "two numbers swapped": Fault(_of_words(_pair_swapped), frozenset(["order", "quantity"])),
    "URL changed": Fault(_of_words(_url_changed), frozenset(["url"])),
    "e-mail changed": Fault(_of_words(_email_changed), frozenset(["url"])),
    "left in the source language": Fault(_left, ANY_LANGUAGE),
    "half left in the source language": Fault(_half_left, ANY_LANGUAGE),
    "cut to 60 %": Fault(_cut(0.6), frozenset(["truncated", "length", "quantity", "date", "url"])),
    "cut to 40 %": Fault(_cut(0.4), frozenset(["truncated", "length", "quantity", "date", "url"])),
    "capitals": Fault(_all_capitals, frozenset(["capitals", "url"])),
    "empty": Fault(_empty, frozenset(["empty"])),
    "babble": Fault(_babble, frozenset(["repeated"])),
    "said twice": Fault(_doubled, frozenset(["repeated", "length"])),
}
"""By what they do."""
