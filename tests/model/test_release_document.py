"""The release document: every form it comes in, and refusals that a producer can act upon."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.model.documents import DocumentRefused
from tasks.model.languages import LanguageTag
from tasks.model.markup import clean_html
from tasks.model.readers import MAX_RELEASE_BYTES, read_release
from tasks.model.release import Release, Translation, supplied
from tasks.runtime import settings as configuration
from tasks.runtime.errors import Problem

GOOD: dict[str, Any] = {
    "uri": "urn:newsml:acme.example:1",
    "language": "en",
    "headline": "Acme opens",
    "body_html": "<p>Acme said.</p>",
}
TEXT = {"headline": "H", "body_html": "<p>x</p>"}


def refusal(data: Any) -> dict[str, Problem]:
    """The problems of a document that must be refused, by field."""
    with pytest.raises(DocumentRefused) as caught:
        read_release(data)
    assert caught.value.problems
    assert caught.value.what == "release"
    return {problem.field: problem for problem in caught.value.problems}


def with_body(html: str) -> Release:
    return read_release(GOOD | {"body_html": html})


# --- refusals


@pytest.mark.parametrize(
    ("change", "field", "says", "example"),
    [
        ({"uri": None}, "uri", "string", "urn:"),
        ({"uri": "no uri"}, "uri", "absolute URI", "urn:"),
        ({"uri": "urn:x:" + "y" * 300}, "uri", "300", "urn:"),
        ({"version": 0}, "version", "1 or more", "1"),
        ({"version": "two"}, "version", "whole number, not 'two'", "1"),
        ({"version": 3_000_000_000}, "version", "2000000000 or less", "1"),
        ({"language": "klingonisch"}, "language", "not a language tag", '"de"'),
        ({"language": ["de"]}, "language", "string", '"de"'),
        ({"headline": ""}, "headline", "must not be empty", "Acme"),
        ({"headline": "two\nlines"}, "headline", "single line", "Acme"),
        ({"headline": "x" * 501}, "headline", "500", "Acme"),
        ({"urgency": 10}, "urgency", "9 or less", "5"),
        ({"embargo_until": "2026-12-01T07:00:00"}, "embargo_until", "as in 2026-12-01T07:00:00-05:00", "+01:00"),
        ({"embargo_until": "2026-12-01"}, "embargo_until", "year-month-day, T", "2026"),
        ({"embargo_until": 1764572400}, "embargo_until", "year-month-day, T", "2026"),
        ({"embargo_until": "1764572400"}, "embargo_until", "year-month-day, T", "2026"),
        ({"embargo_until": "tomorrow"}, "embargo_until", "year-month-day, T", "2026"),
        ({"topics": ["04000000", "banking"]}, "topics.1", "eight digits", "medtop:"),
        ({"circuits": ["DACH Business"]}, "circuits.0", "lower-case", "dach-business"),
        ({"countries": ["Germany"]}, "countries.0", "Germany is DE", '"DE"'),
        ({"status": "killed"}, "status", "'usable' or 'canceled'", None),
        ({"embargo": "2026-12-01"}, "embargo", "not a known field; is 'embargo_until' meant? known fields are", None),
        ({"dateline": {"place": "Berlin"}}, "dateline.date", "is required", "2026-11-22"),
        ({"dateline": {"place": "Berlin", "date": "31.12.2026"}}, "dateline.date", "year-month-day", "2026-11-22"),
        ({"issuer": {"name": "Acme", "tickers": ["ACM"]}}, "issuer.tickers.0", "EXCHANGE:SYMBOL", "XETRA"),
        ({"contacts": [{"name": "Jane", "email": "jane"}]}, "contacts.0.email", "e-mail", "press@"),
        ({"colour": "red"}, "colour", "known fields are body_html, body_markdown, circuits", None),
        ({"issuer": {"name": "Acme", "seat": "Porto"}}, "issuer.seat", "known fields are isin, lei, name", None),
        ({"issuer": {"name": "Acme", "isin": ["DE000ACM0003"]}}, "issuer.isin.0", "wrong check digit", "DE000ACM0002"),
        ({"issuer": {"name": "Acme", "isin": ["ACM"]}}, "issuer.isin.0", "two letters of the country", "DE000ACM0002"),
        ({"issuer": {"name": "Acme", "lei": "NVLT00ACME0ROBOTI146"}}, "issuer.lei", "wrong check digits", "NVLT00"),
        ({"issuer": {"name": "Acme", "lei": "4711"}}, "issuer.lei", "eighteen letters or digits", "NVLT00"),
        ({"body_markdown": "Text"}, "(document)", "not both", None),
        ({"body_html": None}, "(document)", "body_html or body_markdown is missing", None),
        ({"body_html": "  "}, "(document)", "missing", None),
        ({"translations": {"en": GOOD}}, "translations.en.uri", "not a known field", None),
        ({"translations": {"en": TEXT}}, "(document)", "language of the release itself", None),
        ({"translations": {"de": {"headline": "H"}}}, "translations.de", "body_html or body_markdown is missing", None),
        ({"translations": {"xx-y": TEXT}}, "translations.xx-y.[key]", "language tag", None),
    ],
)  # fmt: skip
def test_a_refusal_names_field_problem_and_example(
    change: dict[str, Any], field: str, says: str, example: str | None
) -> None:
    problems = refusal(GOOD | change)
    assert field in problems, problems
    assert says.lower() in problems[field].problem.lower()
    if example is not None:
        assert example in (problems[field].example or "")
        assert "for example" in str(problems[field])


def test_all_problems_are_told_at_once() -> None:
    assert set(refusal({"urgency": 0, "colour": 1})) == {"uri", "language", "headline", "urgency", "colour"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "neither JSON nor"),
        (b"[1, 2]", "not a list"),
        (b"null", "not nothing"),
        (b'"text"', "not text"),
        (b"{", "not JSON: line 1, column 2"),
        (b"\xff\xfe", "not UTF-8: byte 0"),
        (b"x" * (MAX_RELEASE_BYTES + 1), "larger than 2,097,152 bytes"),
        (b"---\nuri: x\nheadline: y", "no closing line"),
        (b"---\n- a\n- b\n---\nText", "'field: value' lines"),
        (b"---\nuri: [\n---\nText", "not YAML: line 3"),
        (b"---\n!!python/object/apply:os.system ['true']\n---\nText", "not YAML"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"version": ' + b"9" * 5000 + b"}", "cannot be read"),
    ],
)
def test_what_cannot_be_read_at_all_says_why(data: bytes, says: str) -> None:
    [problem] = refusal(data).values()
    assert says in problem.problem


@pytest.mark.timeout(600)
@pytest.mark.parametrize("depth", [50, 5_000, 90_000])
def test_deep_nesting_is_answered(depth: int) -> None:
    """Either refused or read; never an end of the process, nor of our patience."""
    reopened = "".join(f"<p><b title={n}>" for n in range(depth))  # each paragraph would open all before it again
    for html in (
        "<b>" * depth + "x", "<ul><li>" * depth + "x", "<div>" * depth + "x" + "</div>" * depth, reopened + "x",
        "<p>" * depth + "x", "<a href=https://a.example/>" * depth + "x", "<table>" * depth + "x", "<" * depth + "x",
    ):  # fmt: skip
        try:
            release = with_body(html)
        except DocumentRefused:
            continue
        assert "x" in release.html
    assert refusal('{"a":' * depth + "1" + "}" * depth)
    with_body("<ul><li>" * 25 + "x")


# --- forms


def test_json_with_a_byte_order_mark() -> None:
    assert read_release(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()).headline == "Acme opens"


def test_markdown_with_front_matter() -> None:
    release = read_release(
        "---\nuri: urn:x:1\nlanguage: de\nheadline: Werk\ndateline: {place: Porto, date: 2026-11-22}\n"
        "embargo_until: 2026-12-01 07:00:00+01:00\n---\n\n## Zwischen\n\nEin [Werk](https://acme.example/).\n\n---\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert "<h2>Zwischen</h2>" in release.html
    assert '<a href="https://acme.example/">Werk</a>' in release.html
    assert "<hr>" in release.html
    assert "<td>2</td>" in release.html
    assert release.dateline is not None
    assert release.dateline.place == "Porto"
    assert release.embargo_until is not None
    assert release.embargo_until.isoformat() == "2026-12-01T07:00:00+01:00"


def in_each_form(moment: str) -> dict[str, Any]:
    """A release under embargo until a moment, in every form in which producers write one."""
    head = "---\nuri: urn:newsml:acme.example:1\nlanguage: en\nheadline: Acme opens\n"
    ninjs = {
        "uri": "urn:newsml:acme.example:1", "language": "en", "headlines": [{"value": "Acme opens"}],
        "bodies": [{"contentType": "text/html", "value": "<p>Acme said.</p>"}],
    }  # fmt: skip
    return {
        "JSON": json.dumps(GOOD | {"embargo_until": moment}),
        "Markdown": f"{head}embargo_until: {moment}\n---\nAcme said.",
        "Markdown, quoted": f"{head}embargo_until: '{moment}'\n---\nAcme said.",
        "Markdown, tagged": f"{head}embargo_until: !!timestamp {moment}\n---\nAcme said.",
        "HTML": f"{head}embargo_until: {moment}\n---\n<p>Acme said.</p>",
        "ninjs 3": ninjs | {"embargoedUntil": moment},
        "ninjs 1": ninjs | {"embargoed": moment},
    }


@pytest.mark.parametrize("form", in_each_form(""))
def test_a_moment_means_the_same_in_every_form(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for moment in ("2026-12-01T07:00:00-05:00", "2026-12-01 07:00:00 -05:00"):
        found = read_release(in_each_form(moment)[form])
        assert found.embargo_until is not None
        assert found.embargo_until.isoformat() == "2026-12-01T07:00:00-05:00"
        assert Release.from_ledger(found.to_json()) == found
    for moment in ("2026-12-01T07:00:00", "2026-12-01 07:00:00"):
        assert f"as in {moment}-05:00" in refusal(in_each_form(moment)[form])["embargo_until"].problem
    monkeypatch.setenv("FANWIRE_TIME_ZONE", "America/New_York")
    configuration.settings.cache_clear()
    found = read_release(in_each_form("2026-12-01T07:00:00")[form])
    assert json.loads(found.to_json())["embargo_until"] == "2026-12-01T07:00:00-05:00"


@pytest.mark.parametrize(
    "value", ["20261201", "07:00:00", "2026-12-01", "2026-12-1 07:00:00Z", "[2026-12-01T07:00:00Z]"]
)
def test_front_matter_makes_no_moment_of_what_is_none(value: str) -> None:
    """YAML reads numbers, times in base 60 and dates; as seconds since 1970 they would all be long past."""
    text = f"---\nuri: urn:x:1\nlanguage: en\nheadline: H\nembargo_until: {value}\n---\nText"
    assert "year-month-day, T" in refusal(text)["embargo_until"].problem


def test_a_date_in_front_matter_is_a_date_where_one_is_meant_and_else_text() -> None:
    text = "---\nuri: urn:x:1\nlanguage: en\nheadline: 2026-11-22\ndateline: {place: Porto, date: %s}\n---\nText"
    release = read_release(text % "2026-11-22")
    assert (release.headline, str(release.dateline and release.dateline.date)) == ("2026-11-22", "2026-11-22")
    for wrong in ("2026-13-45", "2026-11-22T23:00:00-05:00"):
        assert "year-month-day" in refusal(text % wrong)["dateline.date"].problem


def test_what_the_ledger_has_is_read_whatever_moment_it_holds() -> None:
    """It was taken by a version that took more."""
    stored = json.dumps(GOOD | {"embargo_until": "9999-12-31T23:59:59-01:00"})
    assert Release.from_ledger(stored).embargo_until is not None


def test_html_with_front_matter_and_windows_line_ends() -> None:
    text = "---\nuri: urn:x:1\nlanguage: de\nheadline: Werk\n---\n<p>Ein <em>Werk</em>.</p>\n".replace("\n", "\r\n")
    assert read_release(text).html == "<p>Ein <em>Werk</em>.</p>"


@pytest.mark.timeout(60)
def test_a_yaml_bomb_is_refused() -> None:
    """Unpacked it would be nine to the ninth words."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert refusal("---\n" + "\n".join(lines) + "\n---\nText")


