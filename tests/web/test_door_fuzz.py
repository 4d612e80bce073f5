"""schemathesis asks the door for what its description does not allow, and for what it allows, and finds nothing.

`FANWIRE_EXAMPLES=100` tries more requests of each operation, allowed ones too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import ignored_auth

from tasks import ledger
from tasks.ledger import outlets
from tasks.model.producers import DoorProducer
from tasks.operations import door_access
from tests.support.readers import warm_reader
from tests.support.samples import outlet
from workers import wrong_passwords
from workers.document_reader import DocumentReader
from workers.web.application import application
from workers.web.door import OPERATIONS, asking, limits, releases
from workers.web.door.description import document
from workers.web.door.operation import Operation
from workers.web.surroundings import Surroundings

EXAMPLES = int(os.environ.get("FANWIRE_EXAMPLES", "1"))
"""Requests of each operation, of those that are allowed and of those that are not."""
MODES = (
    list(schemathesis.GenerationMode) if "FANWIRE_EXAMPLES" in os.environ else [schemathesis.GenerationMode.NEGATIVE]
)
"""Without more examples only those that are not allowed: to make one release that is takes seconds."""
CONFIG = SchemathesisConfig.from_dict(
    {
        # A document may fit the schema and have, say, a language that there is not, or a check digit that is wrong.
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", "403", "404", "409", "413", "415", "422"]}
        },
    }
)
schema = schemathesis.openapi.from_dict(document(OPERATIONS), config=CONFIG)
schema.app = Surroundings(application())


@pytest.fixture(scope="module")
def reader() -> Iterator[DocumentReader]:
    with warm_reader() as shared:
        yield shared


@pytest.fixture
def token(sqlite_ledger: None, reader: DocumentReader, monkeypatch: pytest.MonkeyPatch) -> str:
    """That of a producer who may do all that a producer may do."""
    monkeypatch.setattr(releases, "reader", reader)
    monkeypatch.setattr(asking, "per_minute", limits.PerMinute())
    monkeypatch.setattr(wrong_passwords, "FREE", 10**9)  # it sends many wrong tokens
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a")], 1.0)
        return door_access.add(connection, "acme", DoorProducer(per_minute=60_000))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_no_request_is_answered_otherwise_than_described(
    operation: Operation, mode: schemathesis.GenerationMode, token: str
) -> None:
    @seed(20261130)
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(schema[operation.path][operation.method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.headers["Authorization"] = f"Bearer {token}"
        case.call_and_validate(excluded_checks=[ignored_auth])  # which takes this token for one that it has made up

    ask()
