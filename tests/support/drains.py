"""A drain by the settings of the test, as the task `deliver` runs one."""

from __future__ import annotations

from collections.abc import Callable

from tasks import delivery, policies
from tasks.delivery import Summary
from tasks.delivery.admission.shared_state import SharedState


def drain(*, stopping: Callable[[], bool] = lambda: False, shared_state: SharedState | None = None) -> Summary:
    """Deliver what is due, without Redis unless there is a `shared_state`."""
    return delivery.drain(policies.delivery_policy(), stopping=stopping, shared_state=shared_state)
