"""A whole Fanwire, started as operations start it, and a farm of outlets that take their time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from farm import Farm

from tasks.runtime.settings import settings
from tests.support.processes import ROOT
from tests.support.stacks import Stack, running
from tests.support.webhook import KEY
from tests.translation.bad_engines import MANNERS

PRESS = 300
BADLY = dict(zip(("ru", "id", "vi", "ar", "ko", "ja", "th", "ms"), MANNERS, strict=True))
"""Languages for which there is only a bad engine, and its manner."""
PLAN: dict[str, dict[str, Any]] = {
    f"press-{n:03}": {"manner": "slow", "delay": 0.1 + n % 7 * 0.05, "outlet": {"circuits": ["press"]}}
    for n in range(PRESS)
} | {
    "few-en": {"outlet": {"circuits": ["few"]}, "tls": True},
    "few-de": {"outlet": {"circuits": ["few"], "languages": ["de", "en"], "format": "html"}},
    "few-none": {"outlet": {"circuits": ["few"], "languages": ["sw"], "format": "text"}},
    "few-moved": {"manner": "moved", "outlet": {"circuits": ["few"]}},
    "few-down": {"manner": "unavailable", "outlet": {"circuits": ["few"]}},
    **{
        f"paper-{language}": {"outlet": {"circuits": ["paper"], "languages": [language], "format": "html"}}
        for language in ("es", "pt", "fr")
    },
    **{f"bad-{language}": {"outlet": {"circuits": ["bad"], "languages": [language]}} for language in ("en", *BADLY)},
    "hangs": {"manner": "hang", "outlet": {"circuits": ["hangs"]}},
}
TIMES = {
    "ALLOWED_NETWORKS": "127.0.0.0/8",
    "DEADLINE": "10",
    "LEASE": "60",
    "RETRY_BASE": "0.5",
    "BUILD_LEASE": "60",
    "BUILD_RETRY": "2",
    "TICK": "0.5",
    "IN_FLIGHT": "20",
    "CLAIM_CHUNK": "20",
    "FLOWER_PASSWORD": "Flowerpasswort",
    "WEBHOOK_ACME": KEY,
}


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with Farm(PLAN, tmp_path_factory.mktemp("farm")) as farm:
        yield farm


@pytest.fixture(scope="session")
def bad_engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a translation file, and a package whose entry point is found as that of any operator's would be."""
    folder = tmp_path_factory.mktemp("engines")
    information = folder / "bad_engines-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-engines\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[fanwire.engines]\nbad = tests.translation.bad_engines:BadEngine\n")
    engines: dict[str, dict[str, Any]] = {
        f"bad-{language}": {"type": "bad", "options": {"manner": manner, "target": language}}
        for language, manner in BADLY.items()
    }
    languages = {language: {"engines": [f"bad-{language}"]} for language in BADLY}
    configuration = {
        "engines": engines | {"opencc": {}, "apertium": {}},
        "languages": languages | {"*": {"engines": ["opencc", "apertium"]}},
    }
    (folder / "translation.yaml").write_text(yaml.safe_dump(configuration))
    return folder


@pytest.fixture(scope="session")
def shared_stack(tmp_path_factory: pytest.TempPathFactory, farm: Farm, bad_engines: Path) -> Iterator[Stack]:
    settings = TIMES | {"TRANSLATION_FILE": str(bad_engines / "translation.yaml")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{bad_engines}:{ROOT}")
        with running(tmp_path_factory.mktemp("stack"), farm, settings) as stack:
            yield stack


@pytest.fixture
def stack(shared_stack: Stack, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The running stack, its ledger and broker those of this test's process too; the farm has forgotten other tests."""
    farm.reset()
    monkeypatch.setenv("FANWIRE_HOME", str(shared_stack.home))
    settings.cache_clear()
    assert shared_stack.process.poll() is None, "the test that ends the stack must be the last"
    assert os.getpgid(shared_stack.process.pid) == shared_stack.process.pid
    return shared_stack
