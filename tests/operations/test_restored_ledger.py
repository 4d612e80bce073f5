"""A ledger that was restored from a backup, on both databases: what was open is held until somebody decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import ledger
from tasks.model.identity import delivery_key
from tasks.operations import chain, restored_ledger, sealer
from tasks.operations.restored_ledger import Confirmed
from tasks.operations.sealer import Sealing
from tasks.runtime.seal_key import SealKey
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, states, take
from tests.support.samples import URI, outlet

pytestmark = pytest.mark.usefixtures("book")


def test_what_was_open_is_confirmed_by_keys_sent_or_dropped_and_the_chain_goes_on(tmp_path: Path) -> None:
    sealing = Sealing(SealKey("the secret of this wire, long enough"), tmp_path / "seals.head")
    receivers(*(outlet(id) for id in "abcd"))
    render(number := take())
    finish(result(claim(limit=1)[0]))
    sealer._progress.__init__()  # type: ignore[misc]
    assert sealer.seal(NOW + 100, sealing)
    with ledger.write() as connection:
        assert restored_ledger.hold_open(connection, NOW) == 3
    keys = [delivery_key(URI, 1, "en", id).encode() for id in "abc"]
    with ledger.write() as connection:
        assert restored_ledger.confirm(connection, keys) == Confirmed(3, 2)
    assert states(number) == {"delivered": 3, "held": 1}
    with ledger.write() as connection:
        assert restored_ledger.send(connection, "urn:other") == 0
        assert restored_ledger.send(connection) == 1
    assert states(number) == {"delivered": 3, "due": 1}
    with ledger.write() as connection:
        assert restored_ledger.hold_open(connection, NOW) == 1
        assert restored_ledger.drop(connection) == 1
    assert states(number) == {"delivered": 3, "canceled": 1}
    sealer._progress.__init__()  # type: ignore[misc]
    assert sealer.seal(NOW + 1e6, sealing)
    with ledger.read() as connection:
        assert chain.verify(connection, [sealing.key.public]).faults == []
