"""Importing outlets: what an import adds and changes is recorded, and where credentials go is asked first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import audit, outlets
from tasks.ledger.audit import Entry
from tasks.model.acts import Act
from tasks.model.documents import DocumentRefused
from tasks.model.outlet import Outlet
from tasks.runtime.errors import Problem

STRUCK = "***"
"""Stands where something is that may be a secret."""


@dataclass(frozen=True)
class Imported:
    """What an import of outlets did."""

    written: int
    unconfirmed: list[DocumentRefused] = field(default_factory=list)
    """Outlets with credentials and another URL than before, which nobody has confirmed: they stay as they were."""


def import_outlets(
    connection: Connection, documents: Sequence[Outlet], *, confirmed: bool = False, remark: str | None = None
) -> Imported:
    """Insert or replace outlets, and record what changes; `confirmed`: credentials may go to a changed URL."""
    known = outlets.documents(connection, [document.id for document in documents])
    wanted, unconfirmed, entries = [], [], []
    for document in documents:
        before, after = known.get(document.id), json.loads(document.to_json())
        if before is not None and not confirmed and _sends_credentials_elsewhere(before, after):
            unconfirmed.append(_unconfirmed(document.id, before, after))
            continue
        wanted.append(document)
        if entry := _entry(document.id, before, after, remark):
            entries.append(entry)
    written = outlets.put(connection, wanted, ledger.now(connection))
    audit.record(connection, *entries)
    return Imported(written, unconfirmed)


def _sends_credentials_elsewhere(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return before.get("url") != after["url"] and (_has_credentials(before) or _has_credentials(after))


def _has_credentials(document: dict[str, Any]) -> bool:
    """Whether whoever has the URL gets something to identify us by: a secret, a signature, or a user in the URL."""
    auth = document.get("auth") or {}
    return bool(auth.get("secret") or auth.get("signing_secret") or "@" in urlsplit(str(document.get("url"))).netloc)


def _unconfirmed(outlet_id: str, before: dict[str, Any], after: dict[str, Any]) -> DocumentRefused:
    problem = (
        f"changes from {without_credentials(before.get('url'))} to {without_credentials(after['url'])}, and the outlet "
        "has credentials, which would go there; if that is meant, import it with --confirm"
    )
    return DocumentRefused(f"outlet {outlet_id}", [Problem("url", problem)])


def _entry(outlet_id: str, before: dict[str, Any] | None, after: dict[str, Any], remark: str | None) -> Entry | None:
    """What is recorded of one outlet: all of a new one, and of a known one what changes; None if nothing does."""
    if before is None:
        return audit.of_outlet(Act.ADD_OUTLET, outlet_id, new=_shown(after), remark=remark)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if not changed:
        return None
    old, new = ({name: document[name] for name in changed if name in document} for document in (before, after))
    return audit.of_outlet(Act.CHANGE_OUTLET, outlet_id, old=_shown(old), new=_shown(new), remark=remark)


def _shown(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of an outlet without what may be a secret. `auth` only names secrets; headers and URLs may hold some."""
    shown = dict(fields)
    if "url" in shown:
        shown["url"] = without_credentials(shown["url"])
    if "headers" in shown:
        shown["headers"] = dict.fromkeys(shown["headers"], STRUCK)
    return shown


def without_credentials(url: Any) -> str:
    """A URL without its user, its password and the values of its query."""
    try:
        parts = urlsplit(str(url))
        where = parts.netloc.rpartition("@")
        query = urlencode([(name, STRUCK) for name, _ in parse_qsl(parts.query, keep_blank_values=True)], safe="*")
    except ValueError:
        return STRUCK
    user = f"{STRUCK}@" if where[1] else ""
    return parts._replace(netloc=user + where[2], query=query, fragment="").geturl()
