"""Local neural models by CTranslate2, from a folder, without any network.

    ct2: {folder: /var/lib/fanwire/models, options: {intra_threads: "2"}}

The folder holds any of these:

- `*.argosmodel`: a zip of one folder with `metadata.json`, `model/` and `sentencepiece.model`;
- such a folder, unpacked;
- an OPUS-MT model converted for CTranslate2 (`ct2-opus-mt-converter`, `ct2-transformers-converter`): a folder with
  `model.bin` (or `model/model.bin`), `source.spm` and `target.spm`, that is called `en-de` or `opus-mt-en-de`, or has a
  `metadata.json` with `from_code`, `to_code` and `package_version`.

`metadata.json` may also have a `source_prefix`, the word that a model of several languages wants before each sentence
(`>>vie<<`), and a `target_prefix`, with which each translation begins and which is taken off.

`options`: `inter_threads` and `intra_threads` (1 each), what one worker process may use, and `loaded` (2), the models
that it keeps in memory: a pair by way of English takes two. A model is loaded when it is first asked, in 8-bit
integers: it takes about as much memory as its `model.bin` has bytes, or less. The one that was not asked longest goes.

Such models know nothing of inline elements. They get whole sentences, and elements are put where attention says that
their words went: that of the heads which the model's file names, which is right for OPUS-MT models (they were trained
with guided alignment), else that of the layer which is found best on sentences with names and figures. That is tried
when a model is loaded to align; the model may then take three times its memory for a moment. Where no attention leads
to the right place, the memory may know the words, or an element is translated apart from its sentence. Words of no
language stand for addresses and codes. Not every model copies those; what loses one fails its check.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tasks.model.documents import DocumentRefused
from tasks.runtime.errors import Problem
from tasks.runtime.private_files import ensure_private_folder
from tasks.runtime.settings import settings
from tasks.translation.alignment.links import Aligned, Link, Span, composed
from tasks.translation.configuration import EngineDocument, required
from tasks.translation.engine_support import alignment_heads
from tasks.translation.engine_support.alignment_heads import Heads
from tasks.translation.engine_support.model_files import (
    BROKEN,
    METADATA,
    Found,
    document_in,
    language_words,
    look_at,
    model_folder,
    unpack,
)
from tasks.translation.engines import Capabilities, Pair
from tasks.translation.errors import Fatal, Retryable, Unsupported
from tasks.translation.grades import PUBLISH
from tasks.translation.pieces import Opaque, Text
from tasks.translation.protection import placeholders

_MAX_TOKENS = 400
"""Of a unit. Models were taught on sentences, and many know no more than 512 positions."""
_TIMES, _MORE, _MAX_TOKENS_BACK = 3, 20, 500
"""Times the tokens of the longest unit, and some more: an answer that is longer runs in circles."""
_BEAM = 4
_MAX_TOKENS_TOGETHER = 1_000
"""Of the units that are translated at once, each as long as the longest; with four beams they take some megabytes."""
_UNITS = 100
"""Of one call: many units make batches of like length."""
_FAINT = 0.02
"""Attention below this says nothing."""
_SHARPER = 2
"""The power of attention that is the mean of several heads, of which few look at the right word."""


class CT2:
    """Neural models in a folder. Loads each model once in every process: the threads of a loaded one do not survive a
    fork."""

    OPTIONS = frozenset(("inter_threads", "intra_threads", "loaded"))
    capabilities = Capabilities(inline="aligned", grade=PUBLISH, units=_UNITS)

    def __init__(self, name: str, document: EngineDocument):
        """Raises DocumentRefused for one without a folder, or with options that are no numbers."""
        required(name, document, "folder")
        assert document.folder is not None
        self.name = name
        self._folder = document.folder
        self._languages = document.languages
        self._threads = {option: _number(name, document, option, 1) for option in ("inter_threads", "intra_threads")}
        self._most_loaded = _number(name, document, "loaded", 2)
        self._seen: tuple[object, dict[Pair, Found], list[str]] = (None, {}, [])
        self._loaded: dict[Found, _Model] = {}
        self._of_parent: list[_Model] = []
        self._heads: dict[Found, _Choice] = {}
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def pairs(self) -> dict[Pair, int]:
        """The pairs of the models in the folder, and two of those in a row by way of English; none without the two
        packages."""
        return {} if missing_packages() else {pair: len(steps) for pair, steps in self._ways().items()}

    def model(self, source: str, target: str) -> str:
        """`ctranslate2 4.8.5 translate-en_es-1_0 1.0`; raises Fatal too where the packages are missing."""
        steps = [f"{step.path.stem} {step.version}" for step in self._steps(source, target)]
        return f"ctranslate2 {version('ctranslate2')} {' + '.join(steps)}"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine; an empty text for a unit that is too long for the model, or whose answer has no end."""
        beginnings = [placeholders.beginning_for("".join(p for p in unit if isinstance(p, str))) for unit in units]
        texts = [_plain(unit, beginning) for unit, beginning in zip(units, beginnings, strict=True)]
        for step in self._steps(source, target):
            texts = [answer.text for answer in self._through(step, texts, aligned=False)]
        return [
            placeholders.read(text, beginning, [piece for piece in unit if isinstance(piece, Opaque)])
            for text, unit, beginning in zip(texts, units, beginnings, strict=True)
        ]

    def translate_aligned(self, texts: Sequence[str], source: str, target: str) -> list[Aligned]:
        """See AligningEngine; an empty text for one that is too long for the model, or whose answer has no end."""
        first, *more = self._steps(source, target)
        answers = self._through(first, texts, aligned=True)
        for step in more:
            finals = self._through(step, [answer.text for answer in answers], aligned=True)
            both = zip(answers, finals, strict=True)
            answers = [Aligned(late.text, composed(early.links, late.links)) for early, late in both]
        return answers

    def unload(self) -> None:
        """Let the loaded models go; what is asked next loads its own again."""
        with self._lock:
            self._loaded = {}

    def _ways(self) -> dict[Pair, list[Found]]:
        """The models that lead from one language to another, one or two."""
        found = self._found()
        into = {source: model for (source, target), model in found.items() if target == "en"}
        out_of = {target: model for (source, target), model in found.items() if source == "en"}
        ways = {(source, target): [into[source], out_of[target]] for source in into for target in out_of}
        ways |= {pair: [model] for pair, model in found.items()}
        wanted = None if self._languages is None else set(self._languages)
        return {
            pair: way
            for pair, way in ways.items()
            if pair[0] != pair[1] and (wanted is None or wanted.issuperset(pair))
        }

    def _steps(self, source: str, target: str) -> list[Found]:
        missing = missing_packages()
        if missing:
            raise Fatal(f"is not installed: {missing}; pip install --require-hashes -r constraints.txt")
        if not os.access(self._folder, os.R_OK | os.X_OK):
            raise Fatal(f"there is no folder {self._folder} that can be read")
        way = self._ways().get((source, target))
        if way is None:
            unread = "".join(f"; {problem}" for problem in self._seen[2])
            raise Unsupported(f"there is no model for {source}→{target} in {self._folder}{unread}")
        return way

    def _found(self) -> dict[Pair, Found]:
        """The models by pair, read anew when anything in the folder has changed; of two the one of higher version."""
        try:
            entries = sorted(self._folder.iterdir())
        except OSError:
            return {}
        state = [_state(entry) for entry in entries]
        if self._seen[0] != state:
            models: list[Found] = []
            problems: list[str] = []
            for entry in entries:
                try:
                    models += look_at(entry)
                except BROKEN as error:
                    problems.append(f"{entry.name} cannot be read: {_said(error)}")
            models.sort(key=lambda model: model.order)
            self._seen = (state, {model.pair: model for model in models}, problems)
        return self._seen[1]

    def _through(self, step: Found, texts: Sequence[str], *, aligned: bool) -> list[Aligned]:
        model = self._model(step)
        try:
            if aligned:
                self._heads[step] = model.look_at_best_heads(step.pair[0], self._heads.get(step))
            return model.translated(texts, aligned=aligned)
        except BROKEN as error:
            raise Fatal(f"{step.path.name} does not work: {_said(error)}") from error

    def _model(self, step: Found) -> _Model:
        """The loaded model of a step. The one last asked stands last; who still uses one that goes keeps it alive."""
        with self._lock:
            model = self._loaded.pop(step, None)
            if model is None:
                others = [found for found in self._loaded if found.path != step.path]
                kept = others[max(0, len(others) - self._most_loaded + 1) :]
                self._loaded = {found: self._loaded[found] for found in kept}
                model = _load(step.path, self._threads)
            self._loaded[step] = model
            return model

    def _forget(self) -> None:
        """In a forked child: keep the parent's models untouched, for ending one would wait for its threads forever."""
        self._lock = threading.Lock()
        self._of_parent += self._loaded.values()
        self._loaded = {}


