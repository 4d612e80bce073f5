"""Formats, transports, engines and languages: each is one file, found by a registry and listed nowhere.

A registry finds the files that lie in its folder of Fanwire, and those of other people's packages by an entry point.
The name of the file, or of the entry point, is the name of the thing; an entry point goes before a file of Fanwire.
What cannot be loaded is left out and harms no other; `fanwire doctor` says why.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from tasks.runtime.errors import UserError

T = TypeVar("T")


class NotRegistered(LookupError):
    """There is no plug-in of this name; the text lists the names that there are."""


class PluginBroken(Exception):
    """A plug-in is there and cannot be loaded; the text says why, and holds nothing that the code said itself."""


@dataclass(frozen=True)
class Source:
    """Where a plug-in comes from: a file of Fanwire, or the entry point of a package."""

    name: str
    folder: str
    """The package in which the files of Fanwire lie, such as `tasks.formatting.formats`."""
    file: str
    """The name of the file in that package."""
    point: EntryPoint | None = None

    def __str__(self) -> str:
        if self.point is None:
            return f"{self.folder.replace('.', '/')}/{self.file}"
        return f"entry point {self.point.value}"

    def attribute(self, name: str) -> object:
        """The object that the entry point names; if that is a module, its attribute `name`."""
        found = self.point.load() if self.point else import_module(f"{self.folder}.{Path(self.file).stem}")
        return getattr(found, name) if isinstance(found, ModuleType) else found

    def data(self) -> bytes:
        """The content of the plug-in's file; an entry point names the package in which a file of the same name lies."""
        return (files(self.point.module if self.point else self.folder) / self.file).read_bytes()


class Registry(Generic[T]):
    """All plug-ins of one kind, by name. Each is loaded when it is asked for, once in a process."""

    def __init__(self, what: str, *, group: str, folder: str, load: Callable[[Source], T], suffix: str = ".py"):
        """`what` is what a message calls one of them, `group` that of the entry points, `load` makes one of its source.

        `load` may raise anything; a UserError is for whoever wrote the thing, all else counts as its fault.
        """
        self.what = what
        self.group = group
        self.folder = folder
        self._suffix = suffix
        self._load = load
        self._loaded: dict[str, T] = {}
        self._broken: dict[str, str] = {}
        self._known: dict[str, Source] = {}

    def sources(self) -> dict[str, Source]:
        """Where each plug-in comes from, by name, without loading any.

        Looked for once, as it takes milliseconds: it reads what every package of this Python says of itself. `forget`
        makes that undone, and so does `get` for a name that is not among them.
        """
        return self._known or self._look()

    def get(self, name: str) -> T:
        """The plug-in of this name; raises NotRegistered or PluginBroken."""
        if name not in self._loaded and name not in self._broken:
            sources = self._known if name in self._known else self._look()
            if name not in sources:
                raise NotRegistered(f"there is no {self.what} {name!r}; there are {', '.join(sources) or 'none'}")
            self._make(sources[name])
        if name in self._broken:
            raise PluginBroken(self._broken[name])
        return self._loaded[name]

    def all(self) -> dict[str, T]:
        """All plug-ins that can be loaded, by name."""
        return {name: self._loaded[name] for name in self._tried() if name in self._loaded}

    def left_out(self) -> dict[str, str]:
        """Why each of the other plug-ins cannot be loaded, by name."""
        return {name: self._broken[name] for name in self._tried() if name in self._broken}

    def forget(self) -> None:
        """Look for all plug-ins anew when one is next asked for: a package was installed while this process runs."""
        self._loaded.clear()
        self._broken.clear()
        self._known.clear()

    def _tried(self) -> list[str]:
        """All names, after each was tried."""
        sources = self.sources()
        for name, source in sources.items():
            if name not in self._loaded and name not in self._broken:
                self._make(source)
        return list(sources)

    def _look(self) -> dict[str, Source]:
        self._known = dict(sorted({**self._shipped(), **self._installed()}.items()))
        return self._known

    def _shipped(self) -> dict[str, Source]:
        """A `_` in the name of a module stands for the `-` of its name; files that begin with one are no things."""
        found = {}
        for entry in files(self.folder).iterdir():
            stem = entry.name.removesuffix(self._suffix)
            if entry.name.endswith(self._suffix) and not stem.startswith("_"):
                name = stem.replace("_", "-")
                found[name] = Source(name, self.folder, entry.name)
        return found

    def _installed(self) -> dict[str, Source]:
        points = entry_points(group=self.group)
        return {point.name: Source(point.name, self.folder, point.name + self._suffix, point) for point in points}

    def _make(self, source: Source) -> None:
        try:
            self._loaded[source.name] = self._load(source)
        except UserError as refusal:
            said = "; ".join(map(str, refusal.problems))
            self._broken[source.name] = f"{self.what} {source.name!r} of {source}: {said}"
        except Exception as error:  # a module of anybody's may do anything when it is loaded
            said = str(error) if isinstance(error, ImportError | AttributeError | OSError) else fault_in(error)
            self._broken[source.name] = f"{self.what} {source.name!r} of {source} cannot be loaded: {said}"


def attribute(name: str, kind: type[T]) -> Callable[[Source], T]:
    """A loader for plug-ins that are the attribute `name` of a module, of type `kind`."""

    def load(source: Source) -> T:
        found = source.attribute(name)
        if not isinstance(found, kind):
            raise AttributeError(f"its {name} is of type {type(found).__name__}, not {kind.__name__}")
        return found

    return load


def fault_in(error: Exception) -> str:
    """Say by kind and place alone what somebody's code raised: its text may hold anything, even a key."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" in {Path(frame.filename).name}, line {frame.lineno}" for frame in last)
    return f"is broken: {type(error).__name__}{place}"
