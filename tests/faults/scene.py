"""A running Fanwire, its farm and its ledger: what tests of faults and the soak do with them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from farm import Farm
from farm_tally import accepted
from sqlalchemy import Engine

from tasks.model.release import Release
from tasks.runtime.private_files import ensure_private_file
from tests.support.processes import until
from tests.support.samples import release
from tests.support.services import Services
from tests.support.stacks import Stack
from tests.support.threads import PATIENCE
from workers.producer import Producer

from . import oracle
from .oracle import Outcome

PRESS_EACH = 100
"""Of so many good outlets one is held back: few, since each of them takes a place of a drain."""
PRODUCER, KEY = "acme", "a key of tests, known to everybody"


def with_producer(folder: Path) -> dict[str, str]:
    """Settings of a wire that knows one producer, and takes what that one signs; its file and key are in `folder`."""
    key, file = folder / "acme.key", folder / "producers.yaml"
    ensure_private_file(key)
    key.write_text(KEY)
    file.write_text(f"producers: {{{PRODUCER}: {{keys: ['file:{key}']}}}}\n")
    return {"PRODUCERS": str(file)}


class Scene:
    """Sends releases to the outlets of a farm, and in the end asks the oracle."""

    def __init__(self, stack: Stack | Services, farm: Farm, book: Engine) -> None:
        self.stack: Any = stack
        self.farm, self.book = farm, book
        self.lease = float(stack.env["FANWIRE_LEASE"])
        self.newest: dict[str, Release] = {}

    def send(self, uri: str | None = None, **fields: Any) -> str:
        """A new release, or the next version of one that was sent; its URI, once there is a receipt."""
        if uri is None:
            sent = release(uri=f"urn:x:{uuid.uuid4().hex}", **fields)
        else:
            last = self.newest[uri]
            changes = {"version": last.version + 1, "correction_note": "Corrected."} | fields
            headline = f"Acme Robotics opens a plant in Porto, version {last.version + 1}"
            sent = Release.model_validate(last.model_dump() | {"headline": headline} | changes)
        with Producer(self.stack.broker, name=PRODUCER, key=KEY) as producer:
            receipt = producer.submit(sent, timeout=PATIENCE)  # worker and broker may both be on their way up again
        assert receipt.taken, receipt.problems
        self.newest[sent.uri] = sent
        return sent.uri

    def kill(self, uri: str) -> None:
        """Withdraw a release."""
        self.send(uri, status="canceled", correction_note="Withdrawn.")

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Some good outlets answer nothing meanwhile, so that there is work on its way however long that is."""
        late = [name for name in self.farm.plan if name.startswith("press")][::PRESS_EACH]
        self.farm.set_manners({name: {"manner": "late", "delay": 3600.0} for name in late})
        try:
            yield
        finally:
            self.farm.set_manners({name: self.farm.plan[name] for name in late})

    def accepted(self, uri: str, version: int = 1) -> int:
        """How many outlets have that version."""
        return sum(map(accepted, self.farm.receipts(release=uri, version=str(version))))

    def wait_for(self, uri: str, count: int, version: int = 1) -> None:
        """Until so many outlets have that version."""
        until(lambda: self.accepted(uri, version) >= count, self.stack.told)

    def settled(self, uris: Iterable[str] = (), seconds: float = PATIENCE) -> bool:
        """Wait until nothing more is to come; False if that takes longer."""
        return oracle.settle(self.book, list(uris) or list(self.newest), seconds)

    def verify(self, uris: Iterable[str] = ()) -> Outcome:
        """What became of these releases (or all)."""
        expected = {uri: self._receivers(self.newest[uri]) for uri in list(uris) or self.newest}
        return oracle.verify(self.book, self.farm, self.lease, expected)

    def _receivers(self, sent: Release) -> set[tuple[str, str]]:
        """(outlet, language) of all to whom it goes: here releases choose by circuit alone."""
        assert not sent.countries
        return {
            (document["id"], language)
            for document in self.farm.outlets.values()
            if not sent.circuits or set(sent.circuits) & set(document.get("circuits", ()))
            for language in document["languages"]
        }


def pause_between(moments: Iterable[Callable[[], Any]], seconds: float) -> list[Any]:
    """Do one thing after the other, with so many seconds in between; what each returned."""
    done = []
    for moment in moments:
        done.append(moment())
        time.sleep(seconds)
    return done
