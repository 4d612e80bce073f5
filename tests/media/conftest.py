"""What tests of media share: a server of files, and both kinds of stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.media_store.store import Store, configured_store
from tasks.runtime.settings import settings
from tests.support.media import FileServer


@pytest.fixture(scope="session")
def file_server() -> Iterator[FileServer]:
    server = FileServer()
    yield server
    server.close()


@pytest.fixture
def files(file_server: FileServer) -> FileServer:
    """A server with no files yet that nobody has asked."""
    file_server.files.clear()
    file_server.asked.clear()
    return file_server


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store that the settings name: once a folder, and once a bucket."""
    if request.param == "folder":
        monkeypatch.setenv("FANWIRE_MEDIA_URL", f"file://{tmp_path}/media")
    else:
        for name, value in {
            "URL": f"s3://acme/{tmp_path.name}", "ENDPOINT": request.getfixturevalue("s3"), "KEY_ID": "key",
            "SECRET": "secret",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"FANWIRE_MEDIA_{name}", value)
    settings.cache_clear()
    return configured_store()
