"""What whole sentences cost a neural engine, against sentences in pieces, and where elements end up.

The large model has the size of those that people use, six layers on each side and 512 dimensions in 8-bit integers. Its
weights are random but for what makes it copy its source: one head of attention looks from each place at the same place.
So its answers are as long as real ones, and its attention leads somewhere. What it says is of no use.
"""

from __future__ import annotations

import io
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import psutil
import sentencepiece

from tasks.translation.alignment import lexicon, plain_sentences
from tasks.translation.alignment.projection import projected
from tasks.translation.bounds import Deadline
from tasks.translation.configuration import EngineDocument
from tasks.translation.engines import Capabilities, Pair
from tasks.translation.engines.ct2 import CT2
from tasks.translation.fallbacks import EngineJob, Outcome, translate_texts
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory.entries import NoMemory
from tasks.translation.pieces import Open, Text, shown
from tasks.translation.translate import engine_job, protect, read, segment
from tests.bench import parallel_text
from tests.translation.toy import language
from tests.translation.toy.model import held_out, trained

ROOT = Path(__file__).resolve().parents[2]
LAYERS, WIDTH, INNER, HEADS, WORDS = 6, 512, 2048, 8, 32_000
PLACES = 256
ROUNDS = 3
SENTENCES = 300
PLACE, WORD, COPY = slice(0, 64), slice(64, 128), slice(128, 192)
"""Dimensions of the large model: codes of the place and of the word, and where the decoder puts what it copies."""
SPECIAL = ["<unk>", "<s>", "</s>"]


