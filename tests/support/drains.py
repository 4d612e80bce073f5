"""A drain by the settings of the test, as the task `deliver` runs one."""

from __future__ import annotations

from collections.abc import Callable

from tasks import delivery, pipeline
from tasks.delivery import Summary


def drain(*, stopping: Callable[[], bool] = lambda: False) -> Summary:
    """Deliver what is due, without Redis."""
    return delivery.drain(pipeline.delivery_policy(), stopping=stopping)
