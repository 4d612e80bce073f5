"""The wordpress format: what the REST API of WordPress takes as a post."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from lxml import html as lxml_html

from tasks.formatting import Wire, make_rendition
from tasks.model.release import Release, supplied


@pytest.fixture
def post(wire: Wire, received: datetime, first_received: datetime) -> Any:
    def make(release: Release, translation: Any, **options: Any) -> dict[str, Any]:
        rendition = make_rendition(release, translation, "wordpress", wire, received, first_received, **options)
        assert rendition.content_type == "application/json; charset=utf-8"
        return json.loads(rendition.body)

    return make


def test_says_what_the_release_says(make_release: Callable[..., Release], post: Any, links: tuple[str, ...]) -> None:
    release = make_release(headline="Profit < loss & more", embargo_until="2026-12-01T07:00:00+01:00")
    made = post(release, supplied(release, "en"))
    assert set(made) == {"title", "content", "excerpt", "status", "slug", "date_gmt", "meta", "fanwire_media"}
    assert list(made["fanwire_media"].values()) == ["https://northwind.example/yard.jpg"]
    assert (made["title"], made["excerpt"]) == ("Profit &lt; loss &amp; more", release.subheadline)
    assert (made["status"], made["date_gmt"]) == ("publish", "2026-11-21T08:00:00")
    content = lxml_html.fragment_fromstring(made["content"])
    assert not list(content.iter("h1", "script"))
    assert {one.get("href") or one.get("src") for one in content.iter("a", "img")} >= set(links[:4])
    assert made["meta"]["fanwire_embargo"] == "2026-12-01T07:00:00+01:00"
    assert made["meta"]["fanwire_tickers"] == "XLIS:NWD NYSE:NW.A"
    assert (made["meta"]["fanwire_version"], made["meta"]["fanwire_translation"]) == ("1", "source")


def test_no_text_of_a_release_is_a_command_of_the_sites_plugins(
    make_release: Callable[..., Release], post: Any
) -> None:
    picture = "https://a.example/hall.jpg?of=[gallery]"
    release = make_release(
        body_html=f'<p>Run [exec cmd="id"] <a href="https://a.example/?[login]">now</a></p><p><img src="{picture}"></p>'
    )
    made = post(release, supplied(release, "en"))
    assert "[" not in made["content"]
    content = lxml_html.fragment_fromstring(made["content"])
    assert '[exec cmd="id"]' in content.text_content()


def test_all_versions_have_one_slug_and_each_language_its_own(
    make_release: Callable[..., Release], translate: Any, post: Any
) -> None:
    first, second = make_release(), make_release(version=2, headline="Another", correction_note="The year.")
    slug = post(first, supplied(first, "en"))["slug"]
    corrected = post(second, supplied(second, "en"))
    assert corrected["slug"] == slug
    assert slug.startswith("northwind-example-20261122-ferries-en-")
    assert post(first, translate(first, "ar"))["slug"] != slug
    assert (corrected["status"], corrected["meta"]["fanwire_correction_note"]) == ("publish", "The year.")


@pytest.mark.parametrize("uri", ["urn:x:" + "ü" * 200, "https://a.example/?" + "b/" * 130, "urn:x:---"])
def test_a_slug_fits(uri: str, make_release: Callable[..., Release], post: Any) -> None:
    release = make_release(uri=uri)
    slug = post(release, supplied(release, "en"))["slug"]
    assert slug.replace("-", "").isalnum()
    assert slug.isascii()
    assert len(slug) <= 200
    assert "--" not in slug


def test_a_kill_or_test_is_not_published(make_release: Callable[..., Release], translate: Any, post: Any) -> None:
    killed = make_release(version=2, status="canceled", correction_note="Sent in error.")
    made = post(killed, translate(killed, "ja"))
    assert made["status"] == "draft"
    assert made["title"].startswith("[配信取り消し・掲載不可]")
    assert (made["meta"]["fanwire_action"], made["meta"]["fanwire_status"]) == ("kill", "canceled")
    assert "12 ferries" not in made["content"]
    usable = make_release()
    assert post(usable, supplied(usable, "en"), test=True)["status"] == "draft"
