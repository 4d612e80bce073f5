"""The states of a delivery, the reasons for a hold, the verdicts of an attempt: the words of tables and reports."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a delivery stands."""

    HELD = "held"
    """Waits for something that is not time; `reason` says what."""
    DUE = "due"
    """May be tried from its due time on."""
    CLAIMED = "claimed"
    """A worker has it until its lease ends."""
    DELIVERED = "delivered"
    REJECTED = "rejected"
    """The outlet said no for good, or we refuse its address."""
    EXHAUSTED = "exhausted"
    """Still failing at the end of the retry horizon."""
    SUPERSEDED = "superseded"
    """A newer version took its place."""
    CANCELED = "canceled"
    """The release was killed."""


FINAL = frozenset({State.DELIVERED, State.REJECTED, State.EXHAUSTED, State.SUPERSEDED, State.CANCELED})


class Hold(StrEnum):
    """Why a delivery is held."""

    EMBARGO = "embargo"
    TRANSLATION = "translation"
    APPROVAL = "approval"
    """The translation is made, and a person must approve it first."""
    RENDITION = "rendition"
    PAUSED = "outlet paused"
    DISABLED = "outlet disabled"


class Verdict(StrEnum):
    """What came of one attempt."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    """The outlet's final no."""
    THROTTLED = "throttled"
    """The outlet asks for time."""
    FAILED = "failed"
    """May work later."""
    UNSURE = "unsure"
    """Sent, but no answer was read: the outlet may have it."""
    BLOCKED = "blocked"
    """We refuse the address (tasks/delivery/transfers/address_policy.py)."""
    DEFERRED = "deferred"
    """Not tried: breaker or limit; costs no attempt."""
    OURS = "ours"
    """Our own fault; never charged to the outlet."""


class ArtifactState(StrEnum):
    """Where a translation or rendition stands."""

    WANTED = "wanted"
    MADE = "made"
    HELD = "held"
    """Could not be made; `reason` says why, and it is tried again at its due time."""
