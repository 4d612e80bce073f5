"""Local neural models, made here: what lies in the folder, what is refused there, and what comes of a bad model."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tasks.model.documents import DocumentRefused
from tasks.model.readers import read_release
from tasks.runtime.settings import settings
from tasks.translation.configuration import EngineDocument
from tasks.translation.engine_support import model_files
from tasks.translation.engines.ct2 import CT2
from tasks.translation.errors import Fatal, TranslationHeld, Unsupported
from tasks.translation.pieces import Opaque
from tasks.translation.translate import translate
from tests.support.threads import run_together

pytest.importorskip("ctranslate2")
pytest.importorskip("sentencepiece")

from .doubles_ct2 import ENGLISH, SPANISH, dictionary_model, random_model, with_metadata, zipped

UNITS = [(sentence,) for sentence in ENGLISH]
TRANSLATED = [(sentence,) for sentence in SPANISH]
OPUS = ("source.spm", "target.spm")
BODY = """
<p>The harbour opens a new bridge in spring. It costs three millions and serves both towns.</p>
<p>See <a href="https://harbour.example/plans?a=1&amp;b=2">the plans</a> here.</p>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def make(folder: Path) -> Any:
    def make(**fields: Any) -> CT2:
        return CT2("ct2", EngineDocument.model_validate({"folder": folder, **fields}))

    return make


@pytest.fixture
def dictionary(folder: Path) -> Path:
    return with_metadata(dictionary_model(folder / "en_es"), "en", "es", "1.9")


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Path:
    made = with_metadata(dictionary_model(tmp_path / "en_es"), "en", "es", "1.9")
    return zipped(made, folder / "translate-en_es-1_9.argosmodel")


def release(**fields: Any) -> Any:
    document = {"uri": "urn:newsml:harbour.example:1", "language": "en", "headline": ENGLISH[0], "body_html": BODY}
    return read_release({**document, **fields})


# --- a model that has learnt something


def test_a_folder(make: Callable[..., Any], dictionary: Path) -> None:
    engine = make()
    assert engine.pairs() == {("en", "es"): 1}
    assert engine.translate(UNITS, "en", "es") == TRANSLATED
    assert engine.model("en", "es") == "ctranslate2 4.8.5 en_es 1.9"


def test_an_archive_is_unpacked_once(make: Callable[..., Any], archive: Path) -> None:
    engine = make()
    assert engine.pairs() == {("en", "es"): 1}
    assert not (settings().home / "models").exists()
    assert engine.translate(UNITS, "en", "es") == TRANSLATED
    assert engine.model("en", "es") == "ctranslate2 4.8.5 translate-en_es-1_9 1.9"
    (unpacked,) = (settings().home / "models").iterdir()
    made = unpacked.stat().st_mtime_ns
    assert make().translate(UNITS, "en", "es") == TRANSLATED
    assert unpacked.stat().st_mtime_ns == made


def test_several_at_once_unpack_one(make: Callable[..., Any], archive: Path) -> None:
    engines = [make() for _ in range(4)]
    assert run_together([partial(engine.translate, UNITS, "en", "es") for engine in engines]) == [TRANSLATED] * 4
    assert len(list((settings().home / "models").iterdir())) == 1


@pytest.mark.parametrize("said_by_the_model", [True, False])
@pytest.mark.parametrize("name", ["en-es", "opus-mt-en-es"])
def test_a_converted_opus_model(make: Callable[..., Any], folder: Path, name: str, said_by_the_model: bool) -> None:
    config = dictionary_model(folder / name, sides=OPUS) / "model" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "add_source_eos": said_by_the_model}))
    assert make().pairs() == {("en", "es"): 1}
    assert make().translate(UNITS, "en", "es") == TRANSLATED


def test_a_flat_opus_model_with_metadata(make: Callable[..., Any], folder: Path) -> None:
    made = with_metadata(dictionary_model(folder / "any name", sides=OPUS), "en", "pb")
    for file in (made / "model").iterdir():
        file.rename(made / file.name)
    assert make().pairs() == {("en", "pt-BR"): 1}
    assert make().translate(UNITS, "en", "pt-BR") == TRANSLATED


