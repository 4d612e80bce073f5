"""Who may send: the producers of the file and of the ledger, and the signatures of messages (docs/producers.md).

The file is read when intake starts and again whenever it changes. One that cannot be read, or is wrong, changes
nothing: the last good one counts on. Without a good one intake takes nothing, for it would not know from whom.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from tasks import ledger
from tasks.ledger import producer_rows, releases
from tasks.ledger.releases import Consent, Outcome, Sender, Taken
from tasks.model import rights as permissions
from tasks.model.acts import UNSIGNED, Actor, Role
from tasks.model.documents import DocumentRefused
from tasks.model.producers import Producers, read_producers
from tasks.model.release import MAX_VERSION, Release
from tasks.model.rights import Rights
from tasks.runtime import moments
from tasks.runtime.errors import NotPossible, Problem, UserError
from tasks.runtime.foreign_text import printable
from tasks.runtime.secrets import SecretMissing, resolve
from tasks.runtime.settings import settings
from workers import home
from workers.envelope import CONSENT, PRODUCER, SHORTEST_KEY, SIGNATURE, signature

log = structlog.get_logger()
_PRODUCER = "(producer)"
LONGEST_NAME = 100
"""Characters of the name of a producer that a refusal shows: nobody has checked it."""


class ProducersFile:
    """The producers file at a path, as it last was good."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault: str | None = None
        """What is wrong with the file as it stands, while the last good one counts; None if it is good."""
        self.noticed: str | None = None
        """The fault of which operations have a notice."""
        self._good: Producers | None = None
        self._stand: tuple[int, int, int] | None = None

    def current(self) -> Producers:
        """The producers that there are; raises DocumentRefused when the file has never been good. Costs one look."""
        try:
            found = self.path.stat()
            stand = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            stand = None  # reading it says why
        if stand is None or stand != self._stand or self._good is None:
            self._read()
            self._stand = stand
        assert self._good is not None, "reading has raised"
        return self._good

    def _read(self) -> None:
        try:
            self._good = read_producers(self.path)
            self.fault = self.noticed = None
            log.info("producers read", file=str(self.path), producers=len(self._good.producers))
        except DocumentRefused as refusal:
            if self._good is None:
                raise
            if str(refusal) != self.fault:
                log.error("producers file refused, the last good one counts", problem=str(refusal))
            self.fault = str(refusal)


@cache
def _file(path: Path) -> ProducersFile:
    return ProducersFile(path)


def producers_file() -> ProducersFile | None:
    """The producers file of this process; None while no producer is configured."""
    path = settings().producers
    return _file(path) if path else None


def rights(connection: Connection) -> dict[str, Rights]:
    """What each producer may send, by the ledger and the file; of one that both know the file says it. Raises
    DocumentRefused while the file has never been good."""
    file = producers_file()
    return {**producer_rows.standing(connection), **(file.current().producers if file else {})}


def judge(
    connection: Connection, actor: Actor, name: str | None, release: Release, consent: frozenset[Consent]
) -> Sender:
    """With which rights a producer sends this release, whether it came by the queue or by the door; raises
    DocumentRefused when the producer may not send it. `name`: None for whoever sends unsigned."""
    everybody = rights(connection)
    if problems := permissions.problems(everybody, name, release):
        raise NotAllowed(problems)
    return Sender(
        actor=actor,
        producer=name,
        named=name is not None and permissions.names_uri(everybody, name, release.uri),
        consent=consent,
        max_jump=settings().version_jump,
        per_day=None if name is None else everybody[name].per_day,
    )


class Authority:
    """From whom one message is, and what its sender may send; made before its body is read."""

    def __init__(self, headers: Mapping[str, Any], body: bytes) -> None:
        """Raises DocumentRefused when the message is not signed as it must be."""
        self._consent = consents(headers.get(CONSENT))
        file = producers_file()
        self.name = None if file is None else _signed_by(file.current(), headers, body)

    @property
    def actor(self) -> Actor:
        """Who it is."""
        return UNSIGNED if self.name is None else Actor(Role.PRODUCER, self.name)

    def sender(self, connection: Connection, release: Release) -> Sender:
        """With which rights this release is sent; raises DocumentRefused when the producer may not send it."""
        return judge(connection, self.actor, self.name, release, self._consent)


