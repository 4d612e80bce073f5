"""The pages of translations: what waits for a person, and reading, editing and approving one."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from httpx import Response

from tasks import ledger, review
from tasks.ledger import audit, translation_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.model.ranks import Rank
from tests.support.review_files import CHINESE, with_target
from tests.support.reviewing import make, planned, translation_file
from tests.support.samples import outlet
from tests.support.visitor import Visitor, visitor
from workers.web.application import application
from workers.web.surroundings import Surroundings

pytestmark = pytest.mark.usefixtures("sqlite_ledger", "nothing_counted")
APP = Surroundings(application())
EVIL = "<script>alert(1)</script>"
BODY = '<p>Acme said that <a href="https://acme.example/porto">the plant</a> is open.</p><p>It cost €5.2 million.</p>'


@pytest.fixture
def editor(sqlite_ledger: None) -> Visitor:
    return visitor(APP, Rank.EDITOR)


@pytest.fixture
def drafted(sqlite_ledger: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of a draft in traditional Chinese."""
    translation_file(tmp_path, monkeypatch, "engines: {opencc: {grade: draft}}")
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    return f"/ops/translations/{number}/zh-Hant"


@pytest.fixture
def untranslated(sqlite_ledger: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of a translation into Arabic that nobody has begun."""
    translation_file(tmp_path, monkeypatch, "languages: {ar: {engines: []}}")
    number = planned(outlet("a", languages=["ar"]), headline=f"Acme {EVIL} opens", body_html=BODY, dateline=None)
    make(number, "ar")
    return f"/ops/translations/{number}/ar"


def hidden(page: str, unit: str, name: str = "stamp") -> str:
    """A hidden field in the form of a unit."""
    form = page[page.index(f"/units/{unit}") :]
    found = re.search(rf'name="{name}" value="([^"]*)"', form)
    assert found
    return unescape(found[1])


def typed(page: str, unit: str) -> str:
    """What stands in the field of a unit."""
    found = re.search(rf'<textarea id="text-{re.escape(unit)}"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found
    return unescape(found[1])


def save(somebody: Visitor, page: str, unit: str, text: str, stamp: str, **more: str) -> Response:
    return somebody.post(f"{page}/units/{unit}", {"text": text, "stamp": stamp}, **more)


def test_what_waits_is_listed_with_how_much_is_open(editor: Visitor, untranslated: str) -> None:
    page = editor.get("/ops/translations").text
    assert f'href="{untranslated}"' in page
    assert "Arabic" in page
    assert '<td class="number" data-label="Open units">3</td>' in page
    assert EVIL not in page
    assert f'href="{untranslated}"' in editor.get("/ops/translations/fragment").text
    of_release = editor.get("/ops/translations?release=urn%3Anewsml%3Aacme.example%3A20261122%3Aplant")
    assert f'href="{untranslated}"' in of_release.text
    assert editor.get("/ops/translations?release=urn%3Ano").status_code == 404


def test_the_list_goes_on_after_a_translation_that_waits_no_more(
    editor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translation_file(tmp_path, monkeypatch, "languages: {'*': {engines: []}}")
    languages = ["ar", "de", "es", "fr", "it", "ja", "ko", "pl", "pt", "ru", "tr", "uk", "zh-Hans"]
    for n in range(2):
        number = planned(outlet("a", languages=languages), uri=f"urn:x:{n}", headline="It is open")
        for language in languages:
            make(number, language)
    page = editor.get("/ops/translations").text
    first = re.findall(r'href="(/ops/translations/\d+/[\w-]+)"', page)
    following = re.search(r'href="([^"]+)" rel="next"', page)
    assert following
    last = re.search(r"~(\d+)~([\w-]+)$", unescape(following[1]))
    assert last
    with ledger.write() as connection:
        translation_rows.rebuild(connection, TranslationKey(int(last[1]), last[2]), 0.0)
    rest = re.findall(r'href="(/ops/translations/\d+/[\w-]+)"', editor.get(unescape(following[1])).text)
    assert (len(first), len({*first, *rest})) == (20, len(first) + len(rest))
    assert editor.get("/ops/translations?after=nonsense~x").status_code == 200


def test_source_and_field_stand_side_by_side_in_their_directions(editor: Visitor, untranslated: str) -> None:
    page = editor.get(untranslated).text
    assert EVIL not in page
    assert '<div class="text" lang="en" dir="ltr">' in page
    assert 'lang="ar" dir="rtl" spellcheck="true"' in page
    assert "link to https://acme.example/porto" in page
    assert "nobody has translated it" in page
    assert "Approve all" not in page


def test_a_unit_is_saved_and_its_words_are_there_at_once(editor: Visitor, drafted: str) -> None:
    page = editor.get(drafted).text
    assert typed(page, "paragraph-1.sentence-1") == "該公司的<1>伺服器</1>執行新的軟體。"
    answer = save(editor, drafted, "headline", "公司釋出新的軟體", hidden(page, "headline"))
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{drafted}#unit-paragraph-1.sentence-1"
    after = editor.get(drafted).text
    assert typed(after, "headline") == "公司釋出新的軟體"
    assert "A worker builds it again" in after
    with ledger.read() as connection:
        [entry] = audit.latest(connection, audit.Wanted(act="translation"), 9)
    assert (entry["act"], entry["actor"], entry["remark"]) == ("translation.import", "editor", "editor")


def test_a_script_gets_the_unit_alone(editor: Visitor, drafted: str) -> None:
    page = editor.get(drafted).text
    answer = save(editor, drafted, "headline", "公司釋出新的軟體", hidden(page, "headline"), x_part="1")
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<article class="unit done"')
    assert "<html" not in answer.text
    refused = save(editor, drafted, "paragraph-1.sentence-2", " ", hidden(page, "paragraph-1.sentence-2"), x_part="1")
    assert refused.status_code == 200
    assert 'data-refused="yes"' in refused.text
    assert "is empty" in refused.text


def test_a_refusal_stands_beside_its_unit_and_nothing_typed_is_lost(editor: Visitor, drafted: str) -> None:
    page = editor.get(drafted).text
    unit, text = "paragraph-1.sentence-1", f"  {EVIL} 伺服器 <9>\n"
    answer = save(editor, drafted, unit, text, hidden(page, unit))
    assert answer.status_code == 422
    assert EVIL not in answer.text
    assert typed(answer.text, unit).split() == text.split()
    assert "inline code &#39;9&#39; stands in its target" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_warning_is_overruled_by_saying_so(editor: Visitor, untranslated: str) -> None:
    page = editor.get(untranslated).text
    unit = next(one for one in re.findall(r'id="text-([\w.-]+)"', page) if "{1}</code> amount" in _of(page, one))
    wrong = "بلغت التكلفة مبلغا كبيرا جدا."
    answer = save(editor, untranslated, unit, wrong, hidden(page, unit))
    assert answer.status_code == 422
    assert 'name="despite"' in answer.text
    done = editor.post(
        f"{untranslated}/units/{unit}", {"text": wrong, "stamp": hidden(answer.text, unit), "despite": "yes"}
    )
    assert done.status_code == 303


def _of(page: str, unit: str) -> str:
    """The part of a page that is a unit."""
    return page[page.index(f'id="unit-{unit}"') :].partition("</article>")[0]


def test_of_two_editors_the_second_is_told_and_keeps_what_was_typed(editor: Visitor, drafted: str) -> None:
    other = visitor(APP, Rank.EDITOR, "bob")
    page = editor.get(drafted).text
    save(other, drafted, "headline", "公司釋出新的軟體", hidden(page, "headline"))
    answer = save(editor, drafted, "headline", "公司釋出全新軟體", hidden(page, "headline"))
    assert answer.status_code == 422
    assert "somebody else has changed it" in answer.text
    assert "公司釋出新的軟體" in answer.text
    assert typed(answer.text, "headline") == "公司釋出全新軟體"


def test_the_whole_is_approved_by_the_stamp_that_was_read(editor: Visitor, drafted: str) -> None:
    page = editor.get(drafted).text
    stamp = re.search(r'/approve">.*?name="stamp" value="([^"]+)"', page, re.DOTALL)
    assert stamp
    other = visitor(APP, Rank.EDITOR, "bob")
    save(other, drafted, "headline", "公司釋出新的軟體", hidden(page, "headline"))
    make(1, "zh-Hant")
    stale = editor.post(f"{drafted}/approve", {"stamp": unescape(stamp[1])})
    assert stale.status_code == 422
    assert "bob imported headline" in stale.text
    changed = editor.get(f"{drafted}/head?seen={stamp[1]}").text
    assert "It has changed since this page was loaded" in changed
    page = editor.get(drafted).text
    stamp = re.search(r'/approve">.*?name="stamp" value="([^"]+)"', page, re.DOTALL)
    assert stamp
    done = editor.post(f"{drafted}/approve", {"stamp": unescape(stamp[1])})
    assert (done.status_code, done.headers["location"]) == (303, drafted)
    with ledger.read() as connection:
        found = review.look(connection, 1, "zh-Hant")
    assert (found.standing, found.row.approved_by) == ("approved", "editor")
    assert "1 delivery goes out" in editor.get(drafted).text


@pytest.mark.parametrize("what", ["units/headline", "approve", "import"])
def test_a_reader_reads_and_changes_nothing(drafted: str, what: str) -> None:
    reader = visitor(APP, Rank.READER)
    page = reader.get(drafted).text
    assert "<textarea" not in page
    assert "/approve" not in page
    assert reader.post(f"{drafted}/{what}", {"text": "x", "stamp": "x"}).status_code == 403
    with ledger.read() as connection:
        assert audit.latest(connection, audit.Wanted(act="translation"), 9) == []


def test_a_file_goes_out_and_comes_back(editor: Visitor, drafted: str) -> None:
    exported = editor.get(f"{drafted}/export.xlf")
    assert exported.headers["content-disposition"] == 'attachment; filename="1-zh-Hant.xlf"'
    editor.get(drafted)
    changed = with_target(exported.content, "headline", "公司釋出新的軟體")
    taken = editor.post(f"{drafted}/import", {}, files={"file": ("x.xlf", changed)})
    assert taken.status_code == 303
    for bad in (b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><xliff>&a;</xliff>", b"", b"\xff<"):
        refused = editor.post(f"{drafted}/import", {}, files={"file": ("x.xlf", bad)})
        assert refused.status_code == 422
        assert "Nothing was imported" in refused.text
        assert "root:" not in refused.text


@pytest.mark.parametrize("path", ["9/de", "1/de", f"{2**70}/de", "1/%2e%2e", "1/zh-Hant/units/x", "x/de"])
def test_a_translation_that_is_none_is_not_found(editor: Visitor, drafted: str, path: str) -> None:
    assert editor.get(f"/ops/translations/{path}").status_code in (303, 404)
    assert editor.post(f"{drafted}/units/nothing", {"text": "x"}).status_code == 404
