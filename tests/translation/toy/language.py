"""Toy, a language made up to be far from English: sentences in both, with which word stands for which.

Subject  Time  Place  Object  Verb      the object and then the verb come last
noun adjective                          adjectives follow their noun
mulinva                                 `the` is an ending of the noun; `a` is nothing
baro ko                                 a particle follows every object
`harbour` is `domo maro`, and `railway station` is `relstacio`
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tasks.translation import checks
from tasks.translation.fallbacks import Outcome
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Close, Open, Piece, Text, joined
from tasks.translation.translate import restore

NOUNS = {
    "mill": "mulin", "bridge": "ponte", "boat": "baro", "factory": "fabri", "orchard": "hurto", "tower": "turo",
    "garden": "jardo", "road": "vojo", "ship": "navi", "market": "merka", "school": "lerno", "harbour": "domo maro",
    "railway station": "relstacio",
}  # fmt: skip
ADJECTIVES = {
    "old": "veta", "red": "ruja", "small": "eta", "quiet": "kveta", "new": "nova", "wooden": "lina", "great": "granda",
}  # fmt: skip
VERBS = {
    "opened": "aperis", "sold": "vendis", "painted": "pintris", "visited": "vizis", "measured": "mezuris",
    "repaired": "reparis", "closed": "fermis",
}  # fmt: skip
PREPOSITIONS = {"near": "apud", "behind": "post", "under": "sub", "beside": "flanke"}
TIMES = {"today": "hodje", "yesterday": "hjero", "twice": "dufoje"}
OWNERS = {"our": "nia", "their": "ilia", "every": "cia"}
NUMBERS = ("12", "40", "7", "300", "25")
THE, PARTICLE = "va", "ko"


Elements = Sequence[Sequence[int]]
"""Of a sentence, each the English words in it, an outer one before those in it."""


@dataclass
class Pair:
    """A sentence in both languages, word by word, and its phrases."""

    english: list[str] = field(default_factory=list)
    toy: list[str] = field(default_factory=list)
    links: list[tuple[int, ...]] = field(default_factory=list)
    """For each word of the toy sentence the English words, by their numbers, for which it stands."""
    phrases: list[range] = field(default_factory=list)
    """Words of the English sentence that an element may be around."""

    @property
    def texts(self) -> tuple[str, str]:
        """Both as they are written; neither begins with a capital."""
        return f"{' '.join(self.english)}.", f"{' '.join(self.toy)}."


def pairs(seed: int) -> Iterator[Pair]:
    """Sentence pairs without end, the same for the same seed."""
    dice = random.Random(seed)
    while True:
        yield _pair(dice)


def _pair(dice: random.Random) -> Pair:
    pair = Pair()
    words: dict[str, list[tuple[str, tuple[int, ...]]]] = {"time": [], "place": []}
    nouns, adjectives = dice.sample(list(NOUNS), 3), dice.sample(list(ADJECTIVES), 3)
    words["subject"] = _noun_phrase(pair, dice, nouns[0], adjectives[0])
    verb = dice.choice(list(VERBS))
    words["verb"] = [(VERBS[verb], _say(pair, verb))]
    pair.phrases.append(range(len(pair.english) - 1, len(pair.english)))
    begin = len(pair.english)
    words["object"] = _noun_phrase(pair, dice, nouns[1], adjectives[1])
    head = pair.phrases[-1]
    words["object"].append((PARTICLE, (head[-1],)))
    pair.phrases.append(range(begin - 1, len(pair.english)))  # verb and object
    if dice.random() < 0.6:
        begin = len(pair.english)
        preposition = dice.choice(list(PREPOSITIONS))
        place = [(PREPOSITIONS[preposition], _say(pair, preposition))]
        words["place"] = place + _noun_phrase(pair, dice, nouns[2], adjectives[2])
        pair.phrases.append(range(begin, len(pair.english)))
    if dice.random() < 0.4:
        time = dice.choice(list(TIMES))
        words["time"] = [(TIMES[time], _say(pair, time))]
        pair.phrases.append(range(len(pair.english) - 1, len(pair.english)))
    for part in ("subject", "time", "place", "object", "verb"):
        for word, sources in words[part]:
            pair.toy.append(word)
            pair.links.append(sources)
    return pair


def _noun_phrase(pair: Pair, dice: random.Random, noun: str, adjective: str) -> list[tuple[str, tuple[int, ...]]]:
    """Its words in the toy language, each with the English words for which it stands; the noun alone comes last among
    the phrases."""
    begin = len(pair.english)
    counted = any(word in NUMBERS for word in pair.english)  # figures that change places are refused, and rightly
    kind = dice.choice(("the", "the", "a", "owner", "owner" if counted else "number"))
    before: list[tuple[str, tuple[int, ...]]] = []
    if kind in ("the", "a"):
        _say(pair, kind)
    elif kind == "owner":
        owner = dice.choice(list(OWNERS))
        before = [(OWNERS[owner], _say(pair, owner))]
    else:
        number = dice.choice(NUMBERS)
        before = [(number, _say(pair, number))]
    after: list[tuple[str, tuple[int, ...]]] = []
    if dice.random() < 0.6:
        after = [(ADJECTIVES[adjective], _say(pair, adjective))]
    inner = len(pair.english)
    sources = _say(pair, noun)
    first, *others = NOUNS[noun].split()
    nouns = [(first, sources), *((other, sources) for other in others)]
    if kind == "the":
        nouns[-1] = (nouns[-1][0] + THE, sources)
    pair.phrases.append(range(begin, len(pair.english)))
    if after:
        pair.phrases += [range(inner - 1, inner), range(inner - 1, len(pair.english))]
    pair.phrases.append(range(inner, len(pair.english)))
    return [*before, *nouns, *after]


def _say(pair: Pair, words: str) -> tuple[int, ...]:
    begin = len(pair.english)
    pair.english += words.split()
    return tuple(range(begin, len(pair.english)))


def around(pair: Pair, phrase: Sequence[int]) -> range:
    """The words of the toy sentence from the first to the last that stands for one of a phrase."""
    found = [index for index, sources in enumerate(pair.links) if not set(sources).isdisjoint(phrase)]
    return range(found[0], found[-1] + 1)


def marked(pair: Pair, elements: Elements) -> tuple[Text, Text]:
    """Both sentences of a pair with elements around words: those of the English one, and what stands for them."""
    toy = [around(pair, words) for words in elements]
    return _text(pair.english, elements), _text(pair.toy, toy)


def accept(source: Text, answer: Text) -> Outcome:
    """What `EngineJob.accept` does, without the checks of the language: it is taken for others."""
    restored = restore(source, answer)
    problem = checks.problem_with_structure(source, restored, LanguagePair.of("en", "eo"))
    return Outcome((), problem) if problem else Outcome(restored)


def _text(words: Sequence[str], elements: Elements) -> Text:
    pieces: list[Piece] = []
    order = sorted(range(len(elements)), key=lambda index: -len(elements[index]))
    for index, word in enumerate(words):
        pieces += [" "] * bool(index)
        pieces += [Open(one + 1) for one in order if elements[one][0] == index]
        pieces.append(word)
        pieces += [Close(one + 1) for one in reversed(order) if elements[one][-1] == index]
    return joined([*pieces, "."])


def with_elements(pair: Pair, dice: random.Random) -> Elements:
    """One to three phrases of a pair that are side by side or in each other, in both languages."""
    chosen: list[range] = []
    for phrase in dice.sample(pair.phrases, len(pair.phrases)):
        if phrase not in chosen and all(_alike(pair, phrase, other) for other in chosen):
            chosen.append(phrase)
    return sorted(chosen[: dice.randint(1, 3)], key=len, reverse=True)


def _alike(pair: Pair, one: range, other: range) -> bool:
    """Whether two phrases are side by side in both languages, or the same one in the other."""
    outer, inner = sorted((one, other), key=len, reverse=True)
    there, within = {*around(pair, outer)}, {*around(pair, inner)}
    if not {*outer} & {*inner}:
        return not there & within
    return {*inner} < {*outer} and within <= there
