"""Some spoiled documents for every parser, always the same; and the fuzzer itself, which must notice what it is for."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.fuzz import run, targets
from tests.fuzz.targets import TARGETS, Target

COUNT = 20


@pytest.mark.parametrize("target", TARGETS)
def test_no_spoiled_document_ends_or_stalls_a_parser(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a machine that is five times as slow as those on which people run the fuzzer."""
    monkeypatch.setattr(run, "SLOW", 5 * run.SLOW)
    assert run.fuzz(target, seed=7, count=COUNT) == (COUNT, [])


@pytest.mark.parametrize("target", TARGETS)
def test_the_good_documents_are_read(target: str) -> None:
    for document in TARGETS[target].seeds:
        TARGETS[target].run(document)


def _guilty(document: bytes) -> None:
    match document:
        case b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"error":
            raise KeyError("x")
        case b"slow":
            _use_cpu(0.1)
        case b"hang":
            _use_cpu(60)


def _use_cpu(seconds: float) -> None:
    ends = time.process_time() + seconds
    while time.process_time() < ends:
        pass


@pytest.mark.parametrize(
    ("guilty", "says"),
    [
        ("crash", "ended the process: SIGSEGV"), ("error", "KeyError: 'x'"), ("slow", "took 0.1 s"),
        ("hang", "took more than 1 s"),
    ],
)  # fmt: skip
def test_the_guilty_document_is_named_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, guilty: str, says: str
) -> None:
    monkeypatch.setitem(targets.TARGETS, "guilty", Target((b"",), _guilty))
    monkeypatch.setattr(run, "document", lambda _target, _seed, number: guilty.encode() if number == 2 else b"good")
    monkeypatch.setattr(run, "SLOW", 0.05)
    monkeypatch.setattr(run, "HANGS", 1.0)
    count, [failure] = run.fuzz("guilty", seed=1, count=5)
    assert (count, failure.number) == (5, 2)
    assert says in failure.why


def test_a_document_that_failed_is_kept_with_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run, "KEPT", tmp_path)
    file = run.keep(run.Failure("xliff", 3, "KeyError"), b"<x")
    assert (file.read_bytes(), file.with_suffix(".txt").read_text()) == (b"<x", "KeyError")
    assert run.document("xliff", 5, 3) == run.document("xliff", 5, 3) != run.document("xliff", 6, 3)
