"""What a process imports as it begins is no business of the garbage collector, and what it makes afterwards is."""

from __future__ import annotations

import gc

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
