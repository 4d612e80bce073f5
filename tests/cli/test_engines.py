"""`fanwire engines`, and what `fanwire doctor` says of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tasks import ledger
from tasks.building import engine_meter
from tasks.ledger import engine_usage as engines
from tasks.ledger import outlets, post_edits
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tasks.translation.configuration import EngineDocument
from tasks.translation.errors import QuotaUsedUp, Retryable
from tests.support.samples import URI, outlet, release
from tests.translation.engines.doubles_openai import KEY, MODEL, NOT_OURS, OpenAIDouble

from .conftest import Run, take

LIBRE = "engines: {libre: {type: libretranslate, url: 'http://127.0.0.1:9', budget: {characters: 1000}}, opencc: {}}"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes the configured translation file."""
    path = tmp_path / "translation.yaml"
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(path))
    settings.cache_clear()
    secrets.forget()

    def write(text: str) -> Path:
        path.write_text(text)
        return path

    return write


def fail(times: int, name: str = "libre") -> None:
    meter, document = engine_meter.LedgerMeter(), EngineDocument.model_validate({"budget": {"characters": 1000}})
    for _ in range(times):
        meter.note(name, document, meter.ask(name, document, 10), Retryable("answered 503"))


def listed(run: Run) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(run("engines", "list", "--json").stdout)}


def test_list_says_what_they_can_and_have_used(run: Run, file: Callable[[str], Path], home: None) -> None:
    file(LIBRE)
    fail(5)
    found = listed(run)
    libre = found["libre"]
    assert (libre["type"], libre["failures"], libre["month"]["characters"]) == ("libretranslate", 5, 50)
    assert libre["budget"] == {"characters": 1000, "cost": None}
    assert libre["minute"] == {"requests": 5, "characters": 50}
    assert libre["rests"].endswith("UTC after 5 failures: answered 503")
    assert (found["opencc"]["pairs"], found["opencc"]["rests"], found["opencc"]["problem"]) == (2, None, None)
    told = run("engines", "list").stdout
    assert "50 of 1,000 characters" in told
    assert "rests until" in told
    assert "ready (opencc " in told


def test_list_and_doctor_say_what_their_output_is_for(run: Run, file: Callable[[str], Path], home: None) -> None:
    file("engines: {mine: {type: opencc, grade: {'*': {zh-Hant: draft}}}, opencc: {}}")
    found = {name: one["grades"]["zh-Hans"]["zh-Hant"] for name, one in listed(run).items()}
    assert found == {"mine": "draft", "opencc": "publish"}
    lines = [line.split() for line in run("engines", "list").stdout.splitlines()]
    assert [line[3] for line in lines[1:3]] == ["draft", "publish"]
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a", languages=["zh-Hant"])], ledger.now(connection))
    assert not [what for what in findings(run, 0) if "drafts wait" in what]
    file("engines: {opencc: {grade: draft}}")
    [draft] = [what for what in findings(run, 0) if "drafts wait" in what]
    assert draft.startswith("drafts wait for an editor in these languages")
    assert draft.endswith("zh-Hant by opencc (1 outlet)")


def test_list_says_that_a_budget_is_used_up(run: Run, file: Callable[[str], Path], home: None) -> None:
    file("engines: {libre: {type: libretranslate, url: 'http://127.0.0.1:9', budget: {characters: 40}}}")
    fail(4)
    assert "its budget of this month is used up, failed 4 times in a row" in run("engines", "list").stdout
    assert listed(run)["libre"]["month"]["characters"] == 40


@pytest.fixture
def nobody_logs() -> Iterator[None]:
    """As in a process of the command's own."""
    before = structlog.get_config() if structlog.is_configured() else None
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    if before:
        structlog.configure(**before)


@pytest.mark.usefixtures("home", "nobody_logs")
def test_what_is_logged_meanwhile_spoils_no_json(run: Run, file: Callable[[str], Path]) -> None:
    file(LIBRE)
    fail(4)
    done = run("engines", "test", "libre", "--to", "es", "--json", status=1)
    assert json.loads(done.stdout)["error"] == "Retryable"
    assert "engine rests" in done.stderr


def test_list_needs_no_ledger_and_says_who_is_left_out(run: Run, file: Callable[[str], Path]) -> None:
    file("engines: {deepl: {}, mine: {type: nothing}}")
    found = listed(run)
    assert found["deepl"]["problem"] == "engines.deepl.key: is required (for example env:TRANSLATION_KEY)"
    assert "there is no type 'nothing'" in found["mine"]["problem"]
    assert not settings().home.exists()


def edited(unit: str, edits: int, words: int, **fields: Any) -> dict[str, Any]:
    of = {"source_language": "zh-Hans", "engine": "opencc", "model": "", "draft": "", "approved": "", "unit": unit}
    return of | {"edits": edits, "words": words, "approved_at": time.time()} | fields


