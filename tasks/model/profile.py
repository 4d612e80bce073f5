"""The profile of an outlet: that part of its document which decides what it gets. Many outlets have the same one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from tasks.model.languages import LanguageTag


class Interests(Protocol):
    """What an outlet takes, as planning asks for it: a profile has it, and the outlet's whole document."""

    @property
    def country(self) -> str:
        """ISO 3166-1 code."""

    @property
    def languages(self) -> Sequence[LanguageTag]:
        """In which it takes releases, in the order of its document."""

    @property
    def variants(self) -> str:
        """`any` or `exact`."""

    @property
    def topics(self) -> Sequence[str]:
        """Empty: all."""

    @property
    def circuits(self) -> Sequence[str]:
        """In which it is."""

    @property
    def machine_translation(self) -> str:
        """`accept`, `approved` or `refuse`."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What decides what an outlet gets, and in which format."""

    country: str
    languages: tuple[LanguageTag, ...]
    variants: str
    topics: tuple[str, ...]
    circuits: tuple[str, ...]
    machine_translation: str
    format: str

    def to_json(self) -> str:
        """The profile as JSON, the same for profiles that are equal."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(own, ensure_ascii=False, sort_keys=True)

    @property
    def form(self) -> Profile:
        """What the profile says of how its outlets get what they agree with: all but countries, topics and circuits."""
        return replace(self, country="", topics=(), circuits=())

    @property
    def digest(self) -> str:
        """SHA-256 of `to_json`, hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


@lru_cache(20_000)
def read_profile(text: str) -> Profile:
    """The profile that `to_json` has written."""
    fields = json.loads(text)
    languages = tuple(map(LanguageTag, fields.pop("languages")))
    lists: dict[str, Any] = {name: tuple(fields.pop(name)) for name in ("topics", "circuits")}
    return Profile(languages=languages, **lists, **fields)


class _HasFormat(Interests, Protocol):
    @property
    def format(self) -> str: ...


def profile_of(outlet: _HasFormat) -> Profile:
    """The profile of an outlet."""
    return _shared(
        Profile(
            outlet.country, tuple(outlet.languages), outlet.variants, tuple(outlet.topics), tuple(outlet.circuits),
            outlet.machine_translation, outlet.format,
        )
    )  # fmt: skip


@lru_cache(5_000)
def _shared(profile: Profile) -> Profile:
    """One object for all outlets with the same profile."""
    return profile
