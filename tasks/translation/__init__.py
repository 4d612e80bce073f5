"""The translation room: one release in one more language, or the reason why not.

`translate` gives the producer's own text if there is one, else what an engine makes of any text the release has. Source
text is never passed off as a translation, no part is ever missing, and every link stands around a text.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.release import Release, Translation, supplied
from tasks.translation import limits, router, translator
from tasks.translation.engines import Engine
from tasks.translation.errors import EngineError, QuotaUsedUp, Retryable, TranslationHeld

__all__ = ["TranslationHeld", "can_translate", "translate"]


def translate(release: Release, language: str, *, engines: Sequence[Engine] | None = None) -> Translation:
    """The release in `language` (a normalised tag); raises TranslationHeld with the reason of the best route.

    `engines`, in order of preference, are those of the process unless given. After `limits.SECONDS` it gives up.
    """
    given = supplied(release, language)
    if given:
        return given
    ways = router.routes(release, language, router.engines() if engines is None else engines)
    if not ways:
        raise TranslationHeld(f"no engine for {release.language}→{language}; supply a translation")
    failures: list[TranslationHeld] = []
    deadline = limits.Deadline()
    for way in ways:
        if failures and deadline.passed:
            break
        try:
            return translator.along(way, release, language, deadline)
        except TranslationHeld as held:
            failures.append(held)
        except EngineError as error:
            again = isinstance(error, Retryable | QuotaUsedUp)
            failures.append(TranslationHeld(f"{way.engine.name} {way.source}→{language}: {error}", again=again))
    raise TranslationHeld(
        "; then ".join(failure.reason for failure in failures), again=any(failure.again for failure in failures)
    )


def can_translate(release: Release, language: str, *, engines: Sequence[Engine] | None = None) -> bool:
    """Whether there is a text in `language` or a route to one; nothing is started or translated."""
    if release.text_in(language) is not None:
        return True
    return bool(router.routes(release, language, router.engines() if engines is None else engines))
