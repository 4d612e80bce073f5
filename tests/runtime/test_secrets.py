"""Secrets by reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.runtime.secrets import CACHE_SECONDS, SecretMissing, forget, resolve
from tests.support.stepped_time import SteppedTime


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", "geheim ")
    assert resolve("env:ACME_TOKEN") == "geheim "


@pytest.mark.parametrize("written", [b"geheim", b"geheim\n", b"geheim\r\n", b"geheim\n\n"])
def test_from_a_file(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "token").write_bytes(written)
    assert resolve(f"file:{tmp_path}/token") == "geheim"


def test_a_changed_secret_is_seen_after_a_while(tmp_path: Path) -> None:
    clock = SteppedTime()
    path = tmp_path / "token"
    path.write_text("old")
    assert resolve(f"file:{path}", time_source=clock) == "old"
    path.write_text("new")
    clock.now += CACHE_SECONDS - 0.1
    assert resolve(f"file:{path}", time_source=clock) == "old"
    clock.now += 0.2
    assert resolve(f"file:{path}", time_source=clock) == "new"


def test_a_secret_that_was_missing_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_TOKEN", raising=False)
    with pytest.raises(SecretMissing):
        resolve("env:ACME_TOKEN")
    monkeypatch.setenv("ACME_TOKEN", "geheim")
    assert resolve("env:ACME_TOKEN") == "geheim"


@pytest.mark.parametrize("reference", ["env:NOBODY_SET_THIS", "file:/nowhere/token", "file:/", "file:\0"])
def test_missing(reference: str) -> None:
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
def test_a_file_that_holds_no_secret(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "token").write_bytes(written)
    with pytest.raises(SecretMissing):
        resolve(f"file:{tmp_path}/token")