def test_ninjs() -> None:
    release = read_release(
        {
            "uri": "urn:x:1",
            "version": "2",
            "language": "de",
            "headlines": [{"role": "short", "value": "Kurz"}, {"role": "main", "value": "Werk eröffnet"}],
            "bodies": [
                {"contentType": "text/plain", "value": "Text"},
                {"contentType": "text/html", "value": "<p>Text</p>"},
            ],
            "subjects": [{"uri": "http://cv.iptc.org/newscodes/mediatopic/04000000"}, {"uri": "urn:own:7"}],
            "organisations": [
                {
                    "name": "Acme",
                    "literal": "lei:NVLT00ACME0ROBOTI164",
                    "symbols": [
                        {"exchange": "XETRA", "symbol": "ACM"},
                        {"exchange": "Euronext Paris", "symbol": "ACM"},
                        {"symbolType": "http://www.wikidata.org/entity/P946", "symbol": "DE000ACM0002"},
                        {"symbolType": "http://www.wikidata.org/entity/P1", "symbol": "ACM.DE"},
                    ],
                }
            ],
            "urgency": 3,
            "embargoedUntil": "2026-12-01T07:00:00Z",
            "pubStatus": "usable",
        }
    )
    assert (release.version, release.headline, release.html) == (2, "Werk eröffnet", "<p>Text</p>")
    assert (release.topics, release.urgency) == (["04000000"], 3)
    assert release.issuer is not None
    assert release.issuer.name == "Acme"
    assert (release.issuer.tickers, release.issuer.isin) == (["XETRA:ACM"], ["DE000ACM0002"])
    assert release.issuer.lei == "NVLT00ACME0ROBOTI164"


