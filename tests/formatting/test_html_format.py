"""The html format: a whole document, safe whatever a headline holds, with structured data that reads back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from lxml import html as lxml_html

from tasks.formatting import Wire, house_text, make_rendition
from tasks.language_data import known_languages
from tasks.model.languages import LanguageTag
from tasks.model.release import Release, supplied


@pytest.fixture
def page(wire: Wire) -> Any:
    def make(release: Any, translation: Any) -> Any:
        rendition = make_rendition(release, translation, "html", wire)
        assert rendition.content_type == "text/html; charset=utf-8"
        return lxml_html.document_fromstring(rendition.body.decode())

    return make


def structured(page: Any) -> Any:
    (script,) = page.iter("script")
    return json.loads(script.text)


def text_of(page: Any, css_class: Any) -> Any:
    (found,) = page.find_class(css_class)
    return found.text_content()


@pytest.mark.parametrize("language", known_languages())
def test_is_whole_in_every_language(
    language: str, make_release: Callable[..., Release], translate: Any, page: Any, links: tuple[str, ...]
) -> None:
    release = make_release()
    house = house_text(language)
    made = page(release, translate(release, language))
    assert made.get("lang") == f"{language}-x-mtfrom-en"
    assert made.get("dir") == LanguageTag(language).direction
    assert made.find(".//h1").text == release.headline
    assert text_of(made, "subheadline") == release.subheadline
    assert "Fanwire" in text_of(made, "dateline")
    assert "https://fanwire.example/" in text_of(made, "disclaimer")
    assert house.texts.topics["20000178"] in text_of(made, "industries")
    assert "Fanwire" in text_of(made, "about")
    assert text_of(made, "machine-translation")
    assert house.texts.contact in text_of(made, "contacts")
    assert made.find(".//footer").get("lang") == language
    addresses = {element.get("href") or element.get("src") for element in made.iter("a", "img")}
    assert addresses >= {link if ":" in link else f"mailto:{link}" for link in links}


def test_the_source_is_not_marked_as_translated(make_release: Callable[..., Release], page: Any) -> None:
    release = make_release()
    made = page(release, supplied(release, "en"))
    assert made.get("lang") == "en"
    assert not made.find_class("machine-translation")


def test_the_dateline_runs_on_into_the_first_paragraph(make_release: Callable[..., Release], page: Any) -> None:
    release = make_release()
    first = page(release, supplied(release, "en")).find_class("body")[0].find("p")
    assert first.text_content().startswith("Porto, November 1, 2026 (Fanwire) — Northwind said")


def test_the_dateline_stands_alone_before_a_list(make_release: Callable[..., Release], page: Any) -> None:
    release = make_release(body_html="<ul><li>One</li></ul>")
    body = page(release, supplied(release, "en")).find_class("body")[0]
    assert [child.tag for child in body] == ["p", "ul"]
    assert body[0].text_content().strip() == "Porto, November 1, 2026 (Fanwire) —"


def test_structured_data(make_release: Callable[..., Release], translate: Any, page: Any) -> None:
    release = make_release(version=2, correction_note="The year.")
    data = structured(page(release, translate(release, "de", "deepl", headline="Fähren aus Porto")))
    assert data["@type"] == "NewsArticle"
    assert data["identifier"] == release.uri
    assert data["headline"] == "Fähren aus Porto"
    assert data["inLanguage"] == "de"
    assert data["datePublished"] == "2026-11-01"
    assert data["author"]["tickerSymbol"] == ["XLIS:NWD", "NYSE:NW.A"]
    assert data["publisher"]["url"] == "https://fanwire.example/"
    assert data["translationOfWork"]["inLanguage"] == "en"
    assert data["digitalSourceType"] == "https://schema.org/CompositeWithTrainedAlgorithmicMediaDigitalSource"
    assert data["correction"].endswith("The year.")


def test_says_which_machine_translated_from_what(
    make_release: Callable[..., Release], translate: Any, page: Any
) -> None:
    release = make_release()
    made = page(release, translate(release, "ms", source="id", status="checked"))
    assert made.get("lang") == "ms-x-mtfrom-id"
    (meta,) = made.xpath("//meta[@name='fanwire:translation']")
    assert meta.get("content") == 'machine;engine="apertium";model="model 1";status="unreviewed";from="id"'
    data = structured(made)
    assert data["translator"] == {"@type": "SoftwareApplication", "name": "apertium", "softwareVersion": "model 1"}
    assert data["creativeWorkStatus"] == "unreviewed"
    # the Indonesian headline is in another document
    assert data["translationOfWork"] == {"@type": "NewsArticle", "identifier": release.uri, "inLanguage": "id"}


@pytest.mark.parametrize("engine", ["supplied", "memory"])
def test_what_people_translated_has_no_machine(
    engine: str, make_release: Callable[..., Release], translate: Any, page: Any
) -> None:
    release = make_release()
    made = page(release, translate(release, "de", engine, source="en", status="approved"))
    assert made.get("lang") == "de"
    assert not made.find_class("machine-translation")
    assert not {"translator", "digitalSourceType"} & structured(made).keys()


def test_names_and_numbers_keep_their_direction_in_arabic(
    make_release: Callable[..., Release], translate: Any, page: Any
) -> None:
    release = make_release()
    made = page(release, translate(release, "ar"))
    assert (made.get("dir"), made.find_class("dateline")[0].get("lang")) == ("rtl", "ar")
    contacts = [bdi.text for bdi in made.find_class("contacts")[0].iter("bdi")]
    assert contacts == ["Ana Reis", "Press", "ana@northwind.example", "+351 22 123 456", "Desk"]


def test_the_roles_of_contacts_are_those_of_the_translation(
    make_release: Callable[..., Release], translate: Any, page: Any
) -> None:
    release = make_release()
    text = translate(release, "es").model_copy(update={"contact_roles": ["Jefa de prensa"]})
    contacts = [bdi.text for bdi in page(release, text).find_class("contacts")[0].iter("bdi")]
    assert contacts[:2] == ["Ana Reis", "Jefa de prensa"]


def test_a_killed_translation_is_canceled_and_nothing_else(
    make_release: Callable[..., Release], translate: Any, page: Any
) -> None:
    killed = make_release(version=2, status="canceled")
    assert structured(page(killed, translate(killed, "de", status="checked")))["creativeWorkStatus"] == "Canceled"


def test_contacts_are_named_in_the_language_of_the_article(
    make_release: Callable[..., Release], translate: Any, page: Any
) -> None:
    release = make_release()
    made = page(release, translate(release, "de", contact_roles=["Presse", ""]))
    assert [bdi.text for bdi in made.find_class("contacts")[0].iter("bdi")][:2] == ["Ana Reis", "Presse"]


def test_the_head_says_what_programs_and_previews_need(
    make_release: Callable[..., Release], wire: Wire, received: datetime
) -> None:
    release = make_release(language="pt-BR", embargo_until="2026-12-01T07:00:00+01:00")
    text = supplied(release, "pt-BR")
    assert text is not None
    made = lxml_html.document_fromstring(make_rendition(release, text, "html", wire, received, received).body.decode())
    said = {one.get("name") or one.get("property"): one.get("content") for one in made.iter("meta")}
    assert (said["og:type"], said["og:title"], said["og:locale"]) == ("article", release.headline, "pt_BR")
    assert said["og:description"] == release.subheadline
    assert said["article:published_time"] == "2026-11-22T09:30:15Z"
    assert said["fanwire:embargo"] == "2026-12-01T07:00:00+01:00"
    assert (said["fanwire:version"], said["fanwire:status"], said["fanwire:urgency"]) == ("1", "usable", "4")
    assert (said["fanwire:topics"], said["fanwire:tickers"]) == ("20000178 04000000 20099999", "XLIS:NWD NYSE:NW.A")
    assert structured(made)["dateModified"] == "2026-11-22T09:30:15Z"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_fragment_is_the_article_of_the_page(
    language: str, make_release: Callable[..., Release], translate: Any, wire: Wire
) -> None:
    release = make_release(version=2, correction_note="The year.")
    text = supplied(release, language) or translate(release, language, source="en", status="checked")
    page, part = (make_rendition(release, text, name, wire).body.decode() for name in ("html", "html-fragment"))
    (div,) = lxml_html.fragments_fromstring(part)
    article = part[part.index("<article") : part.index("</article>")]
    assert article in page
    assert (div[0].tag, div[0].get("dir")) == ("article", "rtl" if language == "ar" else "ltr")
    assert (div.get("data-fanwire-version"), div.get("data-fanwire-uri")) == ("2", f"{release.uri}:{language}")
    assert not list(div.iter("script", "style"))


HOSTILE = "</script><b>x</b><!-- & \u2028 \" ' {{ 7 * 7 }} {wire}"


def test_hostile_text_stays_text(make_release: Callable[..., Release], translate: Any, wire: Wire, page: Any) -> None:
    release = make_release(
        headline=HOSTILE,
        subheadline=HOSTILE,
        rights=HOSTILE,
        version=2,
        correction_note=HOSTILE,
        dateline={"place": HOSTILE, "date": "2026-11-01"},
        issuer={"name": HOSTILE},
        contacts=[{"name": HOSTILE, "role": HOSTILE, "email": '"><b>@x', "phone": HOSTILE}],
    )
    for translation in (supplied(release, "en"), translate(release, "ar")):
        made = page(release, translation)
        assert list(made.iter("b")) == []
        assert len(list(made.iter("script"))) == 1
        assert structured(made)["headline"] == HOSTILE
        assert made.find(".//h1").text_content() == HOSTILE


def test_what_an_engine_smuggles_into_a_body_does_not_get_out(
    make_release: Callable[..., Release], translate: Any, wire: Wire
) -> None:
    release = make_release()
    for body in ("<p>x</p><script>alert(1)</script>", '<p><a href="javascript:alert(1)">x</a></p>'):
        with pytest.raises(ValueError, match="holds"):
            make_rendition(release, translate(release, "fr", body_html=body), "html", wire)
    onclick = translate(release, "fr", body_html='<p onclick="alert(1)">x</p>')
    assert b"onclick" not in make_rendition(release, onclick, "html", wire).body


@pytest.mark.parametrize("language", known_languages())
def test_kill_and_correction_come_first(
    language: str, make_release: Callable[..., Release], translate: Any, page: Any
) -> None:
    killed = make_release(version=2, status="canceled", correction_note="Sent in error.")
    made = page(killed, translate(killed, language))
    assert made.find_class("kill")[0].getparent()[0] is made.find_class("kill")[0]
    assert made.find(".//title").text == text_of(made, "kill")
    assert not made.find_class("body")
    assert structured(made)["creativeWorkStatus"] == "Canceled"
    assert "12 ferries" not in lxml_html.tostring(made, encoding="unicode")

    corrected = make_release(version=2, correction_note="The year.")
    made = page(corrected, translate(corrected, language))
    assert made.find_class("corrected")[0].getparent()[0] is made.find_class("corrected")[0]
    assert text_of(made, "note") == "The year."
    assert made.find_class("note")[0].get("lang") == "en"
