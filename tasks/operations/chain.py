"""Checks the chain of seals, and the rows of the ledger against it: `fanwire audit --verify`.

It says what holds, and what does not and where. What cannot be found by it: rows that were edited before they were
sealed, which takes seconds for most; and the end of a chain that was cut off, unless somebody has kept a later seal:
the file `seals.head` of the machine that sealed, or any report.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row

from tasks.ledger import releases, schema, sealed_rows, seals
from tasks.ledger.foreign_values import any_text, foreign_values
from tasks.ledger.sealed_rows import Kind
from tasks.model.acts import Act
from tasks.model.states import FINAL
from tasks.operations import sealed_records, sealed_texts
from tasks.operations.sealed import Known, is_return, readable
from tasks.operations.sealer import LONGEST_TRANSACTION, STEP
from tasks.runtime import moments
from tasks.runtime.counting import counted
from tasks.runtime.seal_key import is_signed

_TABLES = (
    schema.releases, schema.translations, schema.renditions, schema.deliveries, schema.attempts, schema.publications,
    schema.reopenings, schema.seals, schema.audit, schema.archives, schema.legal_holds,
)  # fmt: skip
"""What is checked."""
ALWAYS = float("-inf")
"""Before any moment that a row can have."""


@dataclass(frozen=True)
class Anchor:
    """A seal that somebody has kept outside of the ledger."""

    seal: int
    hash: str
    where: str
    """Who kept it, for people: the name of a file."""


@dataclass
class Verification:
    """What was checked of a ledger, and what of it is broken."""

    seals: int = 0
    first_at: str | None = None
    last_at: str | None = None
    keys: set[str] = field(default_factory=set)
    """The public keys that signed."""
    entries: int = 0
    """Audit entries that stand as they were sealed."""
    ends: int = 0
    """Deliveries that stand as they were sealed last."""
    attempts: int = 0
    """Attempts that stand as they were sealed."""
    publications: int = 0
    """What outlets said of deliveries and stands as it was sealed."""
    texts: int = 0
    """Releases, translations and renditions that stand as they were sealed."""
    changed_texts: int = 0
    """Texts that were changed since they were sealed, as audit entries say, and are not sealed anew yet."""
    without_texts: int = 0
    """Releases that were sealed by an earlier version of Fanwire, which did not seal texts."""
    releases: int = 0
    """Releases with sealed deliveries."""
    opened: int = 0
    """Deliveries that went on by a replay or a return after they were sealed."""
    answered: int = 0
    """Attempts whose worker had vanished when they were sealed, and wrote what it met later."""
    pruned: int = 0
    """Seals whose rows were pruned."""
    unsealed_entries: int = 0
    """Audit entries that are not sealed yet."""
    unsealed_releases: int = 0
    """Releases of which something is open, or not sealed yet."""
    anchors: list[str] = field(default_factory=list)
    """Where the seals were kept that are in the chain."""
    faults: list[str] = field(default_factory=list)
    """What is broken, and where, in the order of the ledger."""

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return not self.faults


def verify(connection: Connection, keys: Collection[str], anchors: Collection[Anchor] = ()) -> Verification:
    """Check all seals, each against the one before and the signature against `keys`; then the rows that they seal."""
    found = Verification()
    found.faults += [
        f"{column} holds {counted(number, 'value')} of another type than it is for, or none where one must be: edited "
        "by hand. Nothing else is checked until that is mended"
        for column, number in foreign_values(connection, _TABLES)
    ]
    if not found.faults:
        with any_text(connection) as broken:
            _check_all(connection, set(keys), anchors, found)
        found.faults += [f"a text is not UTF-8: edited by hand: {said[:100]}" for said in dict.fromkeys(broken)]
    return found


def _check_all(connection: Connection, keys: set[str], anchors: Collection[Anchor], found: Verification) -> None:
    emptied = _check_chain(connection, keys, anchors, found)
    _check_entries(connection, emptied, found)
    replays = _Replays.read(connection)
    for release_id in seals.sealed_releases(connection):
        _check_release(connection, release_id, replays, found)
    found.faults += [
        f"{uri} v{version}: nothing of it is sealed, although it is said to be sealed as a whole"
        for uri, version in seals.never_sealed(connection)
    ]
    found.unsealed_releases = seals.count_unsealed(connection)


def _check_chain(
    connection: Connection, keys: set[str], anchors: Collection[Anchor], found: Verification
) -> dict[int, str]:
    """Check each seal, and that none is missing; those that have no leaves: {seal: of what it is}."""
    number, previous = 0, None
    emptied: dict[int, str] = {}
    for seal in seals.every(connection):
        if seal.id != number + 1:
            missing = (
                f"seal {number + 1:,} is" if seal.id == number + 2 else f"seals {number + 1:,} to {seal.id - 1:,} are"
            )
            found.faults.append(f"{missing} missing from the chain")
            previous = None
        said = _statement(seal)
        found.faults += [f"seal {seal.id:,}{_of(said)} {problem}" for problem in _problems(seal, said, keys, previous)]
        for anchor in (anchor for anchor in anchors if anchor.seal == seal.id):
            if anchor.hash == seal.hash:
                found.anchors.append(anchor.where)
            else:
                found.faults.append(
                    f"seal {seal.id:,} is another one than {anchor.where} has kept: the chain was made anew"
                )
        found.first_at, found.last_at = found.first_at or said.get("at"), said.get("at")
        found.keys.add(str(said.get("key")))
        if seal.leaves is None:
            emptied[seal.id] = _of(said)
        found.seals += 1
        number, previous = seal.id, seal.hash
    found.faults += [
        f"the chain ends with seal {number:,}, and {anchor.where} has kept seal {anchor.seal:,}"
        for anchor in anchors
        if anchor.seal > number
    ]
    found.pruned = len(emptied)
    return emptied


def _statement(seal: Row[Any]) -> dict[str, Any]:
    try:
        said = json.loads(seal.statement)
    except (ValueError, RecursionError):
        said = None
    return said if isinstance(said, dict) else {}


def _of(said: Mapping[str, Any]) -> str:
    """Of what a seal is, in words."""
    if said.get("kind") == Kind.AUDIT:
        return " of audit entries"
    return f" of {said['release']} v{said.get('version')}" if said.get("release") else ""


def _problems(seal: Row[Any], said: Mapping[str, Any], keys: set[str], previous: str | None) -> Iterator[str]:
    """What is wrong with a seal by itself, and with its place in the chain."""
    if sha256(seal.statement.encode()).hexdigest() != seal.hash:
        yield "was edited: its statement and its hash do not fit"
    elif not is_signed(seal.statement.encode(), seal.signature, str(said.get("key"))):
        yield "was edited: its signature does not fit"
    elif said.get("key") not in keys:
        yield f"is signed with a key that is not known, {said.get('key')}"
    if (said.get("seal"), said.get("kind"), said.get("form")) != (seal.id, seal.kind, seal.form):
        yield "was put in another one's place"
    is_of_audit = said.get("kind") == Kind.AUDIT
    if (seal.release_id is None, seal.until is not None) != (is_of_audit, is_of_audit):
        yield "is not kept with what it seals: it says no more which rows to check"
    before = said.get("previous")
    if (previous is not None and before != previous) or (seal.id == 1 and before is not None):
        yield "does not follow the one before"
    if seal.leaves is not None:
        yield from _problems_of_leaves(seal, said)
    elif is_of_audit:
        yield "has lost its leaves, although audit entries are never pruned"


def _problems_of_leaves(seal: Row[Any], said: Mapping[str, Any]) -> Iterator[str]:
    try:
        fits = sealed_rows.digest_of(seal.leaves) == said.get("leaves")
    except ValueError:
        fits = False
    if not fits:
        yield "was edited: its leaves and its statement do not fit"


def _check_entries(connection: Connection, emptied: Mapping[int, str], found: Verification) -> None:
    """Check the audit entries against the leaves of all seals of them; and that entries name all seals that were
    emptied; and what other tables say that entries do."""
    unexplained, records = dict(emptied), sealed_records.Records()
    known: dict[int, tuple[sealed_rows.Leaf, int]] = {}
    until: dict[int, float] = {}
    latest: dict[int, float] = {}
    for seal in seals.of_audit(connection, ALWAYS):
        until[seal.id] = seal.until
        known |= {leaf.number: (leaf, seal.id) for leaf in readable(seal)}
    late = seals.audit_until(connection) - LONGEST_TRANSACTION
    for row in seals.entries(connection, since=ALWAYS):
        records.see(row)
        if row["act"] == Act.RETAIN:
            for number in sealed_records.emptied_by(row):
                unexplained.pop(number, None)
        leaf, of = known.pop(row["id"], (None, 0))
        if leaf is not None:
            latest[of] = row["at"]
        if leaf is not None and leaf == sealed_rows.entry(row, leaf.form):
            found.entries += 1
        elif leaf is not None:
            found.faults.append(
                f"audit entry {row['id']:,} was edited after it was sealed: {row['act']} · {row['subject']}"
            )
        elif row["at"] < late:
            found.faults.append(f"audit entry {row['id']:,} was put in later: {row['act']} · {row['subject']}")
        else:
            found.unsealed_entries += 1
    found.faults += [f"audit entry {number:,} was deleted after it was sealed" for number in sorted(known)]
    found.faults += [
        f"seal {seal:,} of audit entries does not end with the last of its audit entries"
        for seal, at in latest.items()
        if at != until[seal]
    ]
    found.faults += [
        f"seal {number:,}{of} has lost its leaves, and no audit entry says that retention took them"
        for number, of in unexplained.items()
    ]
    found.faults += records.faults(connection)


@dataclass(frozen=True)
class _Replays:
    """What the audit entries say of replays: who opens a delivery again is on record."""

    moments: Mapping[tuple[str | None, str | None], list[float]]
    """By the release's URI and the outlet, of which an entry may leave one out: when, in order."""

    @classmethod
    def read(cls, connection: Connection) -> _Replays:
        """Read all of them."""
        moments: dict[tuple[str | None, str | None], list[float]] = defaultdict(list)
        for row in seals.replays(connection):
            moments[row.uri, row.outlet_id].append(row.at)
        return cls(moments)

    def opened(self, row: Mapping[str, Any], at: float) -> bool:
        """Whether an entry says that this delivery was opened again at that moment. A replay notes the moment first,
        and its entry comes at the end of the same transaction."""
        uri, outlet = row["uri"], row["outlet_id"]
        return any(
            place < len(known) and known[place] - at <= LONGEST_TRANSACTION
            for of in ((uri, None), (None, outlet), (uri, outlet))
            for known in (self.moments.get(of, []),)
            for place in (bisect_left(known, at),)
        )


