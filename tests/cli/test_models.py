"""`fanwire engines fetch`, `models` and `remove`, against a package index on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks import planning
from tasks.building.translations import build_translation
from tasks.runtime.settings import settings
from tasks.translation.configuration import models_folder
from tests.support.model_server import ModelServer
from tests.support.processes import environment, start, until
from tests.support.samples import URI, outlet, release
from workers.models import WORK, install

from .conftest import Run, take

pytest.importorskip("ctranslate2")
pytest.importorskip("sentencepiece")

from tests.translation.engines.doubles_ct2 import (
    ENGLISH,
    SPANISH,
    dictionary_model,
    random_model,
    with_metadata,
    zipped,
)

ARCHIVE, NEWER = "/v1/translate-en_es-1_0.argosmodel", "/v1/translate-en_es-1_1.argosmodel"
PLANS = "See the plans here."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Archives, made once: by name what is in them."""
    folder = tmp_path_factory.mktemp("made")
    dictionary_model(folder / "en_es")
    random_model(folder / "en_fr", 1)
    archives = {}
    for name, source, target, version in [
        ("en_es", "en", "es", "1.0"), ("en_es", "en", "es", "1.1"), ("en_es", "en", "de", "1.0"),
        ("en_fr", "en", "fr", "1.0"),
    ]:  # fmt: skip
        (folder / name / "README.md").write_text("Licence: ours.")
        whole = zipped(with_metadata(folder / name, source, target, version), folder / "archive")
        archives[f"{source}_{target}-{version.replace('.', '_')}"] = whole.read_bytes()
    return archives


