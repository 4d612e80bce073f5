"""OpenCC: Simplified Chinese in the script and words of Taiwan or Hong Kong; a wheel with its data, offline."""

from __future__ import annotations

import threading
from collections.abc import Sequence
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


class OpenCC:
    """OpenCC, for the scripts of Chinese. Converts the words between the marks and leaves the marks where they are."""

    OPTIONS: frozenset[str] = frozenset()
    capabilities = Capabilities(inline="native", grade=PUBLISH, script_only=True)

    def __init__(self, name: str = "opencc", document: EngineDocument | None = None) -> None:
        self.name = name
        self._converters: dict[str, Any] = {}
        self._lock = threading.Lock()

    def pairs(self) -> dict[Pair, int]:
        """The pairs of Chinese scripts; none on a machine without the package."""
        return dict.fromkeys(_CONFIGURATIONS, 1) if find_spec("opencc") else {}

    def model(self, source: str, target: str) -> str:
        """`opencc 1.4.2 s2twp`"""
        return f"opencc {version('opencc')} {self._configuration(source, target)}"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine."""
        configuration = self._configuration(source, target)
        with self._lock:
            return [
                tuple(self._converted(piece, configuration) if isinstance(piece, str) else piece for piece in unit)
                for unit in units
            ]

    def _configuration(self, source: str, target: str) -> str:
        if (source, target) not in self.pairs():
            raise Unsupported(f"opencc cannot do {source}→{target}")
        return _CONFIGURATIONS[source, target]

    def _converted(self, text: str, configuration: str) -> str:
        import opencc

        if configuration not in self._converters:
            self._converters[configuration] = opencc.OpenCC(configuration)
        return str(self._converters[configuration].convert(text))


ENGINE = OpenCC
