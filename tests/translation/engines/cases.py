"""One case for each type of engine: what stands in the translation file, and who answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasks.translation.configuration import EngineDocument
from tasks.translation.engine_support import registry
from tasks.translation.engines import Engine, Pair
from tasks.translation.errors import EngineError, Fatal, Retryable, Unsupported
from tasks.translation.pieces import Close, Opaque, Open, Text
from tests.translation.samples import needs_apertium

from . import doubles, doubles_amazon, doubles_azure, doubles_openai
from .loopback import HELD, Loopback

SECRET = "TEST_ENGINE_SECRET"
"""The variable that holds the credential of the engine under test."""
ACME, SEALOOM = Opaque(7, "Acme & Co"), Opaque(9, "SeaLoom 3")
MARKED: Text = ("The ", Open(3), "sea of ", ACME, Close(3), " and the land of ", SEALOOM, ".")
WORDED: Text = ("The sea of ", ACME, " and the land of ", SEALOOM, ".")
CHINESE: Text = ("公司的", Open(3), "新软件", ACME, Close(3), "和", SEALOOM, "。")
WITHOUT_MARKS = {name: spoil for name, spoil in HELD.items() if not name.startswith("opaque")}


@dataclass(frozen=True, kw_only=True)
class Case:
    """How an engine is made, and what it is asked."""

    kind: str
    """Its type in the translation file."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Its entry, without `url` and `key`."""
    needs: tuple[str, ...] = ()
    """What the entry must have, by path."""
    double: Callable[[], Loopback] | None = None
    """The service; None for an engine on this machine."""
    credential: str | None = None
    """What the service asks for."""
    optional_key: bool = False
    """It works without a key, and with one the service is asked with it."""
    malformed: tuple[type[EngineError], ...] = (Fatal,)
    """What an answer of another form than its documentation says means."""
    pair: Pair = ("en", "es")
    sentences: tuple[str, ...] = ("The sea is near.", "The land is far.", "A house is here.")
    marked: Text = WORDED
    """A unit with all that its `inline` lets through."""
    held: dict[str, Callable[[str], str]] = field(default_factory=dict)
    """Ways to spoil its texts that nothing mends."""
    marks: pytest.MarkDecorator | None = None

    def entry(self, address: str | None, /, **changes: Any) -> EngineDocument:
        """Its entry in the translation file."""
        fields: dict[str, Any] = {"type": self.kind, "timeout": 60, **self.fields}
        fields |= {"url": address} if self.double else {}
        fields |= {"key": f"env:{SECRET}"} if self.credential else {}
        return EngineDocument.model_validate(fields | changes)


CASES = {
    "amazon": Case(
        kind="amazon",
        double=doubles_amazon.AmazonDouble,
        credential=doubles_amazon.SECRET,
        fields={"options": {"key_id": doubles_amazon.KEY_ID, "region": doubles_amazon.REGION}},
        needs=("key", "options.key_id", "options.region"),
        marked=MARKED,
        held=HELD,
    ),
    "apertium": Case(
        kind="apertium", sentences=("The sea.", "The land.", "A house."), marked=MARKED, marks=needs_apertium
    ),  # which word it takes for one of several meanings may change with what it has read before
    "apertium-apy": Case(kind="apertium-apy", double=doubles.ApyDouble, needs=("url",)),
    "azure": Case(
        kind="azure",
        double=doubles_azure.AzureDouble,
        credential=doubles_azure.KEY,
        fields={"options": {"region": doubles_azure.REGION}},
        needs=("key",),
        marked=MARKED,
        held=HELD,
    ),
    "azure 2026-06-06": Case(
        kind="azure",
        double=doubles_azure.AzureDouble,
        credential=doubles_azure.KEY,
        fields={"options": {"region": doubles_azure.REGION, "api_version": "2026-06-06"}},
        needs=("key",),
        marked=MARKED,
        held=HELD,
    ),
    "ct2": Case(
        kind="ct2", sentences=("See the plans here.", "our office in Porto"), marked=("See the ", ACME, " plans here.")
    ),
    "deepl": Case(
        kind="deepl",
        double=doubles.DeepLDouble,
        credential=doubles.DEEPL_KEY,
        needs=("key",),
        marked=MARKED,
        held=WITHOUT_MARKS,
    ),
    "google": Case(
        kind="google",
        double=doubles.GoogleDouble,
        credential=doubles.GOOGLE_TOKEN,
        fields={"options": {"project": doubles.PROJECT}},
        needs=("key", "options.project"),
        marked=MARKED,
        held=HELD,
    ),
    "libretranslate": Case(
        kind="libretranslate",
        double=doubles.LibreTranslateDouble,
        credential=doubles.LIBRE_KEY,
        optional_key=True,
        needs=("url",),
        held=WITHOUT_MARKS,
    ),
    "openai": Case(
        kind="openai",
        double=doubles_openai.OpenAIDouble,
        credential=doubles_openai.KEY,
        fields={"model": doubles_openai.MODEL},
        needs=("model",),
        malformed=(Retryable, Unsupported, Fatal),  # what a language model says is its mood
        marked=MARKED,
        held=HELD,
    ),
    "opencc": Case(
        kind="opencc",
        pair=("zh-Hans", "zh-Hant"),
        sentences=("公司发布软件。", "员工很高兴。", "网络很快。"),
        marked=CHINESE,
    ),
}
SERVICES = [name for name, case in CASES.items() if case.double]
WITH_A_KEY = [name for name in SERVICES if CASES[name].credential]


class Subject:
    """An engine under test, and the double that it asks."""

    def __init__(self, case: Case, double: Any, folder: Path) -> None:
        self.case, self.double, self._folder = case, double, folder
        self.engine = self.make()

    def make(self, **changes: Any) -> Engine:
        """Another engine of the type; `changes` in its entry."""
        more = {"folder": self._folder} if self.case.kind == "ct2" else {}
        registry._made.cache_clear()
        return registry.make_engine("mine", self.case.entry(self.double and self.double.url, **more | changes))

    def translate(self, *units: Text) -> list[Text]:
        """What the engine makes of them, in its own pair."""
        return self.engine.translate(units, *self.case.pair)


@contextmanager
def subject(name: str, folder: Path) -> Iterator[Subject]:
    """The engine of a case, with its double running; the credential must be in the environment."""
    case = CASES[name]
    double = case.double() if case.double else None
    try:
        yield Subject(case, double, folder)
    finally:
        if double is not None:
            double.close()
