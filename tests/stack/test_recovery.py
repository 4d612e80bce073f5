"""Engines that go down and come back, with real workers: by whom a language goes out, why it is held, when it leaves.

The two engines are services on this machine that answer, or say 503.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from farm import Farm
from typer.testing import CliRunner

from tasks import ledger
from tasks.ledger import engine_usage as engines
from tasks.runtime.settings import settings
from tasks.translation.engine_support.metering import THRESHOLD
from tasks.translation.engines.apertium import MODES
from tests.support.command_line import app, typed
from tests.support.processes import until
from tests.support.samples import release
from tests.support.stacks import running
from tests.support.threads import PATIENCE
from tests.translation.engines.doubles import LibreTranslateDouble
from tests.translation.engines.loopback import answer
from tests.translation.samples import needs_apertium
from workers.producer import Producer

from .conftest import TIMES, Stack

OUTLETS: dict[str, dict[str, Any]] = {
    "es": {"outlet": {"circuits": ["es"], "languages": ["es"]}},
    "de": {"outlet": {"circuits": ["es"], "languages": ["de"]}},
    "pt": {"outlet": {"circuits": ["pt"], "languages": ["pt"]}},
}
BODY = '<p>The people in the town say that <a href="https://acme.example/porto">the plant</a> of the {} is open.</p>'
DE = {"de": {"headline": "Ein Werk", "body_html": "<p>Das Werk ist eröffnet.</p>"}}
DOWN = answer(503, {"error": "the service is down"})


class Scene:
    """A stack, its two engines and its translation file."""

    def __init__(self, folder: Path) -> None:
        self.first, self.second = LibreTranslateDouble(), LibreTranslateDouble()
        self.file, self.modes = folder / "translation.yaml", folder / "modes"
        self.stack: Stack
        self.write()

    def write(self) -> None:
        self.file.write_text(
            "engines:\n"
            f"  first: {{type: libretranslate, url: '{self.first.url}'}}\n"
            f"  second: {{type: libretranslate, url: '{self.second.url}', per_minute: {{requests: 1000}}}}\n"
            f"  apertium: {{folder: '{self.modes}', grade: publish}}\n"
            "languages:\n"
            "  '*': {engines: [first, second]}\n"
            "  pt: {engines: [apertium]}\n"
        )

    def submit(self, name: str, circuit: str = "es", **fields: Any) -> str:
        headline = f"The plant in the town is open and is {name}"
        body = BODY.format(name)  # of its own, or the memory would know it
        wanted = release(uri=f"urn:x:{name}", circuits=[circuit], headline=headline, body_html=body, **fields)
        with Producer(self.stack.broker) as producer:
            receipt = producer.submit(wanted, timeout=PATIENCE)
        assert receipt.status == "accepted", receipt.problems
        return wanted.uri

    def status(self, uri: str) -> dict[str, Any]:
        """What `fanwire status --json` says; without a process of its own."""
        done = CliRunner().invoke(app, ["status", uri, "--json"])
        found: dict[str, Any] = json.loads(done.stdout)
        return found if done.exit_code == 0 else {"states": {}, "languages": {}, "held": []}

    def detail(self, uri: str) -> str:
        """Why it is held."""
        return " ".join(hold["detail"] or "" for hold in self.status(uri)["held"])

    def logged(self) -> list[str]:
        """All lines of all workers."""
        return [line for file in self.stack.home.glob("log/*.log") for line in file.read_text().splitlines()]

    def wait(self, uri: str, condition: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        def told() -> str:
            return f"{self.status(uri)} {self.stack.told()}"

        until(lambda: condition(self.status(uri)), told)
        return self.status(uri)


def delivered(status: dict[str, Any]) -> bool:
    return set(status["states"]) == {"delivered"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    scene = Scene(tmp_path_factory.mktemp("translation"))
    try:
        with (
            Farm(OUTLETS, tmp_path_factory.mktemp("farm")) as farm,
            running(
                tmp_path_factory.mktemp("stack"),
                farm,
                TIMES | {"TRANSLATION_FILE": str(scene.file), "BUILD_RETRY": "1"},
            ) as stack,
        ):
            scene.stack = stack
            yield scene
    finally:
        scene.first.close()
        scene.second.close()


@pytest.fixture
def scene(shared: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Both engines up, and nothing known against them; the ledger is that of the test's process too."""
    monkeypatch.setenv("FANWIRE_HOME", str(shared.stack.home))
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(shared.file))
    settings.cache_clear()
    assert os.getpgid(shared.stack.process.pid) == shared.stack.process.pid
    shared.first.instead = shared.second.instead = None
    for name in ("first", "second"):
        typed("engines", "wake", name)
    return shared


