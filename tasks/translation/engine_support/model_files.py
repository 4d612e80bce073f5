"""Files of neural models as the engine `ct2` takes them: which model a folder or an archive is, and its files.

An archive comes from strangers: nothing in it is written before all names, links and sizes in it have been looked at.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from tasks.model.languages import LanguageTag
from tasks.translation.engines import Pair

MAX_UNPACKED = 4 * 1024**3
"""Bytes of an archive's files together. The largest models for one pair have some hundred megabytes."""
MAX_FILES = 1_000
SUFFIX = ".argosmodel"
"""How the names of archives end."""
BROKEN = (
    OSError, ValueError, RuntimeError, LookupError, EOFError, MemoryError, ImportError, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
"""What reading damaged files, or a damaged installation, raises."""
METADATA = "metadata.json"
_MAX_METADATA = 1024 * 1024
_CODES = {"zh": "zh-Hans", "zt": "zh-Hant", "pb": "pt-BR"}
"""Argos' codes that are no tags, or mean more than the tag says."""
_LANGUAGE_WORD = re.compile(r">>\w+<<")
_WORDS_SHOWN = 6
_NAME = re.compile(r"(?:opus-mt-)?([a-z]{2,3})-([a-z]{2,3})")
_TOKENIZER = "sentencepiece.model"
_BESIDE = frozenset((METADATA, _TOKENIZER, "README.md", "LICENSE"))
"""Files of an archive that are needed beside its folder `model`, and what says its licence."""
_IN_FOLDERS = _BESIDE | {"model.bin", "config.json", "source.spm", "target.spm"}
"""Files that a folder may have, beside vocabularies."""


@dataclass(frozen=True)
class Found:
    """A model that is not opened yet."""

    path: Path
    """A folder, or an archive."""
    pair: Pair
    version: str
    """What its metadata says, else the day of its files."""

    @property
    def order(self) -> list[int]:
        """The numbers of its version: of two models for one pair the one with the higher ones is used."""
        return numbers(self.version)


def look_at(entry: Path) -> list[Found]:
    """The model that `entry` is, if it is one; raises what damaged files do."""
    if entry.suffix == SUFFIX and entry.is_file():
        with zipfile.ZipFile(entry) as archive:
            return [_from_metadata(entry, _metadata_in(archive), entry.stat().st_mtime)]
    if not entry.is_dir() or entry.name.startswith("."):
        return []
    binary = model_folder(entry) / "model.bin"
    opus = (entry / "source.spm").is_file()
    if not binary.is_file() or not (opus or (entry / "sentencepiece.model").is_file()):
        return []
    metadata = entry / METADATA
    if metadata.is_file():
        return [_from_metadata(entry, document_in(metadata.read_bytes()), binary.stat().st_mtime)]
    named = _NAME.fullmatch(entry.name)
    if not named:
        raise ValueError("it has no metadata.json, and is not called after its languages, as en-de")
    return [_from_metadata(entry, {"from_code": named[1], "to_code": named[2]}, binary.stat().st_mtime)]


def _from_metadata(path: Path, metadata: dict[str, Any], changed: float) -> Found:
    """`changed`, the day of the files (seconds since the epoch), is the version of a model that has none."""
    pair = tag_of(metadata["from_code"]), tag_of(metadata["to_code"])
    day = datetime.fromtimestamp(changed, UTC).strftime("%Y-%m-%d")
    return Found(path, pair, str(metadata.get("package_version") or day))


def numbers(version: str) -> list[int]:
    """The numbers in a version, to compare it by."""
    return [int(number) for number in re.findall(r"\d+", version)]


def tag_of(code: object) -> LanguageTag:
    """The language tag for a code of Argos' packages; raises ValueError for one that is none."""
    return LanguageTag(_CODES.get(str(code), str(code)))


def document_in(content: bytes) -> dict[str, Any]:
    """The object in a metadata.json; raises ValueError."""
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("its metadata.json is no object")
    return document


def model_folder(folder: Path) -> Path:
    """Where model.bin of a model is: in its folder, or in `model` within."""
    return folder if (folder / "model.bin").is_file() else folder / "model"


def language_words(folder: Path) -> str:
    """The words by which an OPUS-MT model wants to be told its target language (`>>vie<<`), the first few; empty if it
    knows one language only. `folder` is the one with model.bin."""
    for name in ("shared_vocabulary.json", "source_vocabulary.json", "shared_vocabulary.txt", "source_vocabulary.txt"):
        if (folder / name).is_file():
            text = (folder / name).read_text("utf-8")
            found = map(str, json.loads(text)) if name.endswith(".json") else text.splitlines()
            known = [word for word in found if _LANGUAGE_WORD.fullmatch(word)]
            return ", ".join(known[:_WORDS_SHOWN]) + (" …" if len(known) > _WORDS_SHOWN else "")
    return ""


def _metadata_in(archive: zipfile.ZipFile) -> dict[str, Any]:
    member = archive.getinfo(str(_top(archive) / METADATA))
    if member.file_size > _MAX_METADATA:
        raise ValueError("its metadata.json is too large")
    return document_in(archive.read(member))


def _top(archive: zipfile.ZipFile) -> PurePosixPath:
    """The folder in the archive that has the metadata."""
    for name in archive.namelist():
        path = PurePosixPath(name)
        if path.name == METADATA and len(path.parts) <= 2:
            return path.parent
    raise ValueError("it has no metadata.json")


def unpack(archive: Path, into: Path) -> None:
    """The files that are needed; raises ValueError, before any is written, for an archive that would do harm."""
    with zipfile.ZipFile(archive) as opened:
        for member, inner in _needed(opened):
            target = into / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(member) as source, target.open("xb") as file:
                shutil.copyfileobj(source, file)
                os.fsync(file.fileno())  # or a power cut could leave a whole folder of empty files


def unpacked_size(archive: Path) -> int:
    """Bytes of what `unpack` writes; raises as it does."""
    with zipfile.ZipFile(archive) as opened:
        return sum(member.file_size for member, _ in _needed(opened))


def _needed(opened: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The members of an archive that a model needs, and where each goes; raises ValueError for an unsafe archive."""
    members = opened.infolist()
    _refuse_unsafe(members)
    top = _top(opened)
    if str(top / _TOKENIZER) not in opened.namelist():
        raise ValueError(f"it has no {_TOKENIZER}; models with other tokenizers, such as bpe.model, cannot be read")
    found = []
    for member in members:
        path = PurePosixPath(member.filename)
        inner = path.relative_to(top) if path.is_relative_to(top) else PurePosixPath()
        if not member.is_dir() and (inner.parts[:1] == ("model",) or str(inner) in _BESIDE):
            found.append((member, inner))
    return found


def files_of(folder: Path) -> list[Path]:
    """The files in a model's folder that belong to the model, whatever else a conversion has left there."""
    beside = [file for file in sorted(folder.iterdir()) if file.name in _IN_FOLDERS or "vocabulary" in file.name]
    within = sorted((folder / "model").iterdir()) if (folder / "model").is_dir() else []
    return [file for file in (*beside, *within) if file.is_file()]


def copy(folder: Path, into: Path) -> None:
    """Copy the files of a model's folder, with their times; raises ValueError for too much."""
    files = files_of(folder)
    size = sum(file.stat().st_size for file in files)
    if size > MAX_UNPACKED or len(files) > MAX_FILES:
        raise ValueError(f"it holds {len(files):,} files of {size:,} bytes; too much for a model")
    into.mkdir()
    for file in files:
        target = into / file.relative_to(folder)
        target.parent.mkdir(exist_ok=True)
        shutil.copy2(file, target)


def set_source_prefix(folder: Path, word: str) -> None:
    """Note in a model's folder the word that the model wants before each sentence; raises as `look_at` does."""
    found = next(iter(look_at(folder)), None)
    if found is None:
        return
    file = folder / METADATA
    known = document_in(file.read_bytes()) if file.is_file() else {}
    source, target = found.pair
    metadata = {"from_code": source, "to_code": target, "package_version": found.version} | known
    file.write_text(json.dumps(metadata | {"source_prefix": word}), "utf-8")


def _refuse_unsafe(members: Sequence[zipfile.ZipInfo]) -> None:
    for member in members:
        path = PurePosixPath(member.filename)
        link = stat.S_ISLNK(member.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename or link:
            raise ValueError(f"it holds {member.filename[:100]!r}, which would lead out of its folder")
    size = sum(member.file_size for member in members)
    if size > MAX_UNPACKED or len(members) > MAX_FILES:
        raise ValueError(f"it holds {len(members):,} files of {size:,} bytes; too much for a model")
