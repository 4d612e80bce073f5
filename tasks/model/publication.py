"""What an outlet says became of a delivery: that it was accepted, published at an address, or rejected.

An outlet may say so again and again. What it says now is found by folding all of that, in the order in which it came:

| after | comes | and then it is |
|---|---|---|
| anything | what happened earlier, by the outlet's own clock | as before |
| published | accepted | as before: it came late |
| published | published | published, at the address that came last |
| published | rejected | taken down |
| accepted, rejected, taken down | anything | that |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from tasks.model.documents import Document, Moment, read
from tasks.runtime.foreign_text import harmful, without_harmful

LONGEST_URL = 2000
"""Characters of an address; a longer one is refused."""
LONGEST_REASON = 500
"""Characters of a reason that are kept."""


class Said(StrEnum):
    """What an outlet may say of a delivery."""

    ACCEPTED = "accepted"
    """The outlet has it and may publish it."""
    PUBLISHED = "published"
    REJECTED = "rejected"
    """The outlet does not publish it, or no longer does."""


def _short(value: Any) -> Any:
    """A reason on one line, without characters that do harm, cut to its length."""
    return " ".join(without_harmful(value).split())[:LONGEST_REASON] if isinstance(value, str) else value


def _address(value: str) -> str:
    """The address of a page, for people to follow; raises ValueError for one that is none, or misleads."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise ValueError("must be an address that begins with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user or a password")
    if harmful(value) or re.search(r"[\s\"<>\\^`{|}]", value):
        raise ValueError("holds characters that no address has: percent-encode them")
    return value


class Publication(Document):
    """What an outlet says of a delivery. Fields that nobody knows are passed over, for outlets are not ours."""

    model_config = ConfigDict(extra="ignore")

    status: Said = Field(examples=["published"])
    url: Annotated[str, Field(max_length=LONGEST_URL), AfterValidator(_address)] | None = Field(
        None, examples=["https://bote.example/news/4711"]
    )
    """Where it was published."""
    reason: Annotated[str, BeforeValidator(_short)] | None = None
    """Why it was rejected."""
    at: Moment | None = Field(None, examples=["2026-11-23T09:05:00Z"])
    """When it happened; None: now."""


def read_publication(data: Any) -> Publication:
    """Read what an outlet says, as JSON has it; raises DocumentRefused."""
    if isinstance(data, dict):
        data = {name: data[name] for name in Publication.model_fields if data.get(name) is not None}
        data["reason"] = _short(data.get("reason"))
    return read(Publication, data, "answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a delivery, by what its outlet says now."""

    status: Said
    url: str | None
    """Where it was published: also of one that was taken down."""
    reason: str | None
    at: float
    """When it happened, seconds since the epoch."""
    taken_down: bool = False
    """It was published before it was rejected."""

    @property
    def words(self) -> str:
        """The same in words: accepted, published, rejected or taken down."""
        return "taken down" if self.taken_down else self.status.value


def then(before: Fate | None, said: Fate) -> Fate:
    """What became of a delivery after this too was said of it; `before` itself if that changes nothing."""
    if before is None:
        return said
    was_published = before.status is Said.PUBLISHED
    if said.at < before.at or (was_published and said.status is Said.ACCEPTED):
        return before
    if said.status is Said.REJECTED and (was_published or before.taken_down):
        said = replace(said, taken_down=True, url=said.url or before.url)
    same = replace(said, at=before.at) == before
    return before if same else said


def fold(all_said: Iterable[Fate]) -> Fate | None:
    """What became of a delivery of which all this was said, in this order; None if nothing was."""
    fate: Fate | None = None
    for said in all_said:
        fate = then(fate, said)
    return fate