class NotAllowed(DocumentRefused):
    """A producer may not send a release, whatever else is good in it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("release", problems)


class LimitReached(DocumentRefused):
    """A producer has sent as many releases today as it may. `ends`: when it may send more, seconds since the epoch."""

    def __init__(self, most: int, ends: float) -> None:
        self.ends = ends
        text = (
            f"has sent {most:,} release{'s' * (most != 1)} today, the most that are taken of it in a day (UTC); the "
            f"next is taken from {moments.utc(ends)} on, and a kill at any time"
        )
        super().__init__("release", [Problem(_PRODUCER, text)])


def not_taken(release: Release, taken: Taken, sender: Sender) -> DocumentRefused:
    """Why a release was not taken, and what would be."""
    if taken.limit_ends is not None:
        return LimitReached(sender.per_day or 0, taken.limit_ends)
    following = taken.newest + 1 if taken.newest < MAX_VERSION else None
    revive = "the consent 'revive' (`fanwire submit --revive`)"
    problem = {
        Outcome.FOREIGN: "belongs to somebody else; only who sent its first version may send another",
        Outcome.CONFLICT: f"{release.version} of {release.uri} was taken before with other content; send a correction "
        "as a higher version",
        Outcome.OUTDATED: f"{taken.newest} was taken already; "
        + (f"send it as version {following}" if following else "no version can follow that one")
        + (f", with {revive}, for that version killed the release" if taken.killed and following else ""),
        Outcome.KILLED: f"{taken.newest} killed {release.uri}, and this would publish it anew; if that is meant, send "
        f"it with {revive}",
        Outcome.JUMP: f"is above {releases.highest(taken.newest, sender.max_jump):,}, the highest that is taken "
        f"{f'after version {taken.newest:,}' if taken.newest else 'as a first one'} without the consent 'jump' "
        "(`fanwire submit --jump`); send a lower one",
        Outcome.ARCHIVED: f"{release.version} of {release.uri} comes after the release was archived; operations bring "
        "back who has it (`fanwire retention restore`), then send it again",
    }[taken.outcome]
    if taken.outcome is Outcome.FOREIGN:
        return NotAllowed([Problem("uri", problem)])
    example = str(following) if following and not taken.killed else None
    return DocumentRefused("release", [Problem("version", problem, example)])


def consents(said: Any) -> frozenset[Consent]:
    """What a sender means, as a header says it; raises DocumentRefused for what is no consent."""
    words = [] if said in (None, "") else str(said).split(",")
    known = ", ".join(Consent)
    if not set(words) <= set(Consent):
        raise DocumentRefused("release", [Problem(CONSENT, f"must be of these, with ',' between them: {known}")])
    return frozenset(map(Consent, words))


def _signed_by(file: Producers, headers: Mapping[str, Any], body: bytes) -> str:
    """The name of the producer whose key the message is signed with; raises DocumentRefused."""
    name, given = headers.get(PRODUCER), headers.get(SIGNATURE)
    if not isinstance(name, str) or not isinstance(given, str):
        raise _refused(f"is missing: this wire takes signed releases only; set the headers {PRODUCER} and {SIGNATURE}")
    producer = file.producers.get(name)
    keys = _keys(name, producer.keys) if producer else []
    said = str(headers.get(CONSENT) or "")
    fits = [
        hmac.compare_digest(signature(key, name, said, body).encode(), given.encode(errors="replace")) for key in keys
    ]
    if any(fits):
        return name
    if producer and not keys:  # our fault: the producer may have done everything right
        raise _refused("cannot be checked, for the wire cannot read the key of this producer; ask its operations")
    raise _refused(
        f"does not fit: the message says that it is from the producer '{printable(name[:LONGEST_NAME])}', and was not "
        "signed with a key of that producer, or was changed after it was signed. Look whether name and key belong "
        "together, and sign the consent and the bytes of the body exactly as they are sent"
    )


def _keys(name: str, references: list[str]) -> list[str]:
    """The keys of a producer that can be read and are long enough."""
    found = []
    for reference in references:
        try:
            found.append(producer_key(reference))
        except SecretMissing as error:
            log.error("key of a producer cannot be used", producer=name, problem=str(error))
    return found


def producer_key(reference: str) -> str:
    """The key behind a reference of the producers file; raises SecretMissing, also for one that is too short."""
    key = resolve(reference, written_by="operator")
    if len(key) < SHORTEST_KEY:
        raise SecretMissing(reference, f"is shorter than {SHORTEST_KEY} characters")
    return key


def signing_as(name: str | None = None) -> tuple[str, str] | tuple[None, None]:
    """The producer as which commands sign, and its key, by the settings or the producers file; None twice: unsigned.

    Raises NotPossible when the wire wants signatures and there is nothing to sign with.
    """
    found, file = settings(), producers_file()
    name = name or found.producer_name
    if name is None:
        if file is None:
            return None, None
        raise NotPossible("this wire takes signed releases only: name a producer with --producer", _PRODUCER)
    if found.producer_key is not None and name == found.producer_name:
        key = found.producer_key.get_secret_value()
        if len(key) < SHORTEST_KEY:
            raise NotPossible(f"FANWIRE_PRODUCER_KEY is shorter than {SHORTEST_KEY} characters", _PRODUCER)
        return name, key
    producer = file.current().producers.get(name) if file else None
    if producer is None:
        raise NotPossible(_no_key(name), _PRODUCER)
    try:
        return name, producer_key(producer.keys[0])
    except SecretMissing as error:
        raise NotPossible(str(error), _PRODUCER) from None


def _no_key(name: str) -> str:
    """Why nothing can be signed as a producer without a key here, and what to do."""
    if _has_token(name):
        return (
            f"the producer {name!r} has a token and no key, so it sends over HTTP: POST /releases at the web server, "
            "with the header `Authorization: Bearer TOKEN` (docs/producers.md has the command). This command sends by "
            "the queue: for that the producers file would have to name a key"
        )
    return (
        f"there is no key of a producer {name!r} here: set FANWIRE_PRODUCER_NAME and FANWIRE_PRODUCER_KEY, or name it "
        "and its key in the producers file (FANWIRE_PRODUCERS)"
    )


def _has_token(name: str) -> bool:
    """Whether a producer may send over HTTP; not so where there is no ledger, as on the machine of a producer."""
    if not home.ledger_is_there():
        return False
    try:
        with ledger.read() as connection:
            return name in producer_rows.standing(connection)
    except (SQLAlchemyError, UserError):
        return False


def _refused(problem: str) -> DocumentRefused:
    return DocumentRefused("release", [Problem("(signature)", problem)])
