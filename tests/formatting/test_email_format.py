"""The email format, read as a mail program reads it."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import pytest
from lxml import html as lxml_html

from tasks.formatting import Wire, make_rendition
from tasks.model.release import Release, supplied

Mail = Callable[..., EmailMessage]


@pytest.fixture
def mail(wire: Wire, received: datetime) -> Mail:
    """The e-mail, whose every line a relay passes on: ASCII, at most 998 bytes, CRLF at its end."""

    def make(release: Release, translation: Any, **options: Any) -> EmailMessage:
        body = make_rendition(release, translation, "email", wire, received, **options).body
        assert body.isascii()
        assert body.count(b"\n") == body.count(b"\r\n") == body.count(b"\r")
        assert max(map(len, body.split(b"\r\n"))) <= 998
        message = email.message_from_bytes(body, policy=email.policy.default)
        assert not [defect for part in message.walk() for defect in part.defects]
        assert not [one for value in message.values() for one in getattr(value, "defects", ())]
        return message

    return make


def html_of(message: EmailMessage) -> Any:
    part = message.get_body(("html",))
    assert part is not None
    return lxml_html.document_fromstring(part.get_content())


def test_has_a_text_and_a_page_that_say_the_same(
    make_release: Callable[..., Release], mail: Mail, wire: Wire, received: datetime, links: tuple[str, ...]
) -> None:
    release = make_release()
    text = supplied(release, "en")
    assert text is not None
    message = mail(release, text)
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    plain = message.get_body(("plain",))
    assert plain is not None
    lines = plain.get_content().replace("\r\n", "\n").encode()
    assert lines == make_rendition(release, text, "text", wire, received).body
    page = html_of(message)
    addresses = {one.get("href") or one.get("src") for one in page.iter("a", "img")}
    assert addresses >= {link if ":" in link else f"mailto:{link}" for link in links}
    unstyled = {one.tag for one in page.find(".//article").iter("p", "a", "h1", "h2", "ul", "td", "img")
                if not one.get("style")}  # fmt: skip
    assert not unstyled
    assert "prefers-color-scheme: dark" in page.findtext(".//style")
    assert page.xpath("//meta[@name='color-scheme']/@content") == ["light dark"]


def test_its_headers_say_what_the_release_says(make_release: Callable[..., Release], mail: Mail) -> None:
    release = make_release(urgency=2, embargo_until="2026-12-01T07:00:00+01:00")
    message = mail(release, supplied(release, "en"))
    assert message["Subject"] == release.headline
    assert message["Date"].datetime.isoformat() == "2026-11-22T09:30:15+00:00"
    assert message["Reply-To"] == "Ana Reis <ana@northwind.example>"
    assert (message["Importance"], message["Priority"]) == ("high", "urgent")
    assert message["Keywords"] == "Earnings, Economy, business and finance"
    assert (message["Content-Language"], message["List-Id"]) == ("en", "<releases.fanwire.example>")
    own = {name.removeprefix("Fanwire-"): str(value) for name, value in message.items() if name.startswith("Fanwire-")}
    assert own == {
        "Release": release.uri, "Item": f"{release.uri}:en", "Version": "1", "Action": "publish", "Status": "usable",
        "Urgency": "2", "Embargo": "2026-12-01T07:00:00+01:00", "Translation": "source",
        "Topics": "20000178 04000000 20099999", "Issuer": "Northwind SA", "Tickers": "XLIS:NWD NYSE:NW.A",
        "Isin": "PTNWD0AM0006", "Lei": "5299NORTHWIND00SA096",
    }  # fmt: skip
    assert not {"From", "To", "In-Reply-To"} & set(message.keys())


def test_a_correction_answers_the_first_version(make_release: Callable[..., Release], mail: Mail) -> None:
    releases = [make_release(version=version, correction_note="The year.") for version in (1, 2, 3)]
    first, second, third = (mail(release, supplied(release, "en")) for release in releases)
    assert second["In-Reply-To"] == third["In-Reply-To"] == third["References"] == first["Message-ID"]
    assert len({message["Message-ID"] for message in (first, second, third)}) == 3
    assert second["Subject"] == f"[CORRECTED VERSION] {releases[0].headline}"
    assert html_of(second).find_class("note")[0].text == "The year."


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("ar", "بيان مسحوب – يُرجى عدم النشر"),
        ("ja", "配信取り消し・掲載不可"),
        ("ru", "ПРЕСС-РЕЛИЗ ОТОЗВАН, НЕ ПУБЛИКОВАТЬ"),
    ],
)
def test_a_kill_says_so_in_its_subject(
    language: str, label: str, make_release: Callable[..., Release], translate: Any, mail: Mail
) -> None:
    release = make_release(version=2, status="canceled")
    message = mail(release, translate(release, language, headline="船 " * 60))
    assert message["Subject"] == f"[{label}] {'船 ' * 60}".rstrip()
    assert (message["Fanwire-Action"], message["Fanwire-Status"]) == ("kill", "canceled")


def test_text_from_right_to_left_is_marked(make_release: Callable[..., Release], translate: Any, mail: Mail) -> None:
    release = make_release()
    message = mail(release, translate(release, "ar", source="en", status="checked"))
    page = html_of(message)
    assert (page.get("dir"), page.find(".//article").get("dir")) == ("rtl", "rtl")
    assert message["Content-Language"] == "ar-x-mtfrom-en"
    assert message["Fanwire-Translation-Of"] == f"{release.uri}:en"


def test_no_text_becomes_a_header(make_release: Callable[..., Release], mail: Mail) -> None:
    split = "News\u2028Bcc: a@b.example\u2029"
    contacts = [{"name": f'"{split}" <x>,', "email": "a..b@c.example"}, {"name": split, "email": "d@e.example"}]
    release = make_release(headline=split, issuer={"name": split}, contacts=contacts)
    message = mail(release, supplied(release, "en"))
    assert "Bcc" not in message
    assert message["Subject"] == "News Bcc: a@b.example"
    assert [one.addr_spec for one in message["Reply-To"].addresses] == ["d@e.example"]


def test_without_a_moment_there_is_no_email(make_release: Callable[..., Release], wire: Wire) -> None:
    release = make_release()
    text = supplied(release, "en")
    assert text is not None
    with pytest.raises(ValueError, match="email needs the moment"):
        make_rendition(release, text, "email", wire)
