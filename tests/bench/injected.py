"""Faults of 45 kinds put into good human text of five languages: which of them the checks stop.

python tests/bench/run.py injected

The text is that of the tests of the checks (`tests/translation/parallel.py`) and two sentences more, from English. A
kind is stopped in a language if it is noticed wherever it was put in. Kinds of meaning read well: no check sees them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tasks.translation import checks
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Opaque, Open, Text, joined, words_of
from tests.translation import parallel
from tests.translation.spoil import FAULTS

TARGETS = ("es", "fr", "de", "ja", "ar")
SENTENCE = {
    "en": "The plant will open on Monday, 15 kilometres from the city, and it will not replace the old one, because "
    "demand rose last year.",
    "es": "La planta abrirá el lunes a 15 kilómetros de la ciudad y no sustituirá a la antigua, porque la demanda "
    "subió el año pasado.",
    "fr": "L’usine ouvrira lundi à 15 kilomètres de la ville et ne remplacera pas l’ancienne, car la demande a "
    "augmenté l’an dernier.",
    "de": "Das Werk wird am Montag 15 Kilometer vor der Stadt eröffnet und wird das alte nicht ersetzen, denn die "
    "Nachfrage ist im vergangenen Jahr gestiegen.",
    "ja": "新工場は月曜日に市街地から15キロメートルの場所で稼働しますが、昨年は需要が増えたため、"
    "旧工場の代わりにはなりません。",
    "ar": "سيُفتتح المصنع يوم الاثنين على بعد 15 كيلومترا من المدينة، ولن يحل محل المصنع القديم، لأن الطلب ارتفع العام "
    "الماضي.",
}
BOUGHT = {
    "en": "A bought B last year.", "es": "A compró B el año pasado.", "fr": "A a racheté B l’an dernier.",
    "de": "A hat B im vergangenen Jahr gekauft.", "ja": "Aは昨年、Bを買収しました。",
    "ar": "اشترت A شركة B العام الماضي.",
}  # fmt: skip
Put = Callable[[Text, Text, str], Text | None]
"""Source, translation and target language to the spoilt translation; None where the fault has no place in it."""
Group = Literal["form", "language", "figures", "meaning"]


@dataclass(frozen=True)
class Kind:
    group: Group
    put: Put


def _middle(put: str) -> Put:
    """Something put between two words, or letters, of the longest piece."""

    def spoil(_before: Text, after: Text, _target: str) -> Text | None:
        at = max((n for n, piece in enumerate(after) if isinstance(piece, str)), key=lambda n: len(str(after[n])))
        text = str(after[at])
        cut = text.find(" ", len(text) // 2) if " " in text[len(text) // 2 :] else len(text) // 2
        return joined([*after[:at], text[:cut] + put + text[cut:], *after[at + 1 :]])

    return spoil


def _around(before: Mapping[str, str] | str, after: Mapping[str, str] | str = "") -> Put:
    """Something said before and after the translation, the same in all languages or in each its own."""

    def spoil(_: Text, text: Text, target: str) -> Text | None:
        first, last = (put if isinstance(put, str) else put[target] for put in (before, after))
        return joined([first, *text, last])

    return spoil


def _replaced(pairs: Mapping[str, tuple[str, str]] | tuple[str, str], *, every: bool = False) -> Put:
    """The first text that fits a regular expression replaced by another."""

    def spoil(_before: Text, after: Text, target: str) -> Text | None:
        pattern, new = pairs if isinstance(pairs, tuple) else pairs.get(target, ("(?!)", ""))
        for at, piece in enumerate(after):
            if isinstance(piece, str) and re.search(pattern, piece):
                return joined([*after[:at], re.sub(pattern, new, piece, count=0 if every else 1), *after[at + 1 :]])
        return None

    return spoil


def _fault(name: str) -> Put:
    return lambda before, after, target: FAULTS[name].spoil(before, after, "en", target)


def _encoded(_before: Text, after: Text, _target: str) -> Text | None:
    """One word whose bytes somebody read as Latin-1."""
    for at, piece in enumerate(after):
        found = re.search(r"\w*[^\W\d_a-zA-Z’]\w*", piece) if isinstance(piece, str) else None
        if found and isinstance(piece, str):
            wrong = found[0][:6].encode().decode("latin-1")
            return joined([*after[:at], piece[: found.start()] + wrong + piece[found.start() + 6 :], *after[at + 1 :]])
    return None


def _quotes(change: Callable[[str], str]) -> Put:
    marks = re.compile("[«»“”„「」]\u00a0?")

    def spoil(_before: Text, after: Text, _target: str) -> Text | None:
        changed = joined(
            marks.sub(lambda mark: change(mark[0]), piece) if isinstance(piece, str) else piece for piece in after
        )
        return changed if changed != after else None

    return spoil


_TURNED = str.maketrans("«»“”「」", "»«”“」「")
_TURNED_IN_GERMAN = str.maketrans("„“", "“„")


def _turned(before: Text, after: Text, target: str) -> Text | None:
    table = _TURNED_IN_GERMAN if target == "de" else _TURNED
    return _quotes(lambda mark: mark.translate(table))(before, after, target)


def _first_quote_lost(_before: Text, after: Text, _target: str) -> Text | None:
    return _replaced(("[«“„「]\u00a0?", ""))(_before, after, _target)


NEAR = {"es": "pt", "fr": "es", "de": "nl", "ja": "zh-Hans", "ar": "fa"}
_DUTCH_AND_PERSIAN = {
    "nl": "De nieuwe turbines draaien langzamer dan eerdere modellen en zijn daarom stiller en gaan langer mee.",
    "fa": "توربین‌های جدید کندتر از مدل‌های پیشین می‌چرخند و به همین دلیل بی‌صداتر هستند و عمر بیشتری دارند.",
}


def _in_language(of: Mapping[str, str]) -> Put:
    """The sentence about turbines in another language."""

    def spoil(before: Text, _after: Text, target: str) -> Text | None:
        if before != parallel.unit("plain", "en"):
            return None
        other = of[target]
        return (_DUTCH_AND_PERSIAN[other],) if other in _DUTCH_AND_PERSIAN else parallel.unit("plain", other)

    return spoil


def _names_swapped(_before: Text, after: Text, _target: str) -> Text | None:
    names = [piece for piece in after if isinstance(piece, Opaque)]
    if len(names) != 2 or any(isinstance(piece, Open) for piece in after):
        return None
    return tuple(names[1 - names.index(piece)] if isinstance(piece, Opaque) else piece for piece in after)


def _unrelated(_before: Text, after: Text, target: str) -> Text | None:
    if not all(isinstance(piece, str) for piece in after) or re.search(r"\d|@|/", words_of(after)):
        return None
    name = "question" if after == parallel.unit("plain", target) else "plain"
    return parallel.unit(name, target)


EN_BEFORE, EN_AFTER = "Here is the translation: ", " (Note: I kept the names as they are.)"
BEFORE = {
    "es": "Aquí tiene la traducción: ", "fr": "Voici la traduction : ", "de": "Hier ist die Übersetzung: ",
    "ja": "以下は翻訳です：", "ar": "إليك الترجمة: ",
}  # fmt: skip
AFTER = {
    "es": " Nota: los nombres no se han traducido.", "fr": " Remarque : les noms ne sont pas traduits.",
    "de": " Anmerkung: Die Namen bleiben unübersetzt.", "ja": "（注：名前は翻訳していません。）",
    "ar": " ملاحظة: لم تترجم الأسماء.",
}  # fmt: skip
KINDS: dict[str, Kind] = {
    "entity as text": Kind("form", _middle(" &quot;")),
    "numbered entity as text": Kind("form", _middle("&#8217;")),
    "tag as text": Kind("form", _middle(" <b>")),
    "Markdown as text": Kind("form", _around("**", "**")),
    "JSON around it": Kind("form", _around('{"translation": "', '"}')),
    "escaped letter": Kind("form", _middle("\\u00e9")),
    "turning character": Kind("form", _middle("\u202e")),
    "private character": Kind("form", _middle("\ue012")),
    "lost letter": Kind("form", _middle("\ufffd")),
    "wrong encoding": Kind("form", _encoded),
    "digits of another script": Kind("form", _middle(" \u0967\u0968\u0969")),
    "letter that only looks right": Kind("form", _replaced({
        "es": ("o", "о"), "fr": ("o", "о"), "de": ("e", "е"), "ja": ("日", "⽇"), "ar": ("ي", "ی"),
    })),
    "one quotation mark lost": Kind("form", _first_quote_lost),
    "quotation marks lost": Kind("form", _quotes(lambda _: "")),
    "quotation marks turned": Kind("form", _turned),
    "model speaks before it, in English": Kind("form", _around(EN_BEFORE)),
    "model speaks before it": Kind("form", _around(BEFORE)),
    "model speaks after it, in English": Kind("form", _around("", EN_AFTER)),
    "model speaks after it": Kind("form", _around("", AFTER)),
    "empty": Kind("form", _fault("empty")),
    "cut to 40 %": Kind("form", _fault("cut to 40 %")),
    "babble": Kind("form", _fault("babble")),
    "said twice": Kind("form", _fault("said twice")),
    "left in the source language": Kind("language", _fault("left in the source language")),
    "half left in the source language": Kind("language", _fault("half left in the source language")),
    "in a language near it": Kind("language", _in_language(NEAR)),
    "in a language of another script": Kind("language", _in_language(dict.fromkeys(TARGETS, "ko"))),
    "a word of the source left": Kind("language", _middle(" nevertheless")),
    "a word of a third language": Kind("language", _middle(" gemeenschap")),
    "a misspelt word": Kind("language", _middle(" inexzistent")),
    "a word doubled": Kind("language", _replaced({
        "es": (r"\b(de|la|el)\b", r"\1 \1"), "fr": (r"\b(de|la|les)\b", r"\1 \1"),
        "de": (r"\b(im|von|mit|auf)\b", r"\1 \1"),
        "ja": ("は", "はは"), "ar": (r"\b(في|من|على)\b", r"\1 \1"),
    })),
    "articles that clash": Kind("language", _replaced({
        "es": (r"\b(el|la) ", r"\1 los "), "fr": (r"\b(le|la) ", r"\1 les "), "de": (r"\b(im|zum) ", r"\1 der "),
        "ja": ("を", "をが"), "ar": (r"\b(في|من) ", r"\1 على "),
    })),
    "day of the week changed": Kind("figures", _replaced({
        "es": ("lunes", "martes"), "fr": ("lundi", "mardi"), "de": ("Montag", "Dienstag"), "ja": ("月曜", "火曜"),
        "ar": ("الاثنين", "الثلاثاء"),
    })),
    "unit of measurement changed": Kind("figures", _replaced({
        "es": ("kilómetros", "millas"), "fr": ("kilomètres", "milles"), "de": ("Kilometer", "Meilen"),
        "ja": ("キロメートル", "マイル"), "ar": ("كيلومترا", "ميلا"),
    })),
    "currency changed": Kind("figures", _fault("currency changed")),
    "number × 1000": Kind("figures", _fault("number × 1000")),
    "month changed": Kind("figures", _fault("month changed")),
    "number in words changed": Kind("figures", _replaced({
        "es": ("tres millones", "cuatro millones"), "fr": ("trois millions", "quatre millions"),
        "de": ("drei Millionen", "vier Millionen"), "ja": ("300万", "400万"), "ar": ("ثلاثة ملايين", "أربعة ملايين"),
    })),
    "address changed": Kind("figures", _fault("URL changed")),
    "not dropped": Kind("meaning", _replaced({
        "es": (r"\bno ", ""), "fr": (r"ne (remplacera) pas", r"\1"), "de": ("nicht ", ""),
        "ja": ("なりません", "なります"), "ar": ("ولن يحل", "وسيحل"),
    })),
    "rose for fell": Kind("meaning", _replaced({
        "es": ("subió|subieron", "bajó"), "fr": ("augmenté|progressé", "baissé"), "de": ("gestiegen|stieg", "gefallen"),
        "ja": ("増え", "減っ"), "ar": ("ارتفع", "انخفض"),
    })),
    "names swapped": Kind("meaning", _names_swapped),
    "clause left out": Kind("meaning", _replaced({
        "es": (", porque .*(?=\\.)", ""), "fr": (", car .*(?=\\.)", ""), "de": (", denn .*(?=\\.)", ""),
        "ja": ("昨年は需要が増えたため、", ""), "ar": ("، لأن .*(?=\\.)", ""),
    })),
    "unrelated, but fluent": Kind("meaning", _unrelated),
    "will became must": Kind("meaning", _replaced({
        "es": ("abrirá", "deberá abrir"), "fr": ("ouvrira", "doit ouvrir"), "de": ("wird am Montag", "muss am Montag"),
        "ja": ("稼働します", "稼働しなければなりません"), "ar": ("سيُفتتح", "يجب أن يُفتتح"),
    })),
}  # fmt: skip


def stopped(name: str, target: str) -> tuple[int, int]:
    """How often a kind of fault is noticed in a language, and how often it was put in."""
    noticed = total = 0
    for before, after in _texts(target):
        spoilt = KINDS[name].put(before, after, target)
        if spoilt is not None and spoilt != after:
            total += 1
            noticed += bool(checks.problems_with(before, spoilt, LanguagePair.of("en", target)))
    return noticed, total


def _texts(target: str) -> list[tuple[Text, Text]]:
    texts = [(parallel.unit(name, "en"), parallel.unit(name, target)) for name in parallel.SENTENCES]
    return [*texts, ((SENTENCE["en"],), (SENTENCE[target],)), (_bought("en"), _bought(target))]


def _bought(language: str) -> Text:
    """A sentence with two names that can change places."""
    names = {"A": Opaque(1, "Norvik Tidal", kind="name"), "B": Opaque(2, "Halden Marine", kind="name")}
    return joined(names.get(part, part) for part in re.split("([AB])", BOUGHT[language]))


def run() -> None:
    """Print a line a kind."""
    everywhere: dict[str, list[str]] = {}
    print(f"  {len(KINDS)} kinds{'':<38}" + "".join(f"{target:>8}" for target in TARGETS))
    for name, kind in KINDS.items():
        counts = {target: stopped(name, target) for target in TARGETS}
        shares = "".join(f"{f'{noticed}/{total}' if total else '—':>8}" for noticed, total in counts.values())
        print(f"    {kind.group:<9} {name:<36}{shares}")
        if all(noticed == total for noticed, total in counts.values()):
            everywhere.setdefault(kind.group, []).append(name)
    said = ", ".join(f"{len(names)} of {group}" for group, names in everywhere.items())
    print(f"  stopped wherever they were put in, in all five languages: {sum(map(len, everywhere.values()))} ({said})")
