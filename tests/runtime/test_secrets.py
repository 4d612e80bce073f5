"""Secrets by reference."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.secrets import CACHE_SECONDS, SecretMissing, forget, refusal, resolve
from tasks.runtime.settings import settings
from tests.support.stepped_time import SteppedTime


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def folder() -> Path:
    """The folder of secrets, with a file beside it."""
    place = settings().home / "secrets"
    place.mkdir(parents=True)
    (settings().home / "broker.url").write_text("redis://:geheim@127.0.0.1/0")
    return place


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_SECRET_ACME", "geheim ")
    assert resolve("env:FANWIRE_SECRET_ACME") == "geheim "


@pytest.mark.parametrize("written", [b"geheim", b"geheim\n", b"geheim\r\n", b"geheim\n\n"])
def test_from_a_file(folder: Path, written: bytes) -> None:
    (folder / "token").write_bytes(written)
    assert resolve("file:token") == "geheim"
    assert resolve(f"file:{folder}/token") == "geheim"


def test_a_changed_secret_is_seen_after_a_while(folder: Path) -> None:
    clock = SteppedTime()
    path = folder / "token"
    path.write_text("old")
    assert resolve("file:token", time_source=clock) == "old"
    path.write_text("new")
    clock.now += CACHE_SECONDS - 0.1
    assert resolve("file:token", time_source=clock) == "old"
    clock.now += 0.2
    assert resolve("file:token", time_source=clock) == "new"


def test_a_secret_that_was_missing_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SecretMissing):
        resolve("env:FANWIRE_SECRET_ACME")
    monkeypatch.setenv("FANWIRE_SECRET_ACME", "geheim")
    assert resolve("env:FANWIRE_SECRET_ACME") == "geheim"


@pytest.mark.parametrize("reference", ["env:FANWIRE_SECRET_NOBODY", "file:token", "file:.", "file:sub/token"])
def test_missing(folder: Path, reference: str) -> None:
    assert refusal(reference) is None
    with pytest.raises(SecretMissing) as caught:
        resolve(reference)
    assert caught.value.reference == reference
    assert reference in str(caught.value)


@pytest.mark.parametrize("reference", ["geheim", "env:", "file:", "vault:x", ""])
def test_no_reference_is_not_quoted(reference: str) -> None:
    with pytest.raises(SecretMissing) as caught:
        resolve(reference)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("written", [b"", b"\n", b"\xff\xfe", b"x" * 100_000])
def test_a_file_that_holds_no_secret(folder: Path, written: bytes) -> None:
    (folder / "token").write_bytes(written)
    with pytest.raises(SecretMissing):
        resolve("file:token")


# --- what an outlet may name


@pytest.mark.parametrize(
    "reference",
    [
        "env:HOME",
        "env:FANWIRE_BROKER_URL",
        "env:AWS_SECRET_ACCESS_KEY",
        "env:FANWIRE_SECRET_",
        "env:fanwire_secret_acme",
        "file:/etc/passwd",
        "file:/proc/self/environ",
        "file:../broker.url",
        "file:sub/../../broker.url",
        "file:sub/../token",
        "file:\0",
    ],
)
def test_an_outlet_may_name_nothing_but_its_secrets(
    folder: Path, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    for name in ("FANWIRE_BROKER_URL", "AWS_SECRET_ACCESS_KEY", "FANWIRE_SECRET_", "fanwire_secret_acme"):
        monkeypatch.setenv(name, "redis://:geheim@127.0.0.1/0")
    (folder / "token").write_text("geheim")
    assert refusal(reference)
    with pytest.raises(SecretMissing, match="FANWIRE_SECRETS_") as caught:
        resolve(reference)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("target", ["../broker.url", "/etc/passwd", "/proc/self/environ"])
def test_a_link_out_of_the_folder_is_not_followed(folder: Path, target: str) -> None:
    (folder / "token").symlink_to(target)
    with pytest.raises(SecretMissing, match="is a link out of the folder of secrets"):
        resolve("file:token")


def test_neither_is_one_in_a_folder_of_it(folder: Path) -> None:
    (folder / "sub").symlink_to("..")
    with pytest.raises(SecretMissing, match="is a link out of the folder of secrets"):
        resolve("file:sub/broker.url")


def test_links_within_the_folder_are_followed(folder: Path) -> None:
    """Kubernetes mounts the keys of a secret in this way."""
    (folder / "..2026").mkdir()
    (folder / "..2026" / "token").write_text("geheim")
    (folder / "..data").symlink_to("..2026")
    (folder / "token").symlink_to("..data/token")
    assert resolve("file:token") == "geheim"


def test_what_is_no_file_is_not_read(folder: Path) -> None:
    os.mkfifo(folder / "token")
    with pytest.raises(SecretMissing, match="is no file"):
        resolve("file:token")


def test_folder_and_variables_can_be_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    monkeypatch.setenv("FANWIRE_SECRETS_FOLDER", str(place))
    monkeypatch.setenv("FANWIRE_SECRETS_PREFIX", "WIRE_OUTLET_")
    monkeypatch.setenv("WIRE_OUTLET_ACME", "geheim")
    monkeypatch.setenv("FANWIRE_SECRET_ACME", "geheim")
    settings.cache_clear()
    (place / "token").write_text("geheim")
    assert resolve("file:token") == resolve(f"file:{place}/token") == resolve("env:WIRE_OUTLET_ACME") == "geheim"
    assert refusal("env:FANWIRE_SECRET_ACME")
    assert refusal(f"file:{settings().home.absolute()}/secrets/token")


@pytest.mark.parametrize("prefix", ["", "_", "F", "FANWIRE_", "FANWIRE_B", "FANWIRE_SECRETS_", "A-B_", "ACME"])
def test_no_prefix_may_let_outlets_name_settings(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("FANWIRE_SECRETS_PREFIX", prefix)
    settings.cache_clear()
    with pytest.raises(ConfigurationRefused, match="FANWIRE_SECRETS_PREFIX"):
        settings()


# --- what the operator's own configuration may name


def test_the_operator_may_name_any_variable_and_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPL_KEY", "geheim")
    (tmp_path / "key").write_text("geheim")
    (tmp_path / "link").symlink_to("key")
    assert resolve("env:DEEPL_KEY", written_by="operator") == "geheim"
    assert resolve(f"file:{tmp_path}/link", written_by="operator") == "geheim"


def test_but_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_BROKER_URL", "redis://:geheim@127.0.0.1/0")
    with pytest.raises(SecretMissing, match="is a setting of Fanwire"):
        resolve("env:FANWIRE_BROKER_URL", written_by="operator")


def test_what_the_operator_named_is_not_found_for_an_outlet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPL_KEY", "geheim")
    assert resolve("env:DEEPL_KEY", written_by="operator") == "geheim"
    with pytest.raises(SecretMissing):
        resolve("env:DEEPL_KEY")
