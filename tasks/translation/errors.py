"""What can go wrong: for callers of the room one error, for engines four that say what to do next."""

from __future__ import annotations


class TranslationHeld(Exception):
    """There is no translation that could be published. `reason` is for people, `again` says if time may mend it."""

    def __init__(self, reason: str, *, again: bool = False):
        self.reason = reason
        self.again = again
        super().__init__(reason)


class EngineError(Exception):
    """An engine gave no answer. The text says why, in words for operators, and never holds a key."""

    def __init__(self, reason: str, *, after: float | None = None):
        self.after = after
        """Seconds that the service asked for."""
        super().__init__(reason)


class Retryable(EngineError):
    """The engine may work later: it hung, or its service answers 503 or asks for time."""


class QuotaUsedUp(EngineError):
    """The engine gives no more until its account is filled or a month begins."""


class Unsupported(EngineError):
    """The engine cannot do this: the pair of languages, or a text of this size. Other engines may."""


class Unjudged(Unsupported):
    """A second reader answered, and what it answered is no judgement of these units. It counts as used."""


class Fatal(EngineError):
    """The engine will not work until somebody mends the installation or the credentials."""
