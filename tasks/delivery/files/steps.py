"""Transfers that follow one another: the next begins when the one before went well, and the first that fails is the
outcome of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tasks.delivery.transfers.transfer import Answer, Transfer

Step = Callable[[], Transfer]
"""Makes a transfer when its turn comes, so that no more than one file is in memory."""


def in_order(steps: Sequence[Step], went_well: Callable[[Answer], bool]) -> Transfer:
    """The first of these transfers, which all others follow. Raises whatever its step raises."""
    first, *rest = steps
    return _followed(first(), rest, went_well)


def _followed(transfer: Transfer, rest: Sequence[Step], went_well: Callable[[Answer], bool]) -> Transfer:
    own = transfer.then
    if not own and not rest:
        return transfer

    def then(answer: Answer) -> Transfer | None:
        if own and (other := own(answer)):
            return _followed(other, rest, went_well)
        return in_order(rest, went_well) if rest and went_well(answer) else None

    return replace(transfer, then=then)
