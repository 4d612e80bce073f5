"""A change of an outlet's secret, without a moment in which neither is good: `auth.secret`, and `auth.next_secret`.

| the outlet takes | what is sent |
|---|---|
| the first | the first |
| the next one | the first, and in the same attempt the next one when that is refused; then the next one first |
| neither | both, and the attempt ends with what the outlet says to the one that came second |

What this process has found out lasts as long as it does: each other process finds it out at the price of one refusal.
`notice` tells operations that the outlet has changed over, so that they can end the change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import structlog
from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery.transfers.transfer import Answer, Transfer
from tasks.delivery.verdicts import Judgement
from tasks.ledger import notices
from tasks.model.codes import WRONG_SECRET
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime.secrets import SecretMissing

log = structlog.get_logger()

AGAIN: Final = 24 * 3600.0
"""Seconds until the next notice that an outlet takes its next secret."""

Prepare = Callable[[Outlet], Transfer]
"""Makes the transfer of an attempt with the secret that `auth.secret` of this outlet names; raises SecretMissing."""


@dataclass
class Rotations:
    """Which outlets take their next secret, as far as this process knows."""

    _changed_over: dict[str, str] = field(default_factory=dict)
    """The reference of the next secret that each outlet took last, by its id."""
    _to_tell: dict[str, str] = field(default_factory=dict)

    def transfer(self, outlet: Outlet, prepare: Prepare, judge: Callable[[Answer], Judgement]) -> Transfer:
        """The transfer of an attempt at an outlet that names two secrets; it is followed by the same with the other
        secret if the outlet refuses the first. Raises SecretMissing if neither can be had."""
        first, second = outlet, _with_next(outlet)
        if self._changed_over.get(outlet.id) == outlet.auth.next_secret:
            first, second = second, first

        def last(answer: Answer) -> None:
            self._see(outlet, second, judge(answer))

        try:
            transfer = prepare(first)
        except SecretMissing:  # not there yet, or no more
            return _then(prepare(second), last)

        def otherwise(answer: Answer) -> Transfer | None:
            judgement = judge(answer)
            self._see(outlet, first, judgement)
            if judgement.code not in WRONG_SECRET:
                return None
            try:
                other = prepare(second)
            except SecretMissing:  # what the outlet says of the first is the outcome
                return None
            return _then(other, last)

        return _then(transfer, otherwise)

    def _see(self, outlet: Outlet, used: Outlet, judgement: Judgement) -> None:
        """Note that an outlet takes a secret; nothing follows from that by itself."""
        if judgement.verdict is not Verdict.DELIVERED:
            return
        if used is outlet:
            self._changed_over.pop(outlet.id, None)
        elif self._changed_over.get(outlet.id) != outlet.auth.next_secret:
            self._changed_over[outlet.id] = self._to_tell[outlet.id] = outlet.auth.next_secret or ""
            log.info("outlet takes its next secret", outlet=outlet.id)

    def notice(self, connection: Connection) -> dict[str, str]:
        """Leave a notice of each outlet that has changed over since the last time; returns these with their secret
        references, for `told` once the notices are in the ledger."""
        changed = dict(self._to_tell)
        for outlet_id, reference in changed.items():
            text = (
                f"takes the secret that `auth.next_secret` names: `fanwire outlets edit {outlet_id} "
                f"auth.secret={reference} auth.next_secret=` ends the change"
            )
            notices.add_unless_known(connection, "new secret", outlet_id, text, ledger.now(connection), AGAIN)
        return changed

    def told(self, changed: Mapping[str, str]) -> None:
        """Forget the changes of which the ledger has a notice."""
        for outlet_id, reference in changed.items():
            if self._to_tell.get(outlet_id) == reference:
                del self._to_tell[outlet_id]


ROTATIONS: Final = Rotations()
"""Of this process."""


def _with_next(outlet: Outlet) -> Outlet:
    """The outlet as it will be at the end of the change."""
    auth = outlet.auth.model_copy(update={"secret": outlet.auth.next_secret})
    return outlet.model_copy(update={"auth": auth})


def _then(transfer: Transfer, otherwise: Callable[[Answer], Transfer | None]) -> Transfer:
    """The transfer, and at the end of all that follows from it by itself, `otherwise`."""

    def then(answer: Answer) -> Transfer | None:
        following = transfer.then(answer) if transfer.then else None
        return otherwise(answer) if following is None else _then(following, otherwise)

    return replace(transfer, then=then)
