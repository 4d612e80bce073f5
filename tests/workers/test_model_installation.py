"""Models in the folder of `ct2`: there whole or not at all, the older one until then, and which folder that is."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.model.documents import DocumentRefused
from tasks.runtime.settings import settings
from tasks.translation.configuration import EngineDocument
from tasks.translation.engine_support import model_files
from tasks.translation.engines.ct2 import CT2
from workers.models import WORK, ModelRefused, NoRoom, install, place

pytest.importorskip("ctranslate2")
pytest.importorskip("sentencepiece")

from tests.translation.engines.doubles_ct2 import SPANISH, dictionary_model, with_metadata, zipped

SEE = [("See the plans here.",)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that are made once: folders, and an archive of the first."""
    folder = tmp_path_factory.mktemp("made")
    zipped(with_metadata(dictionary_model(folder / "en_es"), "en", "es", "1.9"), folder / "new.argosmodel")
    dictionary_model(folder / "en-vi", sides=("source.spm", "target.spm"))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def older(made: Path, tmp_path: Path) -> Path:
    """The same model in an older version."""
    return with_metadata(Path(shutil.copytree(made / "en_es", tmp_path / "older")), "en", "es", "1.0")


def put(folder: Path, model: Path, **more: Any) -> install.Installed:
    with install.at_work(folder):
        return install.install(folder, model, **more)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def left(folder: Path) -> list[str]:
    """What is in the work folder beside its lock."""
    return [name for name in names(folder / WORK) if name != "lock"]


def test_an_archive_becomes_a_folder_that_translates(folder: Path, made: Path) -> None:
    done = put(folder, made / "new.argosmodel", name="translate-en_es-1_9", pair=("en", "es"))
    assert names(folder) == [WORK, "translate-en_es-1_9"]
    assert (done.found.version, done.replaced, left(folder)) == ("1.9", [], [])
    assert CT2("ct2", EngineDocument(folder=folder)).translate(SEE, "en", "es") == [(SPANISH[2],)]


def test_an_older_model_goes_when_the_new_one_is_there(folder: Path, made: Path, older: Path) -> None:
    put(folder, older)
    done = put(folder, made / "new.argosmodel")
    assert [model.path.name for model in done.replaced] == ["older"]
    assert (names(folder), left(folder)) == ([WORK, "new"], [])


def test_the_same_model_again_takes_its_own_place(folder: Path, made: Path) -> None:
    put(folder, made / "new.argosmodel")
    assert [model.path.name for model in put(folder, made / "new.argosmodel").replaced] == ["new"]
    assert (names(folder), left(folder)) == ([WORK, "new"], [])


def test_a_damaged_one_leaves_the_older_one_alone(folder: Path, made: Path, older: Path, tmp_path: Path) -> None:
    put(folder, older)
    damaged = Path(shutil.copytree(made / "en_es", tmp_path / "damaged"))
    binary = damaged / "model" / "model.bin"
    binary.write_bytes(binary.read_bytes()[:1000])
    with pytest.raises(ModelRefused, match="damaged is not installed: damaged cannot be loaded"):
        put(folder, damaged)
    assert (names(folder), left(folder)) == ([WORK, "older"], [])


def test_a_lower_version_is_refused(folder: Path, made: Path, older: Path) -> None:
    put(folder, made / "new.argosmodel")
    with pytest.raises(ModelRefused, match=r"its version is 1\.0, and new of the higher version 1\.9 is there"):
        put(folder, older)


def test_a_model_is_what_the_index_says(folder: Path, made: Path) -> None:
    with pytest.raises(ModelRefused, match="it is for en→es, and not for en→fr"):
        put(folder, made / "new.argosmodel", pair=("en", "fr"))
    assert (names(folder), left(folder)) == ([WORK], [])


EVIL = {"would lead out of its folder": ["../evil"], "too much for a model": [f"en_es/model/{n}" for n in range(1001)]}


