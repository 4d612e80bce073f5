"""apertium-apy itself, with Debian's modes, as a process of its own; and servers that answer otherwise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tasks.model.documents import DocumentRefused
from tasks.model.release import Release
from tasks.translation.configuration import EngineDocument
from tasks.translation.engines.apertium import MODES
from tasks.translation.engines.apertium_apy import ApertiumAPy
from tasks.translation.errors import Fatal, Retryable, TranslationHeld, Unsupported
from tasks.translation.pieces import Opaque, shown
from tasks.translation.translate import translate
from tests.support.processes import free_port
from tests.support.threads import PATIENCE
from tests.translation.samples import needs_apertium

from .doubles import RawServer, as_json
from .loopback import links

ACME = Opaque(7, "Acme & Co")
BESIDE_PYTHON = Path(sys.executable).parent / "apertium-apy"
PROGRAM = str(BESIDE_PYTHON) if BESIDE_PYTHON.exists() else shutil.which("apertium-apy")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The address of a running server; it listens once it has read the modes, which takes a second."""
    if needs_apertium.args[0]:
        pytest.skip(needs_apertium.kwargs["reason"])
    if PROGRAM is None:
        pytest.skip("apertium-apy is not installed (pip install -e '.[dev]')")
    port = free_port()
    log = tmp_path_factory.mktemp("apy") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PROGRAM, "-p", str(port), "-t", "60", str(MODES)],
            stdout=output,
            stderr=output,
            cwd=log.parent,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        )
    try:
        yield _listening(process, f"http://127.0.0.1:{port}", log)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _listening(process: Any, url: str, log: Any) -> Any:
    """`url` once somebody answers there: the connection is tried again until then, or until the process ends."""
    adapter = requests.adapters.HTTPAdapter(
        max_retries=requests.adapters.Retry(connect=240, backoff_factor=0.05, backoff_max=0.5)
    )
    with requests.Session() as session:
        session.trust_env = False
        session.mount(url, adapter)
        try:
            session.get(f"{url}/listPairs", timeout=PATIENCE).raise_for_status()
        except requests.RequestException:
            pytest.fail(f"apertium-apy does not answer ({process.poll()}): {log.read_text()[-2000:]}")
    return url


@pytest.fixture
def apy(server: Any, document: Callable[..., EngineDocument]) -> Any:
    return ApertiumAPy("apertium-apy", document(url=server))


def test_real_sentences_with_words_for_opaque_pieces(apy: Any) -> None:
    units = [
        ("The sea.",),
        (
            "The sea of ",
            ACME,
            " is calm.",
        ),
        ("A house.",),
    ]
    assert apy.translate(units, "en", "es") == [("El mar.",), ("El mar de ", ACME, " es tranquilo."), ("Una casa.",)]


@pytest.mark.parametrize(
    ("pair", "given", "back"), [(("en", "fr"), "A house.", "Une maison."), (("id", "ms"), "Laut.", "Laut.")]
)
def test_other_ways(apy: Any, pair: tuple[str, str], given: str, back: str) -> None:
    assert apy.translate([(given,)], *pair) == [(back,)]


def test_variants_of_portuguese(apy: Any) -> None:
    assert apy.translate([("The team.",)], "en", "pt") == [("A equipe.",)]
    assert apy.translate([("The team.",)], "en", "pt-PT") == [("A equipa.",)]


@pytest.mark.parametrize(
    "text",
    ["50/50 \\ {a} [b] ^c$ @ <d> end", "[<STREAMCMD:FLUSH>] is here", "a [][ b", "[[t:a:1]]no[[/]]", "^robot<n>$",
     "The *star and 5*3 and *", "It is ^ here ^", "One & two &amp; <b>three</b>", "+ %2B ; =", "a\nb"],
)  # fmt: skip
def test_control_characters_are_only_characters(apy: Any, text: str) -> None:
    results = apy.translate([(text,), ("The sea.",)], "en", "es")
    assert results[1] == ("El mar.",)
    for character in "/\\{}[]^$@<>*&+%;":
        assert shown(results[0]).count(character) == text.count(character)


def test_a_release_keeps_its_links(apy: Any, make_release: Callable[..., Release]) -> None:
    release = make_release()
    made = translate(release, "es", engines=[apy])
    assert sorted(links(made.body_html)) == sorted(links(release.html))
    assert (made.engine, made.model) == ("apertium-apy", "apertium-apy eng-spa")


def test_a_pair_without_a_mode_is_unsupported(
    server: Any, document: Callable[..., EngineDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tasks.translation.engines.apertium_apy.ROUTES", {("en", "de"): ("eng-deu",), ("en", "fr"): ("nonsense",)}
    )
    apy = ApertiumAPy("apertium-apy", document(url=server))
    with pytest.raises(Unsupported, match="answered 400: That pair is not installed"):
        apy.translate([("The sea.",)], "en", "de")
    with pytest.raises(Unsupported, match="answered 400: That pair is invalid"):
        apy.translate([("The sea.",)], "en", "fr")


def answering(running: Callable[[Any], Any], document: Callable[..., EngineDocument], reply: Any) -> Any:
    return ApertiumAPy("apertium-apy", document(url=running(RawServer(reply)).url))


def test_pairs_and_models_without_a_server(
    running: Callable[[Any], Any], document: Callable[..., EngineDocument]
) -> None:
    server = running(RawServer(as_json({})))
    apy = ApertiumAPy("mine", document(url=server.url, languages=["en", "es", "fr"]))
    assert apy.pairs()["en", "fr"] == 2
    assert {language for pair in apy.pairs() for language in pair} == {"en", "es", "fr"}
    assert apy.model("en", "fr") == "apertium-apy eng-spa + es-fr"
    with pytest.raises(Unsupported, match="apertium-apy cannot do en→pt"):
        apy.translate([("The sea.",)], "en", "pt")
    assert server.asked == []
    with pytest.raises(DocumentRefused, match=r"engines\.mine\.url"):
        ApertiumAPy("mine", document())


def test_a_key_goes_with_the_form_and_into_no_error(
    running: Callable[[Any], Any], document: Callable[..., EngineDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APY_KEY", "apy-key-77aa88bb")
    server = running(RawServer(as_json({"message": "apy-key-77aa88bb is unknown"}, status="401 No")))
    with pytest.raises(Fatal, match=r"answered 401: \*\*\* is unknown"):
        ApertiumAPy("apy", document(url=server.url, key="env:APY_KEY")).translate([("The sea.",)], "en", "es")
    assert b"&key=apy-key-77aa88bb" in server.asked[0]


def test_a_sentence_that_it_would_cut_is_not_sent(
    running: Callable[[Any], Any], document: Callable[..., EngineDocument]
) -> None:
    server = running(RawServer(as_json({})))
    with pytest.raises(Unsupported, match="more than the 1,000 characters"):
        ApertiumAPy("apy", document(url=server.url)).translate([("sea " * 300,)], "en", "es")
    assert server.asked == []


def test_a_pipeline_that_hangs_may_come_back(
    running: Callable[[Any], Any], document: Callable[..., EngineDocument], make_release: Callable[..., Release]
) -> None:
    body = {"status": "error", "code": 503, "message": "Service Unavailable", "explanation": "internal error"}
    apy = answering(running, document, as_json(body, status="503 Service Unavailable"))
    with pytest.raises(Retryable, match="answered 503: internal error"):
        apy.translate([("The sea.",)], "en", "es")
    with pytest.raises(TranslationHeld, match="apertium-apy en→es: answered 503: internal error") as held:
        translate(make_release(), "es", engines=[apy])
    assert held.value.again
