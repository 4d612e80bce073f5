"""A drain by the settings of the test, as the task `deliver` runs one, and what breaks in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tasks import delivery, policies
from tasks.delivery import Summary
from tasks.delivery.admission.shared_state import SharedState

P = ParamSpec("P")
T = TypeVar("T")


def drain(*, stopping: Callable[[], bool] = lambda: False, shared_state: SharedState | None = None) -> Summary:
    """Deliver what is due, without Redis unless there is a `shared_state`."""
    return delivery.drain(policies.delivery_policy(), stopping=stopping, shared_state=shared_state)


def breaking_at_first(work: Callable[P, T], times: int = 1) -> Callable[P, T]:
    """The same function, whose first calls raise RuntimeError."""
    breaks = [RuntimeError("broken")] * times

    def breaking(*given: P.args, **named: P.kwargs) -> T:
        if breaks:
            raise breaks.pop()
        return work(*given, **named)

    return breaking
