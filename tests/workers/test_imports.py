"""What a process imports as it begins is no business of the garbage collector, and what it makes afterwards is."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from workers.imports import all_to_stay


def test_the_collector_rests_and_leaves_alone_what_was_made() -> None:
    before = gc.get_freeze_count()
    with all_to_stay():
        assert not gc.isenabled()
        kept = [[number] for number in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(kept)


def test_it_collects_again_when_an_import_fails() -> None:
    with pytest.raises(ImportError), all_to_stay():
        raise ImportError
    assert gc.isenabled()


BEGINS = """
import sys
import workers.{}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


@pytest.mark.parametrize(
    ("process", "unneeded"),
    [
        ("clock", {"jinja2", "markdown_it", "requests"}),
        ("supervisor", {"celery", "pydantic", "sqlalchemy", "structlog"}),
        ("document_reader", {"celery", "jinja2", "markdown_it", "requests", "sqlalchemy"}),
    ],
)
def test_what_a_process_begins_with_has_nothing_that_few_of_them_need(process: str, unneeded: set[str]) -> None:
    """`clock` imports the tasks, as every worker does."""
    done = subprocess.run([sys.executable, "-c", BEGINS.format(process)], capture_output=True, text=True, check=True)
    assert "workers" in done.stdout.split()
    assert unneeded.isdisjoint(done.stdout.split())