def test_list_says_how_much_people_changed_in_the_last_half_year(
    run: Run, file: Callable[[str], Path], home: None
) -> None:
    file("engines: {opencc: {}}")
    number = take(release())
    with ledger.write() as connection:
        rows = [edited("a", 1, 6), edited("b", 0, 4), edited("c", 9, 9, approved_at=time.time() - 181 * 86_400)]
        post_edits.keep(connection, number, "zh-Hant", rows)
        post_edits.keep(connection, number, "ko", [edited("a", 2, 2, engine="gone")])
    [rate] = listed(run)["opencc"]["edit_rates"]
    assert rate == {
        "source": "zh-Hans", "target": "zh-Hant", "units": 2, "changed": 1, "edits": 1, "words": 10, "edit_rate": 0.1
    }  # fmt: skip
    assert "zh-Hans→zh-Hant 10.0 % of 10 words" in run("engines", "list", env={"COLUMNS": "250"}).stdout
    told = json.loads(run("report", URI, "--format", "json").stdout)["edited"]
    assert [(one["language"], one["engine"], one["edit_rate"]) for one in told] == [
        ("ko", "gone", 1.0),
        ("zh-Hant", "opencc", 0.5263),
    ]
    page = run("report", URI, "--format", "html").stdout
    assert "What people changed in drafts" in page
    assert "52.6 %" in page


@pytest.mark.parametrize("key", ["env:FANWIRE_TESTS_NO_SUCH_KEY", "file:/nowhere/key"])
def test_list_says_that_a_key_cannot_be_read(run: Run, file: Callable[[str], Path], home: None, key: str) -> None:
    file(f"engines: {{deepl: {{key: '{key}'}}, opencc: {{}}}}")
    found = listed(run)
    assert found["deepl"]["problem"].startswith(f"unreadable key: {key}: ")
    assert found["opencc"]["problem"] is None
    told = " ".join(run("engines", "list").stdout.split())
    assert "unreadable key" in told
    assert "ready (deepl" not in told


@pytest.mark.parametrize("command", ["list", "test opencc", "wake opencc"])
def test_a_file_that_cannot_be_read_is_one_line(
    run: Run, file: Callable[[str], Path], problems: Callable[..., Any], command: str
) -> None:
    file("engines: [")
    [line] = run("engines", *command.split(), status=1).stderr.splitlines()
    assert "translation.yaml refused: (file): is not YAML: line " in line


def test_test_translates_a_sentence_with_a_link(run: Run) -> None:
    told = run("engines", "test", "opencc").stdout
    assert "opencc zh-Hans→zh-Hant, opencc " in told
    assert "<a>位於北部的新軟體工廠</a>" in told
    found = json.loads(run("engines", "test", "opencc", "<a>软件</a>很好", "--to", "zh-TW", "--json").stdout)
    assert (found["result"], found["error"]) == ("<a>軟體</a>很好", None)


def test_test_shows_the_whole_way(run: Run) -> None:
    told = run("engines", "test", "opencc", "公司周一表示。<a>软件</a>很好", "--to", "zh-TW").stdout.splitlines()
    assert told[1:] == [
        "", "source    公司周一表示。", "sent      公司周一表示。", "answered  公司週一表示。",
        "result    公司週一表示。",
        "", "source    <a>软件</a>很好", "sent      <1>软件</1>很好", "answered  <1>軟體</1>很好",
        "result    <a>軟體</a>很好",
    ]  # fmt: skip


def test_test_says_the_kind_of_error(run: Run, file: Callable[[str], Path], home: None) -> None:
    file(LIBRE)
    told = run("engines", "test", "libre", "--to", "es", status=1).stdout
    assert told.startswith("libre en→es: Retryable: cannot be reached at 127.0.0.1:9 (connection refused)")
    found = json.loads(run("engines", "test", "libre", "--to", "es", "--json", status=1).stdout)
    assert (found["error"], found["result"]) == ("Retryable", None)
    assert listed(run)["libre"]["month"]["characters"] > 100


def test_test_asks_an_engine_that_rests_and_one_that_answers_rests_no_more(run: Run, home: None) -> None:
    meter = engine_meter.LedgerMeter()
    meter.note("opencc", EngineDocument(), meter.ask("opencc", EngineDocument(), 1), QuotaUsedUp("empty"))
    assert listed(run)["opencc"]["rests"]
    run("engines", "test", "opencc")
    assert not listed(run)["opencc"]["rests"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("test nobody", "there is no engine 'nobody'; there are libre, opencc"),
        ("test ct2", "there is no engine 'ct2' (`fanwire engines fetch` brings models for it); there are libre"),
        ("wake nobody", "there is no engine 'nobody'"),
        ("test opencc --from en", "opencc cannot translate from en"),
        ("test libre --from ko --to en", "say a TEXT in ko"),
    ],
)
def test_what_cannot_be_tested(run: Run, file: Callable[[str], Path], home: None, arguments: str, says: str) -> None:
    file(LIBRE)
    assert says in run("engines", *arguments.split(), status=1).stderr


