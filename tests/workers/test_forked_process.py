"""A process with pipes from the fork server, and the reader of documents as one."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tasks.model.documents import DocumentRefused
from tests.support.fork_servers import Server, asked, fork_server
from tests.support.processes import until
from tests.support.samples import release
from workers import forked_process, forking
from workers.document_reader import DocumentReader
from workers.forked_process import ForkedProcess


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with fork_server(tmp_path_factory.mktemp("server")) as server, asked(server):
        yield server


def shouting() -> list[str]:
    code = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)"
    return [sys.executable, "-m", "tests.support.forked_code", code]


def test_one_with_pipes_is_asked_and_ended() -> None:
    started = forked_process.start(shouting(), {})
    started.stdin.write(b"one\n")
    started.stdin.flush()
    assert started.stdout.read(4) == b"ONE\n"
    assert started.poll() is None
    started.kill()
    assert (started.wait(), started.poll(), started.stdout.read()) == (-signal.SIGKILL, -signal.SIGKILL, b"")
    started.kill()  # which is too late, and does no harm
    started.stdin.close()
    started.stdout.close()


def test_it_cannot_ask_the_server_for_anything() -> None:
    """What reads the documents of strangers has its three streams, and no way to start others beside its limits."""
    started = forked_process.start([*shouting()[:-1], "import os; print(os.listdir('/proc/self/fd'), flush=True)"], {})
    assert sorted(json.loads(started.stdout.readline().replace(b"'", b'"'))) == ["0", "1", "2", "3"], "3 is the folder"
    started.wait()
    for pipe in (started.stdin, started.stdout):
        pipe.close()


def test_its_status_is_known() -> None:
    started = forked_process.start([sys.executable, "-m", "tests.support.forked_code", "import sys; sys.exit(7)"], {})
    assert started.wait() == 7
    for pipe in (started.stdin, started.stdout):
        pipe.close()


def test_one_that_was_ended_counts_as_ended_while_the_server_stands_still(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked_process, "SAID_WITHIN", 0.1)
    started = forked_process.start(shouting(), {})
    server.process.suspend()
    try:
        started.kill()
        assert started.wait() == -signal.SIGKILL
    finally:
        server.process.resume()
    started.stdin.close()
    started.stdout.close()


def open_files() -> set[str]:
    """The descriptors that this process has open, those of earlier tests that nobody holds any more not among them."""
    gc.collect()
    return {link.name for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}


def test_one_that_is_not_started_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "_asking", [])
    before = open_files()
    with pytest.raises(forking.NotForked):
        forked_process.start(shouting(), {})
    assert open_files() <= before, "threads of earlier tests may have closed some"


def answering(monkeypatch: pytest.MonkeyPatch, *, then_gone: bool) -> tuple[list[socket.socket], threading.Thread]:
    """Have this process ask a server that names this very process as the new one; the sockets that it has of those who
    asked, and the thread that is this server. `then_gone`: it closes them at once, as one does that is killed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    monkeypatch.setattr(forking, "_asking", [ours])
    kept: list[socket.socket] = []

    def answer() -> None:
        with theirs:
            _, descriptors, *_ = socket.recv_fds(theirs, forking.MESSAGE_BYTES, 6)
            reply = socket.socket(fileno=descriptors[0])
            reply.send(str(os.getpid()).encode())
            if then_gone:
                reply.close()
            else:
                kept.append(reply)
            for descriptor in descriptors[1:]:
                os.close(descriptor)

    thread = threading.Thread(target=answer)
    thread.start()
    return kept, thread


def test_a_server_that_ends_after_its_answer_has_started_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_files()
    _, thread = answering(monkeypatch, then_gone=True)
    answered = forking._pid

    def and_gone(reply: socket.socket) -> int:
        pid = answered(reply)
        thread.join()
        return pid

    monkeypatch.setattr(forking, "_pid", and_gone)
    with pytest.raises(forking.NotForked):
        forked_process.start(shouting(), {})
    assert open_files() <= before, "threads of earlier tests may have closed some"


def test_one_that_was_killed_before_it_began_counts_as_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was told stands unread in its socket then, which is an error for whoever reads the other end."""
    kept, _ = answering(monkeypatch, then_gone=False)
    started = forked_process.start(shouting(), {})
    until(lambda: kept)
    kept.pop().close()
    assert started.poll() == -signal.SIGTERM
    forking.forget()
    for pipe in (started.stdin, started.stdout):
        pipe.close()


def test_a_reader_of_documents_is_forked(server: Server) -> None:
    reader = DocumentReader()
    try:
        assert reader.read(release().to_json().encode()).release == release()
        [first, _] = reader._readers
        assert isinstance(first, ForkedProcess)
        assert psutil.Process(first.pid).ppid() == server.process.pid
        first.kill()
        first.wait()
        assert reader.read(release().to_json().encode()).release == release(), "by the other one"
    finally:
        reader.close()


def test_a_document_that_takes_too_long_is_refused_by_a_forked_reader_too() -> None:
    """How its reader ended says so."""
    reader = DocumentReader(seconds=0.01)
    try:
        with pytest.raises(DocumentRefused, match=r"took more than 0\.01 s of computing"):
            reader.read(json.dumps({"uri": "urn:x:1", "body_html": "<p>" * 200_000}).encode())
    finally:
        reader.close()
