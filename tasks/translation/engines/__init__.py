"""What every engine is: something that translates sentences, not documents.

Each file here is a type of engine, named after it (`apertium_apy.py` is `apertium-apy`), and holds `ENGINE = …`, the
class; there is no list to add it to. A package adds or replaces one by the entry point `fanwire.engines` (CONTRIBUTING,
"An engine of your own"). An engine knows nothing of rate limits, budgets and breakers: `metering.py` wraps it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import lru_cache
from typing import Literal, Protocol, TypeVar, cast

from tasks.model.languages import LanguageTag
from tasks.runtime.plugins import Registry, Source
from tasks.translation.alignment.links import Aligned
from tasks.translation.configuration import EngineDocument
from tasks.translation.grades import DRAFT, Grade, Grades, said_of
from tasks.translation.meaning.faults import Fault, ToRead
from tasks.translation.pieces import Text

T = TypeVar("T")

Pair = tuple[str, str]
"""Source and target language tag."""


def pairs_between(tags: Iterable[str], *, scripts: bool = True) -> dict[Pair, int]:
    """All pairs of different languages among `tags`, each in one step; with `scripts` the two of Chinese count as two.

    The same tags have the same dictionary: read it, and change a copy.
    """
    return _pairs_between(tuple(tags), scripts)


@lru_cache(maxsize=32)
def _pairs_between(tags: tuple[str, ...], scripts: bool) -> dict[Pair, int]:
    among = [(tag, LanguageTag(tag)) for tag in tags]
    languages = [(tag, (parsed.base, parsed.script if scripts else "")) for tag, parsed in among]
    return {(one, other): 1 for one, first in languages for other, second in languages if first != second}


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What the fallbacks need to know about an engine before it sends anything."""

    inline: Literal["native", "aligned", "plain", "placeholder", "none"]
    """native: Open and Close come back where they belong · aligned: opaque pieces do, and `translate_aligned` (see
    AligningEngine) says which words stand for which · plain: opaque pieces do, and it knows names and figures better
    than the words that stand for them · placeholder: opaque pieces do · none: plain words only."""
    _: KW_ONLY
    script_only: bool = False
    """It rewrites the same language in another script: names go along, numbers and dates stay as they are."""
    read_together: bool = False
    """The engine reads the units of one call together, so one may colour another: their translations are kept for this
    release only, and the memory learns none of them."""
    units: int = 20
    """How many units one call of `translate` may have."""
    characters: int = 10_000
    """How many characters those may have together; a single unit may be longer: the engine then says Unsupported."""
    grade: Grade = DRAFT
    """What its output is for: publish, or a draft that a person approves first; so it is if nothing is declared."""
    graded: Grades = field(default_factory=dict)
    """What the translation file says of that instead, by source and target."""

    def grade_of(self, source: str, target: str) -> Grade:
        """The grade of what the engine translates between these two languages."""
        return said_of(self.graded, source, target) or self.grade

    def batches(self, items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
        """The items in as few calls as the engine takes, in order. `size`: the characters of one."""
        batch: list[T] = []
        held = 0
        for item in items:
            one = size(item)
            if batch and (len(batch) == self.units or held + one > self.characters):
                yield batch
                batch, held = [], 0
            batch.append(item)
            held += one
        if batch:
            yield batch


class Engine(Protocol):
    """An engine; one object serves a whole process and must be usable after a fork."""

    @property
    def name(self) -> str:
        """What `Translation.engine` says: `apertium`, or what the configuration calls it."""

    @property
    def capabilities(self) -> Capabilities: ...

    def pairs(self) -> dict[Pair, int]:
        """The pairs that it can do here, each with its number of steps (2 is by way of a third language).

        Asked often: nothing is sent over a network for it.
        """

    def model(self, source: str, target: str) -> str:
        """Packages and versions behind a pair, for provenance; raises Unsupported."""

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """One result for each unit, in order; an empty one where the engine failed on that unit alone.

        Raises Retryable, QuotaUsedUp, Unsupported or Fatal if there is no answer at all.
        """


class AligningEngine(Engine, Protocol):
    """An engine of `inline="aligned"`: Fanwire puts inline elements where the words went that they were around."""

    def translate_aligned(self, texts: Sequence[str], source: str, target: str) -> list[Aligned]:
        """One result for each sentence, in order: its translation, and links from characters of the sentence to those
        of the translation that stand for them. An empty one where the engine failed on that sentence alone.

        A link may be a whole word or a piece of one; a word may have several, with weights. Raises as `translate` does.
        """


class Judge(Protocol):
    """What an engine may have beside: it judges translations of others, as a second reader."""

    def judge(self, units: Sequence[ToRead], source: str, target: str) -> list[list[Fault]]:
        """The faults of each unit, in order; an empty list for one that may be printed as it is.

        Raises Unjudged if its answer is no judgement, and the other errors as `Engine.translate` does.
        """


Make = Callable[[str, EngineDocument], Engine]
"""Makes an engine of its name in the translation file and its entry there; raises DocumentRefused."""


def _load(source: Source) -> Make:
    found = source.attribute("ENGINE")
    if not callable(found):
        raise AttributeError(f"its ENGINE is of type {type(found).__name__}, which makes no engines")
    return cast("Make", found)


ENGINES = Registry("type", group="fanwire.engines", folder=__name__, load=_load)
"""What makes engines, by the `type` that the translation file names; a type is loaded when the file names it."""
