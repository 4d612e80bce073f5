"""`fanwire submit --dry-run`: it says all that would happen, and nothing happens."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from tasks import ledger
from tasks.building import translators
from tasks.ledger.schema import metadata
from tasks.operations import prospects
from tasks.runtime.settings import settings
from tests.support.review_files import CHINESE
from tests.support.samples import URI, outlet, release

from .conftest import Run, take

pytestmark = pytest.mark.usefixtures("home")
BEARER = {"type": "bearer", "secret": "env:FANWIRE_SECRET_NOT_HERE"}


@pytest.fixture(autouse=True)
def _outlets(home: None) -> None:
    take(
        release(uri="urn:x:other"),
        outlet("a", languages=["en", "de"]),
        outlet("b", languages=["zh-Hant"], format="text"),
        outlet("c", auth=BEARER),
        outlet("paused"),
        outlet("elsewhere", country="DE", circuits=["dach-business"]),
    )


def everything() -> dict[str, list[tuple[Any, ...]]]:
    with ledger.read() as connection:
        return {name: list(map(tuple, connection.execute(select(table)))) for name, table in metadata.tables.items()}


def test_it_says_who_would_get_it_and_what_is_missing(run: Run, tmp_path: Path) -> None:
    run("outlets", "pause", "paused")
    before = everything()
    told = run("submit", "-", "--dry-run", input=release(countries=["PT"]).to_json()).stdout.splitlines()
    assert told[:7] == [
        "dry run: nothing is sent, and nothing is written into the ledger",
        f"{URI} v1",
        "goes to   2 of 5 outlets now (1 of them not in all languages), in 2 deliveries: en 2",
        "held      1 delivery in de: no engine for en→de",
        "held      1 delivery in zh-Hant: no engine for en→zh-Hant",
        "held      1 delivery in en: outlet paused",
        "      1  outlet does not get it, or not in every language: the outlet is not in its countries",
    ]
    assert told[7].startswith(
        "missing   c: secret env:FANWIRE_SECRET_NOT_HERE: is not in the environment (looked up in"
    )
    lines = [" ".join(line.split()) for line in told]
    assert "a en de — no engine for en→de" in lines
    assert "elsewhere — — en it is not in its countries" in lines
    at = told.index("The text in en, as plain text (--output FOLDER writes what each outlet gets):")
    assert told[at + 1] == "  Acme Robotics opens a plant in Porto"
    assert everything() == before


def test_it_warns_of_texts_as_the_receipt_does(run: Run) -> None:
    german = {"headline": "Acme", "body_html": "<p>Acme sagte am Montag, dass 12 Werke offen sind.</p>"}
    document = release(translations={"de": german}).to_json()
    told = run("submit", "-", "--dry-run", input=document).stdout
    assert "warning   translations.de: the addresses changed: https://acme.example/porto" in told
    assert "warning   translations.de: paragraph 1:" in told


def test_each_rendition_is_written_translated_ones_too(run: Run, tmp_path: Path) -> None:
    before = everything()
    folder = tmp_path / "look"
    document = release(**CHINESE).to_json()
    found = json.loads(run("submit", "-", "--dry-run", "--output", str(folder), "--json", input=document).stdout)
    assert sorted(path.name for path in folder.iterdir()) == ["zh-Hant.txt"]
    assert "公司釋出新軟體" in (folder / "zh-Hant.txt").read_text()
    assert found["goes_to"]["languages"] == {"zh-Hant": 1}
    assert {held["reason"] for held in found["goes_to"]["held"]} == {
        "no engine for zh-Hans→en", "no engine for zh-Hans→de",
    }  # fmt: skip
    assert "no engine" in found["not_shown"]["en"]
    assert everything() == before


def test_a_draft_is_held_and_can_be_read(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "translation.yaml").write_text("engines: {opencc: {grade: draft}}")
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(tmp_path / "translation.yaml"))
    settings.cache_clear()
    told = run(
        "submit", "-", "--dry-run", "--output", str(tmp_path / "look"), input=release(**CHINESE).to_json()
    ).stdout
    assert "held      1 delivery in zh-Hant: a draft by opencc waits for an editor" in told
    assert (tmp_path / "look" / "zh-Hant.txt").exists()


@pytest.mark.parametrize(
    ("fields", "warning"),
    [
        ({"circuits": ["dach-busines"]}, "circuits: no outlet is in 'dach-busines'; perhaps 'dach-business' is meant"),
        ({"countries": ["FR"]}, "countries: no outlet is in 'FR'"),
    ],
)
def test_a_release_for_nobody_says_why(run: Run, fields: dict[str, Any], warning: str) -> None:
    told = run("submit", "-", "--dry-run", input=release(**fields).to_json()).stdout
    assert f"warning   {warning}\n" in told
    [field] = fields
    why = {"circuits": "is in none of its circuits", "countries": "is not in its countries"}[field]
    assert f"warning   {field}: goes to 0 of 5 outlets, because the outlet {why} (5)\n" in told


def test_the_warnings_of_a_receipt_are_said_before(run: Run) -> None:
    told = run("submit", "-", "--dry-run", input=release(embargo_until="2025-12-01T07:00:00-05:00").to_json()).stdout
    assert "warning   embargo_until: 2025-12-01T07:00:00-05:00 (2025-12-01T12:00:00Z) is past, so the release" in told
    told = run("submit", "-", "--dry-run", input=release(embargo_until="2126-12-01T07:00:00-05:00").to_json()).stdout
    assert "goes to   0 of 5 outlets now\n" in told
    assert (
        "held      6 deliveries in de, en, zh-Hant: embargo until 2126-12-01T07:00:00-05:00 (2126-12-01T12:00:00Z)\n"
        in told
    )


def dry(run: Run, status: int = 0, /, *options: str, **fields: Any) -> list[str]:
    """What a dry run of a release prints."""
    return run(
        "submit", "-", "--dry-run", *options, status=status, input=release(**fields).to_json()
    ).stdout.splitlines()


def test_a_release_that_was_taken_with_the_same_content_is_said_to_be_known(run: Run) -> None:
    take(release())
    assert dry(run)[1] == "known     version 1 was taken before with the same content: submitting it does nothing"


@pytest.mark.parametrize(
    ("fields", "refused", "consent"),
    [
        (
            {"version": 2, "headline": "Other"},
            "2 of urn:newsml:acme.example:20261122:plant was taken before with",
            None,
        ),
        ({"version": 1}, "2 was taken already; send it as version 3, with the consent 'revive'", None),
        ({"version": 4}, "2 killed urn:newsml:acme.example:20261122:plant, and this would publish it anew", "--revive"),
        (
            {"version": 1003, "status": "canceled"},
            "is above 1,002, the highest that is taken after version 2",
            "--jump",
        ),
    ],
)
def test_what_intake_would_refuse_is_refused_in_its_words(
    run: Run, fields: dict[str, Any], refused: str, consent: str | None
) -> None:
    take(release(version=2, status="canceled"))
    before = everything()
    told = dry(run, 1, **fields)
    assert told[1].startswith(f"refused   version: {refused}")
    assert told[2] == "Nothing of it would be sent. If it were taken:"
    if consent:
        assert "(for example" not in told[1] or consent == "--jump"
        assert not [line for line in dry(run, 0, consent, **fields) if "refused" in line]
    done = run("submit", "-", "--dry-run", "--json", status=1, input=release(**fields).to_json())
    [problem] = json.loads(done.stdout)["problems"]
    assert problem["field"] == "version"
    assert everything() == before


def test_a_dry_run_signs_as_the_real_one_and_may_send_no_more(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "producers.yaml"
    file.write_text("producers: {acme: {keys: env:ACME_KEY, issuers: [Acme Robotics]}, other: {keys: env:ACME_KEY}}")
    monkeypatch.setenv("FANWIRE_PRODUCERS", str(file))
    monkeypatch.setenv("ACME_KEY", "a key of sixteen characters or more")
    settings.cache_clear()
    assert "refused   (producer): this wire takes signed releases only: name a producer with --producer" in dry(run, 1)
    [refused] = [line for line in dry(run, 1, "--producer", "other") if line.startswith("refused")]
    assert refused.startswith("refused   issuer")
    assert not [line for line in dry(run, 0, "--producer", "acme") if "refused" in line]


@pytest.mark.parametrize(
    "configuration",
    [
        "engines: {deepl: {key: 'env:FANWIRE_DEEPL'}}\n",
        "engines: {deepl: {key: 'env:FANWIRE_DEEPL'}, house: {type: libretranslate, url: 'http://127.0.0.1:9'}}\n"
        "languages: {de: {engines: [house], reader: deepl}}\n",
    ],
)
def test_what_other_machines_would_translate_or_read_is_not_asked_for(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configuration: str
) -> None:
    file = tmp_path / "translation.yaml"
    file.write_text(configuration)
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(file))
    monkeypatch.setenv("FANWIRE_DEEPL", "a key that goes nowhere:fx")
    settings.cache_clear()
    told = run("submit", "-", "--dry-run", input=release().to_json()).stdout
    assert "not shown de: deepl would have to be asked" in told
    assert "de 1" in told.splitlines()[2]


def test_a_folder_without_a_dry_run_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    run("submit", "-", "--output", str(tmp_path), status=2, input=release().to_json())


def test_a_translation_that_fails_its_checks_is_held_and_does_not_go_now(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = SimpleNamespace(translation=None, reason="the figures changed: 12")
    monkeypatch.setattr(prospects, "translators", lambda *_: ["an engine"])
    monkeypatch.setattr(translators, "preview", lambda *_: draft)
    told = dry(run)
    assert "goes to   4 of 5 outlets now (1 of them not in all languages), in 4 deliveries: en 4" in told
    assert "held      2 deliveries in de, zh-Hant: the figures changed: 12" in told
