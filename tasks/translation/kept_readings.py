"""Keeps what was read from a sentence for a while: its figures, its words, the language it is in.

A sentence is compared with its translations into all languages, and a translation is checked by two dozen checks, for
each source and again after each step. What depends on one text only is the same each time, and costs most.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

_KEPT = 512
"""Texts of which a process keeps one reading; the sentences of a long release and their translations into one language
are fewer."""
_LONGEST = 2_000
"""Characters of the longest text that is kept, so that long ones of strangers do not fill the memory."""

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


class Reading(Protocol[P, R]):
    """A function that reads something from a text."""

    def __call__(self, text: str, /, *args: P.args, **kwargs: P.kwargs) -> R: ...

    def forget(self) -> None:
        """Forget all texts."""


def kept(read: Callable[Concatenate[str, P], R]) -> Reading[P, R]:
    """The same function, which remembers what it last returned for the texts that it was given. Nobody may change
    that."""
    remembered = lru_cache(_KEPT)(read)

    @wraps(read)
    def reading(text: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if len(text) > _LONGEST:
            return read(text, *args, **kwargs)
        return remembered(text, *args, **kwargs)  # type: ignore[arg-type]  # they can be hashed, as `cache` wants too

    reading.forget = remembered.cache_clear  # type: ignore[attr-defined]
    return reading  # type: ignore[return-value]
