"""What is written down of who did what: the acts, and the roles in which somebody acts (`fanwire audit`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What was done to a release, an outlet or something else, for programs. The name before the dot says to what."""

    PUBLISH = "release.publish"
    """The first version of a release was taken."""
    CORRECT = "release.correct"
    """A higher usable version of a release was taken."""
    KILL = "release.kill"
    """A release was withdrawn."""
    REVIVE = "release.revive"
    """A usable version was taken above a kill, which publishes the release anew."""
    MOVE_EMBARGO = "embargo.move"
    """An embargo was moved to another moment."""
    LIFT_EMBARGO = "embargo.lift"
    """An embargo was lifted before its moment."""
    END_EMBARGO = "embargo.end"
    """The moment of an embargo came, and the clock let its deliveries go."""
    REPLAY = "delivery.replay"
    """Finished deliveries were made due again."""
    APPROVE = "translation.approve"
    """A person approved a translation."""
    IMPORT_TRANSLATION = "translation.import"
    """Sentences that people translated or corrected were imported."""
    LOWER = "translation.lower"
    """A translation that nobody had read is a draft now: the translation file says so of an engine that made it."""
    REBUILD = "rendition.rebuild"
    """Renditions whose bytes retention had taken are built anew, for a delivery goes on."""
    ADD_OUTLET = "outlet.add"
    """An outlet was imported that was not known before."""
    CHANGE_OUTLET = "outlet.change"
    """The document of a known outlet was changed, by an import or an edit."""
    PAUSE_OUTLET = "outlet.pause"
    """An outlet was paused."""
    RESUME_OUTLET = "outlet.resume"
    """An outlet was made active again."""
    DISABLE_OUTLET = "outlet.disable"
    """An outlet was disabled: by a person, or by a worker because it is gone or its host had failed for days."""
    VERIFY_OUTLET = "outlet.verify"
    """An outlet has shown that it is the one that is meant, or somebody has vouched for it."""
    REMOVE_OUTLET = "outlet.remove"
    """An outlet was removed."""
    ROTATE_FEED = "feed.rotate"
    """A secret address of a feed was made, and its older ones end."""
    REVOKE_FEED = "feed.revoke"
    """Secret addresses of a feed were ended at once."""
    IMPORT_MEMORY = "memory.import"
    """Approved translations of sentences were imported into the memory."""
    REMOVE_FROM_MEMORY = "memory.remove"
    """The translations of a sentence were removed from the memory."""
    IMPORT_GLOSSARY = "glossary.import"
    """Terms were imported into the glossary."""
    REMOVE_FROM_GLOSSARY = "glossary.remove"
    """A term was removed from the glossary."""
    INSTALL_MODEL = "model.install"
    """A model of a translation engine was installed."""
    REMOVE_MODEL = "model.remove"
    """A model of a translation engine was removed."""
    ADD_MEDIA = "media.add"
    """A file was put into the store of media."""
    RETRY_MEDIA = "media.retry"
    """Files of a release that were refused or failed are to be fetched again."""
    DROP_MEDIA = "media.drop"
    """A release goes out without a file that could not be fetched."""
    ADD_PRODUCER = "producer.add"
    """A producer was given a token for the door."""
    EDIT_PRODUCER = "producer.edit"
    """A producer was given other rights or limits."""
    CHANGE_TOKEN = "producer.token"  # noqa: S105, an act
    """A producer was given another token."""
    REVOKE_PRODUCER = "producer.revoke"
    """A producer was shut out of the door."""
    ADD_USER = "user.add"
    """Somebody was let in to the operations' page."""
    CHANGE_USER = "user.change"
    """A user of the operations' page got another rank or password."""
    REMOVE_USER = "user.remove"
    """A user of the operations' page was removed."""
    ARCHIVE = "release.archive"
    """Retention wrote a release into an archive file, and took its deliveries from the ledger."""
    RETAIN = "release.retain"
    """Retention took something of a release from the ledger, and the leaves of seals with it."""
    RESTORE = "release.restore"
    """The deliveries of an archived release were brought back into the ledger."""
    HOLD_LEGALLY = "retention.hold"
    """A legal hold was put on a release, of which retention takes nothing from then on."""
    END_LEGAL_HOLD = "retention.unhold"
    """The legal hold of a release was ended."""
    RESTORE_LEDGER = "ledger.restore"
    """The ledger was restored from a backup, and what may have been delivered since is held."""
    CONFIRM = "delivery.confirm"
    """Deliveries that may have left after a backup ended as delivered, by the word of a log or of outlets."""
    DROP = "delivery.drop"
    """Deliveries that may have left after a backup ended as canceled."""
    WAKE_ENGINE = "engine.wake"
    """The rest of a translation engine was ended."""


class Role(StrEnum):
    """In which role somebody acts, and so how it is known who it is."""

    OPERATOR = "operator"
    """Somebody at the command line, as a user of the operating system, or signed in to the operations' page."""
    PRODUCER = "producer"
    """Whoever signed a message on the queue `releases` with the key of that producer, came to the door with its token,
    or sent unsigned."""
    PROCESS = "process"
    """A process of the wire by itself."""


@dataclass(frozen=True)
class Actor:
    """Who acts, and in which role."""

    role: Role
    name: str
    """`jane@wire-1`, the name of a producer, or host and number of a process."""
    origin: str | None = None
    """Where it comes from: an IP address, or the machine of a command line; None where nobody knows."""

    def __str__(self) -> str:
        """For people: `operator jane@wire-1`."""
        return f"{self.role} {self.name}"


UNSIGNED = Actor(Role.PRODUCER, "(unsigned)")
"""Whoever sends a release while no producer is configured."""
