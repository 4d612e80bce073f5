"""Importing outlets: what an import adds and changes is recorded, and where credentials go is asked first.

The status of a known outlet is not the import's to change: one that differs is refused, never ignored.
"""

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


@dataclass
class Imported:
    """What an import of outlets did, or would do."""

    new: list[str] = field(default_factory=list)
    """Ids, also of outlets that were removed before."""
    changed: dict[str, list[str]] = field(default_factory=dict)
    """For each changed outlet the fields that differ."""
    unchanged: int = 0
    unverified: list[str] = field(default_factory=list)
    """Ids of those of the new ones that get nothing before they are verified."""
    refused: list[DocumentRefused] = field(default_factory=list)
    """Outlets that stay as they were: they have credentials and another URL than before, which nobody has confirmed, or
    the file says another status than the outlet has."""

    @property
    def good(self) -> int:
        """How many outlets stand in the ledger now as their documents say."""
        return len(self.new) + len(self.changed) + self.unchanged


def import_outlets(
    connection: Connection,
    documents: Sequence[Outlet],
    *,
    confirmed: bool = False,
    remark: str | None = None,
    verify: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Insert or replace outlets, and record what changes; `confirmed`: credentials may go to a changed URL.

    `verify`: new outlets that would be active are unverified. `dry_run`: only say what would be done.
    """
    ids = [document.id for document in documents]
    known, stand = outlets.documents(connection, ids), outlets.statuses(connection, ids)
    done, wanted, entries = Imported(), [], []
    for document in documents:
        before, after = known.get(document.id), json.loads(document.to_json(without_status=True))
        if before is None:
            fresh = _to_verify(document) if verify else document
            shown = shown_without_secrets(after)
            done.new.append(fresh.id)
            if fresh.status == "unverified":
                done.unverified.append(fresh.id)
                shown |= {"status": "unverified"}
            entries.append(audit.of_outlet(Act.ADD_OUTLET, fresh.id, new=shown, remark=remark))
            wanted.append(fresh)
            continue
        before.pop("status", None)  # documents of earlier versions had the one that they were imported with
        if refusal := _refusal(document, before, after, stand[document.id], confirmed=confirmed):
            done.refused.append(refusal)
        elif changed := sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
            done.changed[document.id] = changed
            entries.append(_change(document.id, before, after, changed, remark))
            wanted.append(document)
        else:
            done.unchanged += 1
    if not dry_run:
        outlets.put(connection, wanted, ledger.now(connection))
        audit.record(connection, *entries)
    return done


def _to_verify(document: Outlet) -> Outlet:
    """A new outlet as one that is unverified, unless it is to get nothing anyway."""
    return document.model_copy(update={"status": "unverified"}) if document.status == "active" else document


def _refusal(
    document: Outlet, before: dict[str, Any], after: dict[str, Any], stand: dict[str, str | None], *, confirmed: bool
) -> DocumentRefused | None:
    """Why a known outlet stays as it was; None if its new document can be taken."""
    problems = []
    # what the file calls unverified may be verified by now
    if "status" in document.model_fields_set and document.status not in (stand["status"], "unverified"):
        problems.append(_other_status(document, stand))
    if not confirmed:
        problems += _unconfirmed(before, after)
    return DocumentRefused(f"outlet {document.id}", problems) if problems else None


_COMMANDS = {
    "active": "fanwire outlets resume",
    "paused": "fanwire outlets pause",
    "disabled": "fanwire outlets disable",
}


def _other_status(document: Outlet, stand: dict[str, str | None]) -> Problem:
    why = f" ({stand['reason']})" if stand["reason"] else ""
    command = "fanwire outlets verify" if stand["status"] == "unverified" else _COMMANDS[document.status]
    problem = (
        f"is {document.status!r} here, but the outlet is {stand['status']}{why}; an import does not change that: use "
        f"`{command} {document.id}`, or leave the field out of the file"
    )
    return Problem("status", problem)


def _has_credentials(document: dict[str, Any]) -> bool:
    """Whether whoever has the URL gets something to identify us by: a secret, a signature, or a user in the URL."""
    auth = document.get("auth") or {}
    return bool(auth.get("secret") or auth.get("signing_secret") or "@" in urlsplit(str(document.get("url"))).netloc)


def _unconfirmed(before: dict[str, Any], after: dict[str, Any]) -> list[Problem]:
    """What sends credentials elsewhere: another URL, or another endpoint that gives tokens for the client secret."""
    places = {
        "url": (before.get("url"), after["url"]),
        "auth.token_url": (_token_url(before) or "none", _token_url(after)),
    }
    to_url = before.get("url") != after["url"] and (_has_credentials(before) or _has_credentials(after))
    to_endpoint = _token_url(after) not in (None, _token_url(before)) and _has_credentials(before)
    return [
        Problem(
            name,
            f"changes from {without_credentials(places[name][0])} to {without_credentials(places[name][1])}, and the "
            "outlet has credentials, which would go there; if that is meant, do it again with --confirm",
        )
        for name, elsewhere in (("url", to_url), ("auth.token_url", to_endpoint))
        if elsewhere
    ]


def _token_url(document: dict[str, Any]) -> str | None:
    """Where the client secret of OAuth 2.0 goes."""
    return (document.get("auth") or {}).get("token_url")


def _change(
    outlet_id: str, before: dict[str, Any], after: dict[str, Any], changed: list[str], remark: str | None
) -> Entry:
    """What is recorded of a known outlet: the fields that change."""
    old, new = ({name: document[name] for name in changed if name in document} for document in (before, after))
    return audit.of_outlet(
        Act.CHANGE_OUTLET, outlet_id, old=shown_without_secrets(old), new=shown_without_secrets(new), remark=remark
    )


def shown_without_secrets(fields: dict[str, Any]) -> dict[str, Any]:
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
