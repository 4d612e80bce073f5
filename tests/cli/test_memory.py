"""`fanwire memory` and `fanwire glossary`: what they import, refuse, list, export and remove."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks import ledger
from tasks.building import recall
from tasks.ledger import memory_entries
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import entries
from tests.translation.toy.language import pairs

from .conftest import Run

pytestmark = pytest.mark.usefixtures("home")

CSV = "source,target,source_language,target_language\n"
GOOD = CSV + "The sea.,El mar.,en,es\nIt cost €5.,Costó 5 €.,en,es\nThe sea.,Das Meer.,en,de\n"
TERMS = (
    "source,target,source_language,target_language,match_case,part,forbidden\n"
    "plant,central,en,es,no,noun,no\nplant,planta,en,es,,,yes\nplant,vegetal,en,es,,,yes\n,chisme,en,es,yes,,true\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], str]:
    def written(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return written


def kept() -> list[tuple[Any, ...]]:
    """All that the memory holds, without when and from where."""
    with ledger.read() as connection:
        rows = memory_entries.entries(connection, approved_only=False)
        return [(r.key, r.maker, r.source, r.target, r.source_language, r.target_language) for r in rows]


def by_an_engine() -> None:
    """One entry that an engine made."""
    entry = entries.entry(("The land.",), ("La tierra.",), LanguagePair.of("en", "es"), "stub 1")
    assert entry is not None
    with ledger.write() as connection:
        row = {"source_language": "en", "target_language": "es", "origin": "urn:x 1"}
        memory_entries.keep(connection, [vars(entry) | row], now=1.0)


# --- memory


def test_a_file_is_imported_whole_or_not_at_all(run: Run, file: Callable[[str, str], str]) -> None:
    bad = file("bad.csv", GOOD + "The sea.,,en,fr\n")
    done = run("memory", "import", bad, status=1)
    assert "bad.csv, line 5: target is empty" in done.stderr
    assert "0 entries imported, 1 rows refused" in done.stdout
    assert "Nothing was imported" in done.stdout
    assert kept() == []
    done = run("memory", "import", bad, "--skip-bad", status=1)
    assert "3 entries imported, 1 rows refused" in done.stdout
    assert [row[2] for row in kept()] == ["The sea.", "It cost {amount}.", "The sea."]
    told = json.loads(run("memory", "import", bad, "--json", status=1).stdout)
    assert told == {"imported": 0, "refused": 1, "problems": [{"where": "line 5", "problem": "target is empty"}]}


def test_a_later_import_takes_the_place_of_an_earlier_one(run: Run, file: Callable[[str, str], str]) -> None:
    run("memory", "import", file("a.csv", GOOD))
    run("memory", "import", file("b.csv", CSV + "The sea.,La mar.,en-US,es-ES\n"))
    assert len(kept()) == 3
    assert '["La mar."]' in {row[3] for row in kept()}


def test_a_later_import_is_not_hidden_by_one_that_was_kept_for_the_very_sentence(
    run: Run, file: Callable[[str, str], str]
) -> None:
    run("memory", "import", file("a.csv", CSV + "It cost €5.,Costó mucho.,en,es\n"))
    run("memory", "import", file("b.csv", CSV + "It cost €5.,Costó 5 €.,en,es\n"))
    assert [row[2:4] for row in kept()] == [("It cost {amount}.", '["Costó ",["piece",0],"."]')]


@pytest.mark.parametrize("ending", ["tmx", "csv"])
@pytest.mark.parametrize("everything", [True, False])
def test_an_export_fills_an_empty_ledger_with_the_same(
    run: Run, file: Callable[[str, str], str], tmp_path: Path, ending: str, everything: bool
) -> None:
    run("memory", "import", file("a.csv", GOOD))
    before = kept()
    by_an_engine()
    target = str(tmp_path / f"out.{ending}")
    told = json.loads(run("memory", "export", target, "--json", *["--all"] * everything).stdout)
    assert told["exported"] == 3 + everything
    expected = kept() if everything else before
    with ledger.write() as connection:
        memory_entries.remove(connection, [row[0] for row in kept()])
    assert kept() == []
    assert f"{3 + everything} entries imported" in run("memory", "import", target).stdout
    assert kept() == expected


APOSTROPHE = "'"
RUN = ["=suma de uno", "＝SUMA de dos", "-x grados en Oporto", "+y es el prefijo", "@acme lo dijo", "'=z es una cita"]


def test_what_a_spreadsheet_would_run_is_exported_harmless_and_comes_back(
    run: Run, file: Callable[[str, str], str], tmp_path: Path
) -> None:
    lines = "".join(f"{source.replace(APOSTROPHE, APOSTROPHE * 2)},La cifra,en,es\n" for source in RUN)
    run("memory", "import", file("a.csv", CSV + lines))
    before, target = kept(), tmp_path / "out.csv"
    assert len(before) == len(RUN)
    run("memory", "export", str(target))
    with target.open(newline="") as exported:
        cells = [cell for row in csv.reader(exported) for cell in row]
    assert [cell for cell in cells if cell[:1] in "=＝-+@"] == []
    with ledger.write() as connection:
        memory_entries.remove(connection, [row[0] for row in before])
    run("memory", "import", str(target))
    assert kept() == before


def test_a_table_with_semicolons_is_read(run: Run, file: Callable[[str, str], str]) -> None:
    table = "source;target;source_language;target_language\r\n"
    assert (
        "1 entries imported"
        in run("memory", "import", file("a.csv", table + "The sea, it is.;El mar.;en;es\r\n")).stdout
    )
    assert "1 terms imported" in run("glossary", "import", file("g.csv", table + "plant;planta;en;es\r\n")).stdout


def test_a_term_that_a_spreadsheet_would_run_comes_back(
    run: Run, file: Callable[[str, str], str], tmp_path: Path
) -> None:
    run("glossary", "import", file("a.csv", CSV + "＝sum,=suma,en,es\n"))
    before = run("glossary", "list", "--json").stdout
    run("glossary", "export", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("'＝sum,'=suma,")
    run("glossary", "import", str(tmp_path / "out.csv"))
    assert run("glossary", "list", "--json").stdout == before


def test_an_export_of_one_pair_on_standard_output(run: Run, file: Callable[[str, str], str]) -> None:
    run("memory", "import", file("a.csv", GOOD))
    shown = run("memory", "export", "-", "--format", "csv", "--source", "en-US", "--target", "de").stdout
    assert shown.splitlines()[1:] == ["The sea.,Das Meer.,en,de,approved,normal"]


def test_the_list_says_how_many_there_are(run: Run, file: Callable[[str, str], str]) -> None:
    run("memory", "import", file("a.csv", GOOD))
    by_an_engine()
    assert json.loads(run("memory", "list", "--json").stdout) == [
        {"source_language": "en", "target_language": "de", "approved": 1, "machine": 0},
        {"source_language": "en", "target_language": "es", "approved": 2, "machine": 1},
    ]
    assert "by engines" in run("memory", "list").stdout


def test_one_sentence_can_be_forgotten(run: Run, file: Callable[[str, str], str]) -> None:
    run("memory", "import", file("a.csv", GOOD))
    assert "1 entries removed" in run("memory", "remove", "It cost €7.", "--source", "en", "--target", "es").stdout
    done = run("memory", "remove", "It cost €7.", "--source", "en", "--target", "es", status=1)
    assert "the memory has no such sentence from en into es" in done.stderr
    assert len(kept()) == 2


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("memory", "import", "a.txt"), "its name must end in .tmx or .csv"),
        (("memory", "import", "nowhere.tmx"), "No such file"),
        (("memory", "export", "-"), "its name must end in .tmx or .csv"),
        (("memory", "export", "/nowhere/x.csv"), "No such file"),
        (("memory", "export", "x.csv", "--source", "zz"), "'zz' is not a language tag"),
        (("glossary", "import", "nowhere.csv"), "No such file"),
        (("glossary", "remove", "x", "--source", "en", "--target", "es"), "the glossary has no 'x' from en into es"),
    ],
)
def test_what_cannot_be_done_is_said(
    problems: Callable[..., list[dict[str, Any]]], arguments: tuple[str, ...], problem: str
) -> None:
    assert problem in problems(*arguments)[0]["problem"]


# --- glossary


def test_terms_are_imported_listed_exported_and_removed(
    run: Run, file: Callable[[str, str], str], tmp_path: Path
) -> None:
    assert "4 terms imported" in run("glossary", "import", file("t.csv", TERMS)).stdout
    listed = json.loads(run("glossary", "list", "--json").stdout)
    assert [(term["source"], term["target"], term["forbidden"]) for term in listed] == [
        ("chisme", "chisme", True), ("plant", "central", False), ("plant", "planta", True), ("plant", "vegetal", True),
    ]  # fmt: skip
    assert "not: planta" in run("glossary", "list", "--target", "es").stdout
    assert json.loads(run("glossary", "list", "--target", "de", "--json").stdout) == []
    target = str(tmp_path / "out.csv")
    run("glossary", "export", target)
    pair = ("--source", "en", "--target", "es")
    assert "1 terms removed" in run("glossary", "remove", "plant", *pair, "--translation", "planta").stdout
    assert "2 terms removed" in run("glossary", "remove", "plant", *pair).stdout
    run("glossary", "import", target)
    assert json.loads(run("glossary", "list", "--json").stdout) == listed


def test_a_wanted_term_takes_the_place_of_the_one_before(run: Run, file: Callable[[str, str], str]) -> None:
    run("glossary", "import", file("t.csv", TERMS))
    run("glossary", "import", file("u.csv", CSV + "plant,fábrica,en,es\n"))
    listed = json.loads(run("glossary", "list", "--json").stdout)
    assert [term["target"] for term in listed] == ["chisme", "fábrica", "planta", "vegetal"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",central,en,es,,,", "source is empty"),
        ("plant,,en,es,,,", "target is empty"),
        ("plant,x,en,en-US,,,", "source_language and target_language are both en"),
        ("plant,x,en,es,perhaps,,", "match_case must be yes or no, not 'perhaps'"),
        ("pl{ant,x,en,es,,,", "source must not hold '{'"),
        ("!!,x,en,es,,,", "source has no letter or digit"),
        (f"plant,{'x' * 501},en,es,,,", "target is longer than 500 characters"),
        (f"plant,x,en,es,,{'x' * 51},", "part is longer than 50 characters"),
    ],
)
def test_a_bad_term_is_refused_with_line_and_reason(
    run: Run, file: Callable[[str, str], str], row: str, problem: str
) -> None:
    name = file("t.csv", TERMS + row + "\n")
    told = json.loads(run("glossary", "import", name, "--json", status=1).stdout)
    assert told == {"imported": 0, "refused": 1, "problems": [{"where": "line 6", "problem": problem}]}
    assert json.loads(run("glossary", "list", "--json").stdout) == []


def test_the_memory_teaches_which_words_stand_for_which() -> None:
    pair = LanguagePair.of("en", "eo")
    assert recall.lexicon_for(pair) is None
    rows = []
    for sentence, number in zip(pairs(5), range(150), strict=False):
        english, toy = sentence.texts
        entry = entries.entry((english,), (toy,), pair, "approved" if number % 2 else "stub 1")
        assert entry is not None
        rows.append(vars(entry) | {"source_language": "en", "target_language": "eo", "origin": "urn:x 1"})
    with ledger.write() as connection:
        memory_entries.keep(connection, rows, now=1.0)
    found = recall.lexicon_for(pair)
    assert found is not None
    assert [(link.source, link.target) for link in found("old mill", "mulin veta")] == [
        ((4, 8), (0, 5)),
        ((0, 3), (6, 10)),
    ]
    assert recall.lexicon_for(LanguagePair.of("en", "es")) is None
