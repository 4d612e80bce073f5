"""Local neural models by CTranslate2, from a folder, without any network.

    ct2: {folder: /var/lib/fanwire/models, options: {intra_threads: "2"}}

The folder holds any of these:

- `*.argosmodel`: a zip of one folder with `metadata.json`, `model/` and `sentencepiece.model`;
- such a folder, unpacked;
- an OPUS-MT model converted for CTranslate2 (`ct2-opus-mt-converter`, `ct2-transformers-converter`): a folder with
  `model.bin` (or `model/model.bin`), `source.spm` and `target.spm`, that is called `en-de` or `opus-mt-en-de`, or has a
  `metadata.json` with `from_code`, `to_code` and `package_version`. One that wants a `>>language<<` is not for it.

`options`: `inter_threads` and `intra_threads` (1 each), what one worker process may use. A model is loaded when it is
first asked, in 8-bit integers: it takes about as much memory as its `model.bin` has bytes, or less.

Such models know nothing of inline elements, so an element is translated apart from its sentence, and words of no
language stand for opaque pieces. Not every model copies those; what loses one fails its check.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tasks.model.documents import DocumentRefused
from tasks.runtime.errors import Problem
from tasks.runtime.private_files import ensure_private_folder
from tasks.runtime.settings import settings
from tasks.translation.configuration import EngineDocument, required
from tasks.translation.engine_support.model_files import BROKEN, Found, document_in, look_at, model_folder, unpack
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


class CT2:
    """Neural models in a folder. Loads each model once in every process: the threads of a loaded one do not survive a
    fork."""

    OPTIONS = frozenset(("inter_threads", "intra_threads"))
    capabilities = Capabilities(inline="placeholder", grade=PUBLISH)

    def __init__(self, name: str, document: EngineDocument):
        """Raises DocumentRefused for one without a folder, or with numbers of threads that are none."""
        required(name, document, "folder")
        assert document.folder is not None
        self.name = name
        self._folder = document.folder
        self._languages = document.languages
        self._threads = {option: _threads(name, document, option) for option in ("inter_threads", "intra_threads")}
        self._seen: tuple[object, dict[Pair, Found], list[str]] = (None, {}, [])
        self._loaded: dict[Found, _Model] = {}
        self._of_parent: list[_Model] = []
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def pairs(self) -> dict[Pair, int]:
        """The pairs of the models in the folder, and two of those in a row by way of English; none without the two
        packages."""
        return {} if _missing_packages() else {pair: len(steps) for pair, steps in self._ways().items()}

    def model(self, source: str, target: str) -> str:
        """`ctranslate2 4.8.5 translate-en_es-1_0 1.0`; raises Fatal too where the packages are missing."""
        steps = [f"{step.path.stem} {step.version}" for step in self._steps(source, target)]
        return f"ctranslate2 {version('ctranslate2')} {' + '.join(steps)}"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine; an empty text for a unit that is too long for the model, or whose answer has no end."""
        beginnings = [placeholders.beginning_for("".join(p for p in unit if isinstance(p, str))) for unit in units]
        texts = [_plain(unit, beginning) for unit, beginning in zip(units, beginnings, strict=True)]
        for step in self._steps(source, target):
            texts = self._through(step, texts)
        return [
            placeholders.read(text, beginning, [piece for piece in unit if isinstance(piece, Opaque)])
            for text, unit, beginning in zip(texts, units, beginnings, strict=True)
        ]

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
        missing = _missing_packages()
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

    def _through(self, step: Found, texts: Sequence[str]) -> list[str]:
        with self._lock:
            if step not in self._loaded:
                others = {found: model for found, model in self._loaded.items() if found.path != step.path}
                self._loaded = others | {step: _load(step.path, self._threads)}
            model = self._loaded[step]
        try:
            return model.translated(texts)
        except BROKEN as error:
            raise Fatal(f"{step.path.name} does not work: {_said(error)}") from error

    def _forget(self) -> None:
        """In a forked child: keep the parent's models untouched, for ending one would wait for its threads forever."""
        self._lock = threading.Lock()
        self._of_parent += self._loaded.values()
        self._loaded = {}


def _threads(name: str, document: EngineDocument, option: str) -> int:
    given = document.options.get(option, "1")
    if not re.fullmatch(r"[1-9]\d?", given):
        raise DocumentRefused("translation file", [Problem(f"engines.{name}.options.{option}", "must be 1 to 99")])
    return int(given)


def _missing_packages() -> str:
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
        config = document_in(_there(model / "config.json").read_bytes()) if opus else {}
        # OPUS-MT wants the end of the sentence said; one of the two converters has the model say it by itself
        self._end = [] if not opus or config.get("add_source_eos") else [str(config.get("eos_token") or "</s>")]
        self._translator = ctranslate2.Translator(
            str(_there(model / "model.bin").parent), device="cpu", compute_type="int8", **threads
        )

    def translated(self, texts: Sequence[str]) -> list[str]:
        """The translation of each text; an empty one for what is too long or has no end."""
        tokens = [list(map(str, self._source.encode(text, out_type=str))) for text in texts]
        able = [index for index, found in enumerate(tokens) if 0 < len(found) <= _MAX_TOKENS]
        results = dict(zip(able, self._asked([tokens[index] for index in able]), strict=True))
        words = {index: str(self._target.decode(result)) for index, result in results.items()}
        # a word that was copied still has the mark that stands before each word
        return [words.get(index, "").replace("▁", " ").strip() for index in range(len(texts))]

    def _asked(self, units: Sequence[list[str]]) -> list[list[str]]:
        """The tokens of each translation; after a fault once more one by one, so that one bad unit harms no other."""
        try:
            return self._together(units) if units else []
        except RuntimeError:
            if len(units) == 1:
                raise
        answers: list[list[str]] = []
        faults: list[RuntimeError] = []
        for unit in units:
            try:
                answers += self._together([unit])
            except RuntimeError as error:
                answers.append([])
                faults.append(error)
                if len(faults) == len(units):
                    raise
        return answers

    def _together(self, units: Sequence[list[str]]) -> list[list[str]]:
        most = min(_TIMES * max(map(len, units)) + _MORE, _MAX_TOKENS_BACK)
        results = self._translator.translate_batch(
            [unit + self._end for unit in units],
            beam_size=_BEAM,
            max_decoding_length=most,
            max_input_length=0,
            replace_unknowns=True,
        )
        return [result.hypotheses[0] if len(result.hypotheses[0]) < most else [] for result in results]


def _there(file: Path) -> Path:
    if not file.is_file():
        raise ValueError(f"it has no {file.name}")
    return file


ENGINE = CT2
