"""A command that stays open: texts go in and come out with a NUL after each, one answer for one question."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

NUL = b"\0"
_CHUNK = 64 * 1024


class PipeBroken(Exception):
    """The command ended, hung, or gave another number of answers; it has been killed, the next call starts it anew."""


class NulPipe:
    """A command that answers text by text. Starts lazily, once in every process: a forked child must not talk through
    the pipes of its parent."""

    def __init__(self, command: str, *, patience: float = 10):
        """`command` is a shell pipeline. `patience` is how long it may go without an answer, in seconds."""
        self._command = command
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    @property
    def process_group(self) -> int | None:
        """The number of the running process group; None if nothing runs for this process."""
        running = self._process if self._owner == os.getpid() else None
        return running.pid if running and running.poll() is None else None

    def ask(self, texts: Sequence[str]) -> list[str]:
        """Send texts to the command and return the answer to each; raises PipeBroken. Texts must hold no NUL."""
        if not texts:
            return []
        with self._lock:
            process = self._running()
            question = b"".join(text.encode() + NUL for text in texts)
            try:
                answer = _exchange(process, question, len(texts), self._patience)
            except (OSError, PipeBroken) as error:
                self._kill()
                raise PipeBroken(str(error)) from error
        return [part.decode("utf-8", "replace") for part in answer.split(NUL)[:-1]]

    def close(self) -> None:
        """End the command and everything it started."""
        with self._lock:
            self._kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process_group is None:
            self._kill()
            self._process = subprocess.Popen(  # noqa: S603 - an installed mode file; no input is in it
                ["/bin/sh", "-c", self._command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # its own group: one signal ends all its parts, and Ctrl-C none
            )
            self._owner = os.getpid()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                os.set_blocking(pipe.fileno(), False)
        assert self._process is not None
        return self._process

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()

    def _forget(self) -> None:
        """In a forked child: close our copies, or the parent's command would never see its input end."""
        self._lock = threading.Lock()
        process, self._process = self._process, None
        for pipe in (process.stdin, process.stdout) if process else ():
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()


def _exchange(process: subprocess.Popen[bytes], question: bytes, answers: int, patience: float) -> bytes:
    """Write and read at once, or both sides would wait for each other on full pipes."""
    assert process.stdin is not None
    assert process.stdout is not None
    until = time.monotonic() + patience
    answer = bytearray()
    waiting = memoryview(question)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdin, selectors.EVENT_WRITE)
        selector.register(process.stdout, selectors.EVENT_READ)
        while answer.count(NUL) < answers:
            ready = selector.select(until - time.monotonic()) if time.monotonic() < until else []
            if not ready:
                raise PipeBroken(f"no answer for {patience:.0f} s after {answer.count(NUL)} of {answers}")
            for key, _ in ready:
                if key.fileobj is process.stdout:
                    part = os.read(process.stdout.fileno(), _CHUNK)
                    if not part:
                        raise PipeBroken(f"the command ended after {answer.count(NUL)} of {answers} answers")
                    answer += part
                    until = time.monotonic() + patience
                else:
                    waiting = waiting[os.write(process.stdin.fileno(), waiting[:_CHUNK]) :]
                    if not waiting:
                        selector.unregister(process.stdin)
    if waiting or answer.count(NUL) > answers or not answer.endswith(NUL):
        raise PipeBroken(f"{answer.count(NUL)} answers to {answers} questions")
    return bytes(answer)
