"""What every line of the log says of the task in which it was written."""

from __future__ import annotations

from typing import Any

from celery import Celery
from structlog.contextvars import get_contextvars

import tasks.pipeline  # noqa: F401  its signals are what is tested


def test_a_task_is_bound_by_name_and_id_while_it_runs_and_not_after() -> None:
    app = Celery("test", set_as_current=False)
    seen: dict[str, Any] = {}

    @app.task(name="look")
    def look() -> None:
        seen.update(get_contextvars())

    look.apply(task_id="one")
    assert seen == {"task": "look", "task_id": "one"}
    assert get_contextvars() == {}


def test_a_task_that_fails_leaves_nothing_bound() -> None:
    app = Celery("test", set_as_current=False)

    @app.task(name="fail")
    def fail() -> None:
        raise ValueError("on purpose")

    assert fail.apply(task_id="two").failed()
    assert get_contextvars() == {}
