"""What the tests of this room share; samples.py has the texts and the engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tasks.model.readers import read_release
from tasks.model.release import Release
from tasks.translation import checks
from tasks.translation.checks import language_identity, measures, wording

from .samples import DOCUMENT


@pytest.fixture
def make_release() -> Callable[..., Release]:
    """The sample release, with fields replaced."""

    def make(**fields: Any) -> Release:
        return read_release({**DOCUMENT, **fields})

    return make


@pytest.fixture(autouse=True, scope="module")
def any_words() -> Iterator[None]:
    """Engines of tests answer with words that no language has; what tests the checks of words has this fixture do
    nothing."""
    of_words = {wording.spelling, wording.articles, wording.doubled, language_identity.language, measures.weekday}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "_IN_ORDER", tuple(check for check in checks._IN_ORDER if check not in of_words))
        yield
