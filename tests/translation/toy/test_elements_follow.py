"""A neural model that has learnt a language: elements follow their words, through reordering and pieces of words."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.translation.bounds import Deadline
from tasks.translation.configuration import EngineDocument
from tasks.translation.fallbacks import translate_texts
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Text
from tasks.translation.translate import engine_job

pytest.importorskip("ctranslate2")
pytest.importorskip("sentencepiece")

from tasks.translation.engines.ct2 import CT2

from .language import Elements, Pair, accept, around, marked, pairs, with_elements
from .model import TEXTS, Tokenizer, batches, held_out, trained
from .training import Shape, Transformer

ROOT = Path(__file__).resolve().parents[3]
NUMBER = 500
TOY = LanguagePair.of("en", "eo")


@pytest.fixture(scope="module")
def engine() -> CT2:
    """The engine with the model, which is trained if this checkout has none yet."""
    return CT2("ct2", EngineDocument.model_validate({"folder": trained(ROOT / "build")}))


def adjacent(elements: Elements) -> bool:
    return any(one[-1] + 1 == other[0] for one in elements for other in elements)


KINDS: dict[str, Callable[[Pair, Elements], bool]] = {
    "one word": lambda _, elements: any(len(one) == 1 for one in elements),
    "several words": lambda _, elements: any(len(one) > 1 for one in elements),
    "moved": lambda pair, elements: any(
        [*one] != sorted({source for at in around(pair, one) for source in pair.links[at]}) for one in elements
    )
    or any(around(pair, one)[0] != one[0] for one in elements),
    "at the end": lambda pair, elements: any(one[-1] == len(pair.english) - 1 for one in elements),
    "in another": lambda _, elements: any({*one} < {*other} for one in elements for other in elements),
    "side by side": lambda _, elements: adjacent(elements),
    "two words for one": lambda pair, elements: any("harbour" in pair.english[at] for one in elements for at in one),
    "one word for two": lambda pair, elements: any("railway" in pair.english[at] for one in elements for at in one),
    "with a particle": lambda pair, elements: any(
        pair.toy[at] == "ko" for one in elements for at in around(pair, one)
    ),
}  # fmt: skip


def test_elements_are_around_the_words_that_stand_for_theirs(engine: CT2) -> None:
    dice = random.Random(11)
    held = [(pair, with_elements(pair, dice)) for pair in held_out(NUMBER)]
    texts = [marked(pair, elements) for pair, elements in held]
    asked: list[str] = []
    noting: Any = _Noting(engine, asked)
    job = replace(engine_job(noting, ("en", "eo"), TOY, Deadline()), accept=accept)
    found = translate_texts(job, [source for source, _ in texts]).outcomes
    right = [outcome is not None and outcome.text == wanted for outcome, (_, wanted) in zip(found, texts, strict=True)]
    assert sum(right) >= 0.98 * NUMBER
    assert len(asked) <= 1.02 * NUMBER  # hardly any sentence had to go in pieces
    cases, exact = Counter[str](), Counter[str]()
    for (pair, elements), good in zip(held, right, strict=True):
        for kind, applies in KINDS.items():
            cases[kind] += applies(pair, elements)
            exact[kind] += applies(pair, elements) and good
    assert all(cases[kind] >= 20 and exact[kind] >= 0.95 * cases[kind] for kind in KINDS), (cases, exact)


class _Noting:
    """The engine, and the units that it is asked for."""

    def __init__(self, engine: CT2, asked: list[str]) -> None:
        self._engine, self._asked, self.capabilities = engine, asked, engine.capabilities

    def translate(self, units: list[Text], *languages: str) -> Any:
        self._asked += map(str, units)
        return self._engine.translate(units, *languages)

    def translate_aligned(self, texts: list[str], *languages: str) -> Any:
        self._asked += texts
        return self._engine.translate_aligned(texts, *languages)


def test_words_are_in_pieces_and_links_in_a_batch_are_those_of_each_sentence_alone(engine: CT2) -> None:
    texts = [pair.texts[0] for pair in held_out(60)]
    together = engine.translate_aligned(texts, "en", "eo")
    alone = [engine.translate_aligned([text], "en", "eo")[0] for text in texts]
    assert [_strongest(answer) for answer in together] == [_strongest(answer) for answer in alone]
    spans = {(answer.text, link.target) for answer in alone for link in answer.links}
    assert sum(text[start - 1 : start].isalpha() for text, (start, _) in spans) > 60


def _strongest(answer: Any) -> tuple[str, dict[Any, Any]]:
    links = sorted(answer.links, key=lambda link: link.weight)
    return answer.text, {link.target: link.source for link in links}


def test_what_is_learnt_goes_down_the_slope() -> None:
    texts = [pair.texts for pair, _ in zip(pairs(3), range(TEXTS // 4), strict=False)]
    source, target = (Tokenizer.of([text[side] for text in texts], pieces) for side, pieces in ((0, 185), (1, 168)))
    shape = Shape(len(source.vocabulary), len(target.vocabulary), 16, 20, heads=2, encoder_layers=2, decoder_layers=2)
    model = Transformer(shape, 1)
    model.weights = {name: weight.astype(np.float64) for name, weight in model.weights.items()}
    batch = next(batches(3, 4, source, target))
    model.learn(batch, guide_weight=0)
    gradients = model.gradients
    dice = np.random.default_rng(0)
    for name, weight in model.weights.items():
        place = tuple(int(dice.integers(0, size)) for size in weight.shape)
        losses = []
        for step in (1e-4, -2e-4):
            weight[place] += step
            losses.append(model.learn(batch, guide_weight=0))
        weight[place] += 1e-4
        assert gradients[name][place] == pytest.approx((losses[0] - losses[1]) / 2e-4, rel=1e-3, abs=1e-6), name