@pytest.mark.parametrize(
    "item",
    [
        {"headlines": 5},
        {"headlines": [5], "bodies": [{"contentType": "text/html", "value": 7}]},
        {"bodies": {"a": 1}},
        {"bodies": None, "headlines": None, "subjects": None, "organisations": None},
        {"pubStatus": "withheld", "uri": "urn:x:1", "language": "de", "headlines": []},
        {"pubStatus": ["usable"]},
        {"pubStatus": {"a": 1}},
        {"headlines": [], "subjects": [3], "organisations": "x", "version": {}},
        {"headlines": [], "version": "²"},
    ],
)
def test_a_ninjs_item_of_wrong_types_is_refused_in_words(item: dict[str, Any]) -> None:
    refusal(item)


@given(st.dictionaries(st.sampled_from([*Release.model_fields, "headlines", "bodies", "pubStatus", "subjects"]),
       st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
                    max_leaves=6)))  # fmt: skip
@settings(max_examples=200)
def test_whatever_stands_in_a_document_it_is_read_or_refused(document: dict[str, Any]) -> None:
    for data in (document, GOOD | document):
        try:
            release = read_release(data)
        except DocumentRefused:
            continue
        assert read_release(release.to_json()).digest() == release.digest()


# --- HTML


@pytest.mark.parametrize(
    ("html", "says"),
    [
        ("<p>x</p><script>alert(1)</script>", "<script>"),
        ("<p>x<iframe src='https://a.example/'></iframe></p>", "<iframe>"),
        ("<svg onload=alert(1)></svg><p>x</p>", "<svg>"),
        ("<p><object data=x></object></p>", "<object>"),
        ("<style>p{}</style><p>x</p>", "<style>"),
        ("<form action=x><p>x</p></form>", "<form>"),
        ("<p><a href='javascript:alert(1)'>x</a></p>", "javascript:"),
        ("<p><a href='JaVaScRiPt:alert(1)'>x</a></p>", "address"),
        ("<p><a href=' java\nscript:alert(1)'>x</a></p>", "address"),
        ("<p><a href='data:text/html,x'>x</a></p>", "data:"),
        ("<p><a href='/local'>x</a></p>", "absolute"),
        ("<p><a href='//a.example/'>x</a></p>", "absolute"),
        ("<p><a>x</a></p>", "link without an address, around 'x'"),
        ("<p><img src='file:///etc/passwd'></p>", "file:"),
        ("<p><img src='x.png'></p>", "absolute"),
    ],
)
def test_html_that_cannot_be_published_is_refused_by_name(html: str, says: str) -> None:
    assert says in refusal(GOOD | {"body_html": html})["body_html"].problem


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p onclick='x()' style='color:red' class=a>x</p>", "<p>x</p>"),
        ("<div><span>x</span></div>", "x"),
        ("<h1>Title</h1><p>x</p>", "<h2>Title</h2><p>x</p>"),
        ("<p>a &lt; b &amp; c</p>", "<p>a &lt; b &amp; c</p>"),
        ("<!-- a comment --><p>x</p>", "<p>x</p>"),
        ("<p><a href='https://a.example/?a=1&amp;b=2' onclick=x target=_blank>x</a></p>",
         '<p><a href="https://a.example/?a=1&amp;b=2">x</a></p>'),
        ("<p>x", "<p>x</p>"),
        ("<P>X<BR>y</P>", "<p>X<br>y</p>"),
    ],
)  # fmt: skip
def test_html_loses_wrappers_and_never_a_word(html: str, clean: str) -> None:
    assert with_body(html).html == clean


