"""`fanwire translations …`: what it prints, writes and takes back."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.building.translations import build_translation
from tasks.ledger import artifacts, deliveries, translation_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.model.release import Release
from tests.support.review_files import CHINESE, with_target
from tests.support.samples import URI, outlet, release

from .conftest import Run, take

pytestmark = pytest.mark.usefixtures("home")
Problems = Callable[..., list[dict[str, Any]]]


def planned(document: Release, *languages: str, make: bool = True) -> int:
    """A release for one outlet that wants translations approved, as far as workers get with it."""
    number = take(document, outlet("careful", languages=list(languages), machine_translation="approved"))
    planning.plan(number)
    for language in languages if make else ():
        build_translation(number, language)
        build_renditions(number, language)
    return number


def told(run: Run, *arguments: str) -> Any:
    return json.loads(run("translations", *arguments, "--json").stdout)


# --- list


def test_list_says_of_each_language_how_far_it_is(run: Run) -> None:
    planned(release(**CHINESE), "zh-Hans", "zh-Hant", "ko")
    found = {row["language"]: row for row in told(run, "list", URI)}
    assert {language: (row["state"], row["status"], row["units"], row["open"]) for language, row in found.items()} == {
        "ko": ("held", "draft", 3, 3), "zh-Hans": ("made", None, 0, 0), "zh-Hant": ("made", "unreviewed", 3, 0),
    }  # fmt: skip
    assert found["zh-Hant"] | {"engine": "opencc", "unread": 3, "waits": 1} == found["zh-Hant"]
    lines = run("translations", "list", URI).stdout.splitlines()
    assert lines[0].split() == ["language", "state", "status", "engine", "units", "open", "unread", "waits", "reason"]
    assert lines[1].split()[:5] == ["ko", "held", "draft", "3", "3"]
    assert "no engine for zh-Hans→ko" in lines[1]


def test_list_across_releases_shows_what_waits_for_a_person(run: Run) -> None:
    assert "nothing waits" in run("translations", "list").stdout
    planned(release(uri="urn:x:one", **CHINESE), "zh-Hant")
    planned(release(uri="urn:x:two"), "ko")
    assert [(row["release"], row["language"]) for row in told(run, "list")] == [
        ("urn:x:one", "zh-Hant"),
        ("urn:x:two", "ko"),
    ]
    assert [row["release"] for row in told(run, "list", "urn:x:two", "--waiting")] == ["urn:x:two"]
    run("translations", "approve", "urn:x:one", "zh-Hant")
    assert [row["release"] for row in told(run, "list", "--waiting")] == ["urn:x:two"]
    assert "urn:x:two v1" in run("translations", "list").stdout


def test_status_says_that_deliveries_are_held_for_approval(run: Run) -> None:
    planned(release(**CHINESE), "zh-Hant")
    shown = run("status", URI).stdout
    assert "held: 1 in zh-Hant for approval" in shown
    assert f"fanwire translations list {URI}" in shown
    assert json.loads(run("status", URI, "--json").stdout)["held"][0]["reason"] == "approval"


# --- show


def test_show_puts_source_and_target_side_by_side(run: Run) -> None:
    planned(release(**CHINESE), "zh-Hant", "ko")
    shown = run("translations", "show", URI, "zh-Hant", env={"COLUMNS": "120"}).stdout
    assert "unreviewed, by opencc" in shown
    assert "公司发布新软件" in shown
    assert "公司釋出新軟體" in shown
    assert "‹1 伺服器 1›" in shown
    assert "3 units, 0 open, 3 unread" in shown
    open_ones = run("translations", "show", URI, "ko").stdout
    assert "nobody has translated it" in open_ones
    found = told(run, "show", URI, "zh-Hant")
    assert (found["status"], found["engine"]) == ("unreviewed", "opencc")
    [headline, *_] = found["items"]
    assert (headline["id"], headline["source"], headline["target"]) == (
        "headline",
        ["公司发布新软件"],
        ["公司釋出新軟體"],
    )
    assert headline["open"] is False


def test_what_a_release_says_does_not_steer_the_terminal(run: Run) -> None:
    planned(release(headline="Acme \x1b[2J\x9b31m\u202eopens a plant"), "ko")
    shown = run("translations", "show", URI, "ko").stdout
    assert "opens a plant" in shown
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)


def test_what_the_producer_wrote_has_no_units_to_show(run: Run) -> None:
    planned(release(**CHINESE), "zh-Hans")
    assert "0 units" in run("translations", "show", URI, "zh-Hans").stdout
    assert "has no units: the producer wrote it" in run("translations", "export", URI, "zh-Hans", status=1).stderr


def test_what_nobody_has_begun_says_why_it_cannot_be_exported(run: Run) -> None:
    number = planned(release(**CHINESE), "ko", make=False)
    assert "no units yet: no worker has begun it" in run("translations", "export", URI, "ko", status=1).stderr
    with ledger.write() as connection:
        key = TranslationKey(number, "ko")
        attempt = artifacts.claim(connection, key, now=1, lease=1)
        assert attempt is not None
        artifacts.hold(connection, key, attempt=attempt, now=1, wait=1, reason="the file is not YAML")
    assert "no units yet: the file is not YAML" in run("translations", "export", URI, "ko", status=1).stderr


def test_a_language_or_release_that_is_not_there_is_said(run: Run, problems: Problems) -> None:
    planned(release(**CHINESE), "zh-Hant")
    assert "nobody is to get it in fr" in run("translations", "show", URI, "fr", status=1).stderr
    assert "no release urn:x:none" in run("translations", "list", "urn:x:none", status=1).stderr
    run("translations", "show", URI, "klingon", status=2)
    [problem] = problems("translations", "approve", URI, "fr")
    assert "its languages are: zh-Hant" in problem["problem"]


# --- there and back


@pytest.mark.parametrize(("name", "begins"), [("t.xlf", b"<?xml"), ("t.tmx", b"<?xml"), ("t.html", b"<!doctype html>")])
def test_the_name_of_a_file_says_its_format(run: Run, tmp_path: Path, name: str, begins: bytes) -> None:
    planned(release(**CHINESE), "zh-Hant")
    run("translations", "export", URI, "zh-Hant", "--output", str(tmp_path / name))
    assert (tmp_path / name).read_bytes().startswith(begins)
    run("translations", "export", URI, "zh-Hant", "--output", str(tmp_path / name), "--format", "xliff",
        status=0 if name == "t.xlf" else 2)  # fmt: skip
    run("translations", "export", URI, "zh-Hant", "--output", str(tmp_path / "t.doc"), status=2)
    assert run("translations", "export", URI, "zh-Hant").stdout.startswith("<?xml")


@pytest.mark.parametrize("suffix", ["xlf", "tmx"])
def test_what_comes_back_unchanged_changes_nothing(run: Run, tmp_path: Path, suffix: str) -> None:
    planned(release(**CHINESE), "zh-Hant")
    file = tmp_path / f"t.{suffix}"
    run("translations", "export", URI, "zh-Hant", "--output", str(file))
    assert "0 units accepted, 3 unchanged" in run("translations", "import", URI, "zh-Hant", str(file)).stdout


@pytest.mark.parametrize("suffix", ["xlf", "tmx"])
def test_what_comes_back_changed_is_made_anew_and_goes_out_once_approved(run: Run, tmp_path: Path, suffix: str) -> None:
    number = planned(release(**CHINESE), "zh-Hant")
    file = tmp_path / f"t.{suffix}"
    run("translations", "export", URI, "zh-Hant", "--output", str(file))
    file.write_bytes(file.read_bytes().replace("公司釋出新軟體".encode(), "公司釋出新的軟體".encode()))
    done = told(run, "import", URI, "zh-Hant", str(file))
    assert (done["accepted"], done["unchanged"], done["remade"]) == (["headline"], 2, True)
    build_translation(number, "zh-Hant")
    build_renditions(number, "zh-Hant")
    assert "1 delivery goes" in run("translations", "approve", URI, "zh-Hant", "--by", "Ann").stdout
    build_renditions(number, "zh-Hant")
    with ledger.write() as connection:
        assert len(deliveries.claim(connection, "w", now=ledger.now(connection), lease=60, limit=9)) == 1


def test_a_language_without_an_engine_is_translated_by_people(run: Run, tmp_path: Path) -> None:
    number = planned(release(), "ko")
    file = tmp_path / "t.xlf"
    run("translations", "export", URI, "ko", "--output", str(file))
    data = with_target(file.read_bytes(), "headline", "Acme Robotics, 포르투에 공장을 열다")
    file.write_bytes(with_target(data, "paragraph-1", 'Acme는 월요일에 <pc id="2">공장</pc>이 문을 열었다고 밝혔다.'))
    assert "2 units accepted" in run("translations", "import", URI, "ko", str(file)).stdout
    build_translation(number, "ko")
    [row] = told(run, "list", URI)
    assert (row["state"], row["status"], row["engine"], row["open"]) == ("made", "approved", "memory", 0)


def test_a_refused_file_names_every_unit_and_nothing_is_imported(run: Run, tmp_path: Path, problems: Problems) -> None:
    planned(release(**CHINESE), "zh-Hant")
    file = tmp_path / "t.xlf"
    run("translations", "export", URI, "zh-Hant", "--output", str(file))
    data = with_target(file.read_bytes(), "headline", "公司釋出新的軟體")
    file.write_bytes(with_target(data, "paragraph-1.sentence-1", "該公司的伺服器執行新的軟體。"))
    failed = run("translations", "import", URI, "zh-Hant", str(file), status=1).stderr
    assert "Nothing was imported." in failed
    assert "paragraph 1, sentence 1: link to https://acme.example/s?a=1&b=2 is missing" in failed
    [problem] = problems("translations", "import", URI, "zh-Hant", str(file))
    assert problem["field"] == "paragraph 1, sentence 1"
    assert told(run, "list", URI)[0]["state"] == "made"


def test_warnings_are_told_and_can_be_overruled(run: Run, tmp_path: Path) -> None:
    planned(release(headline="Acme Robotics hires 40 engineers in Porto"), "ko")
    file = tmp_path / "t.xlf"
    run("translations", "export", URI, "ko", "--output", str(file))
    file.write_bytes(with_target(file.read_bytes(), "headline", "Acme Robotics, 포르투에서 엔지니어 수십 명 채용"))
    failed = run("translations", "import", URI, "ko", str(file), status=1).stderr
    assert "40" in failed
    assert "--despite-warnings" in failed
    done = run("translations", "import", URI, "ko", str(file), "--despite-warnings")
    assert "warning: headline: " in done.stderr
    assert "1 unit accepted" in done.stdout


def test_files_that_are_none_are_said_in_one_line(run: Run, tmp_path: Path) -> None:
    planned(release(**CHINESE), "zh-Hant")
    for name, content, words in (
        ("t.xlf", b"<html/>", "is not XLIFF 2"),
        ("t.xlf", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "document type"),
        ("t.tmx", b"<html/>", "is no TMX"),
        ("t.tmx", b"<tmx version='1.4'><header srclang='en'/><body/></tmx>", "holds nothing from zh-Hans into zh-Hant"),
    ):
        (tmp_path / name).write_bytes(content)
        failed = run("translations", "import", URI, "zh-Hant", str(tmp_path / name), status=1).stderr
        assert words in failed
        assert str(tmp_path / name) in failed
        assert len(failed.splitlines()) == 1
    assert "No such file" in run("translations", "import", URI, "zh-Hant", str(tmp_path / "no.xlf"), status=1).stderr
    run("translations", "import", URI, "zh-Hant", str(tmp_path / "t.html"), status=2)
    assert ".html" not in run("translations", "import", URI, "zh-Hant", str(tmp_path / "t.doc"), status=2).stderr


# --- approve


def test_approve_says_who_and_when_and_twice_is_harmless(run: Run) -> None:
    planned(release(**CHINESE), "zh-Hant")
    assert (
        f"{URI} v1 in zh-Hant is approved by Ann; 1 delivery goes out"
        in run("translations", "approve", URI, "zh-Hant", "--by", "Ann").stdout
    )
    again = told(run, "approve", URI, "zh-Hant", "--by", "Bob")
    assert (again["by"], again["before"], again["released"]) == ("Ann", True, 0)
    assert "approved already by Ann" in run("translations", "approve", URI, "zh-Hant").stdout
    assert "approved by Ann" in run("translations", "list", URI).stdout


def test_show_says_how_to_approve_what_it_shows(run: Run) -> None:
    planned(release(**CHINESE), "zh-Hant")
    stamp = told(run, "show", URI, "zh-Hant")["stamp"]
    command = run("translations", "show", URI, "zh-Hant").stdout.splitlines()[-1]
    assert command == f"fanwire translations approve {URI} zh-Hant --stamp {stamp}"
    assert stamp in run("translations", "export", URI, "zh-Hant", "--format", "html").stdout
    refused = run("translations", "approve", URI, "zh-Hant", "--stamp", stamp[:-1] + "_", status=1).stderr
    assert "is no stamp" in refused
    run(*command.split()[1:])
    assert "approve" not in run("translations", "show", URI, "zh-Hant").stdout.splitlines()[-1]


def test_approve_names_who_types_it_unless_somebody_is_named(run: Run) -> None:
    planned(release(**CHINESE), "zh-Hant")
    assert told(run, "approve", URI, "zh-Hant")["by"] == getpass.getuser()


def test_a_draft_is_not_approved_and_a_version_that_was_corrected_neither(run: Run) -> None:
    planned(release(**CHINESE), "zh-Hant", "ko")
    failed = run("translations", "approve", URI, "ko", status=1).stderr
    assert "these units are open: headline (nobody has translated it); paragraph 1, sentence 1" in failed
    assert "; export it, translate them, and import it" in failed
    planned(release(version=2, **CHINESE), "zh-Hant")
    failed = run("translations", "approve", URI, "zh-Hant", "--version", "1", status=1).stderr
    assert "was corrected by version 2" in failed


def test_without_a_ledger_it_says_so(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tasks.runtime.settings import settings

    monkeypatch.setenv("FANWIRE_HOME", str(tmp_path / "elsewhere"))
    settings.cache_clear()
    for command in (["list"], ["show", URI, "de"], ["approve", URI, "de"], ["export", URI, "de"]):
        assert "there is no Fanwire under" in run("translations", *command, status=1).stderr


# --- captions and alternative texts


def test_words_of_media_are_reviewed_like_every_sentence(run: Run, tmp_path: Path) -> None:
    film = {"id": "film", "type": "video", "url": "https://acme.example/f.mp4", "caption": "软件"}
    number = planned(release(**CHINESE, media=[film]), "zh-Hant", make=False)
    build_translation(number, "zh-Hant")
    file = tmp_path / "t.xlf"
    run("translations", "export", URI, "zh-Hant", "--output", str(file))
    [name] = re.findall(r'id="(caption[^"]*)"', file.read_text())
    file.write_bytes(with_target(file.read_bytes(), name, "應用程式"))
    assert "1 unit" in run("translations", "import", URI, "zh-Hant", str(file)).stdout
    build_translation(number, "zh-Hant")
    with ledger.read() as connection:
        made = translation_rows.finished(connection, TranslationKey(number, "zh-Hant"))
    assert made is not None
    assert made.media["film"].caption == "應用程式"
    assert "caption of film" in run("translations", "show", URI, "zh-Hant").stdout
