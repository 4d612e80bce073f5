"""Models for CTranslate2 that are made here in a second: one that knows nothing, and one that knows a few words.

Neither holds anything of anybody's: the weights are random numbers, or ones and zeros, and the words are ours.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import sentencepiece

SUBJECTS = ("The old mill", "Our harbour", "A small factory", "The northern railway", "Every second orchard")
VERBS = ("opened", "repaired", "sold", "painted", "measured", "visited")
OBJECTS = ("two wooden boats", "the long bridge", "a green engine", "its quiet station", "some heavy barrels")
TIMES = ("in spring", "on Monday", "before noon", "after the storm")
SENTENCES = [f"{' '.join(parts)}." for parts in product(SUBJECTS, VERBS, OBJECTS, TIMES)]
"""600 sentences to learn pieces of words from."""

ENGLISH = (
    "The harbour opens a new bridge in spring.",
    "It costs three millions and serves both towns.",
    "See the plans here.",
    "our office in Porto",
)
SPANISH = (
    "El puerto abre un nuevo puente en primavera.",
    "Ello cuesta tres millones y sirve ambas ciudades.",
    "Vea los planes aquí.",
    "nuestra oficina en Oporto",
)
"""Word for word; all that the model below knows."""
SPECIAL = ["<unk>", "<s>", "</s>"]
_POSITIONS = 128


def random_model(folder: Path, seed: int, *, end: float = 3) -> Path:
    """A model of the usual shape, one layer on each side, that has learnt nothing; `end` is its wish to come to one."""
    tokenizer = _tokenizer(SENTENCES, "unigram", 300)
    random = np.random.default_rng(seed)
    spec, vocabulary, width = _empty(tokenizer, width=32)
    for name, shape in _shapes(len(vocabulary), width, positions=512):
        _set(spec, name, random.normal(0, 0.4, shape).astype(np.float32))
    ending = np.zeros(len(vocabulary), np.float32)
    ending[vocabulary.index("</s>")] = end
    spec.decoder.projection.bias = ending
    return _saved(folder, spec, vocabulary, tokenizer, ("sentencepiece.model",))


def dictionary_model(folder: Path, *, back: bool = False, sides: Sequence[str] = ("sentencepiece.model",)) -> Path:
    """A model that puts a Spanish word for each English one it knows, in order; what it does not know it copies.

    Its decoder looks from each position at the same position of the source and reads the word off; with `back` it
    does so from Spanish to English.
    """
    tokenizer = _tokenizer([*ENGLISH, *SPANISH] * 2, "word", 200)
    pairs = {
        f"▁{word}": f"▁{other}"
        for one, two in zip(ENGLISH, SPANISH, strict=True)
        for word, other in zip(one.split(), two.split(), strict=True)
    }
    pairs = {other: word for word, other in pairs.items()} if back else pairs
    spec, vocabulary, width = _empty(tokenizer, width=256)
    assert len(vocabulary) + _POSITIONS <= width
    for name, shape in _shapes(len(vocabulary), width):
        _set(spec, name, np.full(shape, float(name.endswith("gamma")), np.float32))
    words, places = slice(0, len(vocabulary)), slice(width - _POSITIONS, width)
    one = np.eye(width, dtype=np.float32)
    spec.encoder.embeddings[0].weight = one[words]
    spec.encoder.position_encodings.encodings = spec.decoder.position_encodings.encodings = one[places]
    looking = np.zeros((width, width), np.float32)
    looking[places, places] = 6 * np.eye(_POSITIONS)
    reading = np.zeros((width, width), np.float32)
    reading[words, words] = np.eye(len(vocabulary))
    attention = spec.decoder.layer[0].attention
    attention.linear[0].weight = looking
    attention.linear[1].weight = np.concatenate([looking, reading])
    attention.linear[2].weight = one
    known = {word: number for number, word in enumerate(vocabulary)}
    for number, word in enumerate(vocabulary):
        spec.decoder.projection.weight[known[pairs.get(word, word)], number] = 4
    return _saved(folder, spec, vocabulary, tokenizer, sides)


def with_metadata(folder: Path, source: str, target: str, version: str = "1.0") -> Path:
    """The same folder, as Argos' packages have it."""
    document = {"from_code": source, "to_code": target, "package_version": version}
    (folder / "metadata.json").write_text(json.dumps(document))
    return folder


def zipped(folder: Path, archive: Path) -> Path:
    """An `.argosmodel` of the folder."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                opened.write(file, f"{folder.name}/{file.relative_to(folder)}")
    return archive


def _tokenizer(sentences: Sequence[str], kind: str, size: int) -> bytes:
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=written, model_type=kind, vocab_size=size,
        hard_vocab_limit=False, minloglevel=2, num_threads=1,
    )  # fmt: skip
    return written.getvalue()


def _empty(tokenizer: bytes, width: int) -> tuple[Any, list[str], int]:
    """A Transformer without weights, and its vocabulary."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=tokenizer)
    pieces = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    vocabulary = SPECIAL + [piece for piece in pieces if piece not in SPECIAL]
    spec = ctranslate2.specs.TransformerSpec.from_config(1, 1)
    spec.encoder.scale_embeddings = spec.decoder.scale_embeddings = False
    spec.config.add_source_eos = True
    return spec, vocabulary, width


def _shapes(words: int, width: int, positions: int = _POSITIONS) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every weight of a model with one layer on each side, and its shape."""
    yield "encoder.embeddings_0.weight", (words, width)
    yield "decoder.embeddings.weight", (words, width)
    yield "decoder.projection.weight", (words, width)
    for side, attentions in (("encoder", ["self_attention"]), ("decoder", ["self_attention", "attention"])):
        yield f"{side}.position_encodings.encodings", (positions, width)
        norms = [f"{side}.layer_norm", f"{side}.layer_0.ffn.layer_norm"]
        for name in attentions:
            attention = f"{side}.layer_0.{name}"
            norms.append(f"{attention}.layer_norm")
            sizes = (width, 2 * width, width) if name == "attention" else (3 * width, width)
            for number, size in enumerate(sizes):
                yield f"{attention}.linear_{number}.weight", (size, width)
                yield f"{attention}.linear_{number}.bias", (size,)
        for number in range(2):
            yield f"{side}.layer_0.ffn.linear_{number}.weight", (width, width)
            yield f"{side}.layer_0.ffn.linear_{number}.bias", (width,)
        for norm in norms:
            yield f"{norm}.gamma", (width,)
            yield f"{norm}.beta", (width,)


def _set(spec: Any, name: str, value: Any) -> None:
    *path, last = name.split(".")
    for part in path:
        member, _, number = part.rpartition("_")
        spec = getattr(spec, part) if hasattr(spec, part) else getattr(spec, member)[int(number)]
    setattr(spec, last, value)


def _saved(folder: Path, spec: Any, vocabulary: list[str], tokenizer: bytes, sides: Sequence[str]) -> Path:
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.validate()
    model = folder / "model"
    model.mkdir(parents=True)
    spec.save(str(model))
    for name in sides:
        (folder / name).write_bytes(tokenizer)
    return folder
