"""The states of a delivery, the kinds of hold, the verdicts of an attempt: the words of tables and reports."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a delivery stands."""

    HELD = "held"
    """It must not be sent yet: an embargo, a missing translation …; its `hold_kind` says which."""
    DUE = "due"
    """It may be tried from its due time on."""
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
    """The release was killed, or the outlet removed."""


FINAL = frozenset({State.DELIVERED, State.REJECTED, State.EXHAUSTED, State.SUPERSEDED, State.CANCELED})


class Hold(StrEnum):
    """What a held delivery waits for. `hold_detail` of its row says until when, or why its outlet gets nothing."""

    EMBARGO = "embargo"
    """The moment at which its release may go out."""
    TRANSLATION = "translation"
    """Its language is still to be translated."""
    APPROVAL = "approval"
    """The translation is made, and a person must approve it first."""
    MEDIA = "media"
    """Pictures or other files of its release are still to be fetched, or were refused."""
    RENDITION = "rendition"
    """The text is still to be set in the outlet's format."""
    PAUSED = "outlet_paused"
    """Operations paused the outlet."""
    DISABLED = "outlet_disabled"
    """A person disabled the outlet, it said that it is gone, or its host has failed for days."""

    UNVERIFIED = "outlet_unverified"
    """The outlet has not shown yet that it is the one that is meant."""

    RESTORED = "restored"
    """The ledger was restored from a backup, and nobody knows yet whether it left since."""

    @classmethod
    def of_outlet(cls, status: str) -> Hold:
        """What a delivery to an outlet with this status waits for: paused, disabled or unverified."""
        return cls(f"outlet_{status}")

    @property
    def words(self) -> str:
        """The kind of hold in words for people, such as `outlet paused`; also the `reason` of a held row."""
        return self.value.replace("_", " ")

    @property
    def sentence(self) -> str:
        """Why a delivery is held, for people who do not know the words."""
        return _WHY_HELD[self]


_WHY_HELD = {
    Hold.EMBARGO: "the embargo has not ended",
    Hold.TRANSLATION: "its language is still to be translated",
    Hold.APPROVAL: "a person must approve the translation first",
    Hold.MEDIA: "pictures or other files are still to be fetched",
    Hold.RENDITION: "the text is still to be set in the outlet's format",
    Hold.PAUSED: "the outlet is paused",
    Hold.DISABLED: "the outlet is disabled",
    Hold.UNVERIFIED: "the outlet is not verified yet",
    Hold.RESTORED: "the ledger was restored, and nobody knows whether it left",
}


class Verdict(StrEnum):
    """What came of one attempt at a delivery."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    """The outlet's final no."""
    THROTTLED = "throttled"
    """The outlet asks for time."""
    FAILED = "failed"
    """May work later."""
    UNSURE = "unsure"
    """The outcome is unknown: no answer was read, or the worker vanished; the outlet may have it."""
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


class MediaState(StrEnum):
    """Where a file of a release stands."""

    WANTED = "wanted"
    """It is still to be fetched; what the last try met is its `reason`."""
    STORED = "stored"
    """The wire has it."""
    REFUSED = "refused"
    """The wire does not take it, or its server has it not; `reason` says why. A person has to do something."""
    DROPPED = "dropped"
    """Operations decided that the release goes out without it."""


class Writing(StrEnum):
    """Who is behind the text of a language, as reports say it."""

    PRODUCER = "producer"
    APPROVED = "approved"
    """An engine or the memory, and a person has approved all of it."""
    CONVERTED = "converted"
    """The producer, in another script of the same language; no person has read the text in this one."""
    UNREVIEWED = "unreviewed"
    """An engine, and no person has read it."""
    DRAFT = "draft"
    """An engine that makes drafts only: it waits for a person."""

    @property
    def words(self) -> str:
        """The same for people, as the end of "the text is"."""
        return {
            Writing.PRODUCER: "written by the producer",
            Writing.APPROVED: "approved by a person",
            Writing.CONVERTED: "converted to another script, unreviewed",
            Writing.UNREVIEWED: "unreviewed",
            Writing.DRAFT: "a draft",
        }[self]
