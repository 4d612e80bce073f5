"""What a producer may send: for whom, to which circuits, under which URIs, and how much a day.

What its rights leave out is open to a producer, except what those of another name: a URI belongs to the longest prefix
that anybody's rights name, and an issuer that some name belongs to those that name it. So a producer without `uris` or
`issuers` cannot take what was given to somebody else, and adding a producer closes what it is given to all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from tasks.model.documents import Document
from tasks.model.release import MAX_URI, Release
from tasks.model.values import Line, Slug
from tasks.runtime.errors import Problem


def _prefix(value: str) -> str:
    if not value.endswith((":", "/", "#", "=")):
        raise ValueError("must end in ':', '/', '#' or '=', or it would cover longer names that begin like it too")
    return value


UriPrefix = Annotated[
    str, Field(max_length=MAX_URI, examples=["urn:newsml:acme.example:"]), AfterValidator(_prefix)
]  # fmt: skip


class Rights(Document):
    """What one producer may send; what is left out is open to it."""

    issuers: list[Line] | None = Field(None, examples=[["Acme Robotics"]])
    """The issuers that it may speak for; left out: all that nobody else's rights name."""
    circuits: list[Slug] | None = Field(None, examples=[["dach-business"]])
    """The circuits that it may order, and no release of its goes to all outlets; left out: all."""
    uris: list[UriPrefix] | None = Field(None, examples=[["urn:newsml:acme.example:"]])
    """How the URIs begin that it may use; left out: all that nobody else's rights name."""
    per_day: int | None = Field(None, ge=1, examples=[200])
    """How many releases and corrections it may send a day (UTC), however they come; a kill is always taken. Left out:
    as many as it likes."""


NO_LIMITS = Rights()
"""Of whoever sends unsigned, while no producers file says who may send."""
_GIVEN = (
    "is a producer's, and not to be sent unsigned: sign it as that producer (`fanwire submit --producer NAME`, where "
    "the producers file has its key), or send it over HTTP with its token"
)


def names_uri(everybody: Mapping[str, Rights], name: str, uri: str) -> bool:
    """Whether the rights of this producer name a prefix of this URI, and nobody else's a longer one."""
    mine = _longest(everybody[name].uris or (), uri)
    return mine > 0 and mine == _longest_prefix(everybody, uri)


def problems(everybody: Mapping[str, Rights], name: str | None, release: Release) -> list[Problem]:
    """Why a producer may not send this release; none if it may. Says nothing of other producers.

    `everybody`: the rights of all producers, by their names. `name`: None for whoever sends unsigned.
    """
    mine = NO_LIMITS if name is None else everybody[name]
    found = (_uri(everybody, mine, release), _issuer(everybody, mine, release), _circuits(mine, release))
    return [problem for problem in found if problem]


def _uri(everybody: Mapping[str, Rights], mine: Rights, release: Release) -> Problem | None:
    length = _longest(mine.uris or (), release.uri)
    limited = mine.uris is not None and not length
    if not limited and length == _longest_prefix(everybody, release.uri):
        return None
    if mine is NO_LIMITS:
        return Problem("uri", _GIVEN)
    return Problem("uri", "is not one that this producer may use", f"{mine.uris[0]}…" if mine.uris else None)


def _issuer(everybody: Mapping[str, Rights], mine: Rights, release: Release) -> Problem | None:
    """A kill may leave its issuer out: it goes to those who have the release, and says nothing for anybody."""
    if release.issuer is None:
        wanted = mine.issuers is not None and release.status != "canceled"
        return Problem("issuer", "is required of this producer", _example(mine)) if wanted else None
    name = _folded(release.issuer.name)
    if name in map(_folded, mine.issuers or ()):
        return None
    given = {_folded(issuer) for each in everybody.values() for issuer in each.issuers or ()}
    if mine.issuers is None and name not in given:
        return None
    said = _GIVEN if mine is NO_LIMITS else "is not one that this producer may speak for"
    return Problem("issuer.name", said, _example(mine))


def _circuits(mine: Rights, release: Release) -> Problem | None:
    """A release without circuits goes to all outlets; a kill, only to those who have the release."""
    if mine.circuits is None or (not release.circuits and release.status == "canceled"):
        return None
    if release.circuits and set(release.circuits) <= set(mine.circuits):
        return None
    what = (
        "are not all among those that this producer may order" if release.circuits else "are required of this producer"
    )
    return Problem("circuits", what, str(mine.circuits[:3]))


def _example(mine: Rights) -> str | None:
    return f'{{"name": "{mine.issuers[0]}"}}' if mine.issuers else None


def _longest_prefix(everybody: Mapping[str, Rights], uri: str) -> int:
    """The length of the longest prefix of a URI that anybody's rights name; 0 if nobody's name one."""
    return max((_longest(each.uris or (), uri) for each in everybody.values()), default=0)


def _longest(prefixes: Iterable[str], uri: str) -> int:
    """The length of the longest of these prefixes of a URI, whatever the case of its letters; 0 if there is none."""
    return max((len(prefix) for prefix in prefixes if uri.lower().startswith(prefix.lower())), default=0)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
