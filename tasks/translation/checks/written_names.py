"""Names as people write them in a translation: with an ending, in a compound, in the letters of the language.

`Northgates Umsatz`, `Northgate-Aktie`, «Нордвельта», ゾンマーフェルト, سومرفيلد. Across scripts only the consonants are
compared, as sounds that are alike; they tell one name from another, and say nothing about how well it is written. So
this is for texts of people: an engine has to keep the name that it was given. Names in Chinese characters are not read.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from tasks.translation.language_pair import LanguagePair
from tasks.translation.protection.name_words import name_words

LONGEST_ENDING = 3
"""Letters that a case may add to a name."""
UNLIKE = 0.4
"""At most so large a part of the consonants differs between a name and the same in another script."""
_WORDS = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)?")
_SOUNDS = (
    ("sch", "s"), ("tch", "s"), ("ch", "s"), ("sh", "s"), ("th", "t"), ("ph", "f"), ("ck", "k"), ("qu", "k"),
    ("x", "ks"), ("ce", "se"), ("ci", "si"), ("cy", "si"), ("c", "k"),
)  # fmt: skip
_CLASSES = str.maketrans(
    {letter: sounds[0].upper() for sounds in ("szj", "kgq", "td", "pbfvw", "nm", "rl") for letter in sounds}
)  # fmt: skip
_OTHERS = str.maketrans(
    dict(zip("бвгджзклмнпрстфцчшщ", "bvgdszklmnprstfssss", strict=True))
    | dict(zip("بتثجدذرزسشصضطظغفقكلمنپچگڤ", "bttsddrzsssdtzgfkklmnpsgv", strict=True))
)
"""Consonants of Russian and Arabic as Latin letters; vowels are left out, and what others do not hear."""
_KANA = {"HU": "f", "TI": "s", "TU": "s", "SI": "s", "ZI": "s", "DI": "s"}
_WEAK = "jyhw"
"""Letters with which a name may begin that are another sound elsewhere, or none."""


def stands_in(name: str, words: str, pair: LanguagePair) -> bool:
    """Whether a name of the source stands among the words of a translation, as people may have written it."""
    parts = [part for part in _WORDS.findall(name) if part[0].isupper() or len(part) > 3]
    known = name_words("en").companies
    core = [part for part in parts if part.lower() not in known] or parts
    if not core:
        return name.casefold() in words.casefold()
    found = _WORDS.findall(words)
    if all(any(_inflected(part, word) for word in found) for part in core) or _inflected_last(core, found):
        return True
    if "Latn" not in pair.source_scripts or "Latn" in pair.target_scripts:
        return False
    heard = {_skeleton(_latin(word)) for word in found if word[0].isupper() or not word[0].islower()}
    return any(_alike(_skeleton(core[-1]), one, core[-1][0].lower() in _WEAK) for one in heard)


def _inflected_last(core: list[str], found: list[str]) -> bool:
    """Whether a person is called by the surname."""
    return len(core) > 1 and len(core[-1]) > 3 and any(_inflected(core[-1], word) for word in found)


def _inflected(part: str, word: str) -> bool:
    return word.startswith(part) and len(word) <= len(part) + LONGEST_ENDING


def _alike(name: str, word: str, weak: bool) -> bool:
    """Whether two rows of consonants may be the same name. Case endings and particles add one at the end."""
    if not name or not word:
        return False
    if name[0] != word[0] and not weak:
        return False
    most = 0 if len(name) < 3 else max(1, int(UNLIKE * len(name)))
    return min(_distance(name, word), _distance(name, word[: len(name)])) <= most


@cache
def _skeleton(word: str) -> str:
    """The consonants of a word in Latin letters, as classes of sounds."""
    text = unicodedata.normalize("NFKD", word.lower().replace("ß", "ss"))
    text = re.sub(r"[^a-z]", "", text)
    for letters, sound in _SOUNDS:
        text = text.replace(letters, sound)
    text = re.sub(r"(.)\1", r"\1", text)
    return re.sub(r"[^A-Z]", "", text.translate(_CLASSES))


@cache
def _latin(word: str) -> str:
    """A word in other letters as Latin ones, as far as consonants go."""
    text = word.lower().removeprefix("ال").translate(_OTHERS)
    return "".join(map(_letter, text))


def _letter(letter: str) -> str:
    name = unicodedata.name(letter, "")
    if name.startswith("HANGUL SYLLABLE "):
        return name.rpartition(" ")[2].lower()
    if name.startswith("KATAKANA LETTER ") and "SMALL" not in name:
        sound = name.rpartition(" ")[2]
        return _KANA.get(sound, sound.lower())
    return letter


def _distance(one: str, other: str) -> int:
    """How many letters have to be changed, added or taken out."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        last, row[0] = row[0], number
        for at, there in enumerate(other, 1):
            last, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, last + (letter != there))
    return row[-1]
