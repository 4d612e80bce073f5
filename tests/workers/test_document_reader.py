"""Documents are read in a process of its own: whatever one of them does, it is refused, and the next one is read."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest

from tasks.model.documents import DocumentRefused
from tests.support.forks import asking_the_server
from tests.support.samples import release
from workers import document_reader
from workers.document_reader import DocumentReader

GOOD = release().to_json().encode()
HARMFUL = """
import os, sys, time
from tasks.model import readers
from workers import document_reader as reader
read = readers.read_with_warnings
def harmful(document):
    if b"hang" in document: os.kill(os.getpid(), 19)
    while b"endless" in document: pass
    if b"waits" in document: time.sleep(1)
    if b"crash" in document: os.kill(os.getpid(), 11)
    if b"memory" in document: bytearray(4_000_000_000)
    if b"fault" in document: raise KeyError("x")
    return read(document)
reader.read_with_warnings = harmful
reader.main(int(sys.argv[2]), float(sys.argv[3]))
"""
"""A reader with documents that do what real ones can do only until their parser is mended."""


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., DocumentReader]]:
    """`make(seconds=…)`: a DocumentReader with the harmful reader process, which is forked as under `fanwire up`."""
    command = (sys.executable, "-m", "tests.support.forked_code", HARMFUL)
    monkeypatch.setattr(document_reader, "_COMMAND", command)
    made: list[DocumentReader] = []

    def make(**limits: float) -> DocumentReader:
        made.append(DocumentReader(**limits))  # type: ignore[arg-type]
        return made[-1]

    with asking_the_server():
        yield make
    for reader in made:
        reader.close()


def refusal(reader: DocumentReader, document: bytes) -> str:
    with pytest.raises(DocumentRefused) as caught:
        reader.read(document)
    [problem] = caught.value.problems
    return problem.problem


def fields_refused(reader: DocumentReader, document: bytes) -> set[str]:
    with pytest.raises(DocumentRefused) as caught:
        reader.read(document)
    return {problem.field for problem in caught.value.problems}


def test_a_release_is_the_same_as_if_it_were_read_here() -> None:
    reader = DocumentReader()
    try:
        assert reader.read(GOOD).release == release()
        with pytest.raises(DocumentRefused) as caught:
            reader.read(b'{"urgency": 0}')
        assert {problem.field for problem in caught.value.problems} == {"uri", "language", "headline", "urgency"}
        assert "for example" in str(caught.value)
        [first, spare] = [process.pid for process in reader._readers]
        assert reader.read(GOOD).release == release()
        assert [process.pid for process in reader._readers] == [first, spare]
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("document", "says", "ends"),
    [
        (b"crash", "it ended two processes that read it", True),
        (b"memory", "needs too much memory to read", False),
        (b"fault", "cannot be read: KeyError", False),
    ],
)
def test_a_harmful_document_is_refused_and_the_next_one_read(
    make: Callable[..., DocumentReader], document: bytes, says: str, *, ends: bool
) -> None:
    reader = make()
    assert reader.read(GOOD).release == release()
    before = reader._readers[0].pid
    assert says in refusal(reader, document)
    assert reader.read(GOOD).release == release()
    assert (reader._readers[0].pid != before) is ends


def test_a_document_has_its_time(make: Callable[..., DocumentReader]) -> None:
    assert refusal(make(seconds=0.3), b"endless") == "took more than 0.3 s of computing to read"


def test_time_that_others_take_of_the_machine_is_not_charged(make: Callable[..., DocumentReader]) -> None:
    """Or a busy machine would refuse good releases."""
    reader = make(seconds=0.9)
    waits = b'{"note": "waits"}'
    assert "(document)" not in fields_refused(reader, waits)
    assert "(document)" not in fields_refused(reader, waits)


def test_a_reader_that_stands_still_is_ended(make: Callable[..., DocumentReader]) -> None:
    reader = make(patience=60)
    assert reader.read(GOOD).release == release()
    reader._patience = 0.5
    assert refusal(reader, b"hang") == "was not read within 0.5 s"
    reader._patience = 60
    assert reader.read(GOOD).release == release()


def test_a_reader_that_was_killed_while_idle_costs_no_document() -> None:
    reader = DocumentReader()
    try:
        assert reader.read(GOOD).release == release()
        os.kill(reader._readers[0].pid, signal.SIGKILL)
        assert reader.read(GOOD).release == release()
    finally:
        reader.close()


def test_a_reader_has_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_LEDGER_URL", "postgresql://fanwire:geheim@db/fanwire")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    monkeypatch.setenv("FANWIRE_TIME_ZONE", "America/New_York")
    reader = DocumentReader()
    try:
        held = reader.read(GOOD[:-1] + b', "embargo_until": "2030-01-01T07:00"}').release
        assert held.embargo_until is not None
        assert held.embargo_until.isoformat() == "2030-01-01T07:00:00-05:00"
        environments = [psutil.Process(process.pid).environ() for process in reader._readers]
        assert "geheim" not in str(environments)
    finally:
        reader.close()


def test_closing_ends_every_reader() -> None:
    reader = DocumentReader()
    reader.read(GOOD)
    pids = [process.pid for process in reader._readers]
    reader.close()
    assert len(pids) == document_reader.READERS
    assert not any(map(psutil.pid_exists, pids))
