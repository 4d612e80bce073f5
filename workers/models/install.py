"""A model into the folder of `ct2`, whole or not at all; what lies there; and out of it again.

A model is unpacked in `.fetch` within the folder, loaded there once, written through to the disk, and only then renamed
into place. The models that it replaces go after that: at every moment there is one.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.runtime.foreign_text import printable
from tasks.translation.configuration import EngineDocument
from tasks.translation.engine_support import model_files
from tasks.translation.engine_support.model_files import BROKEN, SUFFIX, Found
from tasks.translation.engines import Pair
from tasks.translation.engines.ct2 import CT2, missing_packages
from tasks.translation.errors import EngineError
from workers.models import WORK, ModelRefused, NoRoom
from workers.models.download import FULL, disk_for

MARGIN = 50 * 1024**2
"""Bytes that stay free on the disk."""
_STAGING = "staging-"
_UNFIT = re.compile(r"[^0-9A-Za-z._-]+")
_TRIAL = "This is a test."


@dataclass(frozen=True)
class Installed:
    """A model that is in place now."""

    found: Found
    bytes: int
    replaced: list[Found]


@contextmanager
def at_work(folder: Path) -> Iterator[Path]:
    """The work folder within that of the models, for this process alone; raises ModelRefused if another has it.

    Makes both folders, and drops what an installation that was killed has left.
    """
    work = folder / WORK
    try:
        work.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(work / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ModelRefused(f"{folder} cannot be written to: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ModelRefused(f"another fanwire is fetching models into {folder}; wait until it has ended") from None
        for left in work.glob(f"{_STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield work
    finally:
        os.close(descriptor)


def there(folder: Path) -> tuple[list[Found], list[str]]:
    """The models in a folder, and what is wrong with entries that seem to be some; nothing if there is no folder."""
    models: list[Found] = []
    problems: list[str] = []
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        try:
            models += model_files.look_at(entry)
        except BROKEN as error:
            problems.append(f"{entry.name} cannot be read: {_said(error)}")
    return models, problems


def used(models: list[Found]) -> dict[Pair, Found]:
    """By pair the model that `ct2` takes."""
    return {model.pair: model for model in sorted(models, key=lambda model: model.order)}


def free(folder: Path) -> int:
    """Bytes that are free where a folder is or will be."""
    while not folder.exists():
        folder = folder.parent
    return max(0, shutil.disk_usage(folder).free - MARGIN)


def size_of(path: Path) -> int:
    """Bytes of a model's files."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def install(
    folder: Path, model: Path, *, name: str | None = None, pair: Pair | None = None, prefix: str | None = None
) -> Installed:
    """Put a model (an `.argosmodel`, or a folder) into the folder of `ct2`; call it within `at_work`.

    `name`: what its folder is to be called, if not as it is. `pair`: what it must be for. `prefix`: the word that it
    wants before each sentence. Raises ModelRefused, and has then changed nothing.
    """
    label = model.name
    with tempfile.TemporaryDirectory(prefix=_STAGING, dir=folder / WORK) as staging, disk_for(folder):
        place = Path(staging) / (name or _fit(model.stem if model.is_file() else model.name))
        found = copied(model, place, free(folder), prefix)
        if pair and found.pair != pair:
            raise ModelRefused(f"{label} is not installed: it is for {_arrow(found.pair)}, and not for {_arrow(pair)}")
        before, _ = there(folder)
        if better := [m for m in before if m.pair == found.pair and m.order > found.order]:
            raise ModelRefused(
                f"{label} is not installed: its version is {found.version}, and {better[-1].path.name} of the higher "
                f"version {better[-1].version} is there (fanwire engines remove {better[-1].path.name})"
            )
        _try(Path(staging), found, label)
        _write_through(place)
        return _put(found, folder, Path(staging), [m for m in before if m.pair == found.pair])


def remove(folder: Path, models: list[Found]) -> None:
    """Take models out of their folder: each is gone at once, whatever happens meanwhile; call it within `at_work`."""
    with tempfile.TemporaryDirectory(prefix=_STAGING, dir=folder / WORK) as staging:
        for number, model in enumerate(models):
            model.path.rename(Path(staging) / str(number))


def copied(model: Path, place: Path, room: int, prefix: str | None = None) -> Found:
    """Copy or unpack what belongs to a model into a new folder `place`, of `room` bytes at most; raises ModelRefused
    for one that is damaged or would do harm."""
    try:
        _copy(model, place, room)
        return _looked_at(place, prefix)
    except BROKEN as error:
        disk = isinstance(error, OSError) and (error.filename or error.errno in FULL)
        if disk or isinstance(error, ModelRefused):
            raise
        raise ModelRefused(f"{model.name} is not installed: {_said(error)}") from None


def _put(found: Found, folder: Path, staging: Path, others: list[Found]) -> Installed:
    """Rename a model into place, and then let the others of its pair go."""
    size, target = size_of(found.path), folder / found.path.name
    if target.exists():  # the new one stands beside it for an instant, so that a crash leaves one of them
        beside = folder / f"{target.name}.new"
        if beside.exists():
            beside.rename(staging / "left")
        found.path.rename(beside)
        target.rename(staging / "before")
        beside.rename(target)
    else:
        found.path.rename(target)
    _sync_folder(folder)
    replaced = [model for model in others if model.path != target]
    remove(folder, replaced)
    return Installed(Found(target, found.pair, found.version), size, [m for m in others if m.path == target] + replaced)


def _copy(model: Path, place: Path, room: int) -> None:
    if model.is_dir():
        _refuse_size(sum(file.stat().st_size for file in model_files.files_of(model)), room)
        model_files.copy(model, place)
    elif zipfile.is_zipfile(model):
        _refuse_size(model_files.unpacked_size(model), room)
        model_files.unpack(model, place)
    elif model.exists():
        raise ValueError(f"it is no folder and no {SUFFIX} (a zip archive)")
    else:
        raise ModelRefused(f"there is no {model}")


def _refuse_size(size: int, room: int) -> None:
    if size > room:
        raise NoRoom(f"it needs {size:,} bytes, and {room:,} are free: make room")


def _looked_at(place: Path, prefix: str | None) -> Found:
    if prefix is not None:
        model_files.set_source_prefix(place, prefix)
    found = model_files.look_at(place)
    if not found:
        raise ValueError("it has no model.bin, or no tokenizer (sentencepiece.model, or source.spm and target.spm)")
    return found[0]


def _try(staging: Path, found: Found, label: str) -> None:
    """Load a model and have it translate something; raises ModelRefused for one with which that cannot be done."""
    engine = CT2("ct2", EngineDocument(folder=staging))
    try:
        engine.translate([(_TRIAL,)], *found.pair)
    except EngineError as error:
        raise ModelRefused(f"{label} is not installed: {error}") from None
    finally:
        engine.unload()


def refuse_without_packages() -> None:
    """Raise ModelRefused where the packages are not installed that models need."""
    if missing := missing_packages():
        raise ModelRefused(f"{missing} is not installed, so no model can be used: pip install --require-hashes -r "
                           "constraints.txt")  # fmt: skip


def _write_through(place: Path) -> None:
    for folder, _, files in os.walk(place):
        for file in files:
            with (Path(folder) / file).open("rb") as opened:
                os.fsync(opened.fileno())
        _sync_folder(Path(folder))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fit(name: str) -> str:
    return _UNFIT.sub("-", name).strip("-.") or "model"


def _arrow(pair: Pair) -> str:
    return "→".join(pair)


def _said(error: BaseException) -> str:
    return printable(" ".join(str(error).split())[:300]) or type(error).__name__
