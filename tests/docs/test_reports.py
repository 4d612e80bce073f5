"""The independent check of docs/reports.md believes reports that are whole, and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasks import ledger
from tasks.operations import report, report_documents
from tasks.runtime.seal_key import SealKey
from tests.support.delivery_steps import claim, finish, receivers, render, result, take
from tests.support.samples import outlet

from .documents import block

KEY = SealKey("the secret of this wire, long enough")


@pytest.mark.usefixtures("sqlite_ledger")
def test_the_script_finds_what_was_edited_and_who_did_not_sign(tmp_path: Path) -> None:
    script = tmp_path / "check.py"
    script.write_text(block("docs/reports.md", "python"))
    receivers(outlet("a", name="Ü <& 'desk'"))
    number = take()
    render(number)
    finish(*map(result, claim()))
    with ledger.read() as connection:
        found = report.report(connection, number)
        html = "".join(report_documents.as_html(found, "Testwire", KEY))
        document = "".join(report_documents.as_json(found, KEY))

    def check(content: str, key: str = KEY.public) -> tuple[int, str]:
        file = tmp_path / "report"
        file.write_text(content)
        done = subprocess.run([sys.executable, script, file, key], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    for content in (html, document):
        assert check(content)[1].endswith("and not edited since\n")
    assert check(html.replace("Testwire", "Testware")) == (1, "the report was edited\n")
    assert "InvalidSignature" in check(document.replace('"deliveries":1,', '"deliveries":2,'))[1]
    assert "InvalidSignature" in check(document, SealKey("somebody else, with a secret of theirs").public)[1]
