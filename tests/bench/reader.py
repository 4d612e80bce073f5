"""Back-translation by Apertium, compared: on human translations, and on faults of meaning put into them.

python tests/bench/run.py reader
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tasks.model.languages import LanguageTag
from tasks.translation.engines import Engine
from tasks.translation.engines.apertium import Apertium
from tasks.translation.language_pair import LanguagePair
from tasks.translation.meaning import back_translation
from tasks.translation.meaning.faults import THRESHOLD, ToRead, score
from tasks.translation.pieces import Close, Open, Text, joined, shown
from tasks.translation.segmentation import sentences
from tests.bench import parallel_text
from tests.translation import parallel_meaning
from tests.translation.parallel_meaning import KINDS, Case

TARGETS = {"es": "es", "fr": "fr", "pt": "pt-BR"}
"""Languages whose translations are read, and what the longer texts call them."""
EVERY = {"declaration": 1, "help": 4}
"""One sentence in so many is looked at."""
LEAST = 40
"""Characters of a text that is a sentence rather than a menu item."""


def run() -> None:
    """Print how many faults of each kind are found, and how many human translations are doubted."""
    engine = Apertium()
    usable = [target for target in TARGETS if (target, "en") in engine.pairs()]
    if missing := sorted(TARGETS.keys() - set(usable)):
        print(f"  not measured, for Apertium cannot translate back: {', '.join(missing)}")
    read = {target: _doubted(engine, target, "en") for target in usable}
    print(f"  faults put into press sentences, English into …{'':<6}" + "".join(f"{tag:>18}" for tag in usable))
    print(f"  {'':<54}" + f"{'tuned  held out':>18}" * len(usable))
    for kind, what in KINDS.items():
        found = "".join(f"{_count(read[tag], kind, False):>9}{_count(read[tag], kind, True):>9}" for tag in usable)
        print(f"    {kind:<12}{what:<40}{found}")
    alarms = "".join(f"{_count(read[tag], None, False):>9}{_count(read[tag], None, True):>9}" for tag in usable)
    print(f"    {'none':<12}{'false alarms: as a person wrote it':<40}{alarms}")
    _sum("all from English", [one for some in read.values() for one in some])
    for source in TARGETS:
        for target in TARGETS:
            if source != target and (target, source) in engine.pairs():
                _sum(f"{source} into {target}", _doubted(engine, target, source))
    for name, units in (("declaration", parallel_text.declarations()), ("help", parallel_text.helps())):
        for target in usable if units else ():
            texts = list(_texts(units, TARGETS[target]))[:: EVERY[name]]
            halves = [_alarms(engine, target, texts[half::2]) for half in (0, 1)]
            print(f"  {name}, English into {target}: false alarms {halves[0]} tuned on, {halves[1]} held out")


def _sum(name: str, read: Sequence[tuple[Case, bool]]) -> None:
    """Print how much was found in all sentences of a pair, and how many human ones are doubted."""
    shares = []
    for held_out in (False, True):
        of = [(case.kind, doubted) for case, doubted in read if case.held_out == held_out]
        bad, good = ([doubted for kind, doubted in of if bool(kind) == faulty] for faulty in (True, False))
        shares += [_share(sum(bad), len(bad)), _share(sum(good), len(good))]
    print("  {}: tuned on {} found, {} false alarms; held out {} found, {} false alarms".format(name, *shares))


def _doubted(engine: Engine, target: str, source: str) -> list[tuple[Case, bool]]:
    cases = list(parallel_meaning.cases(target, source))
    doubted = _read(engine, LanguagePair.of(source, target), [(case.source, case.target) for case in cases])
    return list(zip(cases, doubted, strict=True))


def _read(engine: Engine, pair: LanguagePair, texts: Sequence[tuple[Text, Text]]) -> list[bool]:
    """For each source with its translation whether it would wait for a person."""
    units = [ToRead(source=source, target=translation) for source, translation in texts]
    found = back_translation.read(engine, units, pair)
    return [faults is None or score(faults) < THRESHOLD for faults in found]


def _count(read: Sequence[tuple[Case, bool]], kind: str | None, held_out: bool) -> str:
    found = Counter(doubted for case, doubted in read if case.kind == kind and case.held_out == held_out)
    return f"{found[True]}/{found.total()}"


def _texts(units: dict[str, parallel_text.Units], target: str) -> Iterator[tuple[Text, Text]]:
    """Single sentences in both languages, without their elements."""
    for _, before, after in parallel_text.pairs(units, "en", target):
        source, result = _plain(before), _plain(after)
        if len(shown(source)) >= LEAST and len(sentences.split(source, LanguageTag("en"))) == 1:
            yield source, result


def _plain(text: Text) -> Text:
    return joined(piece for piece in text if not isinstance(piece, Open | Close))


def _alarms(engine: Engine, target: str, texts: Sequence[tuple[Text, Text]]) -> str:
    doubted = sum(_read(engine, LanguagePair.of("en", target), texts))
    return f"{doubted} of {len(texts)} ({_share(doubted, len(texts))})"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "—"
