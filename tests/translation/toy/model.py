"""The small model of the toy language: its tokenizers, its training, and its weights given to CTranslate2."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import sentencepiece

from tests.translation.toy import language
from tests.translation.toy.language import Pair
from tests.translation.toy.training import PADDING, Adam, Batch, Ints, Shape, Transformer

SEED = 7
STEPS, SENTENCES, RATE, WARM_UP = 600, 40, 5e-3, 60
"""Steps of the training, sentences of each, the largest step, and how many steps it takes to get there."""
TEXTS = 2_000
"""Sentences that the tokenizers are made from."""
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
START, END = SPECIAL.index("<s>"), SPECIAL.index("</s>")
PIECES = (185, 168)
"""So few that words of either language are cut into pieces."""
TOKENIZERS = ("source.spm", "target.spm")
"""The files of a model with its tokenizers, by which OPUS-MT calls them."""


class Tokenizer:
    """Pieces of the words of one language, as a model of SentencePiece (`proto`) knows them."""

    def __init__(self, proto: bytes) -> None:
        self.proto = proto
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=proto)
        found = [self._processor.id_to_piece(number) for number in range(self._processor.get_piece_size())]
        self.vocabulary = SPECIAL + [piece for piece in found if piece not in SPECIAL]
        self._numbers = {piece: number for number, piece in enumerate(self.vocabulary)}
        self._encoded = cache(self._word)

    @classmethod
    def of(cls, texts: Sequence[str], pieces: int) -> Tokenizer:
        """A tokenizer made from the texts of one language, with so many pieces."""
        written = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts), model_writer=written, model_type="bpe", vocab_size=pieces,
            hard_vocab_limit=False, minloglevel=2, num_threads=1,
        )  # fmt: skip
        return cls(written.getvalue())

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        """The pieces of a text, and for each the number of its word, the full stop being one."""
        pieces: list[int] = []
        words: list[int] = []
        for word in text.split():
            for part in self._encoded(word):
                words += [words[-1] + 1 if words else 0] * len(part)
                pieces += part
        return pieces, words

    def _word(self, word: str) -> list[list[int]]:
        """The pieces of what stands between two spaces: those of its word, and the full stop. There are few words."""
        pieces = self._processor.encode(word, out_type=str)
        end = pieces.index(".") if "." in pieces else len(pieces)
        parts = [[self._numbers[piece] for piece in part] for part in (pieces[:end], pieces[end:])]
        return [part for part in parts if part]


def batches(seed: int, size: int, source: Tokenizer, target: Tokenizer) -> Iterator[Batch]:
    """Batches without end; sentences of like length come together."""
    stream = language.pairs(seed)
    while True:
        some = [_encoded(pair, source, target) for pair in islice(stream, size * 8)]
        some.sort(key=lambda one: len(one[0]))
        for at in np.random.default_rng(seed + len(some[0][0])).permutation(8):
            yield _batch(some[int(at) * size : (int(at) + 1) * size])


Encoded = tuple[list[int], list[int], list[tuple[int, int]]]


def _encoded(pair: Pair, source: Tokenizer, target: Tokenizer) -> Encoded:
    english, toy = pair.texts
    (tokens, words), (translated, others) = source.encode(english), target.encode(toy)
    stand_for = [*pair.links, (len(pair.english),)]  # the full stop
    links = [(at, of) for at, other in enumerate(others) for of, word in enumerate(words) if word in stand_for[other]]
    return [*tokens, END], [*translated, END], links


def _batch(some: Sequence[Encoded]) -> Batch:
    longest, longer = max(len(one[0]) for one in some), max(len(one[1]) for one in some)
    source, after = (np.full((len(some), length), PADDING) for length in (longest, longer))
    guide = np.zeros((len(some), longer, longest), np.float32)
    for row, (tokens, translated, links) in enumerate(some):
        source[row, : len(tokens)] = tokens
        after[row, : len(translated)] = translated
        for at, of in links:
            guide[row, at, of] = 1
    guide /= np.maximum(guide.sum(-1, keepdims=True), 1)
    before: Ints = np.concatenate([np.full((len(some), 1), START), after[:, :-1]], 1)
    before[before == END] = PADDING
    return Batch(source, before, after, guide)


def trained(folder: Path) -> Path:
    """The folder with the model in `folder`; trained there if this has not been done, which takes some ten seconds.

    In a process of its own: with several threads numpy takes many times longer for such small arrays, and a quarter
    longer where each array's memory goes back to the system at once.
    """
    here = Path(__file__).parent
    said = b"".join(file.read_bytes() for file in sorted(here.glob("*.py")) if not file.name.startswith("test_"))
    made = folder / f"toy-{hashlib.sha256(said).hexdigest()[:16]}"
    if not made.is_dir():
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        memory = {"MALLOC_MMAP_THRESHOLD_": str(2**28), "MALLOC_TRIM_THRESHOLD_": str(2**28)}
        command = [sys.executable, "-m", __name__, str(made)]
        subprocess.run(command, cwd=here.parents[2], env=os.environ | threads | memory, check=True)
    return made


def _train_into(made: Path) -> None:
    """Train a model into this folder, unless it is there or another process puts it there first."""
    made.parent.mkdir(parents=True, exist_ok=True)
    with (made.parent / ".toy.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_dir():
            with tempfile.TemporaryDirectory(prefix=".toy-", dir=made.parent) as half:
                save(Path(half) / "models" / "en-eo", *train())
                (Path(half) / "models").rename(made)


def held_out(number: int) -> list[Pair]:
    """So many sentence pairs that are not among those that the model was trained on."""
    others = (pair for pair in language.pairs(SEED + 1) if pair.texts[0] not in _seen())
    return list(islice(others, number))


@cache
def _seen() -> frozenset[str]:
    """The sentences that the model is trained on, and its tokenizers are made from."""
    return frozenset(pair.texts[0] for pair in islice(language.pairs(SEED), max(STEPS * SENTENCES, TEXTS)))


def train() -> tuple[Transformer, Tokenizer, Tokenizer]:
    """A model that has learnt the language, and the tokenizers of its two sides."""
    source, target = _tokenizers()
    model = Transformer(Shape(len(source.vocabulary), len(target.vocabulary)), SEED)
    adam = Adam(model)
    for step, batch in enumerate(islice(batches(SEED, SENTENCES, source, target), STEPS)):
        model.learn(batch, guide_weight=1)
        adam.step(RATE * min(1, step / WARM_UP) * (1 - step / STEPS))
    return model, source, target


def _tokenizers() -> tuple[Tokenizer, Tokenizer]:
    texts = [pair.texts for pair in islice(language.pairs(SEED), TEXTS)]
    source, target = (Tokenizer.of([text[side] for text in texts], PIECES[side]) for side in (0, 1))
    return source, target


def save(folder: Path, model: Transformer, source: Tokenizer, target: Tokenizer) -> Path:
    """The model as the engine `ct2` reads an OPUS-MT model."""
    weights, shape = model.weights, model.shape
    spec = ctranslate2.specs.TransformerSpec.from_config(
        (shape.encoder_layers, shape.decoder_layers), shape.heads, alignment_layer=-1, alignment_heads=1
    )
    spec.encoder.scale_embeddings = spec.decoder.scale_embeddings = False
    spec.config.add_source_eos = True
    spec.encoder.embeddings[0].weight, spec.decoder.embeddings.weight = weights["source"], weights["target"]
    spec.encoder.position_encodings.encodings = weights["source_places"]
    spec.decoder.position_encodings.encodings = weights["target_places"]
    spec.decoder.projection.weight, spec.decoder.projection.bias = weights["words"], weights["words_bias"]
    for side, layers in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        _norm(layers.layer_norm, weights, f"{side}.norm")
        for number, layer in enumerate(layers.layer):
            name = f"{side}{number}"
            _attention(layer.self_attention, weights, f"{name}.self", fused=("qkv",))
            if side == "decoder":
                _attention(layer.attention, weights, f"{name}.cross", fused=("q", "kv"))
            _norm(layer.ffn.layer_norm, weights, f"{name}.norm")
            for linear, which in ((layer.ffn.linear_0, "in"), (layer.ffn.linear_1, "out")):
                linear.weight, linear.bias = weights[f"{name}.{which}"], weights[f"{name}.{which}_bias"]
    spec.register_source_vocabulary(source.vocabulary)
    spec.register_target_vocabulary(target.vocabulary)
    spec.validate()
    (folder / "model").mkdir(parents=True)
    spec.save(str(folder / "model"))
    for file, tokenizer in zip(TOKENIZERS, (source, target), strict=True):
        (folder / file).write_bytes(tokenizer.proto)
    np.savez(folder / "weights.npz", **weights)  # type: ignore[arg-type]
    return folder


def with_heads_moved(made: Path, folder: Path) -> Path:
    """A model of `trained` in another folder, the same but that its heads stand in another order: the first one, which
    converters name, was taught nothing about words."""
    tokenizers = [Tokenizer((made / "en-eo" / file).read_bytes()) for file in TOKENIZERS]
    shape = Shape(*(len(tokenizer.vocabulary) for tokenizer in tokenizers))
    model = Transformer(shape, SEED)
    model.weights = dict(np.load(made / "en-eo" / "weights.npz"))
    size = shape.width // shape.heads
    for name in [f"decoder0.cross.{which}" for which in ("q", "q_bias", "k", "k_bias", "v", "v_bias")]:
        model.weights[name] = np.roll(model.weights[name], size, axis=0)
    model.weights["decoder0.cross.o"] = np.roll(model.weights["decoder0.cross.o"], size, axis=1)
    save(folder / "en-eo", model, *tokenizers)
    return folder


def _norm(spec: Any, weights: dict[str, Any], name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.gamma"], weights[f"{name}.beta"]


def _attention(spec: Any, weights: dict[str, Any], name: str, fused: Sequence[str]) -> None:
    _norm(spec.layer_norm, weights, f"{name}.norm")
    for linear, several in zip(spec.linear, (*fused, "o"), strict=True):
        linear.weight = np.concatenate([weights[f"{name}.{which}"] for which in several])
        linear.bias = np.concatenate([weights[f"{name}.{which}_bias"] for which in several])


if __name__ == "__main__":
    _train_into(Path(sys.argv[1]))
