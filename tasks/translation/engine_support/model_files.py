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
_MAX_METADATA = 1024 * 1024
_CODES = {"zh": "zh-Hans", "zt": "zh-Hant", "pb": "pt-BR"}
"""Argos' codes that are no tags, or mean more than the tag says."""
_NAME = re.compile(r"(?:opus-mt-)?([a-z]{2,3})-([a-z]{2,3})")
_BESIDE = frozenset(("metadata.json", "sentencepiece.model", "README.md", "LICENSE"))
"""Files of an archive that are needed beside its folder `model`, and what says its licence."""


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
    metadata = entry / "metadata.json"
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


def _metadata_in(archive: zipfile.ZipFile) -> dict[str, Any]:
    member = archive.getinfo(str(_top(archive) / "metadata.json"))
    if member.file_size > _MAX_METADATA:
        raise ValueError("its metadata.json is too large")
    return document_in(archive.read(member))


def _top(archive: zipfile.ZipFile) -> PurePosixPath:
    """The folder in the archive that has the metadata."""
    for name in archive.namelist():
        path = PurePosixPath(name)
        if path.name == "metadata.json" and len(path.parts) <= 2:
            return path.parent
    raise ValueError("it has no metadata.json")


def unpack(archive: Path, into: Path) -> None:
    """The files that are needed; raises ValueError, before any is written, for an archive that would do harm."""
    with zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
        _refuse_unsafe(members)
        top = _top(opened)
        for member in members:
            path = PurePosixPath(member.filename)
            inner = path.relative_to(top) if path.is_relative_to(top) else PurePosixPath()
            needed = inner.parts[:1] == ("model",) or str(inner) in _BESIDE
            if needed and not member.is_dir():
                target = into / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file)
                    os.fsync(file.fileno())  # or a power cut could leave a whole folder of empty files


def _refuse_unsafe(members: Sequence[zipfile.ZipInfo]) -> None:
    for member in members:
        path = PurePosixPath(member.filename)
        link = stat.S_ISLNK(member.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename or link:
            raise ValueError(f"it holds {member.filename[:100]!r}, which would lead out of its folder")
    size = sum(member.file_size for member in members)
    if size > MAX_UNPACKED or len(members) > MAX_FILES:
        raise ValueError(f"it holds {len(members):,} files of {size:,} bytes; too much for a model")