@pytest.mark.parametrize(
    "html",
    [
        "<p>x<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript></p>",
        "<p><math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></math></p>",
        "<table><p>x</table><a href='https://a.example/'><b>y</a></b>",
        "<p>x</p><!--><img src='https://a.example/a' onerror=alert(1)>-->",
        "<p>&#x3C;script&#x3E;alert(1)&#x3C;/script&#x3E;</p>",
        "<p\x00 onclick=alert(1)>x</p>",
    ],
)
def test_hostile_html_leaves_nothing_that_runs(html: str) -> None:
    try:
        cleaned = with_body(html).html
    except DocumentRefused:
        return
    for what in ("<script", "onerror=", "onclick=", "<style", "<noscript"):
        assert what not in cleaned.lower()
    assert clean_html(cleaned) == cleaned  # clean stays clean


# --- digest


def test_the_digest_is_of_the_content_not_of_the_form() -> None:
    markdown = "---\nheadline: Acme opens\nlanguage: en\nuri: urn:newsml:acme.example:1\n---\n\nAcme said."
    as_markdown = read_release(markdown)
    as_json = read_release(json.dumps(GOOD, indent=8))
    shuffled = read_release(dict(reversed(GOOD.items())) | {"version": 1, "status": "usable", "topics": []})
    odd = read_release(
        GOOD | {"headline": "  Acme opens ", "language": "EN", "body_html": "<div><p>Acme said.</p></div>"}
    )
    assert len({release.digest() for release in (as_markdown, as_json, shuffled, odd)}) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"headline": "Acme open"}, {"body_html": "<p>Acme said</p>"}, {"version": 2}, {"urgency": 1},
        {"topics": ["04000000"]}, {"embargo_until": "2026-12-01T07:00:00Z"}, {"protect": ["Acme"]},
        {"translations": {"de": {"headline": "H", "body_html": "<p>x</p>"}}}, {"status": "canceled"},
    ],
)  # fmt: skip
def test_the_digest_changes_with_whatever_changes(change: dict[str, Any]) -> None:
    assert read_release(GOOD | change).digest() != read_release(GOOD).digest()


