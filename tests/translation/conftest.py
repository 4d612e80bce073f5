"""What the tests of this room share; samples.py has the texts and the engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tasks.model.readers import read_release
from tasks.model.release import Release

from .samples import DOCUMENT


@pytest.fixture
def make_release() -> Callable[..., Release]:
    """The sample release, with fields replaced."""

    def make(**fields: Any) -> Release:
        return read_release({**DOCUMENT, **fields})

    return make
