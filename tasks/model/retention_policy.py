"""The retention file: for how many days the wire keeps what, and for which customers longer or shorter.

Without a file everything has the defaults below (docs/operations.md, "Retention"). What stands in the file replaces
only what it names. A release passes through the stages in the order of `Stage`, so the days must not fall from one to
the next.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from tasks.model.documents import Document, DocumentRefused, load_yaml, read, unreadable
from tasks.model.values import Line, Slug
from tasks.runtime.errors import Problem

LARGEST_FILE = 1024 * 1024
"""Characters."""
DAY = 86_400.0

Days = Annotated[int, Field(ge=1, le=36_500)]


class Stage(IntEnum):
    """How much of a release version retention has taken from the ledger; each stage takes what the ones before left."""

    WHOLE = 0
    NO_FEEDS = 1
    """Its entries are gone from the feeds of outlets that fetch."""
    NO_BYTES = 2
    """The bytes of its renditions are gone; they are built anew when a delivery is replayed."""
    NO_ANSWERS = 3
    """The texts of what outlets answered are gone; verdict, status and code of each attempt stay."""
    ARRIVED_ONLY = 4
    """Of its attempts only those are left that arrived, or may have."""
    ARCHIVED = 5
    """It is written into an archive file; its rows are being taken."""
    NO_DELIVERIES = 6
    """Its deliveries, their attempts, what outlets said of them, and its renditions are in the archive file alone."""
    NO_TEXTS = 7
    """So are its texts and translations: left are its URI, version, digest and heading, so that no version is ever
    taken twice."""


class KeptDays(Document):
    """Days for which the wire keeps what, counted from when a release version was taken or its embargo ended."""

    feeds: Days = 60
    """Entries in the feeds of outlets that fetch."""
    renditions: Days = 60
    """The bytes of renditions."""
    answers: Days = 120
    """The texts of what outlets answered to attempts."""
    attempts: Days = 120
    """Attempts that did not arrive."""
    deliveries: Days = 120
    """Finished deliveries with their attempts. They go when their release is in an archive file."""
    releases: Days = 400
    """Texts and translations."""

    def of(self, stage: Stage) -> int:
        """The days after which a release reaches a stage."""
        return int(getattr(self, _FIELDS[stage]))


_FIELDS = {
    Stage.NO_FEEDS: "feeds",
    Stage.NO_BYTES: "renditions",
    Stage.NO_ANSWERS: "answers",
    Stage.ARRIVED_ONLY: "attempts",
    Stage.ARCHIVED: "deliveries",
    Stage.NO_DELIVERIES: "deliveries",
    Stage.NO_TEXTS: "releases",
}


def _refuse_fall(days: KeptDays) -> None:
    names = list(dict.fromkeys(_FIELDS.values()))
    for earlier, later in pairwise(names):
        if getattr(days, later) < getattr(days, earlier):
            raise ValueError(
                f"{later}: {getattr(days, later)} must not be fewer days than {earlier}: {getattr(days, earlier)}"
            )


class AllDays(KeptDays):
    """The same, and what does not belong to one release."""

    corrections: Days = 90
    """For so long a correction or a kill finds everyone who has a release, with nothing to be brought back first; no
    `deliveries` may be fewer."""
    refusals: Days = 90
    """What intake refused."""
    notices: Days = 90
    """Notices to operations."""
    media: Days = 400
    """Files in the store of media that no release in the ledger has, from when they were kept."""
    logs: Days = 30
    """Log files that supervisord has closed, under the home."""


class CustomerDays(Document):
    """What one customer has otherwise."""

    feeds: Days | None = None
    renditions: Days | None = None
    answers: Days | None = None
    attempts: Days | None = None
    deliveries: Days | None = None
    releases: Days | None = None


class Customer(Document):
    """Whose releases are kept for other days: those of a producer, of an issuer, or both."""

    producer: Slug | None = Field(None, examples=["acme"])
    """The producer to whom the release belongs."""
    issuer: Line | None = Field(None, examples=["Acme Robotics"])
    """The issuer that the release names, whatever the case of its letters."""
    days: CustomerDays

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.producer is None and self.issuer is None:
            raise ValueError("must name a producer, an issuer, or both")
        return self

    def fits(self, producer: str | None, issuer: Callable[[], str | None]) -> bool:
        """Whether a release is this customer's; `issuer` is asked only if that matters."""
        if self.producer is not None and self.producer != producer:
            return False
        return self.issuer is None or _folded(self.issuer) == _folded(issuer() or "")


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


class RetentionPolicy(Document):
    """The whole file."""

    days: AllDays = AllDays()
    customers: list[Customer] = []
    """The first that fits a release counts."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for where, days in [("days", self.days), *self._merged()]:
            try:
                _refuse_fall(days)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
            if days.deliveries < self.days.corrections:
                raise ValueError(
                    f"{where}: deliveries: {days.deliveries} must not be fewer days than corrections: "
                    f"{self.days.corrections}, or a kill would not find who has the release"
                )
        return self

    def _merged(self) -> list[tuple[str, KeptDays]]:
        return [(f"customers.{number}", self._of(customer)) for number, customer in enumerate(self.customers)]

    def _of(self, customer: Customer) -> KeptDays:
        common = {name: getattr(self.days, name) for name in KeptDays.model_fields}
        own: dict[str, Any] = customer.days.model_dump(exclude_none=True)
        return KeptDays.model_construct(**common | own)

    def for_release(self, producer: str | None, issuer: Callable[[], str | None]) -> KeptDays:
        """The days of a release; `issuer` gives the name of its issuer, and is asked only if a customer is known by
        it."""
        for customer in self.customers:
            if customer.fits(producer, issuer):
                return self._of(customer)
        return self.days

    def fewest(self, stage: Stage) -> int:
        """The fewest days after which any release reaches a stage."""
        return min(days.of(stage) for days in (self.days, *(each for _, each in self._merged())))


def read_retention_policy(path: Path | None) -> RetentionPolicy:
    """The file at `path` as it stands now; None: the defaults. Raises DocumentRefused: field and fault."""
    if path is None:
        return RetentionPolicy()
    try:
        found = load_yaml(path.read_text("utf-8-sig"), largest=LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise DocumentRefused(str(path), [Problem("(file)", unreadable(error))]) from None
    return read(RetentionPolicy, found if found is not None else {}, str(path))
