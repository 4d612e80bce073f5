"""Bad engines in a whole Fanwire: not one of their translations reaches an outlet, and the status says why."""

from __future__ import annotations

import json
from pathlib import Path

from farm import Farm

from tests.support.command_line import typed
from tests.support.processes import until
from tests.support.stacks import Stack
from tests.translation.press_release import DOCUMENT

from .conftest import BADLY

URI = "urn:x:bad-engines"


def held() -> dict[str, str]:
    """Language to the reason that the status gives."""
    status = json.loads(typed("status", URI, "--json"))
    return {hold["language"]: hold["detail"] or "" for hold in status["held"]}


def test_nothing_of_theirs_leaves(stack: Stack, farm: Farm, tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    file.write_text(json.dumps({**DOCUMENT, "uri": URI, "circuits": ["bad"]}))
    typed("submit", str(file))
    until(lambda: all(held().get(language) for language in BADLY), lambda: f"{held()} {stack.told()}")
    farm.wait_until_accepted(1)
    assert {receipt["language"] for receipt in farm.receipts(release=URI)} == {"en"}
    for language, reason in held().items():
        assert reason.startswith(f"bad-{language} en→{language}: ")
        assert any(unit in reason for unit in ("headline", "paragraph", "heading", "list item")), reason
    typed("kill", URI, "--note", "Nobody need try these again.")
