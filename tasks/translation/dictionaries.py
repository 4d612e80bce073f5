"""Which words a language has, by Hunspell and the dictionaries that Debian's packages put on the machine.

The C library is called as it is: a word costs it 1 to 30 µs, where readers in pure Python take a hundred times that.
A dictionary is loaded when a process first asks for it (0.05 to 0.4 s), and takes 1 to 40 MB there. Where the library
or a dictionary is missing, nothing is known of the language's words, and `fanwire doctor` says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from ctypes import CDLL, c_char_p, c_int, c_void_p
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock

from tasks.language_data import data_of

LIBRARY_PACKAGE = "libhunspell-1.7-0"
"""Debian's package of the library."""
_LIBRARIES = ("libhunspell-1.7.so.0", "libhunspell-1.7.0.dylib")
_FOLDERS = ("/usr/share/hunspell", "/usr/share/myspell/dicts", "/usr/local/share/hunspell")
_KEPT = 20_000
"""Words of which a process remembers whether they are some."""


@dataclass(frozen=True)
class Dictionary:
    """The words of one language, those of all its dictionaries together."""

    parts: tuple[_Part, ...]
    more: frozenset[str]

    def has(self, word: str) -> bool:
        """Whether it is a word, as it is written or begun with a small letter."""
        return self._has(word) or (word != (small := word[:1].lower() + word[1:]) and self._has(small))

    def _has(self, word: str) -> bool:
        return word in self.more or any(part.has(word) for part in self.parts)


class _Part:
    """One dictionary, loaded."""

    def __init__(self, aff: Path, dic: Path) -> None:
        library = _library()
        assert library is not None, "only a dictionary that `_found` gives is loaded"
        self._library = library
        self._handle = c_void_p(library.Hunspell_create(os.fsencode(aff), os.fsencode(dic)))
        self._encoding = library.Hunspell_get_dic_encoding(self._handle).decode("ascii")
        self._lock = Lock()  # the library keeps what it works on in the handle
        self.has = lru_cache(_KEPT)(self._spell)

    def _spell(self, word: str) -> bool:
        try:
            spelled = word.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        with self._lock:
            return bool(self._library.Hunspell_spell(self._handle, spelled))


def dictionary_of(language: str) -> Dictionary | None:
    """The words of a language; None if no dictionary of its is on this machine."""
    files = _found(language)
    return _load(tuple(files.values()), data_of(language).dictionary.more) if files and _library() else None


def missing_packages(language: str) -> list[str]:
    """The packages of Debian that this machine lacks to know the words of a language."""
    known = data_of(language).dictionary
    if not known.files:
        return []
    there = _found(language)
    lacking = [package for package, name in zip(known.packages, known.files, strict=False) if name not in there]
    return [*lacking, *([] if _library() else [LIBRARY_PACKAGE])]


@cache
def _load(files: tuple[tuple[Path, Path], ...], more: str) -> Dictionary:
    return Dictionary(tuple(_Part(aff, dic) for aff, dic in files), frozenset(more.split()))


def _found(language: str) -> Mapping[str, tuple[Path, Path]]:
    """The dictionaries of a language that are here, by name."""
    folders = (*filter(None, os.environ.get("DICPATH", "").split(":")), *_FOLDERS)
    found = {}
    for name in data_of(language).dictionary.files:
        with suppress(FileNotFoundError):
            found[name] = _files(name, folders)
    return found


@cache
def _files(name: str, folders: tuple[str, ...]) -> tuple[Path, Path]:
    """The two files of a dictionary, in the first folder that has both. Each sentence that is checked asks, so what is
    there is looked for once; raises FileNotFoundError for what is not, which may be installed meanwhile."""
    for folder in map(Path, folders):
        aff, dic = folder / f"{name}.aff", folder / f"{name}.dic"
        if aff.is_file() and dic.is_file():
            return aff, dic
    raise FileNotFoundError(name)


@cache
def _library() -> CDLL | None:
    """The library, if it is installed."""
    for name in _LIBRARIES:
        with suppress(OSError):
            library = CDLL(name)
            library.Hunspell_create.restype = c_void_p
            library.Hunspell_create.argtypes = [c_char_p, c_char_p]
            library.Hunspell_spell.restype = c_int
            library.Hunspell_spell.argtypes = [c_void_p, c_char_p]
            library.Hunspell_get_dic_encoding.restype = c_char_p
            library.Hunspell_get_dic_encoding.argtypes = [c_void_p]
            return library
    return None