@pytest.fixture
def server(made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """An index of which the settings know, with a model for es and one for fr that has learnt nothing."""
    server = ModelServer()
    server.files |= {f"/v1/translate-{name}.argosmodel": content for name, content in made.items()}
    server.offer(entry(), entry("fr"))
    monkeypatch.setenv("FANWIRE_MODELS_INDEX_URL", server.index)
    monkeypatch.setenv("NO_PROXY", "*")
    settings.cache_clear()
    yield server
    server.close()


def entry(target: str = "es", version: str = "1.0", **more: Any) -> dict[str, Any]:
    link = f"v1/translate-en_{target}-{version.replace('.', '_')}.argosmodel"
    return {"package_version": version, "from_code": "en", "to_code": target, "links": [link], **more}


def there(folder: Path | None = None) -> list[str]:
    """What the engine sees in its folder."""
    return [model.path.name for model in install.there(folder or models_folder())[0]]


def test_from_nothing_to_a_translation(run: Run, server: ModelServer, home: None) -> None:
    done = run("engines", "fetch", "es", input="y\n")
    assert "translate-en_es-1_0  en→es" in done.stdout
    assert "to download" in done.stdout
    assert "Download and install 1 model? [y/N]" in done.stderr
    assert "translate-en_es-1_0 is installed: en→es" in done.stdout
    assert there() == ["translate-en_es-1_0"]
    found = json.loads(run("engines", "test", "ct2", PLANS, "--to", "es", "--json").stdout)
    assert (found["result"], found["model"]) == ("Vea los planes aquí.", "ctranslate2 4.8.5 translate-en_es-1_0 1.0")
    assert [one["name"] for one in json.loads(run("engines", "list", "--json").stdout)] == ["opencc", "ct2", "apertium"]
    [noted] = json.loads(run("audit", "--act", "model.install", "--json").stdout)
    assert (noted["subject"], noted["new"]) == (
        "model translate-en_es-1_0 of ct2", {"languages": ["en", "es"], "version": "1.0"},
    )  # fmt: skip


def test_without_a_translation_file_a_release_goes_through_the_model(run: Run, server: ModelServer, home: None) -> None:
    run("engines", "fetch", "es", "--yes")
    words: dict[str, Any] = {
        "headline": ENGLISH[0],
        "body_html": f"<p>{ENGLISH[1]} {PLANS}</p>",
        "dateline": None,
        "topics": [],
    }
    number = take(release(**words), outlet(languages=["es"]))
    planning.plan(number)
    build_translation(number, "es")
    found = json.loads(run("translations", "show", URI, "es", "--json").stdout)
    assert (found["state"], found["status"], found["engine"], found["waits"]) == ("made", "unreviewed", "ct2", 0)
    assert [unit["target"] for unit in found["items"]] == [[SPANISH[0]], [SPANISH[1]], [SPANISH[2]]]


def test_what_waited_for_an_engine_is_tried_again(run: Run, server: ModelServer, home: None) -> None:
    server.offer(entry("de"))
    number = take(release(), outlet(languages=["de"]))
    planning.plan(number)
    build_translation(number, "de")
    told = run("engines", "fetch", "de", "--yes").stdout
    assert "1 translation that waited for an engine may be tried again now" in told
    assert f"licence and data: {models_folder() / 'translate-en_de-1_0' / 'README.md'}" in told


def test_who_says_no_gets_nothing(run: Run, server: ModelServer) -> None:
    assert "nothing was downloaded" in run("engines", "fetch", "es", input="n\n", status=1).stderr
    assert server.gets(ARCHIVE) == []
    assert not settings().home.exists()


def test_a_dry_run_says_what_would_be_done(run: Run, server: ModelServer, made: dict[str, bytes]) -> None:
    server.offer(entry(license="CC0"), entry("fr"))
    found = json.loads(run("engines", "fetch", "--dry-run", "--json").stdout)
    assert [(one["name"], one["bytes"], one["licence"]) for one in found["models"]] == [
        ("translate-en_es-1_0", len(made["en_es-1_0"]), "CC0"), ("translate-en_fr-1_0", len(made["en_fr-1_0"]), None),
    ]  # fmt: skip
    assert "vi" in found["missing"]
    assert "not in the index: ar, de, id" in run("engines", "fetch", "--dry-run").stdout
    assert not settings().home.exists()


def test_an_older_version_makes_room_for_the_newer_one(run: Run, server: ModelServer) -> None:
    run("engines", "fetch", "es", "--yes")
    assert "already there: translate-en_es-1_0" in run("engines", "fetch", "es", "--yes").stdout
    server.offer(entry(version="1.1"))
    done = run("engines", "fetch", "es", "--yes").stdout
    assert "translate-en_es-1_1 is installed, in place of translate-en_es-1_0" in done
    assert there() == ["translate-en_es-1_1"]


def test_a_newer_version_that_is_broken_leaves_the_older_one(run: Run, server: ModelServer) -> None:
    run("engines", "fetch", "es", "--yes")
    server.offer(entry(version="1.1"))
    server.files[NEWER] = server.files[NEWER][:-100]
    done = run("engines", "fetch", "es", "--yes", status=1)
    assert "translate-en_es-1_1: translate-en_es-1_1.argosmodel is not installed: " in done.stderr
    assert there() == ["translate-en_es-1_0"]
    assert sorted(file.name for file in (models_folder() / WORK).iterdir()) == ["lock"]


def test_one_that_fails_keeps_no_other_from_coming(run: Run, server: ModelServer) -> None:
    server.offer(entry("fr", sha256="0" * 64), entry())
    done = run("engines", "fetch", "fr", "es", "--yes", "--json", status=1)
    found = json.loads(done.stdout)
    assert [one["name"] for one in found["installed"]] == ["translate-en_es-1_0"]
    [failed] = found["failed"]
    assert "has another checksum" in failed


def test_a_model_that_has_learnt_nothing_says_so(run: Run, server: ModelServer) -> None:
    assert "a sample did not pass: checks: " in run("engines", "fetch", "fr", "--yes").stdout


def test_a_checksum_and_a_mirror(run: Run, server: ModelServer, made: dict[str, bytes]) -> None:
    digest = hashlib.sha256(made["en_es-1_0"]).hexdigest()
    gone = "https://gone.example/x/translate-en_es-1_0.argosmodel"
    server.offer(entry(sha256=digest, links=[gone], size=len(made["en_es-1_0"])))
    server.files["/mirror/translate-en_es-1_0.argosmodel"] = made["en_es-1_0"]
    run("engines", "fetch", "es", "--yes", "--mirror", f"{server.url}/mirror")
    assert there() == ["translate-en_es-1_0"]


def test_of_several_links_one_that_works_is_enough(run: Run, server: ModelServer) -> None:
    server.offer(entry(links=["nowhere.argosmodel", NEWER, ARCHIVE]))
    server.breaks[NEWER] = [0, 0, 0]
    run("engines", "fetch", "es", "--yes")
    assert len(server.gets(ARCHIVE)) == 1
    assert there() == ["translate-en_es-1_0"]


def test_a_fetch_that_was_killed_goes_on_where_it_was(run: Run, server: ModelServer, tmp_path: Path) -> None:
    server.stalls[ARCHIVE] = 5_000
    command = [sys.executable, "-m", "workers.cli", "engines", "fetch", "es", "--yes"]
    process = start(
        command, environment(settings().home, MODELS_INDEX_URL=server.index) | {"NO_PROXY": "*"}, tmp_path / "log"
    )
    part = models_folder() / WORK / "translate-en_es-1_0.argosmodel.part"
    until(lambda: part.exists() and part.stat().st_size == 5_000)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert there() == []
    assert "ct2" not in run("engines", "list").stdout
    run("engines", "fetch", "es", "--yes")
    assert [asked.headers.get("range") for asked in server.gets(ARCHIVE)] == [None, "bytes=5000-"]
    assert server.gets(ARCHIVE)[1].headers["if-range"]
    assert there() == ["translate-en_es-1_0"]
    assert sorted(file.name for file in part.parent.iterdir()) == ["lock"]


def test_ctrl_c_says_what_it_leaves(run: Run, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "_try", interrupted)
    done = run("engines", "fetch", "es", "--yes", status=1)
    assert "interrupted; what has arrived is kept" in done.stderr
    assert there() == []
    monkeypatch.undo()


def test_a_disk_that_is_too_small_is_said_before_anything_arrives(
    run: Run, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "MARGIN", 1 << 60)
    assert "and 0.0 MB are free: make room" in run("engines", "fetch", "es", "--yes", status=1).stderr
    assert server.gets(ARCHIVE) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("xx", "'xx' is not a language tag"),
        ("vi", "the index has no model from en to vi; it has models from en to es, fr"),
        ("es --from ko", "the index has no model from ko to es"),
        ("es --index ftp://own.example/index.json", "'ftp://own.example/index.json' is no address"),
        ("es --index http://127.0.0.1:9/index.json", "cannot be reached (ConnectionError); HTTPS_PROXY, --index"),
        ("es --engine deepl", "there is no engine 'deepl' of type ct2"),
        ("--file nothing.argosmodel", "there is no nothing.argosmodel"),
    ],
)
def test_what_cannot_be_fetched(run: Run, server: ModelServer, arguments: str, says: str) -> None:
    assert says in run("engines", "fetch", *arguments.split(), "--yes", status=1).stderr
    assert not models_folder().exists() or there() == []


