"""Names and rules of files at outlets, and what an import refuses of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.files import file_names
from tasks.delivery.files.file_options import FileOptions
from tasks.delivery.files.file_plan import plan
from tasks.delivery.files.file_server import place_of
from tasks.formatting import FORMATS
from tasks.model.documents import DocumentRefused
from tasks.model.media import MediaFile
from tasks.model.outlet import read_outlet
from tasks.runtime.settings import settings
from workers.offered import offered

URI = "urn:newsml:acme.example:20261118:plant-porto"
SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@pytest.mark.parametrize(
    ("uri", "slug", "release"),
    [
        (URI, "plant-porto-2761b19b26760880", "acme-example-20261118-plant-porto-2761b19b26760880"),
        (
            "https://acme.example/Press/2026/Café.html",
            "caf-html-cad1984e1e8dadb3",
            "https-acme-example-press-2026-caf-html-cad1984e1e8dadb3",
        ),
        ("tag:acme.example,2026:新闻", "72f78ac7ee61a1b8", "tag-acme-example-2026-72f78ac7ee61a1b8"),
        ("urn:x:../../etc/passwd", "passwd-66bd6d12fffa2785", "urn-x-etc-passwd-66bd6d12fffa2785"),
    ],
)
def test_a_release_has_a_name_that_people_can_read(uri: str, slug: str, release: str) -> None:
    assert (file_names.slug(uri), file_names.release_name(uri)) == (slug, release)


@effort(max_examples=200)
@given(st.text(min_size=1), st.text(), st.text())
def test_no_value_leads_out_of_the_folder(uri: str, language: str, other: str) -> None:
    values = dict.fromkeys(file_names.PLACEHOLDERS, other) | {"language": language}
    values |= {"slug": file_names.slug(uri), "release": file_names.release_name(uri)}
    template = file_names.check_template("{date}/{release}-{slug}.{language}_{version}/{action}{slug}.{ending}")
    name = file_names.fill(template, **values)
    assert all(map(SAFE.fullmatch, name.split("/"))), name
    assert len(name.split("/")) == 3


def test_two_releases_never_share_a_name() -> None:
    assert file_names.slug("urn:a:plant porto") != file_names.slug("urn:a:plant-porto")
    assert file_names.slug("urn:a:" + "x" * 300) != file_names.slug("urn:a:" + "x" * 301)


@pytest.mark.parametrize(
    ("content_type", "ending"),
    [
        ("application/json; charset=utf-8", "json"),
        ("application/vnd.iptc.g2.newsitem+xml", "xml"),
        ("text/html; charset=utf-8", "html"),
        ("TEXT/PLAIN", "txt"),
        ("message/rfc822", "eml"),
        ("application/feed+json", "json"),
        ("application/x-own", "bin"),
    ],
)
def test_the_ending_is_that_of_the_content_type(content_type: str, ending: str) -> None:
    assert file_names.ending(content_type) == ending


@pytest.mark.parametrize("name", sorted(FORMATS.all()))
def test_each_format_has_an_ending(name: str) -> None:
    assert file_names.ending(FORMATS.get(name).content_type) in ("html", "json", "xml", "txt", "eml", "md")


def test_media_stand_before_their_article_and_go_with_it() -> None:
    media = tuple(
        MediaFile(id=name, name=name, content_type="image/jpeg", bytes=1, sha256="0", read=name.encode)
        for name in ("hero.jpg", "../plan.pdf")
    )
    request = DeliveryRequest(
        key="k", release=URI, version=1, action="publish", language="en", outlet_language="en",
        content_type="text/html", body=b"x", media=media,
    )  # fmt: skip
    files = plan(request, FileOptions(name="{date}/{slug}-{language}.{ending}", media=True), 0.0)
    stem = "1970-01-01/plant-porto-2761b19b26760880-en"
    assert [(file.name, file.read(), file.decisive) for file in files.written] == [
        (f"{stem}-hero.jpg", b"hero.jpg", False),
        (f"{stem}-plan.pdf", b"../plan.pdf", False),
        (f"{stem}.html", b"x", True),
    ]
    assert [file.name for file in plan(request, FileOptions(), 0.0).written] == ["plant-porto-2761b19b26760880-en.html"]
    kill = DeliveryRequest(
        key="k", release=URI, version=2, action="kill", language="en", outlet_language="en",
        content_type="text/html", body=b"x", media=media, earlier_versions=(1,),
    )  # fmt: skip
    name = "{slug}-{language}-v{version}.{ending}"
    gone = plan(kill, FileOptions(name=name, media=True, kill="remove"), 0.0)
    assert gone.written == ()
    assert gone.removed == tuple(
        f"plant-porto-2761b19b26760880-en-v{version}{rest}"
        for version in (1, 2)
        for rest in (".html", "-hero.jpg", "-plan.pdf")
    )
    noticed = plan(kill, FileOptions(name="{slug}-{language}.{ending}", media=True), 0.0)
    assert [file.name for file in noticed.written] == ["plant-porto-2761b19b26760880-en.html"]
    assert noticed.removed == ("plant-porto-2761b19b26760880-en-hero.jpg", "plant-porto-2761b19b26760880-en-plan.pdf")


@pytest.mark.parametrize(
    ("url", "plain", "user", "path"),
    [
        ("ftp://wire@bote.example/in", "ftp://bote.example/in/", "wire", "/in/"),
        (
            "sftp://a%40b@bücher.example:2222/in%20dir/",
            "sftp://xn--bcher-kva.example:2222/in%20dir/",
            "a@b",
            "/in dir/",
        ),
        ("ftps://[2001:db8::1]/", "ftps://[2001:db8::1]/", None, "/"),
    ],
)
def test_the_place_on_a_server(url: str, plain: str, user: str | None, path: str) -> None:
    place = place_of(url)
    assert (place.url, place.user, place.path) == (plain, user, path)


@pytest.fixture
def _folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("FANWIRE_DELIVERY_FOLDERS", f"{tmp_path}, /srv/outlets")
    monkeypatch.setenv("FANWIRE_PLAIN_HTTP_HOSTS", "old.example")
    settings.cache_clear()
    yield
    settings.cache_clear()


PASSWORD: dict[str, Any] = {"type": "password", "secret": "env:FANWIRE_SECRET_DESK"}
SFTP: dict[str, Any] = {"url": "sftp://wire@bote.example/in/", "auth": PASSWORD | {"host_key": "SHA256:" + "A" * 43}}
FTP: dict[str, Any] = {"url": "ftp://wire@bote.example/in/", "auth": PASSWORD}
S3: dict[str, Any] = {
    "url": "s3://bucket/in/",
    "auth": {"type": "basic", "user": "KEY", "secret": "env:FANWIRE_SECRET_DESK"},
}


def imported(change: dict[str, Any]) -> None:
    read_outlet({"id": "desk", "name": "Desk", "country": "PT", "languages": ["en"]} | change, offered())


@pytest.mark.usefixtures("_folders")
@pytest.mark.parametrize(
    "change",
    [
        SFTP, FTP, S3,
        {"url": "ftp://bote.example/in/"},
        {"url": "ftps://wire@bote.example:990/", "auth": PASSWORD},
        {"url": "file:///srv/outlets/bote/"},
        FTP | {"url": "ftp://wire@old.example/", "transport": {"tls": "none"}},
        FTP | {"url": "ftp://wire@127.0.0.1/", "transport": {"tls": "none"}},
        SFTP | {"transport": {"name": "{date}/{release}_{language}.v{version}.{ending}", "correction": "new"}},
        SFTP | {"transport": {"name": "{slug}-{language}-{action}.xml", "kill": "new", "make_folders": True}},
        S3 | {"transport": {"endpoint": "https://objects.bote.example", "region": "de", "acl": "private"}},
    ],
)  # fmt: skip
def test_good_outlets(change: dict[str, Any]) -> None:
    imported(change)


@pytest.mark.usefixtures("_folders")
@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        (SFTP | {"auth": PASSWORD}, "auth", "needs host_key over sftp: `fanwire outlets hostkey URL` prints it"),
        (SFTP | {"auth": {}}, "auth", "type 'none' cannot be used over sftp"),
        (SFTP | {"url": "sftp://bote.example/in/"}, "url", "names no user"),
        (SFTP | {"url": "sftp://wire:pw@bote.example/in/"}, "url", "must not hold a password"),
        (SFTP | {"url": "sftp://wire@bote.example/../in/"}, "url", "has '..' in its path"),
        (FTP | {"url": "ftp://wire@bote.example/in%0d%0aDELE%20x/"}, "url", "control characters"),
        (FTP | {"url": "ftp://wire@bote.example/in/;type=a"}, "url", "without '?', '#' and ';'"),
        (FTP | {"url": "ftp:///in/"}, "url", "has no host"),
        (FTP | {"transport": {"tls": "none"}}, "transport", "a credential would go to bote.example over ftp://"),
        (FTP | {"auth": {"type": "bearer", "secret": "env:FANWIRE_SECRET_DESK"}}, "auth", "cannot be used over ftp"),
        (S3 | {"url": "s3://Bucket!/"}, "url", "names no bucket"),
        (S3 | {"url": "s3://bucket/../other/"}, "url", "without '?', '#' and '..'"),
        (S3 | {"transport": {"endpoint": "ftp://bote.example"}}, "transport", "endpoint: must be the address"),
        (S3 | {"transport": {"endpoint": "https://a:b@bote.example"}}, "transport", "without a user"),
        (S3 | {"transport": {"endpoint": "https://bote.example:6379"}}, "transport", "port 6379 belongs to a service"),
        (S3 | {"transport": {"region": "a/b"}}, "transport", "region: must be letters"),
        (SFTP | {"headers": {"X-Desk": "a"}}, "headers", "must be left out: nothing has them over sftp"),
        (
            S3 | {"auth": S3["auth"] | {"signing_secret": "env:FANWIRE_SECRET_SIGN"}},
            "auth",
            "has signing_secret, which s3 cannot use: leave it out",
        ),
        ({"url": "file:///srv/elsewhere/"}, "url", "is not below a folder that is allowed"),
        ({"url": "file:///srv/outlets/../elsewhere/"}, "url", "is not below a folder that is allowed"),
        ({"url": "file://host/srv/outlets/"}, "url", "must be file:///folder/, with three slashes"),
        (SFTP | {"transport": {"name": "{slug}.{ending}"}}, "transport", "name: needs {language}"),
        (SFTP | {"transport": {"name": "{language}.{ending}"}}, "transport", "name: needs {slug} or {release}"),
        (SFTP | {"transport": {"name": "{slug}-{language}-{headline}"}}, "transport", "has {headline}; there are"),
        (SFTP | {"transport": {"name": "{slug}-{language}{"}}, "transport", "brace that belongs to no placeholder"),
        (SFTP | {"transport": {"name": "../{slug}-{language}"}}, "transport", "may be empty or begin with '.'"),
        (SFTP | {"transport": {"name": "/in/{slug}-{language}"}}, "transport", "may be empty or begin with '.'"),
        (SFTP | {"transport": {"name": "{slug} {language}"}}, "transport", "must be made of letters, digits"),
        (SFTP | {"transport": {"name": "a/a/a/a/a/{slug}-{language}"}}, "transport", "more than 5 parts"),
        (SFTP | {"transport": {"correction": "new"}}, "transport", "correction 'new' needs {version}"),
        (SFTP | {"transport": {"kill": "new"}}, "transport", "kill 'new' needs {version} or {action}"),
        (SFTP | {"transport": {"tls": "none"}}, "transport", "tls: is not a known field"),
    ],
)
def test_what_an_import_refuses(change: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(DocumentRefused) as caught:
        imported(change)
    [problem] = caught.value.problems
    assert problem.field == field
    assert says in problem.problem


def test_no_folder_is_allowed_unless_a_setting_says_so() -> None:
    with pytest.raises(DocumentRefused, match="none is allowed: FANWIRE_DELIVERY_FOLDERS"):
        imported({"url": "file:///srv/outlets/"})
