"""Numbers in words, as far as texts mix them with digits: one to twelve, first to tenth, and those times a scale word.

CLDR's rules for spelling out are not in Babel, so this is a short table, no grammar: enough to accept `third quarter`
for `Q3` and to notice `three million` where there was `3 billion`. `tres*` stands for all words that begin so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_WORDS: dict[str, dict[int, str]] = {
    "en": {
        1: "one first once single", 2: "two second twice both double", 3: "three third triple", 4: "four fourth",
        5: "five fifth", 6: "six sixth", 7: "seven seventh", 8: "eight eighth", 9: "nine ninth", 10: "ten tenth",
        11: "eleven eleventh", 12: "twelve twelfth dozen", 15: "fifteen", 20: "twenty", 30: "thirty", 50: "fifty",
        100: "hundred",
    },
    "de": {
        1: "ein eins eine einen einem einer eines erst* einmal", 2: "zwei zweit* zweimal beide* doppelt*",
        3: "drei dritt* dreimal dreifach*", 4: "vier viert*", 5: "fünf fünft*", 6: "sechs sechst*",
        7: "sieben siebt* siebent*", 8: "acht acht*", 9: "neun neunt*", 10: "zehn zehnt*", 11: "elf elft*",
        12: "zwölf zwölft* dutzend", 15: "fünfzehn", 20: "zwanzig", 30: "dreißig", 50: "fünfzig", 100: "hundert",
    },
    "es": {
        1: "un uno una primer primer*", 2: "dos segund* ambos ambas dobl*", 3: "tres tercer tercer* tripl*",
        4: "cuatro cuart*", 5: "cinco quint*", 6: "seis sext*", 7: "siete séptim*", 8: "ocho octav*",
        9: "nueve noven*", 10: "diez décim*", 11: "once", 12: "doce docena", 15: "quince", 20: "veinte",
        30: "treinta", 50: "cincuenta", 100: "cien ciento centenar",
    },
    "pt": {
        1: "um uma primeir*", 2: "dois duas segund* ambos ambas dupl*", 3: "três terceir* tripl*",
        4: "quatro quart*", 5: "cinco quint*", 6: "seis sext*", 7: "sete sétim*", 8: "oito oitav*", 9: "nove non*",
        10: "dez décim*", 11: "onze", 12: "doze dúzia", 15: "quinze", 20: "vinte", 30: "trinta", 50: "cinquenta",
        100: "cem cento centena",
    },
    "fr": {
        1: "un une premi* unième", 2: "deux deuxi* second* doubl*", 3: "trois troisi* tripl*", 4: "quatre quatri*",
        5: "cinq cinqui*", 6: "six sixi*", 7: "sept septi*", 8: "huit huiti*", 9: "neuf neuvi*", 10: "dix dixi*",
        11: "onze onzi*", 12: "douze douzi* douzaine", 15: "quinze quinzaine", 20: "vingt vingtaine vingti*",
        30: "trente", 50: "cinquante", 100: "cent centaine",
    },
    "ru": {
        1: "один одна одно одного одной одну одним перв*", 2: "два две двух двум двумя втор* оба обе обо*",
        3: "три трёх трех трём трем тремя трет*", 4: "четыре четырёх четырех четырём четвёрт* четверт*",
        5: "пять пяти пятью пят*", 6: "шесть шести шестью шест*", 7: "семь семи семью седьм*",
        8: "восемь восьми восемью восьм*", 9: "девять девяти девятью девят*", 10: "десять десяти десятью десят*",
        11: "одиннадцат*", 12: "двенадцат*", 15: "пятнадцат*", 20: "двадцат*", 30: "тридцат*", 50: "пятьдесят",
        100: "сто ста сотн*",
    },
    "id": {
        1: "satu pertama kesatu sebuah seorang", 2: "dua kedua", 3: "tiga ketiga", 4: "empat keempat",
        5: "lima kelima", 6: "enam keenam", 7: "tujuh ketujuh", 8: "delapan kedelapan", 9: "sembilan kesembilan",
        10: "sepuluh kesepuluh", 11: "sebelas kesebelas", 12: "selusin", 100: "seratus",
    },
    "ms": {
        1: "satu pertama sebuah seorang", 2: "dua kedua", 3: "tiga ketiga", 4: "empat keempat", 5: "lima kelima",
        6: "enam keenam", 7: "tujuh ketujuh", 8: "lapan kelapan", 9: "sembilan kesembilan", 10: "sepuluh kesepuluh",
        11: "sebelas", 100: "seratus",
    },
    "vi": {
        1: "một nhất đầu", 2: "hai đôi nhì", 3: "ba", 4: "bốn tư", 5: "năm", 6: "sáu", 7: "bảy", 8: "tám", 9: "chín",
        10: "mười", 12: "tá", 100: "trăm",
    },
    "ar": {
        1: "واحد واحدة الأول الأولى أول أولى", 2: "اثنان اثنين اثنتان اثنتين الثاني الثانية ثاني ثانية",
        3: "ثلاث ثلاثة الثالث الثالثة ثالث", 4: "أربع أربعة الرابع الرابعة رابع", 5: "خمس خمسة الخامس الخامسة خامس",
        6: "ست ستة السادس السادسة سادس", 7: "سبع سبعة السابع السابعة سابع", 8: "ثمان ثماني ثمانية الثامن الثامنة",
        9: "تسع تسعة التاسع التاسعة", 10: "عشر عشرة العاشر العاشرة", 20: "عشرون عشرين", 30: "ثلاثون ثلاثين",
        50: "خمسون خمسين", 100: "مئة مائة",
    },
    "th": {
        1: "หนึ่ง แรก เดียว", 2: "สอง", 3: "สาม", 4: "สี่", 5: "ห้า", 6: "หก", 7: "เจ็ด", 8: "แปด", 9: "เก้า", 10: "สิบ",
        100: "ร้อย",
    },
    "ko": {
        1: "하나 한 첫 일", 2: "둘 두 이", 3: "셋 세 석 삼", 4: "넷 네 넉 사", 5: "다섯 오", 6: "여섯 육",
        7: "일곱 칠", 8: "여덟 팔", 9: "아홉 구", 10: "열 십", 11: "열한", 12: "열두", 20: "스무 스물", 100: "백",
    },
}  # fmt: skip
_UNCERTAIN = frozenset((1, 2))
"""Before a scale word these may be an article, or be said by its form alone: `un millón`, `مليونان`."""
_HAN_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")} | {"两": 2, "兩": 2, "零": 0}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
_HAN_SIGNS = "".join(_HAN_DIGITS) + "".join(_HAN_TENS)
_HAN = re.compile(f"[{''.join(_HAN_DIGITS)}十百千][{_HAN_SIGNS}]*+")
_ROMAN = re.compile(r"(?<![A-Za-z])[IVXLC]{1,8}(?=(?:er?|ème)?(?![A-Za-z]))")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_UNSPACED = ("th", "ko")


def words_for(text: str, language: str) -> set[int]:
    """Every number that a word, a Han or a Roman numeral of `text` may stand for."""
    short = language.split("-")[0]
    found = {_roman(match[0]) for match in _ROMAN.finditer(text)}
    if short in ("zh", "ja"):
        return found.union(*(_han(match[0]) for match in _HAN.finditer(text)))
    if short in _WORDS:
        found |= {value_of(match[0], short) for match in pattern(short).finditer(text.lower())}
    return found


@cache
def pattern(short: str) -> re.Pattern[str]:
    """Finds number words in lower case."""
    words = " ".join(_WORDS.get(short, {}).values()).split()
    if not words:
        return re.compile(r"(?!)")
    if short in _UNSPACED:
        return re.compile("|".join(sorted(words, key=len, reverse=True)))
    ends = [word.replace("*", r"[^\W\d_]{0,6}") for word in sorted(words, key=len, reverse=True)]
    before = r"(?<![^\W\d_])(?:و|ب|ل)?" if short == "ar" else r"(?<![^\W\d_])"
    return re.compile(rf"{before}(?:{'|'.join(ends)})(?![^\W\d_])")


def value_of(word: str, short: str) -> int:
    """What a word that `pattern` found stands for; 0 for none."""
    for value, words in _WORDS.get(short, {}).items():
        for known in words.split():
            if word == known or (known.endswith("*") and word.startswith(known[:-1])):
                return value
            if short == "ar" and word[1:] == known and word[0] in "وبل":
                return value
    return 0


def scaled(text: str, language: str, scale: str) -> Iterator[tuple[int, str, re.Match[str]]]:
    """Number words right before a scale word, which `scale` finds: `three million` is 3, `million` and where it is."""
    short = language.split("-")[0]
    if short in ("zh", "ja"):
        before = rf"(?<![{_HAN_SIGNS}数數几幾上近.\d])"
        for match in re.finditer(rf"{before}([二两兩三四五六七八九]十?)({scale})", text):
            yield next(iter(_han(match[1]))), match[2], match
    elif short in _WORDS and short != "ko":
        gap = r"\s?" if short in _UNSPACED else r"[\s-]"
        found = _scaled_pattern(short, gap, scale).finditer(text)
        for match in found:
            value = value_of(match[1].lower(), short)
            if value not in _UNCERTAIN and value <= 12:
                yield value, match[2], match


@cache
def _scaled_pattern(short: str, gap: str, scale: str) -> re.Pattern[str]:
    return re.compile(rf"({pattern(short).pattern}){gap}({scale})", re.IGNORECASE)


def _han(run: str) -> set[int]:
    """The value of a Han numeral, and of its digits one by one: `二十` is 20, `二〇二六` 2026."""
    if all(character in _HAN_DIGITS for character in run):
        digits = "".join(str(_HAN_DIGITS[character]) for character in run[:20])
        return {int(digits), *(_HAN_DIGITS[character] for character in run)}
    total = part = digit = 0
    for character in run:
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS[character]
        elif _HAN_TENS[character] < 10**4:
            part, digit = part + (digit or 1) * _HAN_TENS[character], 0
        else:
            total, part, digit = (total + part + digit or 1) * _HAN_TENS[character], 0, 0
            total = min(total, 10**30)
    return {total + part + digit}


def _roman(numeral: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    return sum(-one if one < following else one for one, following in zip(values, [*values[1:], 0], strict=True))