@pytest.mark.parametrize("says", EVIL)
def test_an_archive_that_would_do_harm_is_refused(folder: Path, made: Path, tmp_path: Path, says: str) -> None:
    evil = Path(shutil.copy(made / "new.argosmodel", tmp_path / "evil.argosmodel"))
    with zipfile.ZipFile(evil, "a") as archive:
        for name in EVIL[says]:
            archive.writestr(name, "")
    with pytest.raises(ModelRefused, match=says):
        put(folder, evil)
    assert (names(folder), left(folder)) == ([WORK], [])


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "there is no "), (b"<html>", r"it is no folder and no \.argosmodel"), ("folder", r"it has no model\.bin")],
)
def test_what_is_no_model_says_so(folder: Path, tmp_path: Path, content: Any, says: str) -> None:
    path = tmp_path / "gone.argosmodel"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelRefused, match=says):
        put(folder, path)


def test_a_converted_model_of_several_languages_is_told_its_own(folder: Path, made: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(made / "en-vi", tmp_path / "en-vi"))
    (model / "pytorch_model.bin").write_bytes(b"what the conversion has left")
    vocabulary = model / "model" / "shared_vocabulary.json"
    vocabulary.write_text(json.dumps([*json.loads(vocabulary.read_text())[:-1], ">>vie<<"]))
    with pytest.raises(ModelRefused, match=r"several languages; .*: >>vie<<"):
        put(folder, model)
    done = put(folder, model, prefix=">>vie<<")
    assert done.found.pair == ("en", "vi")
    assert json.loads((folder / "en-vi" / "metadata.json").read_text())["source_prefix"] == ">>vie<<"
    assert not (folder / "en-vi" / "pytorch_model.bin").exists()
    assert not (model / "metadata.json").exists()


def test_no_room_for_what_is_unpacked_is_said_before(folder: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "MARGIN", 1 << 60)
    with pytest.raises(NoRoom, match=r"it needs [\d,]+ bytes, and 0 are free"):
        put(folder, made / "new.argosmodel")
    assert left(folder) == []


def test_one_fetch_at_a_time_and_what_a_killed_one_left_is_dropped(folder: Path) -> None:
    (folder / WORK / "staging-x" / "model").mkdir(parents=True)
    with install.at_work(folder):
        assert left(folder) == []
        with pytest.raises(ModelRefused, match="another fanwire is fetching models"), install.at_work(folder):
            pass


def test_the_files_that_belong_to_a_model(made: Path) -> None:
    found = {str(file.relative_to(made / "en-vi")) for file in model_files.files_of(made / "en-vi")}
    assert {"source.spm", "target.spm", "model/model.bin", "model/config.json"} <= found


# --- where


def test_without_a_file_models_go_under_the_home_and_are_used() -> None:
    found = place.place()
    assert (found.engine, found.folder, found.named) == ("ct2", settings().home / "ct2", True)


def test_with_an_engine_in_the_file_they_go_where_that_looks(translation_file: Callable[[str], Path]) -> None:
    translation_file("engines: {opencc: {}, house: {type: ct2, folder: /models}, other: {type: ct2, folder: /others}}")
    with pytest.raises(ModelRefused, match="--engine names one of house, other"):
        place.place()
    assert (place.place("other").folder, place.place("other").named) == (Path("/others"), True)
    with pytest.raises(ModelRefused, match="there is no engine 'opencc' of type ct2; there are house, other"):
        place.place("opencc")


KEPT = """# ours
engines:     # by preference
    deepl: {key: env:DEEPL_KEY}   # dear

    opencc: {}
  # the end
languages:
    de: {engines: [deepl]}
"""


def test_an_engine_is_added_and_all_else_stays(translation_file: Callable[[str], Path]) -> None:
    path = translation_file(KEPT)
    found = place.place()
    assert not found.named
    place.add(found)
    entry = f"    ct2: {{folder: {found.folder}}}\n"
    assert path.read_text() == KEPT.replace("    opencc: {}\n", f"    opencc: {{}}\n{entry}")
    assert place.place().named


@pytest.mark.parametrize("text", ["engines: {deepl: {key: env:K}}\n", "engines:\n  {opencc: {}}\n", "engines:\n"])
def test_what_is_written_otherwise_is_not_touched(translation_file: Callable[[str], Path], text: str) -> None:
    path = translation_file(text)
    with pytest.raises((ModelRefused, DocumentRefused)):
        place.add(place.place())
    assert path.read_text() == text