@pytest.mark.parametrize("arguments", ["es --json", "es --file x", "es --prefix >>vie<<"])
def test_what_does_not_go_together(run: Run, arguments: str) -> None:
    run("engines", "fetch", *arguments.split(), status=2)


def test_a_file_needs_no_network(run: Run, made: dict[str, bytes], tmp_path: Path) -> None:
    file = tmp_path / "translate-en_es-1_0.argosmodel"
    file.write_bytes(made["en_es-1_0"])
    found = json.loads(run("engines", "fetch", "--file", str(file), "--json").stdout)
    assert [one["name"] for one in found["installed"]] == ["translate-en_es-1_0"]
    assert found["installed"][0]["sample"]["units"]
    assert file.exists()


def test_models_are_listed_and_removed(run: Run, server: ModelServer, home: None) -> None:
    run("engines", "fetch", "--yes")
    assert "2 models in " in (told := run("engines", "models").stdout)
    assert "translate-en_es-1_0  en→es      1.0" in told
    shutil.copytree(models_folder() / "translate-en_es-1_0", models_folder() / "another")
    found = {one["name"]: one["used"] for one in json.loads(run("engines", "models", "--json").stdout)["models"]}
    assert found == {"another": False, "translate-en_es-1_0": True, "translate-en_fr-1_0": True}
    assert "there is no model nobody; there are another, " in run("engines", "remove", "nobody", status=1).stderr
    run("engines", "remove", "translate-en_es-1_0", "translate-en_fr-1_0")
    assert there() == ["another"]
    noted = json.loads(run("audit", "--act", "model.remove", "--json").stdout)
    assert sorted(one["old"]["languages"][1] for one in noted) == ["es", "fr"]


def test_into_the_folder_of_the_translation_file(
    run: Run, server: ModelServer, translation_file: Callable[[str], Path], tmp_path: Path
) -> None:
    translation_file(f"engines: {{house: {{type: ct2, folder: '{tmp_path / 'own'}'}}}}")
    assert "translate-en_es-1_0 is installed" in run("engines", "fetch", "es", "--yes").stdout
    assert there(tmp_path / "own") == ["translate-en_es-1_0"]
    assert not models_folder().exists()


def test_lines_that_a_translation_file_lacks_are_said_or_written(
    run: Run, server: ModelServer, translation_file: Callable[[str], Path]
) -> None:
    path = translation_file("# ours\nengines:\n  opencc: {}\n")
    told = run("engines", "fetch", "es", "--yes").stdout
    assert f"{path} has no such engine, so no model is used. Add these lines to it:" in told
    assert f"ct2: {{folder: {models_folder()}}}" in told
    run("engines", "fetch", "es", "--yes", "--write")
    assert path.read_text() == f"# ours\nengines:\n  opencc: {{}}\n  ct2: {{folder: {models_folder()}}}\n"
    found = json.loads(run("engines", "test", "ct2", PLANS, "--to", "es", "--json").stdout)
    assert found["result"] == "Vea los planes aquí."
