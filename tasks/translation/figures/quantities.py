"""What is counted in a text: every number with its scale word, and the currencies and percentages among them.

Values are compared, not digits: `€3.2 billion` once became `3.2 billions` in French, a thousand times more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from tasks.language_data import data_of
from tasks.translation.figures import dates, number_words, numerals
from tasks.translation.figures.numerals import Value

_CURRENCIES = {
    "euro": "€|EUR|euros?|Euro|евро|يورو|유로|ユーロ|欧元|歐元|ยูโร",
    "dollar": "(?:US|U\\.S\\.\\s?|AU?|CA?|HK|S|NZ|NT)?\\$(?:US)?|USD|AUD|CAD|HKD|SGD|TWD|[Dd]ollars?|US-Dollar"
    "|dólar(?:es)?|доллар[а-я]{0,3}|долл|[Dd]olar|đô\\sla|دولار[اًات]{0,3}|ดอลลาร์|(?:미국\\s)?달러|米?ドル|美元|美金|港元|港币|加元|澳元",
    "pound": "£|GBP|(?:British\\s)?pounds?(?:\\ssterling)?|Pfund|libras?(?:\\sesterlinas?)?|livres?(?:\\ssterling)?"
    "|фунт[а-я]{0,3}|جنيه[اًات]{0,3}|파운드|ポンド|英镑|英鎊|ปอนด์|pound|paun|bảng",
    "yen": "JPY|yen(?:es)?|Yen|yens|ienes?|иен[а-я]?|йен[а-я]?|ين|엔|円|日元|日圓|เยน|yên",
    "won": "₩|KRW|[Ww]ons?|вон[а-я]?|وون|원|ウォン|韩元|韓元|韩圆|วอน",
    "yuan": "CN¥|RMB|CNY|[Yy]uane?s?|юан[а-я]{1,2}|يوان|위안|中国元|人民币|人民幣|元|หยวน|nhân\\sdân\\stệ",
    "¥": "[¥￥]",
    "dirham": "AED|dirhams?|Dirham|дирхам[а-я]{0,2}|درهم[اًات]{0,3}|디르함|ディルハム|迪拉姆|迪爾汗|เดอร์แฮม|dírhams?",
    "riyal": "SAR|ri[iy]?y?al(?:es|s)?|Ri[iy]?y?al|риял[а-я]{0,2}|ريال[اًات]{0,3}|리얄|リヤル|里亚尔|里亞爾|ริยัล",
    "rupee": "₹|INR|rupees?|Rupien?|rupias?|roupies?|рупи[а-я]{1,2}|روبية|루피|ルピー|卢比|盧比|รูปี|rupee",
    "rupiah": "Rp|IDR|[Rr]upiah",
    "ringgit": "RM|MYR|[Rr]inggit|ринггит[а-я]{0,2}|رينغيت|링깃|リンギット|林吉特|ริงกิต",
    "baht": "฿|THB|[Bb]aht|บาท|bahts|бат[а-я]{0,2}|바트|バーツ|泰铢|泰銖",
    "dong": "₫|VND|đồng",
    "real": "R\\$|BRL|reais|reales|레알|レアル|雷亚尔|雷亞爾",
    "franc": "CHF|Swiss\\sfrancs?|Franken|francos?\\ssuizos?|francs?\\ssuisses?|francos?\\ssuíços?|프랑|スイスフラン"
    "|瑞士法郎|швейцарских\\sфранк[а-я]{0,2}|ฟรังก์สวิส",
}  # fmt: skip
"""Families of currencies in the 15 languages, looked for next to a number only. Whose dollar it is, is not compared:
where one text has `$`, the other has to choose."""
_PERCENT = (
    r"[%％٪﹪]|(?:per\s?cent|pct|percent|Prozent|por\s?ciento|por\s?cento|pour\s?cent|persen|peratus|phần\străm|процент[а-я]{0,3}"
    r"|بالمئة|بالمائة|بالمئه|في\sالمئة|في\sالمائة|퍼센트|프로|パーセント|เปอร์เซ็นต์)(?![^\W\d_])"
)
_UNSPACED_PERCENT = r"퍼센트|프로|パーセント|เปอร์เซ็นต์"
_BEFORE_PERCENT = re.compile(r"(?:百分之|ร้อยละ)\s?$")
_LETTERS = {"k": 3, "m": 6, "mn": 6, "md": 9, "mds": 9, "b": 9, "bn": 9, "tn": 12, "mi": 6, "bi": 9}
_LETTER = re.compile(r"[KMB](?![^\W_])")
"""`5M users`: right behind the digits and in a capital, in every language."""
_IDIOM = re.compile(
    r"(?<!\d)24\s?[/x×]\s?7(?!\d)|(?<!\d)24\s?часа|24시간|24\s?小时|24\s?小時|24時間|24\s?jam|24\s?Stunden"
)
"""Says `always`, and every language says it otherwise."""
_AFTERNOON = re.compile(
    r"p\.?\s?m\b|오후|저녁|午後|下午|晚上|مساء|عصر|ظهر|เย็น|บ่าย|chiều|tối|de la tarde|de la noche|da tarde|da noite"
    r"|вечера|дня|du soir|de l’après-midi|malam|petang|sore|siang|Nachmittag|nachmittags|abends",
    re.IGNORECASE,
)
_LIST = re.compile(r"\d{1,2}(?:,\d{1,2}){2,}")
_CLOCK = re.compile(r"([01]?\d|2[0-4])\.([0-5]\d)")
_OCLOCK = re.compile(r"\s?(?:Uhr|น\.|WIB|WITA|WIT\b|h\b|[ap]\.?m\.?\b)")
_AT = re.compile(r"(?:[Pp]ukul|[Jj]am)\s$")
_BUDDHIST = 543
"""Years that Thai texts are ahead."""


@dataclass
class Counted:
    """The numbers of one text."""

    values: list[Value] = field(default_factory=list)
    """In the order of the text, days and years of dates included, numbered months not."""
    kinds: list[str] = field(default_factory=list)
    """What each of them counts: a currency, `%` or nothing."""
    units: set[str] = field(default_factory=set)
    """Currencies and `%`."""
    words: set[int] = field(default_factory=set)
    """What number words may stand for."""
    powers: set[int] = field(default_factory=set)
    """Powers of ten of all its scale words, those without a number too: `a million`."""
    months: list[dates.Month] = field(default_factory=list)
    idiom: bool = False
    afternoon: bool = False


def counted(text: str, language: str, known: Mapping[str, Value] | None = None) -> Counted:
    """Reads a text; `known` are numbers of the text it was made from (`numerals.literals`)."""
    months = dates.months_in(text, language)
    found = Counted(
        months=months, words=number_words.words_for(text, language), afternoon=bool(_AFTERNOON.search(text))
    )
    scales = re.finditer(numerals.scale_pattern(language), text, re.IGNORECASE)
    found.powers = {numerals.power_of(match[0], language) for match in scales}
    found.idiom = _IDIOM.search(text) is not None
    hidden = [month.whole or (month.start, month.end) for month in months if month.numbered]
    position = 0
    for match in numerals.found(text, language):
        if match.start() < position or any(start <= match.start() < end for start, end in hidden):
            continue
        if hour := _time(match, text):
            found.values += hour
            found.kinds += ["", ""]
            continue
        if _LIST.fullmatch(match[0]):
            found.values += map(Decimal, match[0].split(","))
            found.kinds += [""] * (match[0].count(",") + 1)
            continue
        value, end = _scaled(match, text, language, known or {})
        unit, position = _unit(text, match.start(), end)
        found.values.append(value)
        found.kinds.append(unit or "")
        found.units |= {unit} if unit else set()
    for month in months:
        if month.whole:
            found.values += [Decimal(month.day or 0).normalize(), Decimal(month.year or 0).normalize()]
            found.kinds += ["", ""]
    for number, word, match in number_words.scaled(text, language, numerals.scale_pattern(language)):
        unit, _ = _unit(text, match.start(), match.end())
        found.values.append(Decimal(number * 10 ** numerals.power_of(word, language)).normalize())
        found.kinds.append(unit or "")
        found.units |= {unit} if unit else set()
    return found


def _time(match: re.Match[str], text: str) -> list[Value]:
    """Hour and minute of `10.30 Uhr`, which are not ten and three tenths."""
    clock = _CLOCK.fullmatch(match[0])
    if clock and (_OCLOCK.match(text, match.end()) or _AT.search(text[max(0, match.start() - 8) : match.start()])):
        return [Decimal(clock[1]).normalize(), Decimal(clock[2]).normalize()]
    return []


def _scaled(match: re.Match[str], text: str, language: str, known: Mapping[str, Value]) -> tuple[Value, int]:
    """The value with its scale word, and where that ends; `3조 2,000억` is one number."""
    value = known.get(match[0], numerals.value_of(match[0], language))
    end = match.end()
    if not isinstance(value, Decimal):
        return value, end
    scale, power, end = _scale(text, end, language)
    if scale is None:
        return value, end
    total = value.scaleb(power)
    while data_of(language).numbers.in_ten_thousands and power > 4:
        more = re.compile(rf"\s?({numerals.LITERAL})").match(text, end)
        part = numerals.value_of(more[1], language) if more else None
        if more is None or not isinstance(part, Decimal):
            break
        scale, smaller, behind = _scale(text, more.end(), language)
        if scale is None or smaller >= power:
            break
        total, power, end = total + part.scaleb(smaller), smaller, behind
    return total.normalize(), end


def _scale(text: str, end: int, language: str) -> tuple[str | None, int, int]:
    word = _after(language).match(text, end)
    if word and word["word"]:
        return word["word"], numerals.power_of(word["word"], language), word.end()
    if word and word["letter"]:
        return word["letter"], _LETTERS[word["letter"].lower()], word.end("letter")
    if letter := _LETTER.match(text, end):
        return letter[0], _LETTERS[letter[0].lower()], letter.end()
    return None, 0, end


@cache
def _after(language: str) -> re.Pattern[str]:
    """What may follow a number: a scale word, or a letter for one before a currency."""
    letters = "mds|mn|md|bn|tn|mi|bi|[kmb]"
    gap = "" if data_of(language).numbers.scale_follows_at_once else r"[\s\u00a0\u202f-]?"
    return re.compile(
        rf"(?:{gap}[多余餘]?(?P<word>{numerals.scale_pattern(language)})(?:\.(?=\s?[\w€$£¥]))?"
        rf"|[\s\u00a0\u202f]?(?P<letter>{letters})(?=\s?[€$£¥₩]|\s?(?:USD|EUR|GBP)))",
        re.IGNORECASE,
    )


_BEFORE = re.compile(
    "(?:"
    + "|".join(f"(?P<k{index}>(?<![A-Za-z]){pattern})" for index, pattern in enumerate(_CURRENCIES.values()))
    + r")[\s\u00a0\u202f]?$"
)
_BEHIND = re.compile(
    r"[\s\u00a0\u202f-]?(?:de\s|d’|d'|of\s|tỷ\s|di\s)?(?:(?P<percent>"
    + _PERCENT
    + f"|{_UNSPACED_PERCENT})|"
    + "|".join(f"(?P<k{index}>(?:{pattern})(?![A-Za-zà-ÿа-я]))" for index, pattern in enumerate(_CURRENCIES.values()))
    + ")"
)
_SIGNS = re.compile(r"[€$£¥￥₩₹฿₫A-Zp]")


def _unit(text: str, start: int, end: int) -> tuple[str | None, int]:
    """The currency beside a number, or `%`."""
    names = list(_CURRENCIES)
    behind = _BEHIND.match(text, end)
    if behind:
        return "%" if behind["percent"] else names[int(str(behind.lastgroup)[1:])], behind.end()
    before = text[max(0, start - 12) : start]
    if _BEFORE_PERCENT.search(before):
        return "%", end
    ahead = _BEFORE.search(before) if before[-2:].strip() and _SIGNS.search(before[-5:]) else None
    return (names[int(str(ahead.lastgroup)[1:])] if ahead else None), end


def differing(before: Counted, after: Counted) -> tuple[Counter[Value], Counter[Value]]:
    """Numbers that are missing and numbers that were added, those in words on the other side allowed."""
    missing = Counter(before.values) - Counter(after.values)
    added = Counter(after.values) - Counter(before.values)
    for value in list(missing):
        if _excused(value, before, after, added):
            missing -= Counter({value: missing[value]})
    for value in list(added):
        if _excused(value, after, before, Counter()):
            added -= Counter({value: added[value]})
    return +missing, +added


def _excused(value: Value, here: Counted, there: Counted, others: Counter[Value]) -> bool:
    """Whether a number that only stands `here` is said otherwise `there`; takes what says it from `others`."""
    if not isinstance(value, Decimal):
        return False
    if value in there.words or (here.idiom and value in (24, 7)):
        return True
    for shift in (12 if (here.afternoon or there.afternoon) and value < 12 else 0, _BUDDHIST, -_BUDDHIST):
        likely = shift and (shift == 12 or value > 1500)
        if likely and others[value + shift]:
            others[value + shift] -= 1
            return True
    # `a million`, without a number or with an article
    return value >= 1000 and value.adjusted() in there.powers and value == Decimal(10) ** value.adjusted()
