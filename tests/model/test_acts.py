"""The acts that are recorded, and their table in the manual."""

from __future__ import annotations

from typing import cast

from sqlalchemy import String

from tasks.ledger.schema import audit
from tasks.model.acts import Act, Role
from tests.support.processes import ROOT


def test_the_manual_has_every_act_and_role_and_no_other() -> None:
    section = (ROOT / "docs" / "operations.md").read_text().partition("\n## Audit\n")[2].partition("\n## ")[0]
    assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == [*Role, *Act]


def test_every_act_and_role_fits_its_column() -> None:
    for words, column in ((Act, audit.c.act), (Role, audit.c.role)):
        assert max(map(len, words)) <= (cast(String, column.type).length or 0)
