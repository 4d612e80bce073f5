"""What contacts are is translated like every sentence, the standard roles in the wire's own words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.building import recall
from tasks.formatting import Wire, house_text
from tasks.formatting.article import make_article
from tasks.language_data import known_languages
from tasks.model.release import Release, supplied
from tasks.translation.drafts import Resources
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import forms
from tasks.translation.translate import draft, translate

from .samples import Stub

WIRE = Wire(name="Fanwire", url="https://fanwire.example/")
CONTACTS = [
    {"name": "Ingrid Solheim", "role": "Keeper of the Turbines"},
    {"name": "Amina Haddad"},
    {"name": "Tom Berg", "role": "Investor Relations"},
]
ROLES = ("media_contact", "investor_relations", "head_of_communications", "press_officer", "spokesperson")


def spanish(text: str) -> str:
    return text.replace("Keeper of the Turbines", "Guardiana de las turbinas").replace("plant", "planta")


def test_roles_are_units_of_the_text(make_release: Callable[..., Release]) -> None:
    release = make_release(contacts=CONTACTS, headline="A plant", subheadline=None, body_html="<p>A plant.</p>")
    made = translate(release, "es", engines=[Stub(spanish)])
    assert made.contact_roles == ["Guardiana de las turbinas", "", "Investor Relations"]
    units = draft(release, "es", Resources([Stub(spanish)])).units
    assert [unit.unit.name for unit in units][-2:] == ["role of contact 1", "role of contact 3"]


def test_a_role_that_fails_its_checks_holds_the_language(make_release: Callable[..., Release]) -> None:
    release = make_release(contacts=CONTACTS, headline="A plant", subheadline=None, body_html="<p>A plant.</p>")
    found = draft(release, "es", Resources([Stub(lambda text: "" if "Keeper" in text else spanish(text))]))
    assert found.translation is None
    assert "role of contact 1: it came back empty" in str(found.reason)


def test_the_dateline_is_in_the_language_too(make_release: Callable[..., Release]) -> None:
    release = make_release(headline="A plant", subheadline=None, body_html="<p>A plant.</p>")
    made = translate(release, "es", engines=[Stub(spanish)])
    assert (release.dateline and release.dateline.place, made.dateline_place) == ("Lisbon", "Lisboa")
    assert make_article(release, made, WIRE).dateline.startswith("Lisboa, ")


@pytest.mark.parametrize("language", known_languages())
def test_every_language_has_the_standard_roles(language: str) -> None:
    roles = house_text(language).texts.roles
    assert roles.keys() == house_text("en").texts.roles.keys() >= set(ROLES)


@pytest.mark.parametrize("role", ["Media contact", "Head of Communications", "Head of communications"])
def test_the_memory_knows_the_standard_roles(role: str) -> None:
    pair = LanguagePair.of("en", "de")
    known = recall._house("en", "de", WIRE)
    [found] = {packed for key in forms.keys((role,), pair) if (packed := known.get(key))}
    assert ("Pressekontakt" if role == "Media contact" else "Leitung Kommunikation") in found


def test_a_text_of_the_producers_has_the_roles_that_the_wire_knows(make_release: Callable[..., Release]) -> None:
    theirs = {"headline": "Eine Anlage", "body_html": "<p>Eine Anlage.</p>"}
    release = make_release(contacts=CONTACTS, translations={"de": theirs, "ja": theirs})
    for language, said in (("de", "Investor Relations"), ("ja", "IR担当"), ("en", "Investor Relations")):
        text = supplied(release, language)
        assert text is not None
        roles = [contact.role for contact in make_article(release, text, WIRE).contacts]
        assert roles == ["Keeper of the Turbines", None, said]
