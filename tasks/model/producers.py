"""The producers file: who may send releases, with which keys, and for whom (docs/producers.md, "Producers and keys").

What an entry leaves out is open to its producer, except what the file gives to another: a URI belongs to the longest
prefix that stands in the file, and an issuer that some entry names belongs to those that name it. So a producer without
`uris` or `issuers` cannot take what was given to somebody else, and adding a producer closes what it is given to all
others.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from tasks.model.documents import Document, DocumentRefused, load_yaml, read, unreadable
from tasks.model.release import MAX_URI, Release
from tasks.model.values import Line, Slug
from tasks.runtime.errors import Problem
from tasks.runtime.secrets import SecretReference

LARGEST_FILE = 1024 * 1024
"""Characters: a thousand producers need a tenth of it."""


def _prefix(value: str) -> str:
    if not value.endswith((":", "/", "#", "=")):
        raise ValueError("must end in ':', '/', '#' or '=', or it would cover longer names that begin like it too")
    return value


def _as_list(value: Any) -> Any:
    """One key may stand there without a list."""
    return [value] if isinstance(value, str) else value


UriPrefix = Annotated[
    str, Field(max_length=MAX_URI, examples=["urn:newsml:acme.example:"]), AfterValidator(_prefix)
]  # fmt: skip
Keys = Annotated[list[SecretReference], BeforeValidator(_as_list), Field(min_length=1, examples=[["env:ACME_KEY"]])]


class Producer(Document):
    """One producer: its keys, and what it may send."""

    keys: Keys
    """Where its keys are. A message signed with any of them is its own, so that keys can be changed."""
    issuers: list[Line] | None = Field(None, examples=[["Acme Robotics"]])
    """The issuers that it may speak for; left out: all that the file names for nobody else."""
    circuits: list[Slug] | None = Field(None, examples=[["dach-business"]])
    """The circuits that it may order, and no release of its goes to all outlets; left out: all."""
    uris: list[UriPrefix] | None = Field(None, examples=[["urn:newsml:acme.example:"]])
    """How the URIs begin that it may use; left out: all that the file names for nobody else."""


class Producers(Document):
    """The whole file."""

    producers: dict[Slug, Producer]

    def names_uri(self, name: str, uri: str) -> bool:
        """Whether the file names a prefix of this URI for this producer, and no longer one for another."""
        mine = _longest(self.producers[name].uris or (), uri)
        return mine > 0 and mine == self._longest_prefix(uri)

    def problems(self, name: str, release: Release) -> list[Problem]:
        """Why a producer may not send this release; none if it may. Says nothing of other producers."""
        mine = self.producers[name]
        found = (self._uri(mine, release), self._issuer(mine, release), _circuits(mine, release))
        return [problem for problem in found if problem]

    def _longest_prefix(self, uri: str) -> int:
        """The length of the longest prefix of a URI that the file names; 0 if it names none."""
        return max((_longest(each.uris or (), uri) for each in self.producers.values()), default=0)

    def _uri(self, mine: Producer, release: Release) -> Problem | None:
        length = _longest(mine.uris or (), release.uri)
        limited = mine.uris is not None and not length
        if not limited and length == self._longest_prefix(release.uri):
            return None
        return Problem("uri", "is not one that this producer may use", f"{mine.uris[0]}…" if mine.uris else None)

    def _issuer(self, mine: Producer, release: Release) -> Problem | None:
        """A kill may leave its issuer out: it goes to those who have the release, and says nothing for anybody."""
        if release.issuer is None:
            wanted = mine.issuers is not None and release.status != "canceled"
            return Problem("issuer", "is required of this producer", _example(mine)) if wanted else None
        name = _folded(release.issuer.name)
        if name in map(_folded, mine.issuers or ()):
            return None
        given = {_folded(issuer) for each in self.producers.values() for issuer in each.issuers or ()}
        if mine.issuers is None and name not in given:
            return None
        return Problem("issuer.name", "is not one that this producer may speak for", _example(mine))


def _circuits(mine: Producer, release: Release) -> Problem | None:
    """A release without circuits goes to all outlets; a kill, only to those who have the release."""
    if mine.circuits is None or (not release.circuits and release.status == "canceled"):
        return None
    if release.circuits and set(release.circuits) <= set(mine.circuits):
        return None
    what = (
        "are not all among those that this producer may order" if release.circuits else "are required of this producer"
    )
    return Problem("circuits", what, str(mine.circuits[:3]))


def _example(mine: Producer) -> str | None:
    return f'{{"name": "{mine.issuers[0]}"}}' if mine.issuers else None


def _longest(prefixes: Iterable[str], uri: str) -> int:
    """The length of the longest of these prefixes of a URI, whatever the case of its letters; 0 if there is none."""
    return max((len(prefix) for prefix in prefixes if uri.lower().startswith(prefix.lower())), default=0)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def read_producers(path: Path) -> Producers:
    """The file at `path` as it stands now; raises DocumentRefused: field and fault."""
    try:
        with path.open("rb") as file:
            text = file.read(4 * LARGEST_FILE).decode("utf-8-sig")
        found = load_yaml(text, largest=LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise DocumentRefused(str(path), [Problem("(file)", unreadable(error))]) from None
    return read(Producers, found, str(path))