def test_the_digest_is_the_same_for_ever() -> None:
    """Stored in every ledger: should this test fail, resubmissions after an upgrade would be refused as conflicts."""
    assert read_release(GOOD).digest() == read_release(read_release(GOOD).to_json()).digest()
    assert read_release(GOOD).digest() == "c5e6523e14fc1fc80e84e1a76611cbcdec2181d694da06bc49d590e0f5bdda29"


# --- the rest


def test_what_is_written_in_several_ways_is_kept_in_one() -> None:
    topics = ["medtop:20000178", "http://cv.iptc.org/newscodes/mediatopic/04000000", "06000000"]
    release = read_release(GOOD | {"topics": topics, "countries": ["de"], "language": "PT_br"})
    assert (release.topics, release.countries) == (["20000178", "04000000", "06000000"], ["DE"])
    assert release.language == "pt-BR"


def test_a_kill_needs_no_body() -> None:
    release = read_release({k: v for k, v in GOOD.items() if k != "body_html"} | {"status": "canceled", "version": 2})
    assert release.html == ""


def test_supplied_translations_are_published_as_they_are() -> None:
    text = {"headline": "Werk", "body_markdown": "Ein *Werk*.", "dateline_place": "Porto (Portugal)"}
    release = read_release(GOOD | {"dateline": {"place": "Porto", "date": "2026-11-22"}, "translations": {"de": text}})
    german, english = supplied(release, "de"), supplied(release, "en")
    assert german is not None
    assert english is not None
    assert (german.body_html, german.dateline_place, german.engine) == (
        "<p>Ein <em>Werk</em>.</p>",
        "Porto (Portugal)",
        "supplied",
    )
    assert (english.headline, english.engine, english.machine) == ("Acme opens", "source", False)
    assert supplied(release, "ko") is None


