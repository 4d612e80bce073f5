"""The checks of translations measured on human ones: what they stop wrongly, and which faults put in they notice.

python tests/bench/run.py checks
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator

from tasks.translation import checks
from tasks.translation.checks.shape import english_length
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Text
from tests.bench import parallel_text
from tests.translation import parallel
from tests.translation.spoil import FAULTS

EVERY = {"press sentences": 1, "declaration": 1, "help": 10}
"""One text in so many is looked at: the help has some two hundred thousand over all directions."""

LEAST = 40
"""English characters of a text into which faults are put."""

Sample = tuple[str, str, Text, Text]
"""Both languages, the source text and its human translation."""


def run() -> None:
    """Print both tables."""
    own = {tag: {name: parallel.unit(name, tag) for name in parallel.SENTENCES} for tag in parallel.LANGUAGES}
    samples = {"press sentences": own, "declaration": parallel_text.declarations(), "help": parallel_text.helps()}
    texts = {name: list(_samples(units, EVERY[name])) for name, units in samples.items() if units}
    stopped = sum(_false_alarms(name, some) for name, some in texts.items())
    print(
        f"  all: {stopped:,} of {sum(map(len, texts.values())):,} human translations stopped wrongly, "
        f"{_share(stopped, sum(map(len, texts.values())))}"
    )
    _recall(
        [sample for some in texts.values() for sample in some[:: max(1, len(some) // 12_000)] if _is_sentence(sample)]
    )


def _is_sentence(sample: Sample) -> bool:
    """Long enough to tell in which language it is, and whether all of it is there; a menu item is not."""
    return english_length(sample[2], sample[0]) >= LEAST


def _samples(units: dict[str, parallel_text.Units], every: int) -> Iterator[Sample]:
    """Texts of all directions; Indonesian and Malay, and the two Chinese scripts, are too near to each other."""
    for source in units:
        for target in units:
            if _language(source) != _language(target):
                for _, before, after in parallel_text.pairs(units, source, target)[::every]:
                    yield source, target, before, after


def _language(tag: str) -> str:
    short = tag.split("-")[0]
    return "id" if short == "ms" else short


def _false_alarms(name: str, samples: list[Sample]) -> int:
    """Human translations that are stopped."""
    found: Counter[str] = Counter()
    stopped: Counter[str] = Counter()
    of_target: Counter[str] = Counter()
    of_pair: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    began = time.process_time()
    for source, target, before, after in samples:
        problems = {problem.check for problem in checks.problems_with(before, after, LanguagePair.of(source, target))}
        found.update(problems)
        of_target[target] += 1
        stopped[target] += bool(problems)
        pairs[f"{source}→{target}"] += 1
        of_pair[f"{source}→{target}"] += bool(problems)
    spent = time.process_time() - began
    print(f"  {name}: {len(samples):,} human translations, {1000 * spent / len(samples):.2f} ms each")
    by_check = ", ".join(f"{check} {_share(number, len(samples))}" for check, number in found.most_common())
    print(f"    stopped wrongly {_share(stopped.total(), len(samples))}; by check: {by_check or 'none'}")
    worst = sorted(pairs, key=lambda pair: -of_pair[pair] / pairs[pair])[:8]
    print(f"    of {len(pairs)} pairs {sum(not of_pair[pair] for pair in pairs)} without one; the worst:")
    print("      " + ", ".join(f"{pair} {of_pair[pair]} of {pairs[pair]}" for pair in worst))
    print("    by target: " + ", ".join(f"{tag} {_share(stopped[tag], of_target[tag])}" for tag in of_target))
    return stopped.total()


def _recall(samples: list[Sample]) -> None:
    """How many faults of each kind are noticed: by the checks meant for it, and by any."""
    print(f"  faults put into {len(samples):,} of them          put in   noticed   by any check")
    for name, fault in FAULTS.items():
        counts = {"put in": 0, "noticed": 0, "any": 0}
        missed: defaultdict[str, int] = defaultdict(int)
        for source, target, before, after in samples:
            spoilt = fault.spoil(before, after, source, target)
            if spoilt is None or spoilt == after:
                continue
            problems = {
                problem.check for problem in checks.problems_with(before, spoilt, LanguagePair.of(source, target))
            }
            counts["put in"] += 1
            counts["noticed"] += bool(problems & fault.checks)
            counts["any"] += bool(problems)
            missed[target] += not problems
        worst = ", ".join(
            f"{tag} {number}" for tag, number in sorted(missed.items(), key=lambda m: -m[1])[:3] if number
        )
        total = counts["put in"]
        shares = f"{_share(counts['noticed'], total):>8}  {_share(counts['any'], total):>8}"
        print(f"    {name:<36} {total:>8,}  {shares}  {'missed: ' + worst if worst else ''}")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "—"
