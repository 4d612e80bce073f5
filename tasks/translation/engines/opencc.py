"""OpenCC: Simplified Chinese in the script and words of Taiwan or Hong Kong; a wheel with its data, offline."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from tasks.translation.configuration import EngineDocument
from tasks.translation.engines import Capabilities, Pair
from tasks.translation.errors import Unsupported
from tasks.translation.grades import PUBLISH
from tasks.translation.pieces import Text

_CONFIGURATIONS: dict[Pair, str] = {("zh-Hans", "zh-Hant"): "s2twp", ("zh-Hans", "zh-Hant-HK"): "s2hk"}
"""s2twp also changes words (软件 → 軟體): zh-Hant alone means Taiwan in CLDR."""
_LOCK = threading.Lock()
"""One thread at a time loads a converter or uses one."""


class OpenCC:
    """OpenCC, for the scripts of Chinese. Converts the words between the marks and leaves the marks where they are."""

    OPTIONS: frozenset[str] = frozenset()
    capabilities = Capabilities(inline="native", grade=PUBLISH, script_only=True)

    def __init__(self, name: str = "opencc", document: EngineDocument | None = None) -> None:
        self.name = name

    def pairs(self) -> dict[Pair, int]:
        """The pairs of Chinese scripts; none on a machine without the package."""
        return dict.fromkeys(_CONFIGURATIONS, 1) if find_spec("opencc") else {}

    def model(self, source: str, target: str) -> str:
        """`opencc 1.4.2 s2twp`"""
        return f"opencc {version('opencc')} {self._configuration(source, target)}"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine."""
        configuration = self._configuration(source, target)
        with _LOCK:
            convert = _converter(configuration).convert
            return [tuple(convert(piece) if isinstance(piece, str) else piece for piece in unit) for unit in units]

    def _configuration(self, source: str, target: str) -> str:
        if (source, target) not in self.pairs():
            raise Unsupported(f"opencc cannot do {source}→{target}")
        return _CONFIGURATIONS[source, target]


@cache
def _converter(configuration: str) -> Any:
    """The converter of this process, for all engines: its words take 0.1 s to load."""
    import opencc

    return opencc.OpenCC(configuration)


ENGINE = OpenCC
