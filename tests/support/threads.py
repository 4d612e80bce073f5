"""Several things at once in a test. What a thread raises is raised in the test, never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 240.0
"""Seconds until what a test waits for must be there: far more than it takes, also on a machine that others keep busy.
What needs so long is broken."""


def begin(function: Callable[[], T]) -> Future[T]:
    """Start a function in a thread of its own. Ask the future for its result; `beside` cannot forget to."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


@contextmanager
def beside(function: Callable[[], T], patience: float = PATIENCE) -> Iterator[Future[T]]:
    """Run a function beside the block; at the end of the block wait for it, and raise what it raised."""
    future = begin(function)
    yield future
    future.result(patience)


def run_together(functions: Sequence[Callable[[], T]], patience: float = PATIENCE) -> list[T]:
    """Start all functions at the same moment; their results in order, or what the first of them raised."""
    start = Barrier(len(functions))

    def after_the_start(function: Callable[[], T]) -> T:
        start.wait(patience)
        return function()

    running = [begin(lambda function=function: after_the_start(function)) for function in functions]  # type: ignore[misc]
    return [future.result(patience) for future in running]