@pytest.mark.parametrize(
    ("language", "wanted", "text", "written_in"),
    [
        ("en-US", "en", "Acme opens", "en-US"),
        ("en", "en-GB", "Acme opens", "en"),
        ("en-US", "en-US", "Acme opens", "en-US"),
        ("en-US", "pt", "Acme abre", "pt-BR"),
        ("en-US", "pt-PT", "Acme abre", "pt-BR"),
        ("en-US", "zh-Hant", "Acme 開業", "zh-Hant-TW"),
        ("en-US", "zh-HK", "Acme 開業", "zh-Hant-TW"),
        ("en-US", "es", "Acme inaugura", "es-419"),
        ("en-US", "zh-Hans", None, None),
        ("en-US", "zh", None, None),
        ("en-US", "de", None, None),
    ],
)
def test_a_text_serves_every_variant_of_its_language_in_its_script(
    language: str, wanted: str, text: str | None, written_in: str | None
) -> None:
    others = {"pt-BR": "Acme abre", "zh-TW": "Acme 開業", "es-419": "Acme inaugura"}
    translations = {tag: {"headline": headline, "body_html": "<p>x</p>"} for tag, headline in others.items()}
    release = read_release(GOOD | {"language": language, "translations": translations})
    assert release.written_for(wanted) == written_in
    found = supplied(release, wanted)
    assert (found and found.headline, found and str(found.written_in)) == (text, written_in)
    if found:
        assert (found.language, found.machine) == (LanguageTag(wanted), False)
        assert Translation.model_validate_json(found.model_dump_json()) == found


def test_of_two_texts_the_nearer_one_serves() -> None:
    british = {"headline": "Acme opens, British", "body_html": "<p>x</p>"}
    release = read_release(GOOD | {"language": "en-US", "translations": {"en-GB": british}})
    assert {tag: release.written_for(tag) for tag in ("en", "en-US", "en-GB", "en-AU")} == {
        "en": "en-US", "en-US": "en-US", "en-GB": "en-GB", "en-AU": "en-GB",
    }  # fmt: skip


def test_a_supplied_translation_whose_link_lost_its_text_is_refused() -> None:
    link = '<a href="https://acme.example/porto">the plant</a>'
    emptied = {"headline": "Ein Werk", "body_html": '<p>Wir <a href="https://acme.example/porto"> </a> öffnen.</p>'}
    with pytest.raises(DocumentRefused, match=r"translations.de: the link to https://acme.example/porto has lost its"):
        read_release(GOOD | {"body_html": f"<p>We open {link}.</p>", "translations": {"de": emptied}})
    without = {"headline": "Ein Werk", "body_html": "<p>Wir öffnen das Werk.</p>"}
    assert read_release(GOOD | {"body_html": f"<p>We open {link}.</p>", "translations": {"de": without}})
