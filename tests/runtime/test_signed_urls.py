"""Addresses that work only as signed, and only until they expire."""

from __future__ import annotations

import os
import stat
from urllib.parse import parse_qsl

import pytest

from tasks.runtime import signed_urls
from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings

PATH = "/media/ab/chart.png"
OLD, NEW = "o" * 32, "n" * 32


def use_keys(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    monkeypatch.setenv("FANWIRE_WEB_KEY", keys)
    settings.cache_clear()


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(address.partition("?")[2]))


def test_an_address_is_good_until_it_expires_and_no_longer() -> None:
    query = query_of(signed_urls.sign(PATH, 1000.2))
    signed_urls.check(PATH, query, 1001)
    with pytest.raises(signed_urls.AddressRefused, match="expired"):
        signed_urls.check(PATH, query, 1001.5)


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        (PATH + "x", {}),
        (PATH, {"expires": "9999"}),
        (PATH, {"expires": ""}),
        (PATH, {"expires": "١٠٠٠"}),
        (PATH, {"signature": ""}),
        (PATH, {"signature": "é"}),
        (PATH, {"signature": "A" * 43}),
    ],
)
def test_an_address_that_was_changed_is_refused(path: str, changed: dict[str, str]) -> None:
    query = query_of(signed_urls.sign(PATH, 1000)) | changed
    with pytest.raises(signed_urls.AddressRefused, match="not signed by this wire"):
        signed_urls.check(path, query, 0)


def test_a_key_is_changed_with_an_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    use_keys(monkeypatch, OLD)
    before = query_of(signed_urls.sign(PATH, 1000))
    use_keys(monkeypatch, f"{NEW} {OLD}")
    after = query_of(signed_urls.sign(PATH, 1000))
    assert before != after
    signed_urls.check(PATH, before, 0)
    use_keys(monkeypatch, NEW)
    signed_urls.check(PATH, after, 0)
    with pytest.raises(signed_urls.AddressRefused):
        signed_urls.check(PATH, before, 0)


def test_a_short_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    use_keys(monkeypatch, f"{NEW} geheim")
    with pytest.raises(ConfigurationRefused, match="FANWIRE_WEB_KEY") as refusal:
        signed_urls.keys()
    assert "geheim" not in str(refusal.value)


def test_without_a_setting_a_key_is_made_once_for_its_owner_only(monkeypatch: pytest.MonkeyPatch) -> None:
    (key,) = signed_urls.keys()
    file = settings().home / "web.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [found.name for found in file.parent.iterdir()] == ["web.key"]
    monkeypatch.setattr(signed_urls, "_read", {})  # as another process would come to it
    monkeypatch.setattr(os, "link", lambda *_: pytest.fail("there is a key"))
    assert signed_urls.keys() == [key]


def test_a_whole_address_is_under_the_public_one_of_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    assert signed_urls.signed_address(PATH, 1000) is None
    monkeypatch.setenv("FANWIRE_WEB_URL", "https://wire.example/fanwire/")
    settings.cache_clear()
    assert signed_urls.signed_address(PATH, 1000) == "https://wire.example/fanwire" + signed_urls.sign(PATH, 1000)
