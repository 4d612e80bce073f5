"""How deliveries are made: what settings say about it, as a value that is handed in (tasks/pipeline.py makes it)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from tasks.model.outlet import Retry


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed delivery is tried again (backoff.py); seconds."""

    base: float
    """The wait before the first retry."""
    cap: float
    """The longest wait."""
    horizon: float
    """A delivery that failed for so long since it was first due is exhausted."""

    def of(self, own: Retry | None) -> RetryPolicy:
        """The retry policy for one outlet: its own values where it has some, else these."""
        if own is None:
            return self
        return RetryPolicy(own.base or self.base, own.cap or self.cap, own.horizon or self.horizon)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """How a drain is to deliver. Times are seconds; `tasks/runtime/settings.py` explains each value."""

    in_flight: int
    """Transfers that one drain keeps going at once."""
    claim_chunk: int
    """Rows that it claims at a time."""
    connect_timeout: float
    deadline: float
    """The whole of one transfer, from name look-up to the last byte of the answer."""
    lease: float
    """How long a claim belongs to its drain; longer than any transfer can take."""
    time_budget: float
    """After this a drain claims no more."""
    answer_cap_bytes: int
    """An outlet's answer is read up to here."""
    answer_days: int
    """Days for which an outlet may say what became of a delivery."""
    retry: RetryPolicy
    allowed_networks: tuple[IPv4Network | IPv6Network, ...]
    """Address ranges that may be dialled although they are not public."""
    trust: Path
    """The certificate authorities that we believe, PEM."""
    journals: Path
    """The folder in which drains keep what they have read and not yet written into the ledger."""