def test_opaque_pieces_come_back(make: Callable[..., Any], dictionary: Path) -> None:
    one, other = Opaque(3, "Acme & Co"), Opaque(4, "")
    units = [("See the ", one, " plans ", other, one, ".")]
    assert make().translate(units, "en", "es") == [("Vea los ", one, " planes ", other, one, ".")]


def told(folder: Path, **fields: str) -> None:
    """Add fields to a model's metadata.json."""
    file = folder / "metadata.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def test_a_model_is_told_its_language_before_each_sentence(make: Callable[..., Any], dictionary: Path) -> None:
    told(dictionary, source_prefix="▁See")
    assert make().translate([UNITS[3]], "en", "es") == [(f"Vea {SPANISH[3]}",)]


def test_what_a_translation_is_begun_with_is_taken_off(make: Callable[..., Any], dictionary: Path) -> None:
    told(dictionary, target_prefix="▁Vea")
    assert make().translate([UNITS[2]], "en", "es") == [("los planes aquí.",)]


@pytest.mark.parametrize("field", ["source_prefix", "target_prefix"])
def test_links_lead_between_the_words_of_the_text_alone(make: Callable[..., Any], dictionary: Path, field: str) -> None:
    told(dictionary, **{field: "▁See" if field == "source_prefix" else "▁Vea"})
    source = "See the plans here."
    [found] = make().translate_aligned([source], "en", "es")
    best = max((link for link in found.links if source[slice(*link.source)] == "plans"), key=lambda link: link.weight)
    assert found.text[slice(*best.target)] == "planes"


def test_a_model_of_several_languages_must_be_told_one(make: Callable[..., Any], folder: Path) -> None:
    made = with_metadata(dictionary_model(folder / "en-es", sides=OPUS), "en", "es")
    vocabulary = made / "model" / "shared_vocabulary.json"
    words = json.loads(vocabulary.read_text())
    vocabulary.write_text(json.dumps([*words[:-2], ">>spa<<", ">>cat<<"]))
    with pytest.raises(Fatal, match=r"several languages; .* source_prefix: >>spa<<, >>cat<<"):
        make().translate(UNITS, "en", "es")
    told(made, source_prefix=">>spa<<")
    assert make().translate([UNITS[2]], "en", "es") != [()]


def test_two_steps_lead_by_way_of_english(make: Callable[..., Any], folder: Path, dictionary: Path) -> None:
    with_metadata(dictionary_model(folder / "gl_en", back=True), "gl", "en")
    engine = make()
    assert engine.pairs() == {("en", "es"): 1, ("gl", "en"): 1, ("gl", "es"): 2}
    assert engine.translate(TRANSLATED, "gl", "en") == UNITS
    assert engine.translate(TRANSLATED, "gl", "es") == TRANSLATED
    assert engine.model("gl", "es") == "ctranslate2 4.8.5 gl_en 1.0 + en_es 1.9"
    assert make(languages=["gl", "es"]).pairs() == {("gl", "es"): 2}


def test_links_lead_word_to_word_through_both_steps(make: Callable[..., Any], folder: Path, dictionary: Path) -> None:
    with_metadata(dictionary_model(folder / "gl_en", back=True), "gl", "en")
    engine = make()
    for pair, text, wanted in (
        (("en", "es"), ENGLISH[2], [("See", "Vea"), ("the", "los"), ("plans", "planes"), ("here.", "aquí.")]),
        (("gl", "es"), SPANISH[2], [(word, word) for word in SPANISH[2].split()]),
    ):
        (answer,) = engine.translate_aligned([text], *pair)
        assert [(text[slice(*link.source)], answer.text[slice(*link.target)]) for link in answer.links] == wanted


def test_so_many_models_stay_in_memory_as_it_may_keep(make: Callable[..., Any], folder: Path, dictionary: Path) -> None:
    with_metadata(dictionary_model(folder / "gl_en", back=True), "gl", "en")
    for loaded, stay in (("1", ["en_es"]), ("2", ["gl_en", "en_es"])):
        engine = make(options={"loaded": loaded})
        assert engine.translate(UNITS, "en", "es") == TRANSLATED
        assert engine.translate(TRANSLATED, "gl", "es") == TRANSLATED
        assert [found.path.name for found in engine._loaded] == stay


