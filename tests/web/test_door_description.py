"""The description of the door is valid OpenAPI, and the page for people says the same."""

from __future__ import annotations

import re

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.support.web_server import InProcess
from workers.web.application import application
from workers.web.door import OPERATIONS
from workers.web.door.description import document
from workers.web.surroundings import Surroundings

app = Surroundings(application())


def test_the_document_is_openapi() -> None:
    OpenAPIV31SpecValidator(document(OPERATIONS)).validate()


def test_the_page_has_every_operation_and_runs_nothing() -> None:
    answer = InProcess(app).ask("GET", "/docs")
    assert (answer.status_code, "<script" in answer.text) == (200, False)
    assert "script" not in answer.headers["content-security-policy"]
    for one in OPERATIONS:
        assert f'<h2 id="{one.id}"><code>{one.method} {one.path}</code></h2>' in answer.text
    assert set(re.findall(r'(?:href|src)="([^"#]+)', answer.text)) == {"/openapi.json"}