def _check_release(connection: Connection, release_id: int, replays: _Replays, found: Verification) -> None:
    """Check the deliveries, the attempts and the texts of a release against the leaves of its seals."""
    blocks = [seal for seal in seals.of_release(connection, release_id) if readable(seal) or seal.leaves is None]
    known = Known.read(blocks, attempts=True)
    ends, there = len(known.ends), list[tuple[int, str, str]]()
    heading = releases.headings(connection, [release_id]).get(release_id)
    name = heading.name if heading else f"a release that was deleted, number {release_id}"
    whole = all(seal.leaves is not None for seal in blocks if seal.kind == Kind.DELIVERIES)
    whole = whole and seals.all_sealed(connection, release_id)
    found.releases += 1
    found.faults += _misplaced(blocks, heading)
    after = ("", "")
    while rows := seals.rows_of(connection, release_id, after=after, limit=STEP):
        check, by_id = _Page(name, known, whole, found), {row["id"]: row for row in rows}
        check.attempts(seals.attempts_of(connection, by_id), by_id)
        check.publications(seals.publications_of(connection, by_id), by_id)
        check.reopenings(seals.reopenings_of(connection, by_id), by_id, replays)
        for row in rows:
            check.delivery(row)
            there.append((row["id"], row["language"], row["outlet_id"]))
        after = (rows[-1]["language"], rows[-1]["outlet_id"])
    if known.planned and known.planned != sealed_rows.planned(there, known.planned.form):
        found.faults.append(
            f"{name}: its {counted(len(there), 'delivery')} are not those {known.planned.number:,} that were planned"
        )
    found.faults += [f"{name}: delivery {number:,} was deleted after it was sealed" for number in sorted(known.ends)]
    found.faults += [
        f"{name}: attempt {n} at delivery {id:,} was deleted after it was sealed" for id, n in sorted(known.attempts)
    ]
    found.faults += [
        f"{name}: what its outlet said of delivery {number:,} was deleted after it was sealed"
        for number, _ in sorted(known.publications)
    ]
    found.faults += [
        f"{name}: the note that delivery {leaf.number:,} was opened again was edited or deleted after it was sealed"
        for leaf in sorted(known.reopened)
    ]
    if heading:
        texts = sealed_texts.known_texts(blocks)
        _check_texts(connection, release_id, heading, texts, whole, found)
        found.without_texts += bool(ends and not texts)