def test_what_the_first_cannot_do_goes_out_by_the_second(scene: Scene) -> None:
    uri = scene.submit("fine", translations=DE)
    assert scene.wait(uri, delivered)["made_by"] == {"es": "first"}
    scene.first.instead = DOWN
    uri = scene.submit("second", translations=DE)
    assert scene.wait(uri, delivered)["made_by"] == {"es": "second"}
    assert "es by second" in typed("status", uri)


def test_while_both_are_down_it_is_held_with_the_reason_and_leaves_once_one_is_back(scene: Scene) -> None:
    scene.first.instead = scene.second.instead = DOWN
    uri = scene.submit("held", translations=DE)
    found = scene.wait(uri, lambda status: status["states"] == {"delivered": 1, "held": 1} and scene.detail(uri))
    [held] = found["held"]
    assert (held["language"], held["reason"]) == ("es", "translation")
    for name in ("first", "second"):  # one that has failed often meanwhile rests already
        resting = r"(rests until \S+ UTC after \d+ failures: )?"
        assert re.search(f"{name} en→es: {resting}answered 503: the service is down", held["detail"])
    scene.second.instead = None
    assert scene.wait(uri, delivered)["made_by"] == {"es": "second"}


def test_engines_that_failed_too_often_are_left_alone_and_what_waited_leaves_after_one_probe(scene: Scene) -> None:
    scene.first.instead = scene.second.instead = DOWN
    uris = [scene.submit(f"rest-{number}", translations=DE) for number in range(5)]
    for name in ("first", "second"):
        until(lambda name=name: rests(name), scene.stack.told)  # type: ignore[misc]
    late = scene.submit("late", translations=DE)
    scene.wait(late, lambda _: scene.detail(late).count("failures: answered 503: the service is down") >= 2)
    until(lambda: "rests until" in typed("engines", "list"))
    scene.first.instead = scene.second.instead = None
    for uri in (*uris, late):
        scene.wait(uri, delivered)
    for name in ("first", "second"):
        until(lambda name=name: says_it_rests(scene, name))  # type: ignore[misc]


def says_it_rests(scene: Scene, name: str) -> bool:
    return any("engine rests" in line and f'"engine": "{name}"' in line for line in scene.logged())


def rests(name: str) -> bool:
    with ledger.read() as connection:
        row = engines.get(connection, name)
    return row is not None and row["failures"] >= THRESHOLD


@needs_apertium
def test_an_engine_that_is_installed_again_is_found(scene: Scene) -> None:
    uri = scene.submit("again", "pt")
    scene.wait(uri, lambda _: "left out: apertium (can translate nothing here" in scene.detail(uri))
    scene.modes.symlink_to(MODES)
    assert scene.wait(uri, delivered)["made_by"] == {"pt": "apertium"}


def test_a_translation_file_that_cannot_be_read_stops_no_supplied_language(scene: Scene) -> None:
    scene.wait(scene.submit("before", translations=DE), delivered)
    scene.file.write_text("engines: [")
    uri = scene.submit("unread", translations=DE)
    scene.wait(uri, lambda status: status["languages"].get("de") == {"delivered": 1})
    scene.wait(uri, lambda _: "translation.yaml refused: (file): is not YAML" in scene.detail(uri))
    assert "is not YAML" in typed("doctor", status=1)
    scene.write()
    assert scene.wait(uri, delivered)["made_by"] == {"es": "first"}
