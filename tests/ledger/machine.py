"""What the state machine of test_state_machine.py runs in: a clock it sets, drains it steps, engines it breaks.

The drains are the product's own (`tasks.delivery.drain`), each in a thread of its own that runs only while the machine
waits for it, from one `TransferLoop.turn` to the next. Only the transfer loop is a model: the machine says what each
transfer meets, and when. So everything is deterministic, and whatever the drain decides is what is tested.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest
import structlog
from sqlalchemy import delete, event

from tasks import ledger, planning, policies
from tasks.building import renditions, translations
from tasks.delivery import payloads
from tasks.delivery.admission.admit import Admission
from tasks.delivery.admission.shared_state import SharedState
from tasks.delivery.drain import Drain
from tasks.delivery.policy import DeliveryPolicy
from tasks.delivery.transfers.transfer import Answer, ErrorKind, Transfer
from tasks.formatting import Rendition
from tasks.ledger import audit as audit_entries
from tasks.ledger.schema import audit, metadata
from tasks.model.release import Release, Translation
from tasks.operations.sealer import Sealing
from tasks.translation.drafts import Draft, Resources
from tests.support.at_once import AtOnce
from tests.support.threads import PATIENCE

START = 1_800_000_000.0
WRONG_BY = 7200.0
"""Seconds by which the clocks of the workers are wrong; only the ledger's counts."""


class Vanished(BaseException):
    """A worker is killed: nothing catches this, nothing is written."""


class Clock:
    """The time, for the ledger and (wrongly set) for the workers; the time source of their drains."""

    def __init__(self) -> None:
        self.now = START

    def time(self) -> float:
        return self.now + WRONG_BY

    def monotonic(self) -> float:
        return self.now - START + 1000

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Going:
    """A transfer on its way, as the outlet's side sees it."""

    transfer: Transfer
    worker: str
    started: float
    lease_until: float
    unwelcome: bool = False
    """The outlet was paused or disabled when it was claimed."""
    text: Translation | None = None
    """What its translation was when it was claimed."""
    accepted: bool = False
    answer: Answer | None = None

    @property
    def item(self) -> payloads.Payload:
        return self.transfer.key

    @property
    def ends(self) -> float:
        """When the transfer loop breaks it off: nothing arrives after that."""
        return self.started + self.transfer.deadline

    def header(self, name: str) -> str:
        [value] = [h.partition(": ")[2] for h in self.transfer.headers if h.lower().startswith(name.lower() + ":")]
        return value

    def ends_with(self, status: int | None, error: ErrorKind | None = None, **headers: str) -> None:
        """The answer that its drain will read."""
        self.answer = Answer(
            transfer=self.transfer,
            status=status,
            error=error and str(error),
            error_kind=error,
            headers=headers,
            answer=b"",
            sent=self.accepted or status is not None,
            address="127.0.0.1",
            started_at=self.started + WRONG_BY,
            seconds=0.1,
            connected=0.0,
        )


class TransferLoop:
    """Stands in for the transfer loop of one drain: transfers stay on their way until the machine answers them."""

    def __init__(self, clock: Clock, worker: str, lease: float, pause: Callable[[], None]) -> None:
        self._clock = clock
        self._worker = worker
        self._lease = lease
        self._pause = pause
        self.going: list[Going] = []

    @property
    def in_flight(self) -> int:
        return len(self.going)

    def waiting_for(self, _pool: Any) -> int:
        """No outlet of the machine is behind a relay."""
        return 0

    def start(self, transfer: Transfer) -> None:
        now = self._clock.now
        self.going.append(Going(transfer, self._worker, now, now + self._lease))

    def turn(self, _seconds: float, _unless: Callable[[], bool]) -> list[Answer]:
        self._pause()
        for going in self.going:
            if going.answer is None and self._clock.now > going.ends:
                going.ends_with(None, ErrorKind.TIMEOUT)
        return self._ended()

    def abandon_all(self) -> list[Answer]:
        for going in self.going:
            if going.answer is None:
                going.ends_with(None, ErrorKind.OURS)
        return self._ended()

    def wake(self) -> None:
        """A turn never waits here."""

    def close(self) -> None:
        """The drain has ended."""

    def _ended(self) -> list[Answer]:
        ended = [going.answer for going in self.going if going.answer is not None]
        self.going = [going for going in self.going if going.answer is None]
        return ended