class InPieces:
    """An engine as one that knows placeholders only: its units go in pieces."""

    capabilities = Capabilities(inline="placeholder", units=100)

    def __init__(self, engine: CT2) -> None:
        self.name, self.pairs, self.model = engine.name, engine.pairs, engine.model
        self._engine = engine

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine."""
        return self._engine.translate(units, source, target)


def run() -> None:
    """Print the figures."""
    _elements()
    _taught()
    with tempfile.TemporaryDirectory(prefix="fanwire-bench-neural-") as folder:
        units = [unit for unit in _demo_units() if any(isinstance(piece, str) for piece in unit)]
        _large_model(Path(folder) / "en-eo", units)
        before = _memory()
        engine = _engine(Path(folder))
        engine.translate(units[:1], "en", "eo")
        size = (Path(folder) / "en-eo" / "model" / "model.bin").stat().st_size / 1e6
        print(f"  a model of {size:.0f} MB takes {_memory() - before:.0f} MB of memory; one thread, {len(units)} units")
        _speed(engine, units)


def _elements() -> None:
    """How many sentences of the toy language come back right, with every element.

    In pieces none does: this model has never seen the words that stand for elements, as most have not.
    """
    engine = CT2("ct2", EngineDocument.model_validate({"folder": trained(ROOT / "build")}))
    dice = random.Random(12)
    texts = [language.marked(pair, language.with_elements(pair, dice)) for pair in held_out(SENTENCES)]
    pair = LanguagePair.of("en", "eo")
    ways: dict[str, Any] = {"whole sentences": engine, "in pieces": InPieces(engine)}
    for name, way in ways.items():
        found = translate_texts(
            replace(engine_job(way, ("en", "eo"), pair, Deadline()), accept=language.accept),
            [source for source, _ in texts],
        )
        exact = sum(
            outcome is not None and outcome.text == wanted
            for outcome, (_, wanted) in zip(found.outcomes, texts, strict=True)
        )
        held = sum(outcome is None or outcome.problem is not None for outcome in found.outcomes)
        print(f"  {name + ', a trained toy model':<46} {exact / SENTENCES:>8.1%} exact, {held / SENTENCES:.1%} held")


def _taught() -> None:
    """Where elements of human translations end up by the words that other sentences teach, as the memory would."""
    found = parallel_text.helps()
    for tag in [tag for tag in found if tag != "en"]:
        pairs = [(one, other) for _, one, other in parallel_text.pairs(found, "en", tag)]
        random.Random(1).shuffle(pairs)
        part = len(pairs) * 2 // 3
        known = lexicon.learnt((shown(one), shown(other)) for one, other in pairs[:part])
        asked = [pair for pair in pairs[part:] if any(isinstance(piece, Open) for piece in pair[0])]
        if known is None or not asked:
            continue
        exact = wrong = 0
        languages = LanguagePair.of("en", tag)
        for one, other in asked:
            source, made = plain_sentences.shown(one), shown(other)
            links = known.links(source.text, made)
            result = projected(source, plain_sentences.shown((made,)), links)
            if plain_sentences.unanswered(source, links, languages):
                result = None
            exact += result == other
            wrong += result is not None and result != other
        print(
            f"  en→{tag:<7} {len(asked)} human sentences, taught by {min(part, lexicon.MOST)}: "
            f"{exact / len(asked):.1%} as the people set them, {wrong / len(asked):.1%} otherwise, the rest in pieces"
        )


def _speed(engine: CT2, units: Sequence[Text]) -> None:
    strings = [shown(unit) for unit in units]
    linked = [unit for unit in units if any(isinstance(piece, Open) for piece in unit)]
    plain: list[Text] = [(text,) for text in strings]
    ways: dict[str, tuple[Callable[[], Any], int]] = {
        "one by one": (lambda: [engine.translate([unit], "en", "eo") for unit in plain], len(units)),
        "batches of like length": (lambda: engine.translate(plain, "en", "eo"), len(units)),
        "the same with attention": (lambda: engine.translate_aligned(strings, "en", "eo"), len(units)),
        "sentences with links, whole": (lambda: _all(engine, linked), len(linked)),
        "sentences with links, in pieces": (lambda: _all(InPieces(engine), linked), len(linked)),
    }
    for name, (ask, number) in ways.items():
        seconds = []
        for _ in range(ROUNDS):
            began = time.process_time()
            ask()
            seconds.append(time.process_time() - began)
        middle = statistics.median(seconds)
        print(f"  {name:<46} {number / middle:>8.1f} units a second of CPU, {middle * 1000 / number:.0f} ms each")


def _all(engine: Any, units: Sequence[Text]) -> None:
    """Have units translated through the fallbacks; every answer will do."""
    pair: Pair = ("en", "eo")
    languages = LanguagePair.of(*pair)

    def accept(_: Text, answer: Text) -> Outcome:
        return Outcome(answer)

    job = EngineJob(engine=engine, called=pair, pair=languages, deadline=Deadline(), accept=accept)
    translate_texts(job, units)


def _engine(folder: Path) -> CT2:
    return CT2("ct2", EngineDocument.model_validate({"folder": folder}))


def _memory() -> float:
    """Megabytes that this process takes."""
    return float(psutil.Process().memory_info().rss) / 1e6


def _demo_units() -> list[Text]:
    from demo_release import release

    from tasks.model.readers import read_release

    found = read_release(json.dumps(release(), default=str))
    pair = LanguagePair.of("en", "eo")
    passages = protect(read(found, pair), found, pair, Deadline())
    return [unit.text for unit in segment(passages, pair, NoMemory())]


def _large_model(folder: Path, units: Sequence[Text]) -> None:
    """Build the large model, with a tokenizer learnt from the units."""
    texts = [shown(unit) for unit in units]
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=written, model_type="bpe", vocab_size=1000,
        hard_vocab_limit=False, minloglevel=2, num_threads=1,
    )  # fmt: skip
    processor = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    pieces = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    vocabulary = SPECIAL + [piece for piece in pieces if piece not in SPECIAL]
    vocabulary += [f"<other{number}>" for number in range(WORDS - len(vocabulary))]
    spec = _copying(np.random.default_rng(1))
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.validate()
    spec.optimize(quantization="int8")
    (folder / "model").mkdir(parents=True)
    spec.save(str(folder / "model"))
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes(written.getvalue())


def _copying(dice: np.random.Generator) -> Any:
    spec = ctranslate2.specs.TransformerSpec.from_config(LAYERS, HEADS, alignment_layer=-1, alignment_heads=1)
    spec.encoder.scale_embeddings = spec.decoder.scale_embeddings = False
    spec.config.add_source_eos = True

    def noise(*shape: int) -> Any:
        return dice.normal(0, 0.005, shape).astype(np.float32)

    def norm(into: Any) -> None:
        into.gamma, into.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def fill(linears: Sequence[Any], sizes: Sequence[tuple[int, int]]) -> None:
        for linear, (rows, columns) in zip(linears, sizes, strict=True):
            linear.weight, linear.bias = noise(rows, columns), np.zeros(rows, np.float32)

    signs = np.array([-1, 1], np.float32)
    codes = dice.choice(signs, (WORDS, 64))
    places = np.zeros((PLACES, WIDTH), np.float32)
    places[:, PLACE] = dice.choice(signs, (PLACES, 64))
    words = noise(WORDS, WIDTH)
    words[:, WORD] = codes
    spec.encoder.embeddings[0].weight = spec.decoder.embeddings.weight = words
    spec.encoder.position_encodings.encodings = spec.decoder.position_encodings.encodings = places
    spec.decoder.projection.weight = np.zeros((WORDS, WIDTH), np.float32)
    spec.decoder.projection.weight[:, COPY] = codes
    spec.decoder.projection.bias = np.zeros(WORDS, np.float32)
    for side in (spec.encoder, spec.decoder):
        norm(side.layer_norm)
        for layer in side.layer:
            norm(layer.self_attention.layer_norm)
            norm(layer.ffn.layer_norm)
            fill(layer.self_attention.linear, [(3 * WIDTH, WIDTH), (WIDTH, WIDTH)])
            fill([layer.ffn.linear_0, layer.ffn.linear_1], [(INNER, WIDTH), (WIDTH, INNER)])
    for layer in spec.decoder.layer:
        norm(layer.attention.layer_norm)
        fill(layer.attention.linear, [(WIDTH, WIDTH), (2 * WIDTH, WIDTH), (WIDTH, WIDTH)])
    looking, reading, putting = spec.decoder.layer[-1].attention.linear
    one = np.eye(64, dtype=np.float32)
    looking.weight[:64, PLACE] = reading.weight[:64, PLACE] = one
    reading.weight[WIDTH : WIDTH + 64, WORD] = one
    putting.weight[COPY, :64] = 2 * one
    return spec
