"""Both stores keep files whole, by what is in them, and say what is wrong."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tasks.media_store import store as stores
from tasks.media_store.folder_store import Folder
from tasks.media_store.store import Store, configured_store, read
from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings

LARGE = bytes(range(256)) * 10_000
"""More than one part of each store."""


def keep(store: Store, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    store.put(BytesIO(content), sha256, "image/png")
    return sha256


@pytest.mark.parametrize("content", [b"x", LARGE], ids=["small", "large"])
def test_what_is_kept_comes_back(store: Store, content: bytes) -> None:
    sha256 = keep(store, content)
    assert keep(store, content) == sha256  # once more: it is there
    assert store.size(sha256) == len(content)
    assert read(store, sha256) == content
    start, end = len(content) // 3, len(content)
    assert b"".join(store.parts(sha256, start, end)) == content[start:end]


def test_what_is_not_there_is_said(store: Store) -> None:
    nothing = "0" * 64
    assert store.size(nothing) is None
    with pytest.raises(FileNotFoundError):
        read(store, nothing)
    with pytest.raises(FileNotFoundError):
        b"".join(store.parts(nothing, 0, 5))


def test_a_file_that_cannot_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    class Broken(BytesIO):
        def read(self, *_: Any) -> bytes:
            part = super().read(3)
            if not part:
                raise OSError("the disk is gone")
            return part

    folder = Folder(tmp_path)
    with pytest.raises(OSError, match="the disk is gone"):
        folder.put(Broken(b"abcdef"), "ab" * 32, "text/plain")
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == []
    assert folder.size("ab" * 32) is None


def test_files_in_a_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    sha256 = keep(Folder(tmp_path / "media"), b"x")
    kept = tmp_path / "media" / sha256[:2] / sha256
    assert kept.stat().st_mode & 0o077 == kept.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"FANWIRE_MEDIA_URL": "s3://nobody/x"}, "did not keep a file: it answered 404 NoSuchBucket"),
        ({"FANWIRE_MEDIA_ENDPOINT": "http://127.0.0.1:9"}, "the bucket at 127.0.0.1:9 does not answer"),
    ],
)
def test_a_bucket_in_trouble_says_so_without_secrets(
    s3: str, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], problem: str
) -> None:
    values = {"FANWIRE_MEDIA_URL": "s3://acme", "FANWIRE_MEDIA_ENDPOINT": s3, "FANWIRE_MEDIA_KEY_ID": "key"}
    for name, value in {**values, "FANWIRE_MEDIA_SECRET": "geheim", **changed}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    store = configured_store()
    with pytest.raises(OSError, match=problem) as trouble:
        keep(store, b"y")
    assert "geheim" not in str(trouble.value) + repr(store)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"URL": "s3://acme"}, "FANWIRE_MEDIA_KEY_ID"),
        ({"URL": "s3://acme", "KEY_ID": "k"}, "FANWIRE_MEDIA_SECRET"),
        ({"URL": "http://acme.example/"}, "FANWIRE_MEDIA_URL"),
        ({"URL": "file://relative"}, "FANWIRE_MEDIA_URL"),
        ({"ENDPOINT": "ftp://acme.example/"}, "FANWIRE_MEDIA_ENDPOINT"),
    ],
)
def test_a_store_that_cannot_be_is_refused_by_its_setting(
    values: dict[str, str], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"FANWIRE_MEDIA_{name}", value)
    settings.cache_clear()
    with pytest.raises(ConfigurationRefused) as refused:
        stores.configured_store()
    assert [problem.field for problem in refused.value.problems] == [field]


def test_without_a_setting_it_is_under_the_home() -> None:
    assert configured_store() == Folder(settings().home.absolute() / "media")
