"""What every line of the log says of the task in which it was written."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from structlog.contextvars import get_contextvars

from tasks import ledger, pipeline
from tasks.ledger import outlets, releases
from tasks.runtime.settings import settings
from tests.support.samples import URI, outlet, release


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


def test_every_stage_says_in_the_log_what_it_did_and_for_what(
    celery: Celery,
    sqlite: None,
    monkeypatch: pytest.MonkeyPatch,
    translation_file: Callable[[str], Path],
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    """One line a stage at least, with the release and the ids of release, delivery and task."""
    translation_file("engines: {}")
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("FANWIRE_RETRY_BASE", "3600")  # so that no delivery is tried twice meanwhile
    settings.cache_clear()
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a"), outlet("b", languages=["de"])], time.time())
        number = releases.take(connection, release(), time.time()).release_id
    named, name = {"release_id": number, "language": "en"}, f"{URI} v1"
    for stage, arguments, event, expected in (
        (pipeline.plan, [number], "release planned", {"release_id": number, "release": name}),
        (pipeline.translate, [number, "de"], "translation held", named | {"language": "de", "release": name}),
        (pipeline.format, [number, "en"], "renditions built", named | {"release": name}),
        (pipeline.deliver, [], "attempt", {"delivery": 1, "release": URI, "version": 1, "outlet": "a"}),
    ):
        stage.apply(tuple(arguments), task_id=f"id-of-{stage.name}").get()
        found = [line for line in logged() if line["event"] == event]
        wanted_line = expected | {"task": stage.name, "task_id": f"id-of-{stage.name}", "process": "test"}
        assert found, (stage.name, logged())
        assert wanted_line.items() <= found[0].items(), stage.name
