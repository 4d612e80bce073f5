"""Adding producers that come to the door, editing their rights, giving them other tokens, and shutting them out; each
act is recorded."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Row

from tasks import ledger
from tasks.ledger import audit, producer_rows
from tasks.ledger.audit import Entry
from tasks.model.acts import Act
from tasks.model.producers import DoorProducer
from tasks.model.readers.producer_edits import edited
from tasks.model.values import Slug
from tasks.operations.outlet_import import without_credentials
from tasks.runtime import moments
from tasks.runtime.errors import NotPossible, Problem, UserError, in_words

TOKEN_BEGINS = "fanwire_"  # noqa: S105, by which a token that leaked can be found
"""What every token begins with."""
_BYTES = 32


def digest(token: str) -> str:
    """The SHA-256 of a token, by which the ledger knows it."""
    return hashlib.sha256(token.encode()).hexdigest()


def add(connection: Connection, name: str, document: DoorProducer) -> str:
    """Let a producer come to the door, and return its token, which nobody can show again. Raises UserError for a name
    that is none, and NotPossible for one that is there."""
    try:
        TypeAdapter(Slug).validate_python(name)
    except ValidationError as error:
        problem = in_words(error.errors(include_url=False)[0])
        raise UserError("producer", [Problem("name", problem, "acme")]) from None
    token = _new_token()
    if not producer_rows.add(connection, name, document, digest(token), ledger.now(connection)):
        raise NotPossible(
            f"there is a producer {name!r} already: `fanwire producers token {name}` gives it another token, and "
            f"`fanwire producers edit {name}` other rights",
            "(producer)",
        )
    audit.record(connection, _entry(Act.ADD_PRODUCER, name, new=_shown(document)))
    return token


def new_token(connection: Connection, name: str, overlap: float = 0) -> str:
    """Give a producer another token, and return it; the one before ends after `overlap` seconds. Raises NotPossible."""
    _standing(connection, name)
    token = _new_token()
    until = ledger.now(connection) + overlap if overlap else None
    producer_rows.put_token(connection, name, digest(token), until)
    new = {"old_token_until": moments.utc(until) if until else "at once"}
    audit.record(connection, _entry(Act.CHANGE_TOKEN, name, new=new))
    return token


@dataclass(frozen=True, kw_only=True)
class Edited:
    """What an edit changes of a producer: the names of the fields, and each as it was and is."""

    fields: list[str]
    old: dict[str, Any]
    new: dict[str, Any]


def edit(connection: Connection, name: str, changes: Sequence[str], *, dry_run: bool = False) -> Edited:
    """Change single rights and limits of a producer, as `field=value`; they hold from its next request on. Raises
    DocumentRefused and NotPossible."""
    before = producer_rows.document_of(_standing(connection, name))
    after = edited(name, before, changes)
    old, new = _shown(before), _shown(after)
    fields = [field for field in DoorProducer.model_fields if getattr(before, field) != getattr(after, field)]
    found = Edited(fields=fields, old=_only(old, fields), new=_only(new, fields))
    if fields and not dry_run:
        producer_rows.put_document(connection, name, after)
        audit.record(connection, _entry(Act.EDIT_PRODUCER, name, old=found.old, new=found.new))
    return found


def _only(told: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {field: told[field] for field in fields if field in told}


def _shown(document: DoorProducer) -> dict[str, Any]:
    """What a document says, for people: of the address of a webhook no credentials."""
    told: dict[str, Any] = document.model_dump(mode="json", exclude_none=True)
    return told | ({"webhook": without_credentials(told["webhook"])} if "webhook" in told else {})


def revoke(connection: Connection, name: str) -> None:
    """Shut a producer out of the door at once; its releases stay its own. Raises NotPossible."""
    _standing(connection, name)
    producer_rows.revoke(connection, name, ledger.now(connection))
    audit.record(connection, _entry(Act.REVOKE_PRODUCER, name, new={"revoked": True}))


def _standing(connection: Connection, name: str) -> Row[Any]:
    """The row of a producer that is not revoked."""
    row = producer_rows.get(connection, name)
    if row is None:
        raise NotPossible(f"there is no producer {name!r}; `fanwire producers list` lists them", "(producer)")
    if row.revoked_at is not None:
        raise NotPossible(
            f"the producer {name!r} was revoked at {moments.shown(row.revoked_at)}; `fanwire producers add {name}` "
            "lets it come again",
            "(producer)",
        )
    return row


def _new_token() -> str:
    return TOKEN_BEGINS + secrets.token_urlsafe(_BYTES)


def _entry(act: Act, name: str, *, new: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> Entry:
    return Entry(act=act, subject=f"producer {name}", old=old, new=new)