def _number(name: str, document: EngineDocument, option: str, usual: int) -> int:
    given = document.options.get(option, str(usual))
    if not re.fullmatch(r"[1-9]\d?", given):
        raise DocumentRefused("translation file", [Problem(f"engines.{name}.options.{option}", "must be 1 to 99")])
    return int(given)


def missing_packages() -> str:
    """Names of the packages that are not installed; empty if both are."""
    missing = []
    for package in ("ctranslate2", "sentencepiece"):
        try:
            version(package)
        except PackageNotFoundError:
            missing.append(package)
    return " and ".join(missing)


def _plain(unit: Text, beginning: str) -> str:
    """The unit with a placeholder word for each opaque piece; empty if there are more than placeholder words."""
    opaques = [piece for piece in unit if isinstance(piece, Opaque)]
    if len(opaques) > placeholders.LIMIT:
        return ""
    word_of = {id(piece): placeholders.word(beginning, index) for index, piece in enumerate(opaques)}
    return "".join(piece if isinstance(piece, str) else word_of.get(id(piece), "") for piece in unit)


def _said(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


# --- what lies in the folder


def _state(entry: Path) -> tuple[str, int, int]:
    """What changes with a file; the same for one that cannot be looked at."""
    try:
        found = entry.stat()
    except OSError:
        return entry.name, 0, 0
    return entry.name, found.st_mtime_ns, found.st_size


def _unpacked(archive: Path) -> Path:
    """The folder with the files of an archive, under the home; unpacked once, by whichever process is first."""
    found = archive.stat()
    digest = hashlib.sha256(f"{archive.resolve()} {found.st_size} {found.st_mtime_ns}".encode()).hexdigest()[:16]
    place = settings().home / "models" / f"{archive.stem}-{digest}"
    if not place.is_dir():
        ensure_private_folder(place.parent)
        with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=place.parent) as folder:
            whole = Path(folder) / "model"
            unpack(archive, whole)
            with suppress(OSError):  # another process was first
                whole.rename(place)
    if not place.is_dir():
        raise OSError(f"it cannot be unpacked into {place.parent}")
    return place


