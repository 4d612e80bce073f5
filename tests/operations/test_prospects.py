"""Whom a release would reach now, and why not the others."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import pytest

from tasks import ledger, planning
from tasks.formatting import FORMATS
from tasks.ledger import memory_entries, outlets
from tasks.operations.prospects import Prospects, prospects, sums, warnings
from tasks.planning import no_approval
from tasks.runtime.settings import settings
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import entries
from tests.support.samples import outlet, release

pytestmark = pytest.mark.usefixtures("sqlite_ledger")
TEXT = {"headline": "Werk", "body_html": "<p>Text</p>"}
NOW = 1_800_000_000.0


def found(policy: planning.Policy = no_approval, texts: Any = None, **fields: Any) -> Prospects:
    with ledger.read() as connection:
        return prospects(connection, release(**fields), policy=policy, now=NOW, texts=texts)


def receivers(*documents: Any) -> None:
    with ledger.write() as connection:
        outlets.put(connection, documents, NOW)


def reasons(of: Prospects) -> dict[str, int]:
    return {reason: held.deliveries for reason, held in of.held.items()}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"countries": ["PT"]},
        {"circuits": ["dach"]},
        {"circuits": ["nowhere"]},
        {"countries": ["JP"]},
        {"version": 2},
    ],
)
def test_a_receipt_says_the_same_without_a_look_at_each_outlet(said: dict[str, Any]) -> None:
    receivers(
        *(outlet(f"a{n}", languages=["en", "ko"], circuits=["dach"]) for n in range(3)),
        outlet("paused", languages=["en", "ko"], circuits=["dach"], status="paused"),
        outlet("b", country="DE", format="text", languages=["de", "en"]),
    )
    asked = release(**said)
    with ledger.read() as connection:
        whole = prospects(connection, asked, policy=no_approval, now=NOW, quick=True)
        quick = sums(connection, asked, policy=no_approval, now=NOW)
    assert quick.to_dict() == whole.to_dict()
    assert warnings(quick, asked) == warnings(whole, asked)


def test_each_hold_has_its_reason_and_only_the_rest_counts() -> None:
    receivers(
        outlet("a", languages=["en", "es", "de", "it"]),
        outlet("b", status="paused"),
        outlet("c", status="disabled"),
        outlet("d", format="pdf"),
        outlet("e", languages=["es"], machine_translation="approved"),
    )
    told = found(translations={"it": TEXT})
    assert {key: why for key, why in reasons(told).items() if not re.search("engine|person|editor", key)} == {
        "outlet paused": 1, "outlet disabled": 1, "no house texts in it": 1,
        f"there is no format 'pdf'; there are {', '.join(FORMATS.all())}": 1,
    }  # fmt: skip
    assert told.to_dict()["outlets"] == 1
    assert reasons(found(embargo_until="2126-12-01T07:00:00-05:00"))[
        "embargo until 2126-12-01T07:00:00-05:00 (2126-12-01T12:00:00Z)"
    ] == 6  # fmt: skip


def test_what_building_has_come_to_counts_more_than_what_engines_could_do() -> None:
    receivers(outlet("a", languages=["de"]), outlet("b", languages=["zh-Hant"]))
    chinese: dict[str, Any] = {"language": "zh-Hans", "headline": "公司发布新软件", "body_html": "<p>软件</p>"}
    assert reasons(found(**chinese)) == {"no engine for zh-Hans→de": 1}
    assert reasons(found(**chinese, texts={"de": None})) == {}, "people have made it"
    assert reasons(found(**chinese, texts={"zh-Hant": "it lost a link"})) == {
        "it lost a link": 1, "no engine for zh-Hans→de": 1,
    }  # fmt: skip
    assert reasons(found(lambda _: True, **chinese)) == {
        "a person must approve the translation": 1, "no engine for zh-Hans→de": 1,
    }  # fmt: skip


def test_a_broken_translation_file_is_said_without_its_address(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    receivers(outlet("a", languages=["en", "de"]))
    (tmp_path / "translation.yaml").write_text("engines: [")
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(tmp_path / "translation.yaml"))
    settings.cache_clear()
    told = found()
    assert reasons(told) == {"the translation file cannot be read": 1}
    assert told.to_dict()["languages"] == {"en": 1}


def test_circuits_that_may_be_meant_are_named_to_operations_only() -> None:
    receivers(outlet("a", circuits=["dach-business"]))
    wrong = release(circuits=["dach-busines"])
    [first, _] = warnings(found(circuits=["dach-busines"]), wrong)
    assert "dach-business" not in first.problem
    [first, last] = warnings(found(circuits=["dach-busines"]), wrong, for_operations=True)
    assert first.problem == "no outlet is in 'dach-busines'; perhaps 'dach-business' is meant"
    assert (last.field, last.problem) == (
        "circuits", "goes to 0 of 1 outlet, because the outlet is in none of its circuits (1)",
    )  # fmt: skip


def test_topics_that_nobody_takes_are_the_reason_why_a_release_goes_to_nobody() -> None:
    receivers(outlet("a", topics=["15000000"]))
    [warning] = warnings(found(), release())
    assert (warning.field, warning.problem) == (
        "topics", "goes to 0 of 1 outlet, because the outlet takes none of its topics (1)",
    )  # fmt: skip


def test_a_wire_without_outlets_is_no_fault_of_the_release() -> None:
    assert warnings(found(circuits=["x"]), release(circuits=["x"])) == []


def test_outlets_are_counted_by_what_leaves_and_languages_without_an_engine_are_named() -> None:
    languages = ["es", "fr", "pt", "ja", "ko", "ar"]
    receivers(
        outlet("own", languages=["de"]),
        outlet("both", languages=["de", "es", "ja"]),
        *(outlet(f"only-{language}", languages=[language]) for language in languages),
    )
    told = found(language="de", headline="Werk", body_html="<p>Das Werk.</p>").to_dict()
    assert (told["outlets"], told["in_part"], told["of"]) == (2, 1, 8)
    assert (told["deliveries"], told["languages"]) == (2, {"de": 2})
    held = {one["reason"]: one["deliveries"] for one in told["held"]}
    assert held == {f"no engine for de→{tag}": 1 + (tag in ("es", "ja")) for tag in languages}


def test_a_draft_is_none_where_people_have_approved_every_sentence(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receivers(outlet("a", languages=["zh-Hant"]))
    (tmp_path / "translation.yaml").write_text("engines: {opencc: {grade: draft}}")
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(tmp_path / "translation.yaml"))
    settings.cache_clear()
    short = release(language="zh-Hans", headline="公司", body_html="<p>公司发布新软件。</p>", dateline=None)
    waits = "a draft by opencc waits for an editor"

    def told(*, quick: bool = False) -> list[str]:
        with ledger.read() as connection:
            found = prospects(connection, short, policy=no_approval, now=NOW, quick=quick)
        return list(found.held)

    assert told() == told(quick=True) == [waits]
    pair = LanguagePair.of("zh-Hans", "zh-Hant", script_only=True)
    sentences = {"公司": "公司", "公司发布新软件。": "公司釋出新軟體。"}
    known = [entries.entry((one,), (other,), pair, entries.APPROVED) for one, other in sentences.items()]
    common = {"source_language": "zh-Hans", "target_language": "zh-Hant", "origin": "a file"}
    with ledger.write() as connection:
        memory_entries.keep(connection, [asdict(entry) | common for entry in known[:1] if entry], now=NOW)
    assert told() == [waits]
    with ledger.write() as connection:
        memory_entries.keep(connection, [asdict(entry) | common for entry in known if entry], now=NOW)
    assert told() == []
    assert told(quick=True) == [f"{waits}, unless people have approved every sentence before"]
