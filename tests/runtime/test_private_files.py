"""What lies in the home is for its owner only, whatever the umask was."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.private_files import (
    ensure_private_file,
    ensure_private_folder,
    loose,
    make_private,
    refuse_shared,
    write_private,
)


@pytest.fixture(autouse=True)
def _generous() -> Iterator[None]:
    """The umask of most machines."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """The mode of everything below."""
    found = (folder, *folder.rglob("*"))
    return {str(path.relative_to(folder)): f"{path.lstat().st_mode & 0o777:o}" for path in found}


def test_a_file_takes_the_place_of_no_device_or_pipe(tmp_path: Path) -> None:
    """Of root's /dev/null it would, for everybody on the machine."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileExistsError, match="is there and is no file"):
        write_private(tmp_path / "pipe", "x")
    assert modes(tmp_path).keys() == {".", "pipe"}
    assert (tmp_path / "pipe").is_fifo()


def test_folders_and_files_are_made_for_their_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    ensure_private_folder(home / "log")
    ensure_private_file(home / "ledger.sqlite")
    write_private(home / "run" / "x", "text")
    write_private(home / "bytes", b"bytes")
    assert modes(tmp_path / "a") == {
        ".": "700", "home": "700", "home/log": "700", "home/ledger.sqlite": "600", "home/run": "700",
        "home/run/x": "600", "home/bytes": "600",
    }  # fmt: skip
    assert (home / "run" / "x").read_text() == "text"


def test_what_is_there_already_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("rows")
    ensure_private_folder(tmp_path)
    ensure_private_file(tmp_path / "ledger.sqlite")
    assert (tmp_path / "ledger.sqlite").read_text() == "rows"


OURS = (
    "ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "log/intake.log", "log/intake.log.1", "run/intake",
    "valkey/valkey.conf", "valkey/appendonlydir/appendonly.aof.1.incr.aof", "secrets/acme", "broker.url", "up.lock",
    "supervisord.conf", "supervisord.pid", "flower.conf.py", "flower.password", "trust.pem", "web.key",
    "seal.key", "seals.head", "journal/host:1:1.0.journal",
)  # fmt: skip


def populated(home: Path) -> Path:
    """A home that an older version has left, with a script of somebody's in it."""
    for name in (*OURS, "my-script.sh"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch()
    (home / "my-script.sh").chmod(0o755)
    return home


def test_an_older_home_is_repaired(tmp_path: Path) -> None:
    home = populated(tmp_path / "home")
    folders = (".", "journal", "log", "run", "secrets", "valkey", "valkey/appendonlydir")
    assert {str(path.relative_to(home)) for path in loose(home)} == {*OURS, *folders}
    make_private(home)
    assert loose(home) == []
    found = modes(home)
    assert {found[name] for name in OURS} == {"600"}
    assert {found[name] for name in folders} == {"700"}
    assert found["my-script.sh"] == "755"  # not ours, and behind a closed door


def test_links_are_not_followed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    (home / "log").symlink_to(tmp_path / "elsewhere")
    (home / "ledger.sqlite").symlink_to(tmp_path / "elsewhere" / "file")
    make_private(home)
    assert modes(tmp_path / "elsewhere") == {".": "755", "file": "644"}
    assert loose(home) == []


def test_a_home_that_is_not_there_is_not_loose(tmp_path: Path) -> None:
    assert loose(tmp_path / "nowhere") == []
    make_private(tmp_path / "nowhere")


@pytest.mark.parametrize("shared", ["/", "/tmp", "/var/lib", "/var/lib/../lib", "/home", "/etc"])
def test_no_folder_of_the_system_can_be_the_home(shared: str) -> None:
    with pytest.raises(ConfigurationRefused, match="FANWIRE_HOME: is a folder of the system"):
        refuse_shared(Path(shared))


def test_neither_can_one_in_which_everybody_may_write(tmp_path: Path) -> None:
    refuse_shared(tmp_path)
    refuse_shared(tmp_path / "new")
    tmp_path.chmod(0o1777)
    with pytest.raises(ConfigurationRefused, match="FANWIRE_HOME"):
        refuse_shared(tmp_path)


def test_a_file_that_is_there_keeps_the_locks_that_this_process_has_on_it(tmp_path: Path) -> None:
    """SQLite's too: without them another process writes over the ledger."""
    file = tmp_path / "ledger.sqlite"
    ensure_private_file(file)
    code = f"import fcntl; fcntl.lockf(open({str(file)!r}, 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with file.open("r+") as mine:
        fcntl.lockf(mine, fcntl.LOCK_EX)
        ensure_private_file(file)
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "BlockingIOError" in other.stderr