def _check_texts(
    connection: Connection,
    release_id: int,
    heading: releases.Heading,
    known: dict[str, sealed_rows.Leaf],
    whole: bool,
    found: Verification,
) -> None:
    """Check the texts of a release, if any is sealed."""
    if not known:
        return
    checked = sealed_texts.check(connection, release_id, (heading.uri, heading.version), known, whole)
    found.texts += checked.stand
    found.changed_texts += checked.changed
    found.faults += [f"{heading.name}: {fault}" for fault in checked.faults]


def _misplaced(blocks: Collection[Row[Any]], heading: releases.Heading | None) -> Iterator[str]:
    """The seals of a release that were made of another one."""
    for seal in blocks:
        said = _statement(seal)
        if heading is None or (heading.uri, heading.version) != (said.get("release"), said.get("version")):
            yield f"seal {seal.id:,}{_of(said)} was put to another release, or its release was edited"


def _moment(at: float) -> str:
    try:
        return moments.utc(at)
    except (OverflowError, OSError, ValueError):
        return f"{at:g}, which is no moment"


@dataclass
class _Page:
    """Some deliveries of a release, held against what is sealed; whatever stands is taken out of `known`."""

    name: str
    known: Known
    whole: bool
    """Whether everything of the release that is final should be sealed."""
    found: Verification
    opened: set[int] = field(default_factory=set)
    """Deliveries of which an event that is not sealed yet says that they went on."""
    newer: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """The attempts at a delivery since its last sealed end."""

    def attempts(self, tried: Iterator[dict[str, Any]], rows: Mapping[int, dict[str, Any]]) -> None:
        """Check the attempts at these deliveries."""
        for row in tried:
            id, number = row["delivery_id"], row["attempt"]
            leaf = self.known.attempts.pop((id, number), None)
            end = self.known.ends.get(id)
            what = f"{self.name}: attempt {number} at {_delivery(rows[id])}"
            if leaf is None:
                if end and number <= end.attempt:
                    self.found.faults.append(f"{what} was put in after the delivery was sealed")
                elif end:
                    self.newer[id].append(row)
            elif leaf == sealed_rows.attempt(row, leaf.form):
                self.found.attempts += 1
            elif leaf == sealed_rows.vanished(id, number, leaf.form):
                self.found.answered += 1
            else:
                self.found.faults.append(f"{what} was edited after it was sealed")

    def publications(self, said: Iterator[dict[str, Any]], rows: Mapping[int, dict[str, Any]]) -> None:
        """Check what the outlets of these deliveries said."""
        for row in said:
            leaf = self.known.publications.pop((row["delivery_id"], row["id"]), None)
            what = f"{self.name}: what its outlet said of {_delivery(rows[row['delivery_id']])}"
            if leaf is not None and leaf == sealed_rows.publication(row, leaf.form):
                self.found.publications += 1
            elif leaf is not None:
                self.found.faults.append(f"{what} was edited after it was sealed")
            elif self.whole:
                self.found.faults.append(f"{what} was put in after all of its release was sealed")

    def reopenings(
        self, notes: Iterator[dict[str, Any]], rows: Mapping[int, dict[str, Any]], replays: _Replays
    ) -> None:
        """Check the notes that these deliveries were opened again, also against the audit entries: a note that somebody
        has put in, to make an edit look like a replay, has none."""
        for note in notes:
            leaf, row = sealed_rows.reopened(note), rows[note["delivery_id"]]
            if not replays.opened(row, note["at"]):
                what = f"{_delivery(row)} again, as it is noted for {_moment(note['at'])}"
                self.found.faults.append(f"{self.name}: no audit entry says that anybody opened {what}")
                self.known.reopened.discard(leaf)
            elif leaf in self.known.reopened:
                self.known.reopened.discard(leaf)
            else:
                self.opened.add(leaf.number)

    def delivery(self, row: dict[str, Any]) -> None:
        """Check how a delivery ended."""
        id = row["id"]
        stands = self.known.has_end(row)
        end = self.known.ends.pop(id, None)
        what = f"{self.name}: {_delivery(row)}"
        if stands:
            self.found.ends += 1
        elif end is None:
            if row["state"] in FINAL and self.whole:
                self.found.faults.append(f"{what} was put in or ended after all of its release was sealed")
        elif id in self.opened or id in self.known.opened or is_return(end, row, self.newer[id]):
            self.found.opened += 1
        else:
            self.found.faults.append(f"{what} was edited after it was sealed; it says {row['state']} now")


def _delivery(row: Mapping[str, Any]) -> str:
    return f"delivery {row['id']:,} (to {row['outlet_id']} in {row['language']})"
