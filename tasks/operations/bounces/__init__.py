"""What comes back of e-mails: read from a mailbox, believed if it is signed, and written to the ledger.

mailboxes.py   where it arrives      messages.py   what it says      effects.py   what follows from it
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from pydantic import SecretStr

from tasks import ledger
from tasks.ledger import notices
from tasks.ledger.deliveries import Taken
from tasks.operations.bounces import effects
from tasks.operations.bounces.mailboxes import Mailbox, MailboxAway, open_mailbox
from tasks.operations.bounces.messages import Forged, read_message

__all__ = ["MailboxAway", "Summary", "notice_mailbox_away", "read_bounces"]

log = structlog.get_logger()

AT_ONCE = 500
"""Messages that one call reads at most."""


@dataclass
class Summary:
    """What one reading of the mailbox found."""

    counts: Counter[str] = field(default_factory=Counter)
    more: bool = False
    """Whether there may be more unread messages."""

    def __str__(self) -> str:
        """In words, for operations: `3 refused, 1 other`."""
        return ", ".join(f"{n} {what}" for what, n in self.counts.most_common()) or "—"


def read_bounces(mailbox: SecretStr, domain: str, trusted: Path) -> Summary:
    """Read what is unread in the mailbox, and do what it calls for. Raises MailboxAway.

    `domain`: that of the bounce addresses. `trusted`: a PEM file with the certificate authorities to believe. A message
    counts as read once the ledger has what it says, so one that was interrupted is read again, which changes nothing.
    """
    summary = Summary()
    with open_mailbox(mailbox.get_secret_value(), trusted) as box:
        names = box.unread(AT_ONCE)
        summary.more = len(names) == AT_ONCE
        for name in names:
            what = _read_one(box, name, domain)
            summary.counts[what] += 1
            if what != LATER:
                box.mark_read(name)
    return summary


def notice_mailbox_away(why: str) -> None:
    """Leave a notice that bounces cannot be read, again after each hour."""
    log.warning("bounces not read", problem=why)
    text = f"{why}; look at FANWIRE_BOUNCES_URL of the worker `format`. What came back meanwhile is read later"
    with ledger.write() as connection:
        notices.add_unless_known(connection, "bounces", "mailbox", text, ledger.now(connection))


LATER = "to be read again"
_OTHER = "other"


def _read_one(box: Mailbox, name: str, domain: str) -> str:
    """What a message was, in a word or two."""
    try:
        returned = read_message(box.read(name), domain)
    except KeyError:  # somebody else has taken it
        return _OTHER
    except Forged as error:
        log.warning("message not believed", message=name, problem=str(error))
        return "not believed"
    if returned is None:
        return _OTHER
    with ledger.write() as connection:
        taken = effects.apply(connection, returned)
    log.info(
        "e-mail came back", delivery=returned.sent.delivery, attempt=returned.sent.attempt, news=returned.news,
        status=returned.status, detail=returned.said, taken=taken.value,
    )  # fmt: skip
    if taken is Taken.LATER:
        return LATER
    return _OTHER if taken is Taken.UNKNOWN else str(returned.news)
