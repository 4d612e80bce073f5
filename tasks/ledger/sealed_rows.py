"""What is sealed of the ledger: events, each as one line, a *leaf*. A leaf never changes, whatever becomes of the row.

    attempt DELIVERY ATTEMPT DIGEST     an attempt at a delivery
    end DELIVERY ATTEMPT DIGEST         how the delivery ended, after that attempt
    reopened DELIVERY ATTEMPT DIGEST    a replay opened it again, after it had ended so
    publication DELIVERY NUMBER DIGEST  what its outlet said became of it
    planned COUNT 0 DIGEST              which deliveries were planned
    entry NUMBER 0 DIGEST               an audit entry
    release ENTRY 0 DIGEST              what a release version says
    translation/LANGUAGE ENTRY 0 DIGEST         one of its translations
    rendition/LANGUAGE/FORMAT ENTRY 0 DIGEST    one of its renditions

A text may change for a reason, which has an audit entry. ENTRY is the number of the newest one that concerns the text
and was there when it was sealed: only a later one explains another text.

The digest is the first half of SHA-256 over the row's canonical form: JSON of the kind, the version of the form, and
the fields of that version in their order. A migration that adds a column to a sealed table leaves it out of the form,
or adds a version; `FORMS` keeps the old ones, for older seals are checked by the form that they name.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote

from tasks.model.codes import Code

FORM = 1
"""The version by which new seals are made."""
FORMS: Mapping[int, Mapping[str, tuple[str, ...]]] = {
    1: {
        "attempt": ("delivery_id", "attempt", "verdict", "status", "code", "detail", "started_at", "seconds"),
        "end": ("id", "uri", "release_version", "language", "outlet_id", "format", "state", "verdict", "status", "code",
                "reason", "attempt", "tries", "first_due_at", "ended_at"),
        "reopened": ("delivery_id", "attempt", "at"),
        "publication": ("id", "delivery_id", "at", "said_at", "status", "url", "reason"),
        "entry": ("id", "at", "role", "actor", "act", "subject", "uri", "version", "outlet_id", "old", "new", "remark",
                  "origin"),
        "release": ("id", "uri", "version", "digest", "language", "status", "urgency", "embargo_until", "document",
                    "received_at", "producer", "sent_by"),
        "translation": ("release_id", "language", "engine", "document", "status", "units", "refused", "made_at",
                        "approved_by", "approved_at"),
        "rendition": ("release_id", "language", "format", "content_type", "sha256", "made_at"),
    }
}  # fmt: skip
"""The fields of each kind of leaf, by the version of the form."""
_ENCODE = json.JSONEncoder(separators=(",", ":"), default=repr).encode


class Kind(StrEnum):
    """What a seal is of."""

    DELIVERIES = "deliveries"
    """The attempts and ends of a release's deliveries, and what outlets say became of them."""
    AUDIT = "audit"
    """Audit entries."""
    TEXTS = "texts"
    """What a release version says, in each language and format."""


class Leaf(NamedTuple):
    """One sealed event."""

    kind: str
    number: int
    """Of the delivery, or of the audit entry; of a text that of the newest audit entry that concerns it; else how many
    deliveries were planned."""
    attempt: int
    """Of a publication its number."""
    digest: str
    form: int = FORM
    """The version of the canonical form of which the digest is."""


def attempt(row: Mapping[str, Any], form: int = FORM) -> Leaf:
    """The leaf of an attempt. Of one whose worker vanished only that is sealed: the worker may come back and say what
    it met."""
    if row["code"] == Code.WORKER_VANISHED:
        return vanished(row["delivery_id"], row["attempt"], form)
    return Leaf("attempt", row["delivery_id"], row["attempt"], _digest("attempt", row, form), form)


def vanished(delivery_id: int, attempt: int, form: int = FORM) -> Leaf:
    """The leaf of an attempt whose worker vanished."""
    return Leaf("attempt", delivery_id, attempt, _hashed(["attempt", form, delivery_id, attempt, "vanished"]), form)


def end(row: Mapping[str, Any], form: int = FORM) -> Leaf:
    """The leaf of a delivery that has ended."""
    return Leaf("end", row["id"], row["attempt"], _digest("end", row, form), form)


def reopened(row: Mapping[str, Any], form: int = FORM) -> Leaf:
    """The leaf of a note that a delivery was opened again."""
    return Leaf("reopened", row["delivery_id"], row["attempt"], _digest("reopened", row, form), form)


def planned(rows: Iterable[tuple[int, str, str]], form: int = FORM) -> Leaf:
    """The leaf of all deliveries that were planned of a release version: number, language and outlet of each."""
    sorted_rows = sorted(map(tuple, rows))
    return Leaf("planned", len(sorted_rows), 0, _hashed(["planned", form, *map(list, sorted_rows)]), form)


def publication(row: Mapping[str, Any], form: int = FORM) -> Leaf:
    """The leaf of what an outlet said became of a delivery."""
    return Leaf("publication", row["delivery_id"], row["id"], _digest("publication", row, form), form)


def entry(row: Mapping[str, Any], form: int = FORM) -> Leaf:
    """The leaf of an audit entry."""
    return Leaf("entry", row["id"], 0, _digest("entry", row, form), form)


def release(row: Mapping[str, Any], newest: int = 0, form: int = FORM) -> Leaf:
    """The leaf of what a release version says; `newest`: the newest audit entry that concerns it."""
    return Leaf("release", newest, 0, _digest("release", row, form), form)


def translation(row: Mapping[str, Any], newest: int = 0, form: int = FORM) -> Leaf:
    """The leaf of a translation that is made."""
    return Leaf(translation_name(row["language"]), newest, 0, _digest("translation", row, form), form)


def rendition(row: Mapping[str, Any], newest: int = 0, form: int = FORM) -> Leaf:
    """The leaf of a rendition that is made: of the digest of its bytes, which leave the ledger before it does."""
    name = rendition_name(row["language"], row["format"])
    return Leaf(name, newest, 0, _digest("rendition", row, form), form)


def translation_name(language: str) -> str:
    """The kind of the leaf of a translation."""
    return f"translation/{_quoted(language)}"


def rendition_name(language: str, format: str) -> str:
    """The kind of the leaf of a rendition."""
    return f"rendition/{_quoted(language)}/{_quoted(format)}"


def _quoted(word: str) -> str:
    return quote(word, safe="")


def _digest(kind: str, row: Mapping[str, Any], form: int) -> str:
    return _hashed([kind, form, *(row[name] for name in FORMS[form][kind])])


def _hashed(values: list[Any]) -> str:
    return sha256(_ENCODE(values).encode()).hexdigest()[:32]


def packed(leaves: Iterable[Leaf]) -> tuple[bytes, str]:
    """Leaves as a seal keeps them, and the SHA-256 of their lines."""
    text = "".join([f"{kind} {number} {attempt} {digest}\n" for kind, number, attempt, digest, _ in leaves]).encode()
    return zlib.compress(text, 1), sha256(text).hexdigest()


def unpacked(data: bytes, form: int) -> Iterator[Leaf]:
    """The leaves that a seal of this form keeps. Raises ValueError for what is none."""
    for line in _lines(data).decode().splitlines():
        kind, number, attempt, digest = line.split(" ")
        yield Leaf(kind, int(number), int(attempt), digest, form)


def digest_of(data: bytes) -> str:
    """The SHA-256 of the lines that a seal keeps. Raises ValueError for what is none."""
    return sha256(_lines(data)).hexdigest()


def _lines(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except (zlib.error, TypeError) as error:  # a TypeError: SQLite gives back text, where somebody wrote that
        raise ValueError(str(error)) from None