def test_units_of_all_lengths_come_back_in_their_order(make: Callable[..., Any], dictionary: Path) -> None:
    words = list(zip(ENGLISH[0][:-1].split(), SPANISH[0][:-1].split(), strict=True))[:-1]
    units = [(" ".join([word] * (1 + n * 37 % 90)),) for n in range(12) for word, _ in words]
    wanted = [(" ".join([word] * (1 + n * 37 % 90)),) for n in range(12) for _, word in words]
    assert make().translate(units, "en", "es") == wanted


def test_a_release_arrives_with_its_links(make: Callable[..., Any], archive: Path) -> None:
    made = translate(release(), "es", engines=[make()])
    assert made.headline == SPANISH[0]
    assert '<p>Vea <a href="https://harbour.example/plans?a=1&amp;b=2">los planes</a> aquí.</p>' in made.body_html
    assert made.body_html.startswith(f"<p>{SPANISH[0]} {SPANISH[1]}</p>")


def test_what_comes_into_the_folder_is_seen(make: Callable[..., Any], folder: Path, dictionary: Path) -> None:
    engine = make()
    assert engine.translate(UNITS, "en", "es") == TRANSLATED
    newer = with_metadata(random_model(folder / "newer", 1), "en", "es", "1.10")
    assert engine.model("en", "es") == "ctranslate2 4.8.5 newer 1.10"
    assert engine.translate(UNITS, "en", "es") != TRANSLATED
    newer.rename(folder.parent / "gone")
    assert engine.translate(UNITS, "en", "es") == TRANSLATED


# --- one that has learnt nothing


@pytest.mark.parametrize("seed", range(6))
def test_nothing_of_a_bad_model_gets_out(make: Callable[..., Any], folder: Path, seed: Any) -> None:
    with_metadata(random_model(folder / "bad", seed), "en", "es")
    with pytest.raises(TranslationHeld) as held:
        translate(release(), "es", engines=[make()])
    assert "ct2 en→es: " in held.value.reason


def test_what_never_ends_comes_back_empty(make: Callable[..., Any], folder: Path) -> None:
    with_metadata(random_model(folder / "endless", 1, end=-1000), "en", "es")
    assert make().translate(UNITS, "en", "es") == [()] * len(UNITS)
    with pytest.raises(TranslationHeld):
        translate(release(), "es", engines=[make()])


def test_what_ends_at_once_is_held(make: Callable[..., Any], folder: Path) -> None:
    with_metadata(random_model(folder / "terse", 1, end=1000), "en", "es")
    with pytest.raises(TranslationHeld):
        translate(release(), "es", engines=[make()])


def test_a_unit_longer_than_a_model_can_take_comes_back_empty(make: Callable[..., Any], dictionary: Path) -> None:
    long = (" ".join(["harbour"] * 500),)
    assert make().translate([UNITS[0], long], "en", "es") == [TRANSLATED[0], ()]


def test_a_unit_on_which_a_model_fails_harms_no_other(make: Callable[..., Any], dictionary: Path) -> None:
    beyond = (" ".join(["harbour"] * 200),)  # this one knows 128 positions
    assert make().translate([UNITS[0], beyond, UNITS[1]], "en", "es") == [TRANSLATED[0], (), TRANSLATED[1]]
    with pytest.raises(Fatal, match=r"^en_es does not work: No position encodings"):
        make().translate([beyond], "en", "es")


# --- what is wrong with a folder


@pytest.mark.parametrize("name", ["../evil", "en_es/../../evil", "/tmp/evil", "en_es\\..\\evil"])
def test_an_archive_that_leads_out_of_its_folder_is_refused(make: Callable[..., Any], archive: Path, name: str) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(name, "evil")
    with pytest.raises(Fatal, match=r"translate-en_es-1_9\.argosmodel cannot be unpacked: it holds .*evil"):
        make().translate(UNITS, "en", "es")
    assert list((settings().home / "models").iterdir()) == []