class Worker:
    """A drain process: `step` runs it to its next turn of the transfer loop, and it may vanish there."""

    def __init__(self, name: str, clock: Clock, **policy: Any) -> None:
        self.name = name
        self.stopping = False
        self.transfers: TransferLoop | None = None
        self.policy: DeliveryPolicy = dataclasses.replace(policies.delivery_policy(), **policy)
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self._vanished = False
        self._error: BaseException | None = None

    @property
    def going(self) -> list[Going]:
        return self.transfers.going if self.transfers else []

    def step(self) -> None:
        """Run on to the next turn, or to the end of the drain."""
        if self._thread is None:
            self.transfers = TransferLoop(self._clock, self.name, self.policy.lease, self._pause)
            self._vanished = self.stopping = False
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        else:
            self._go.release()
        assert self._back.acquire(timeout=PATIENCE), "the drain came to no turn"
        if self._error:
            raise self._error

    def vanish(self) -> None:
        """Be killed where it stands."""
        if self._thread is not None:
            self._vanished = True
            self.step()

    def _run(self) -> None:
        try:
            Drain(
                transfers=cast(Any, self.transfers),
                admission=Admission(SharedState(None), self.policy.deadline),
                policy=self.policy,
                stopping=lambda: self.stopping,
                worker=self.name,
                time_source=self._clock,
                beside=AtOnce(),
            ).run()
        except Vanished:
            pass
        except BaseException as error:
            self._error = error
        self._thread = self.transfers = None
        self._back.release()

    def _pause(self) -> None:
        self._back.release()
        self._go.acquire()
        if self._vanished:
            raise Vanished


DRAFTED = "de"
"""The language of which the engine makes drafts only."""


@dataclass
class World:
    """The patched surroundings of the product, the same for all examples of a test."""

    sealing: Sealing
    """With what the ledger is sealed."""
    clock: Clock = field(default_factory=Clock)
    outcome: str = "made"
    """What engine and formatter do next: made, held or vanish."""
    status: Literal["checked", "approved"] = "checked"
    """What the next drafts are: approved if people wrote every sentence."""
    drafts: int = 0
    """Each one says something else."""
    meanwhile: Callable[[], None] | None = None
    """What happens elsewhere when planning or building comes to its next moment between two transactions …"""
    moments: int = 0
    """… or after so many more."""

    def moment(self) -> None:
        """Planning or building is between two transactions."""
        if self.meanwhile and self.moments == 0:
            act, self.meanwhile = self.meanwhile, None
            act()
        self.moments -= 1

    def write(self) -> Any:
        self.moment()
        return ledger.write()

    def draft(self, release: Release, language: str, _resources: Resources) -> Draft:
        self.moment()
        if self.outcome == "held":
            return Draft(source=release.language, target=language, reason="the engine is away", again=True)
        if self.outcome == "vanish":
            raise Vanished
        self.drafts += 1
        made = Translation(
            language=language, headline=f"draft {self.drafts}", body_html="<p>x</p>", engine="model", status=self.status
        )
        drafted_by = ("model",) if language == DRAFTED and self.status != "approved" else ()
        return Draft(source=release.language, target=language, translation=made, drafted_by=drafted_by)

    def set_article(self, article: SimpleNamespace, format: str) -> Rendition:
        self.moment()
        if self.outcome == "held":
            raise ValueError("no such house text")
        if self.outcome == "vanish":
            raise Vanished
        return Rendition("text/plain", words(article.release, article.translation, format))

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put the model's clock, engine and formatter in their places."""
        for place in (ledger, audit_entries):
            patch.setattr(place, "now", lambda _connection: self.clock.now)
        stepped = SimpleNamespace(now=ledger.now, read=ledger.read, write=self.write)
        for place in (planning, translations, renditions):
            patch.setattr(place, "ledger", stepped)
        patch.setattr(translations, "draft", self.draft)
        patch.setattr(renditions, "make_article", article)
        patch.setattr(renditions, "set_article", self.set_article)


def article(release: Release, translation: Translation, *_: Any, **_more: Any) -> SimpleNamespace:
    """What the formatter gets: no more than it says."""
    return SimpleNamespace(release=release, translation=translation)


def words(release: Release, translation: Translation, format: str) -> bytes:
    """What a rendition says, as far as it matters here."""
    text = f"{translation.headline} {translation.language} {translation.status}"
    return f"{release.name} {text} {format} {release.status} until {release.embargo_until}".encode()


def wipe() -> None:
    """Empty the ledger: much faster than a new one, and statements stay compiled."""
    payloads.forget_renditions()
    with ledger.write() as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not audit:  # its entries stay, whatever comes
                connection.execute(delete(table))


@contextmanager
def quick() -> Iterator[None]:
    """No log, and SQLite without a disk sync at every commit: nobody pulls the plug here."""

    def careless(connection: Any, _record: Any) -> None:
        if hasattr(connection, "enable_load_extension"):
            connection.execute("PRAGMA synchronous=OFF")

    with ledger.read() as book:
        engine = book.engine
    event.listen(engine, "connect", careless)
    engine.dispose()
    logging = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.configure(**logging)
    event.remove(engine, "connect", careless)
