"""How fetching and delivering behave, as the settings of this wire say; their rooms read no settings."""

from __future__ import annotations

from pathlib import Path

from tasks.building.fetching import FetchPolicy
from tasks.delivery.policy import DeliveryPolicy, RetryPolicy
from tasks.delivery.transfers.download import Limits
from tasks.model.destinations import Destinations
from tasks.runtime import trust
from tasks.runtime.settings import settings

MEDIA_RETRY_CAP = 3600.0
"""The longest wait between two tries to fetch a file of a release, in seconds: deliveries wait for it."""


def delivery_policy() -> DeliveryPolicy:
    """The policy of deliveries that the settings describe."""
    found = settings()
    return DeliveryPolicy(
        in_flight=found.in_flight,
        claim_chunk=found.claim_chunk,
        connect_timeout=found.connect_timeout,
        deadline=found.deadline,
        lease=found.lease,
        time_budget=found.drain_budget,
        answer_cap_bytes=found.answer_cap_bytes,
        answer_days=found.answer_days,
        retry=RetryPolicy(found.retry_base, found.retry_cap, found.retry_horizon),
        allowed_networks=found.allowed_networks,
        trust=trust.bundle(),
        journals=journals_folder(),
    )


def journals_folder() -> Path:
    """Where the drains of this machine keep their journals."""
    return settings().home / "journal"


def fetch_policy() -> FetchPolicy:
    """The policy of fetching files of releases that the settings describe."""
    found = settings()
    return FetchPolicy(
        limits=Limits(largest=found.media_bytes, deadline=found.media_deadline, connect_timeout=found.connect_timeout),
        pixels=found.media_pixels,
        destinations=Destinations(networks=found.allowed_networks, ports=found.allowed_ports),
        retry=RetryPolicy(found.retry_base, min(found.retry_cap, MEDIA_RETRY_CAP), found.retry_horizon),
        trust=str(trust.bundle()),
    )