def test_an_archive_with_a_link_is_refused(make: Callable[..., Any], archive: Path) -> None:
    link = zipfile.ZipInfo("en_es/model/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(link, "/etc/passwd")
    with pytest.raises(Fatal, match="would lead out of its folder"):
        make().translate(UNITS, "en", "es")


def test_an_archive_with_another_tokenizer_is_refused(make: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    made = with_metadata(dictionary_model(tmp_path / "en_es", sides=("bpe.model",)), "en", "es")
    zipped(made, folder / "translate-en_es-1_9.argosmodel")
    with pytest.raises(Fatal, match=r"cannot be unpacked: it has no sentencepiece\.model; models with other"):
        make().translate(UNITS, "en", "es")


def test_an_archive_that_unpacks_to_too_much_is_refused(
    make: Callable[..., Any], archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "MAX_UNPACKED", 10_000)
    with pytest.raises(Fatal, match="too much for a model"):
        make().translate(UNITS, "en", "es")
    assert list((settings().home / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("model/model.bin", b""),
        ("model/model.bin", None),
        ("model/shared_vocabulary.json", b"["),
        ("model/config.json", b"{"),
        ("sentencepiece.model", b"nothing of the kind"),
        ("sentencepiece.model", None),
    ],
)
def test_a_damaged_model_is_named(make: Callable[..., Any], dictionary: Path, file: str, content: bytes | None) -> None:
    damaged = dictionary / file
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2] if content is None else content)
    with pytest.raises(Fatal, match=r"^en_es cannot be loaded: "):
        make().translate(UNITS, "en", "es")
    with pytest.raises(TranslationHeld, match="en_es cannot be loaded"):
        translate(release(), "es", engines=[make()])


def test_an_archive_damaged_inside_is_named(make: Callable[..., Any], archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        member = opened.getinfo("en_es/model/model.bin")
    for place in range(member.header_offset + 100, member.header_offset + 200):
        content[place] ^= 0xFF
    archive.write_bytes(content)
    assert make().pairs() == {("en", "es"): 1}
    with pytest.raises(Fatal, match=r"^translate-en_es-1_9\.argosmodel cannot be unpacked: "):
        make().translate(UNITS, "en", "es")


def test_what_cannot_be_read_at_all_is_named_where_its_pair_is_missed(
    make: Callable[..., Any], folder: Path, dictionary: Path
) -> None:
    (folder / "translate-en_de.argosmodel").write_bytes(b"half a download")
    dictionary_model(folder / "model of ours", sides=OPUS)
    (folder / "notes.txt").write_text("no model")
    (folder / "nowhere").symlink_to(folder / "gone")
    assert make().pairs() == {("en", "es"): 1}
    with pytest.raises(Unsupported) as unsupported:
        make().model("en", "de")
    assert "translate-en_de.argosmodel cannot be read: File is not a zip file" in str(unsupported.value)
    assert "model of ours cannot be read: it has no metadata.json" in str(unsupported.value)


def test_a_folder_that_is_not_there(make: Callable[..., Any], tmp_path: Path) -> None:
    engine = make(folder=tmp_path / "nowhere")
    assert engine.pairs() == {}
    with pytest.raises(Fatal, match=r"there is no folder .*/nowhere that can be read"):
        engine.model("en", "es")


def test_without_the_packages_it_says_so(
    make: Callable[..., Any], dictionary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])  # where installed packages are looked for
    assert make().pairs() == {}
    with pytest.raises(Fatal, match=r"is not installed: ctranslate2 and sentencepiece; pip install"):
        make().model("en", "es")


@pytest.mark.parametrize(
    ("fields", "field"), [({"folder": None}, "folder"), ({"options": {"intra_threads": "0"}}, "options.intra_threads")]
)
def test_a_configuration_that_cannot_be(make: Callable[..., Any], fields: dict[str, Any], field: str) -> None:
    with pytest.raises(DocumentRefused, match=rf"engines\.ct2\.{field}"):
        make(**fields)
