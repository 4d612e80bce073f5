"""Notices of outlets that refuse one release after another, and of credentials that are wrong or missing.

A final no counts neither for the breaker nor for the failing days of a host: a host that answers is well. So without
these notices an outlet whose token has expired would refuse every release for ever, and nobody would hear of it.

| notice | is written when | and again |
|---|---|---|
| `refusing` | an outlet has refused the last three releases | when it has taken one since, and refuses three more |
| `credentials` | a secret of an outlet is missing | a day later |
| `relay` | the mail relay refuses our login, our sender or TLS | an hour later |
| `credentials` of `outlets` | one drain met ten outlets without good credentials at one release | a day later |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import deliveries, notices, outlets
from tasks.model.codes import WRONG_SECRET, Code

IN_A_ROW: Final = 3
"""Releases that an outlet refuses before operations hear of it: one or two may be about what is in them."""
MANY: Final = 10
"""Outlets with wrong or missing credentials at one release: that is no fault of single outlets any more."""
AGAIN: Final = 24 * 3600.0
"""Seconds until the next notice of credentials that stay wrong."""
NAMED: Final = 3
WRONG_CREDENTIALS: Final = WRONG_SECRET | {"http_407"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attempt that ended with the outlet's final no, or for want of a secret."""

    release: str
    """As logs name it."""
    outlet_id: str
    code: str
    detail: str


@dataclass
class Refusals:
    """What one drain has met of refusals."""

    _without_credentials: dict[str, set[str]] = field(default_factory=dict)
    """Outlets by release."""

    def notice(self, connection: Connection, fresh: Sequence[Refusal]) -> None:
        """Leave notices about fresh refusals, whose results stand in the ledger now."""
        if not fresh:
            return
        for one in fresh:
            if one.code in WRONG_CREDENTIALS or one.code == Code.SECRET_MISSING:
                self._without_credentials.setdefault(one.release, set()).add(one.outlet_id)
        now = ledger.now(connection)
        many = [release for release, ids in self._without_credentials.items() if len(ids) >= MANY]
        for release in many:
            ids = sorted(self._without_credentials[release])
            notices.add_unless_known(connection, "credentials", "outlets", _of_many(release, ids), now, AGAIN)
        for one in fresh:
            if one.code == Code.RELAY:
                notices.add_unless_known(connection, "relay", "mail relay", _of_relay(one), now)
        for one in fresh:
            if one.code == Code.SECRET_MISSING and one.release not in many:
                notices.add_unless_known(connection, "credentials", one.outlet_id, _of_secret(one), now, AGAIN)
        _notice_refusing(connection, fresh, now)


def _notice_refusing(connection: Connection, refusals: Sequence[Refusal], now: float) -> None:
    last = {one.outlet_id: one for one in refusals if one.code not in (Code.SECRET_MISSING, Code.RELAY)}
    rows = deliveries.refused_in_a_row(connection, list(last), at_least=IN_A_ROW)
    known = notices.last_of(connection, "refusing", list(rows)) if rows else {}
    documents = outlets.documents(connection, rows)
    for outlet_id, (count, since) in rows.items():
        if known.get(outlet_id, 0.0) < since:
            notices.add(
                connection,
                "refusing",
                outlet_id,
                _of_refusing(last[outlet_id], count, documents.get(outlet_id, {})),
                now,
            )


def _of_refusing(refusal: Refusal, count: int, document: Mapping[str, Any]) -> str:
    return (
        f"has refused the last {count} releases, at last {refusal.release} with {refusal.code} ({refusal.detail}): "
        f"{what_to_do(refusal.code, document)}; `fanwire outlets test {refusal.outlet_id}` tries it, and "
        f"`fanwire replay --outlet {refusal.outlet_id}` sends again what was refused"
    )


def what_to_do(code: str, document: Mapping[str, Any]) -> str:
    """What operations can do about an outlet that refuses with this code; `document` is the outlet's own."""
    auth = document.get("auth") or {}
    if code == "http_407":
        return "a proxy on the way asks for credentials: ask who runs it"
    if code in WRONG_CREDENTIALS and not (auth.get("secret") or auth.get("signing_secret")):
        return (
            "it asks for credentials, and its document has no `auth`: add it, with the secret that the outlet gives you"
        )
    if code in WRONG_CREDENTIALS:
        return "renew the secret that `auth` of its document names"
    if code == Code.REDIRECT:
        return "correct the `url` of its document"
    if code == Code.REFUSED_ADDRESS:
        return "correct the `url` of its document, or allow the address (FANWIRE_ALLOWED_NETWORKS)"
    if code in ("smtp_550", "smtp_551", "smtp_553"):
        return "its mail server does not know the address: ask the outlet for the right one"
    return "ask the outlet what it expects"


def _of_secret(refusal: Refusal) -> str:
    return (
        f"{refusal.detail}; nothing is sent to the outlet until the worker `deliver` has the secret, and what waits "
        "goes out by itself then"
    )


def _of_relay(refusal: Refusal) -> str:
    return (
        f"the mail relay refuses us: {refusal.detail}; look at FANWIRE_SMTP_URL and FANWIRE_SMTP_FROM of the worker "
        "`deliver`. No outlet is charged for it, and what waits goes out by itself"
    )


def _of_many(release: str, outlet_ids: Sequence[str]) -> str:
    shown = ", ".join(outlet_ids[:NAMED]) + (", …" if len(outlet_ids) > NAMED else "")
    return (
        f"{len(outlet_ids)} outlets or more refuse the credentials of the wire, or theirs are missing, at {release}: "
        f"{shown}; look with `fanwire doctor` whether the worker `deliver` has its secrets, and send again with "
        "`fanwire replay` what was rejected"
    )
