"""The report: who has a release, who not and why, and how it went over time."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import re
import shutil
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from sqlalchemy import update

from tasks import ledger
from tasks.ledger import publications, translation_rows
from tasks.ledger.deliveries import Claim, Result
from tasks.ledger.schema import translations
from tasks.model.publication import read_publication
from tasks.model.release import Translation
from tasks.model.states import State
from tasks.operations import report, report_documents
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.samples import outlet

pytestmark = pytest.mark.usefixtures("book")


def as_json(found: report.Report) -> str:
    return "".join(report_documents.as_json(found))


def as_csv(found: report.Report) -> str:
    return "".join(report_documents.as_csv(found))


def as_html(found: report.Report, wire: str) -> str:
    return "".join(report_documents.as_html(found, wire))


def ended(of: Claim, state: State, after: float, reason: str | None = None) -> Result:
    code = "http_200" if state is State.DELIVERED else "http_404"
    return replace(result(of, state), reason=reason, code=code, ended_at=NOW + after)


def found(said: str = "=HYPERLINK(1)") -> report.Report:
    """Two of four have it, after 1 and 4 s; one said no with a formula in its answer; one language is held."""
    receivers(outlet("a"), outlet("b"), outlet("c", name="<b>C</b>"), outlet("d", languages=["ko"]))
    number = take()
    render(number)
    a, b, c = claim()
    finish(ended(a, State.DELIVERED, 1), ended(b, State.DELIVERED, 4), ended(c, State.REJECTED, 2, said))
    with ledger.read() as connection:
        return report.report(connection, number)


def test_it_counts_and_measures() -> None:
    told = found()
    assert told.states == {"delivered": 2, "rejected": 1, "held": 1}
    assert (told.after(0.5), told.after(1.0), told.spread) == (1.0, 4.0, 3.0)
    assert [(line.outlet, line.reason) for line in told.undelivered] == [("c", "=HYPERLINK(1)"), ("d", "translation")]


def test_it_counts_by_code_whatever_the_sentences_say() -> None:
    rows = [("rejected", "http_404", "404: a", 1), ("rejected", "http_404", "404: b", 2), ("due", None, None, 1)]
    assert report.by_code(iter(rows)) == [
        {"state": "rejected", "code": "http_404", "reason": "404: b", "n": 3},
        {"state": "due", "code": None, "reason": "not tried yet", "n": 1},
    ]
    assert [(line.outlet, line.code) for line in found().undelivered] == [("c", "http_404"), ("d", "translation")]


def test_as_json_it_is_for_programs() -> None:
    told = json.loads(as_json(found()))
    assert told["seconds"]["spread"] == 3.0
    assert {line["state"] for line in told["deliveries"]} == {"delivered", "rejected", "held"}


@pytest.mark.parametrize("said", ["=HYPERLINK(1)", "＝HYPERLINK(1)", "＠x"])
def test_as_csv_it_runs_no_formula(said: str) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(found(said)))))
    assert [row["reason"] for row in rows if row["outlet"] == "c"] == [f"'{said}"]


def test_as_html_it_is_one_safe_file_with_pictures() -> None:
    page = as_html(found(), "Testwire")
    assert page.count('role="img"') == 3
    assert "&lt;b&gt;C&lt;/b&gt;" in page
    assert "<b>C</b>" not in page
    assert "src=" not in page
    assert "<script" not in page


def test_as_html_a_browser_is_told_to_load_and_run_nothing() -> None:
    """Should a text of a stranger get through all the same."""
    page = as_html(found(), "Testwire")
    [policy] = re.findall('<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    [style] = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (
        html.unescape(policy) == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert page.index("Content-Security-Policy") < page.index("<title>") < page.index("<style>")
    assert not re.findall(r"<[^>]*\s(?:style|on\w+)\s*=", page), "the policy would let none of them count"


def test_it_says_when_it_came_and_until_when_it_was_held() -> None:
    take()
    number = take(version=2, now=NOW + 3600, embargo_until="2127-01-15T09:00:00+01:00")
    with ledger.read() as connection:
        told = report.report(connection, number)
    parts = json.loads(as_json(told))
    assert (parts["received_at"], parts["first_received_at"], parts["embargo_until"]) == (
        "2027-01-15T09:00:00.000Z", "2027-01-15T08:00:00.000Z", "2127-01-15T09:00:00+01:00",
    )  # fmt: skip
    page = as_html(told, "Testwire")
    assert (
        "received 2027-01-15T09:00:00Z (first version 2027-01-15T08:00:00Z) · dateline <bdi>Porto</bdi>, 2026-11-22"
        in page
    )
    assert "embargo until 2127-01-15T09:00:00+01:00 (2127-01-15T08:00:00Z)" in page


def test_of_a_kill_it_says_who_confirmed_and_who_was_not_reached() -> None:
    found()
    receivers()
    kill = take(version=2, status="canceled", body_html=None)
    render(kill)
    [a, b] = claim(now=NOW + 9)
    finish(ended(a, State.DELIVERED, 9), ended(b, State.REJECTED, 9, "404 Not Found"))
    with ledger.read() as connection:
        page = as_html(report.report(connection, kill), "Testwire")
    assert "confirmed the kill, of 2" in page
    assert "Not reached by the kill, and why" in page
    assert "404 Not Found" in page


def test_it_says_who_is_behind_each_text() -> None:
    receivers(outlet("a"))
    number = take()
    rows = {
        "de": ({"engine": "supplied"}, None, "producer"),
        "es": ({"engine": "memory", "status": "approved", "source": "en"}, "approved", "approved"),
        "fr": ({"engine": "apertium", "status": "checked", "source": "en"}, "draft", "draft"),
        "ja": ({"engine": "deepl", "status": "checked", "source": "en"}, "checked", "unreviewed"),
        "pt": ({"engine": "memory", "status": "approved", "source": "en"}, None, "approved"),  # of a kill
        "zh-Hant": ({"engine": "opencc", "status": "checked", "source": "zh-Hans"}, "checked", "converted"),
    }
    with ledger.write() as connection:
        for language, (text, status, _) in rows.items():
            made = Translation.model_validate({"language": language, "headline": "H", "body_html": "<p>x</p>", **text})
            translation_rows.insert_finished(connection, number, [made], now=NOW)
            mine = (translations.c.release_id == number, translations.c.language == language)
            connection.execute(update(translations).where(*mine).values(status=status))
    with ledger.read() as connection:
        told = report.report(connection, number)
    wanted = {"en": "producer"} | {language: writing for language, (_, _, writing) in rows.items()}
    assert json.loads(as_json(told))["texts"] == wanted
    assert "en · written by the producer</span>" in as_html(told, "Testwire")


def published() -> report.Report:
    """A release that three outlets say something of; a fourth said it of the version before."""
    receivers(outlet("old", country="DE"))
    render(take())
    [first] = claim()
    finish(result(first))
    said = {first.id: {"status": "published", "url": "https://old.example/"}}
    receivers(outlet("a", name="<b>A</b>"), outlet("b"), outlet("c"), outlet("d"))
    number = take(version=2)
    render(number)
    claims = claim()
    finish(*map(result, claims))
    ids = {claimed.outlet_id: claimed.id for claimed in claims}
    said[ids["a"]] = {"status": "published", "url": "https://a.example/?a=1&b=2"}
    said[ids["b"]] = {"status": "rejected", "reason": "=not <i>fit</i>"}
    said[ids["c"]] = {"status": "accepted"}
    with ledger.write() as connection:
        publications.note(connection, [(id, read_publication(one)) for id, one in said.items()], NOW)
        return report.report(connection, number)


def test_it_shows_where_it_was_published_and_who_says_no() -> None:
    told = published()
    assert told.published == {"published": 2, "rejected": 1, "accepted": 1}
    found = json.loads(as_json(told))
    places = [(place["country"], place["outlet"], place["version"], place["status"]) for place in found["publications"]]
    assert places == [
        ("DE", "old", 1, "published"),
        ("PT", "a", 2, "published"),
        ("PT", "b", 2, "rejected"),
        ("PT", "c", 2, "accepted"),
    ]
    assert {line["outlet"]: line["publication"] for line in found["deliveries"]}["d"] is None
    rows = {row["outlet"]: row for row in csv.DictReader(io.StringIO(as_csv(told)))}
    assert (rows["a"]["publication"], rows["a"]["publication_url"]) == ("published", "https://a.example/?a=1&b=2")
    assert rows["b"]["publication_reason"] == "'=not <i>fit</i>"


def test_of_a_kill_it_shows_where_the_release_still_stands() -> None:
    published()
    kill = take(version=3, status="canceled", body_html=None)
    render(kill)
    [a] = [claimed for claimed in claim() if claimed.outlet_id == "a"]
    with ledger.write() as connection:
        publications.note(connection, [(a.id, read_publication({"status": "accepted"}))], NOW)
        page = as_html(report.report(connection, kill), "Testwire")
    assert "<h2>Published before, and not said to be withdrawn</h2>" in page
    assert "https://old.example/" in page
    assert "<dt>had it published, and has not said that it is withdrawn</dt><dd>1</dd>" in page
    assert "<h2>Withdrawn, as outlets say</h2>" in page
    assert "https://a.example/" not in page, "it has said since that it took the kill"


def test_as_html_it_links_to_where_it_was_published() -> None:
    page = as_html(published(), "Testwire")
    link = '<a href="https://a.example/?a=1&amp;b=2" rel="nofollow noopener noreferrer">'
    assert f'<td class="text">{link}https://a.example/?a=1&amp;b=2</a></td>' in page
    assert "<dt>outlets say where it is published</dt><dd>2</dd>" in page
    assert '<td class="text">=not &lt;i&gt;fit&lt;/i&gt;</td>' in page
    assert '<span class="quiet">(version 1)</span>' in page
    assert "<b>A</b>" not in page


def printed(page: str) -> list[str]:
    """The words of a page as they are printed."""
    document: Any = lxml.html.fromstring(page)
    for hidden in document.xpath("//head|//summary|//svg/title|//svg/desc|//svg//title"):
        hidden.drop_tree()
    return [word for text in document.itertext() for word in text.split()]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="Debian's package poppler-utils is not installed")
@pytest.mark.parametrize(
    ("language", "headline"),
    [("de", "Fünf „größere“ Werke öffnen"), ("ar", "مصر تفتتح محطة شمس"), ("zh-Hans", "华夏科技在上海建成智能工厂")],
)
def test_a_pdf_has_every_word_of_the_page_in_every_script(language: str, headline: str, tmp_path: Path) -> None:
    receivers(outlet("a", languages=[language]), outlet("b", languages=[language], name="朝の新聞社"))
    number = take(language=language, headline=headline, dateline=None)
    render(number, language)
    a, b = claim()
    finish(ended(a, State.DELIVERED, 1), ended(b, State.REJECTED, 2, "404: https://desk.example/a/long/address?b=c"))
    with ledger.read() as connection:
        told = report.report(connection, number)
    (tmp_path / "report.pdf").write_bytes(report_documents.as_pdf(told, "Testwire"))
    command = ["pdftotext", "-raw", str(tmp_path / "report.pdf"), "-"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    text = unicodedata.normalize("NFKC", "".join(shown.split())).translate(
        dict.fromkeys(map(ord, "\u202a\u202b\u202c"))
    )
    missing = [word for word in printed(as_html(told, "Testwire")) if unicodedata.normalize("NFKC", word) not in text]
    assert not missing


def test_the_headline_stands_in_its_own_language_and_direction() -> None:
    receivers(outlet("a", languages=["ar"]))
    number = take(language="ar", headline="مصر")
    with ledger.read() as connection:
        page = as_html(report.report(connection, number), "Testwire")
    assert '<h1 lang="ar" dir="rtl">مصر</h1>' in page
