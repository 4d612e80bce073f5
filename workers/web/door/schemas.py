"""What the door takes and answers, as models: requests are read by them, and the document of OpenAPI shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tasks.model.documents import Document, Moment
from tasks.model.languages import LanguageTag
from tasks.model.states import State
from tasks.model.values import Line, Slug

ReplayState = Literal["exhausted", "rejected", "canceled"]


class Kill(Document):
    """A kill."""

    note: Line | None = Field(None, examples=["Sent too early"])
    """The reason, as outlets read it."""


class Embargo(Document):
    """What is to become of an embargo: one of the two."""

    until: Moment | None = Field(None, examples=["2026-12-01T07:00:00-05:00"])
    """Hold the release until this moment."""
    lift: Literal[True] | None = None
    """End the embargo now."""


class Replay(Document):
    """Which deliveries of the newest version are sent again."""

    states: list[ReplayState] = Field(["exhausted", "rejected", "canceled"], min_length=1)
    language: LanguageTag | None = Field(None, examples=["de"])
    outlet: Slug | None = Field(None, examples=["porto-daily"])
    since: Moment | None = Field(None, examples=["2026-12-01T07:00:00Z"])
    """Only those that ended since."""


class Answer(BaseModel):
    """What the door answers; later versions may have more fields."""

    model_config = ConfigDict(extra="allow")


class Fault(Answer):
    """One thing that is wrong with a request."""

    pointer: str
    """A JSON pointer into the document; empty for the whole."""
    message: str
    example: str | None


class Refusal(Answer):
    """Why a request was refused (RFC 9457)."""

    title: str
    status: int
    detail: str
    errors: list[Fault] = []


class Listed(Answer):
    """A version of a release."""

    release: str
    version: int
    kill: bool
    headline: str
    received_at: str
    planned: bool
    link: str
    """The address of its progress."""


class Releases(Answer):
    """Versions of releases, the newest first."""

    releases: list[Listed]
    next: str | None
    """The address of the next page; null on the last one."""


class Hold(Answer):
    """Deliveries that are held for one reason."""

    kind: str | None
    language: str
    reason: str | None
    detail: str | None
    n: int


class Progress(Answer):
    """How far a version of a release is."""

    release: str
    version: int
    kill: bool
    killed_by: int | None
    """The version that killed it."""
    planned: bool
    headline: str | None
    embargo_until: str | None
    states: dict[State, int]
    """Deliveries by state."""
    languages: dict[str, dict[State, int]]
    """The same by language."""
    held: list[Hold]
    reports: dict[Literal["html", "json", "csv"], str]
    """The addresses of its reports."""


class Embargoed(Answer):
    """The embargo as it stands now."""

    release: str
    version: int
    embargo_until: str


class Replayed(Answer):
    """What is sent again."""

    deliveries: int
    waiting: int
    """Those of them that wait for an embargo, a translation or its format."""


class Stored(Answer):
    """A file in the store of media."""

    media: Annotated[str, Field(pattern=r"^media:[0-9a-f]{64}$")]
    """What `stored` of an item of `media` says."""
    content_type: str
    bytes: int
    width: int | None
    height: int | None
    name: str | None


class Rehearsed(Answer):
    """What would become of a release."""

    status: Literal["dry_run"]
    release: str
    version: int
    known: bool
    """Whether it was taken before with the same content."""
    goes_to: dict[str, Any]
    warnings: list[dict[str, Any]]