# --- a loaded model

_Attention = Sequence[Sequence[float]]
"""For each token of a translation, how much of it comes from each token of the source."""
_Choice = tuple[Heads | None, bool]
"""The heads of a model whose attention is looked at, None being those that its file names; and whether it is good."""


def _load(path: Path, threads: dict[str, int]) -> _Model:
    """Raises Fatal with the file's name for a model that is damaged, Retryable where it cannot be unpacked now."""
    try:
        folder = path if path.is_dir() else _unpacked(path)
    except (ValueError, RuntimeError, LookupError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise Fatal(f"{path.name} cannot be unpacked: {_said(error)}") from error
    except OSError as error:
        raise Retryable(f"{path.name} cannot be unpacked: {_said(error)}") from error
    try:
        return _Model(folder, threads)
    except BROKEN as error:
        raise Fatal(f"{path.name} cannot be loaded: {_said(error)}") from error


class _Model:
    """A model and the tokenizers of its two sides."""

    def __init__(self, folder: Path, threads: dict[str, int]):
        import ctranslate2
        import sentencepiece

        opus = (folder / "source.spm").is_file()
        source, target = ("source.spm", "target.spm") if opus else ("sentencepiece.model",) * 2
        self._source, self._target = (
            sentencepiece.SentencePieceProcessor(model_file=str(_there(folder / name))) for name in (source, target)
        )
        model = model_folder(folder)
        metadata = document_in((folder / METADATA).read_bytes()) if (folder / METADATA).is_file() else {}
        self._beginning = _words(metadata, "source_prefix")
        self._prefix = _words(metadata, "target_prefix")
        if opus and not self._beginning and (known := language_words(model)):
            raise ValueError(f"it knows several languages; its metadata.json must have a source_prefix: {known}")
        config = document_in(_there(model / "config.json").read_bytes()) if opus else {}
        # OPUS-MT wants the end of the sentence said; one of the two converters has the model say it by itself
        self._end = [] if not opus or config.get("add_source_eos") else [str(config.get("eos_token") or "</s>")]
        self._unknown = str(config.get("unk_token") or "<unk>")
        self._folder = _there(model / "model.bin").parent
        self._open = partial(ctranslate2.Translator, str(self._folder), device="cpu", compute_type="int8", **threads)
        self._translator = self._open()
        self._choice: _Choice | None = None
        self._looked_at: Heads | None = None

    def look_at_best_heads(self, language: str, known: _Choice | None) -> _Choice:
        """Have links come from the heads that show best where words went; `language` is that of the source, `known`
        what was found before. Tries it once."""
        if self._choice is not None:
            return self._choice
        samples = alignment_heads.samples(language)

        def shown(heads: Heads | None) -> Iterator[tuple[str, Aligned]]:
            self._look_at(heads)
            return zip(samples, self.translated(samples, aligned=True), strict=True)

        def candidates() -> Iterator[Heads]:  # the file is large, and most models are good as they are
            yield from alignment_heads.candidates((self._folder / "model.bin").read_bytes())

        known = known or alignment_heads.chosen(shown, candidates())
        self._look_at(known[0])
        self._choice = known
        return known

    def _look_at(self, heads: Heads | None) -> None:
        if heads == self._looked_at:
            return
        files = {file.name: file.read_bytes() for file in self._folder.iterdir() if file.is_file()}
        if heads is not None:
            files["model.bin"] = alignment_heads.with_heads(files["model.bin"], heads)
        self._translator = self._open(files=files)
        self._looked_at = heads

    def translated(self, texts: Sequence[str], *, aligned: bool) -> list[Aligned]:
        """The translation of each text, with links if they are asked for; an empty one for what is too long or has no
        end."""
        encoded = [self._source.encode(text, return_type="offset_mapping") for text in texts]
        units = {index: _tokens(found) for index, found in enumerate(encoded) if _able(found)}
        answers = [Aligned("")] * len(texts)
        faults: list[RuntimeError] = []
        for batch in _batches(units):
            results = self._asked([units[index] for index in batch], faults, aligned=aligned)
            for index, (tokens, attention) in zip(batch, results, strict=True):
                answers[index] = self._read(tokens, attention, texts[index], encoded[index]["offsets"])
        if faults and len(faults) == len(units):
            raise faults[0]
        return answers

    def _read(self, tokens: list[str], attention: _Attention, text: str, sources: Sequence[Span]) -> Aligned:
        """The words of a translation, with links from those of its source."""
        decoded = self._target.decode(tokens, return_type="offset_mapping")
        believed = self._choice is None or self._choice[1]
        power = 1 if self._looked_at is None else _SHARPER
        # a word that was copied still has the mark that stands before each word
        whole = str(decoded["text"]).replace("▁", " ")
        start, words = len(whole) - len(whole.lstrip()), whole.strip()
        targets = [_trimmed(whole, span) for span in decoded["offsets"]]
        sources = [_trimmed(text, span) for span in sources]
        links = [
            Link(source, (target[0] - start, target[1] - start), weight**power)
            for target, row in zip(targets, attention if believed else (), strict=False)
            for source, weight in zip(sources, row, strict=False)
            if weight >= _FAINT and source[0] < source[1] and target[0] < target[1]
        ]
        return Aligned(words, tuple(links))

    def _asked(
        self, units: Sequence[list[str]], faults: list[RuntimeError], *, aligned: bool
    ) -> list[tuple[list[str], _Attention]]:
        """The tokens of each translation; after a fault once more one by one, so that one bad unit harms no other."""
        try:
            return self._together(units, aligned=aligned)
        except RuntimeError as error:
            if len(units) == 1:
                faults.append(error)
                return [([], [])]
        return [answer for unit in units for answer in self._asked([unit], faults, aligned=aligned)]

    def _together(self, units: Sequence[list[str]], *, aligned: bool) -> list[tuple[list[str], _Attention]]:
        most = min(_TIMES * max(map(len, units)) + _MORE, _MAX_TOKENS_BACK)
        sources = [self._beginning + unit + self._end for unit in units]
        results = self._translator.translate_batch(
            sources,
            target_prefix=[self._prefix] * len(units) if self._prefix else None,
            beam_size=_BEAM,
            max_decoding_length=most,
            max_input_length=0,
        )
        answers = [result.hypotheses[0] if len(result.hypotheses[0]) < most else [] for result in results]
        wanted = [n for n, answer in enumerate(answers) if answer and (aligned or self._unknown in answer)]
        seen = self._attention([sources[n] for n in wanted], [answers[n] for n in wanted])
        attention = dict(zip(wanted, seen, strict=True))
        return [
            self._answer(answer, attention.get(n, []), unit)
            for n, (answer, unit) in enumerate(zip(answers, units, strict=True))
        ]

    def _attention(self, sources: Sequence[list[str]], answers: Sequence[list[str]]) -> list[_Attention]:
        """How each token of these answers attends to its source. What a search with several beams returns is that of
        other sentences of the batch (CTranslate2 4.8.5), so the answers are gone through once more, word for word."""
        if not sources:
            return []
        results = self._translator.translate_batch(
            sources,
            target_prefix=answers,
            beam_size=1,
            max_decoding_length=max(map(len, answers)) + 1,
            max_input_length=0,
            return_attention=True,
        )
        return [result.attention[0][: len(answer)] for result, answer in zip(results, answers, strict=True)]

    def _answer(self, tokens: list[str], attention: _Attention, unit: list[str]) -> tuple[list[str], _Attention]:
        """Tokens and attention of a translation without what it was begun with, and its sentence too; words that the
        vocabulary does not have are those of the unit."""
        rows = [row[len(self._beginning) :] for row in attention[len(self._prefix) :]]
        tokens = tokens[len(self._prefix) :]
        for index, row in enumerate(rows):
            if tokens[index] == self._unknown:
                tokens[index] = unit[max(range(len(unit)), key=row.__getitem__)]
        return tokens, rows


def _tokens(encoded: dict[str, Any]) -> list[str]:
    return list(map(str, encoded["pieces"]))


def _able(encoded: dict[str, Any]) -> bool:
    """Whether a model may be asked for so many tokens."""
    return 0 < len(encoded["pieces"]) <= _MAX_TOKENS


def _batches(units: dict[int, list[str]]) -> Iterator[list[int]]:
    """The numbers of the units, those of like length together, so that none waits for a much longer one."""
    batch: list[int] = []
    for index in sorted(units, key=lambda index: -len(units[index])):
        if batch and (len(batch) + 1) * len(units[batch[0]]) > _MAX_TOKENS_TOGETHER:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _trimmed(text: str, span: Span) -> Span:
    """The span without the white space at its ends, which tokens have before their words."""
    start, end = span
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _words(metadata: dict[str, Any], field: str) -> list[str]:
    """The word in a field of metadata.json, if there is one."""
    return [str(metadata[field])] if metadata.get(field) else []


def _there(file: Path) -> Path:
    if not file.is_file():
        raise ValueError(f"it has no {file.name}")
    return file


ENGINE = CT2