def test_wake_ends_a_rest(run: Run, file: Callable[[str], Path], home: None) -> None:
    file(LIBRE)
    fail(5)
    assert run("engines", "wake", "libre").stdout == "libre may be asked again; 0 translations are tried now\n"
    with ledger.read() as connection:
        row = engines.get(connection, "libre")
    assert row is not None
    assert (row["failures"], row["rest_until"], row["month_characters"]) == (0, 0, 50)


def findings(run: Run, status: int) -> dict[str, str]:
    found = json.loads(run("doctor", "--json", status=status).stdout)
    return {finding["what"]: finding["level"] for finding in found}


def test_doctor_looks_at_the_translation_file(
    run: Run, file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, home: None
) -> None:
    monkeypatch.setenv("THERE", "x")
    file(
        "engines:\n"
        "  deepl: {key: env:NOT_THERE}\n"
        "  libre: {type: libretranslate, url: 'http://translate.example:5000', key: env:THERE}\n"
        "  near: {type: libretranslate, url: 'http://127.0.0.1:5000', key: env:THERE}\n"
        "  azure: {}\n"
        "  apertium: {folder: /nowhere}\n"
    )
    fail(5)
    with ledger.write() as connection:
        takers = [outlet("a", languages=["de", "yo"]), outlet("b", languages=["sw"], machine_translation="refuse")]
        outlets.put(connection, takers, ledger.now(connection))
    found = findings(run, 1)
    unsafe = [what for what, level in found.items() if level == "unsafe"]
    assert unsafe == [
        "secret env:NOT_THERE: is not in the environment (engine deepl)",
        "engines.libre.url: its key goes over http:// to another machine; use https",
        "engine azure: engines.azure.key: is required (for example env:TRANSLATION_KEY)",
    ]
    notes = "\n".join(what for what, level in found.items() if level == "note")
    assert "engine apertium: can translate nothing here" in notes
    assert "engine libre rests until" in notes
    assert "so they go out only as supplied: yo (1 outlet)" in notes


def test_doctor_says_that_the_translation_file_cannot_be_read(
    run: Run, file: Callable[[str], Path], home: None
) -> None:
    file("languages: {de: {engines: [deepl]}}")
    unsafe = [what for what, level in findings(run, 1).items() if level == "unsafe"]
    assert len(unsafe) == 1
    assert "languages.de.engines: there is no engine 'deepl' under engines" in unsafe[0]
    assert run("doctor", status=1).stdout.count(unsafe[0]) == 1


@pytest.fixture
def double() -> Iterator[OpenAIDouble]:
    double = OpenAIDouble()
    yield double
    double.close()


@pytest.fixture
def judge(double: OpenAIDouble, file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> OpenAIDouble:
    """A second reader for Spanish, and one for Japanese that cannot translate back."""
    monkeypatch.setenv("TEST_OPENAI_KEY", KEY)
    file(
        f"engines: {{opencc: {{}}, judge: {{type: openai, model: {MODEL}, key: env:TEST_OPENAI_KEY, "
        f"url: '{double.url}'}}}}\n"
        "languages: {es: {reader: judge}, ja: {reader: opencc}}"
    )
    return double


def test_a_second_reader_is_listed_and_tried_with_a_translation(run: Run, judge: OpenAIDouble, home: None) -> None:
    assert {name: one["reads"] for name, one in listed(run).items()} == {"opencc": ["ja"], "judge": ["es"]}
    assert "reads es" in " ".join(run("engines", "list").stdout.split())
    how = (
        "engines",
        "test",
        "judge",
        "It does not stop.",
        "--from",
        "en",
        "--to",
        "es",
        "--translation",
        "Se detiene.",
    )
    assert run(*how).stdout == "judge en→es, openai gpt-4o-mini, judged 1: score 100 of 100\n"
    judge.finds = lambda _: [NOT_OURS]
    assert run(*how).stdout.splitlines()[1:] == ["  critical accuracy/mistranslation: other text"]
    found = json.loads(run(*how, "--json").stdout)
    assert (found["score"], found["faults"][0]["severity"], found["error"]) == (0, "critical", None)
    judge.finds = lambda _: []
    assert "Unjudged: the model found nothing wrong with a translation" in run(*how, status=1).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("judge x --translation y", "a translation is read beside a TEXT, with --from and --to"),
        ("opencc x --translation y --from en --to ja", "opencc cannot read en→ja: it does not translate ja→en, and"),
        ("opencc x --translation y --from ko --to ja", "there are no words of denial for ko"),
    ],
)
def test_what_cannot_be_read(run: Run, judge: OpenAIDouble, arguments: str, says: str) -> None:
    assert says in run("engines", "test", *arguments.split(), status=1).stderr


def test_doctor_says_which_second_reader_cannot_read(run: Run, judge: OpenAIDouble, home: None) -> None:
    unsafe = [what for what, level in findings(run, 1).items() if level == "unsafe"]
    assert unsafe == [
        "opencc reads ja, and it does not translate back from ja: every sentence there waits for a person"
    ]
