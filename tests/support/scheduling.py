"""How `make test` shares tests out to processes (side_by_side.py): those that use the same servers stay together."""

from __future__ import annotations

from collections.abc import Sequence

TOGETHER = {
    "tests/stack/test_recovery.py": "recovery",
    "tests/stack": "stack",
    "tests/faults/test_faults.py::test_postgres": "faults-postgres",
    "tests/faults/test_faults.py": "faults",
    "tests/translation/toy": "toy",
    "tests/translation/test_judged_texts.py": "judged",
    "tests/translation/engines/test_apertium_apy.py": "apertium-apy",
    "tests/translation/test_apertium.py": "apertium",
    "tests/translation/test_press_release.py": "apertium",
    "tests/translation/test_translate.py": "apertium",
    "tests/translation/test_markdown_bodies.py": "apertium",
}
"""Tests whose names begin so share a stack, a model that is trained, what is found in judged texts, or programs of
Apertium. Those of any other file stay together for the servers of its fixtures."""
APART = ("tests/ledger/test_state_machine.py", "tests/translation")
"""Files and folders whose tests share nothing: each goes to whichever process is free."""
FIRST = (
    "faults",
    "tests/ledger/test_state_machine.py",
    "stack",
    "tests/faults",
    "recovery",
    "faults-postgres",
    "toy",
    "tests/docs",
    "tests/delivery/test_drain.py",
    "tests/workers",
    "tests/web/test_pages",
)
"""What takes longest, and so begins first: most of it waits, and the state machine computes meanwhile."""
LAST = "tests/translation"
"""What only computes, in small parts: it keeps all processes busy until the end."""


def groups(nodeids: Sequence[str]) -> list[list[int]]:
    """The places of tests that stay together, the first group to begin first."""
    found: dict[str, list[int]] = {}
    for place in sorted(range(len(nodeids)), key=lambda place: turn(nodeids[place])):
        found.setdefault(group(nodeids[place]), []).append(place)
    return list(found.values())


def group(nodeid: str) -> str:
    """The group of a test; a test that is a group of its own has its own name."""
    alone = nodeid if nodeid.startswith(APART) else nodeid.partition("::")[0]
    return next((TOGETHER[start] for start in TOGETHER if nodeid.startswith(start)), alone)


def turn(nodeid: str) -> int:
    """When the group of a test begins: a lower number is earlier."""
    own = group(nodeid)
    usual = len(FIRST) + own.startswith(LAST)
    return next((number for number, start in enumerate(FIRST) if own.startswith(start)), usual)
