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


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3, with the bucket `acme`."""
    server_of = pytest.importorskip("moto.server", reason="moto is not installed").ThreadedMotoServer
    server = server_of(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    import pycurl

    made = pycurl.Curl()
    for option, value in {
        pycurl.URL: f"http://{host}:{port}/acme", pycurl.CUSTOMREQUEST: "PUT", pycurl.USERPWD: "key:secret",
        pycurl.AWS_SIGV4: "aws:amz:us-east-1:s3", pycurl.WRITEFUNCTION: len,
    }.items():  # fmt: skip
        made.setopt(option, value)
    made.perform()
    assert made.getinfo(pycurl.RESPONSE_CODE) == 200
    made.close()
    yield f"http://{host}:{port}"
    server.stop()


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
