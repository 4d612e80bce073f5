"""The queue on which releases come in, and how every process speaks to the broker.

Only kombu may be imported here, and nothing that reads settings: producers use it on machines without the rest.
"""

from __future__ import annotations

import os
import re
import ssl
from typing import Any
from urllib.parse import parse_qsl, urlsplit

RELEASES = "releases"
"""Where producers put releases. Read by intake only, never by a Celery worker's own consumer."""
RECEIPTS = ("fanwire.receipts.", "replies.")
"""How the name of a queue begins on which a producer may have its receipts. Intake writes to no other."""
VISIBILITY_TIMEOUT = 600
"""Seconds, as `FANWIRE_VISIBILITY_TIMEOUT` by default."""


def tls_options(
    url: str,
    *,
    ca_file: str | os.PathLike[str] | None = None,
    certificate: str | os.PathLike[str] | None = None,
    certificate_key: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Options of TLS for a broker's address: kombu takes them as `ssl`, Celery as `broker_use_ssl`, redis as they are.

    Empty for `redis://`. For `rediss://` the certificate of the broker must be good: by the authorities that this
    machine trusts or by `ca_file` (PEM), and for the host of the address. kombu by itself would not look at it.
    `certificate` and `certificate_key` are our own, for a broker that asks for one. Raises ValueError for an address
    that has such options itself.
    """
    parts = urlsplit(url)
    if any(name.startswith("ssl") for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise ValueError("the broker's address must not have options of TLS; give ca_file and certificate instead")
    if parts.scheme != "rediss":
        return {}
    files = {"ssl_ca_certs": ca_file, "ssl_certfile": certificate, "ssl_keyfile": certificate_key}
    given = {name: os.fspath(file) for name, file in files.items() if file is not None}
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, **given}


def tls_problem(error: BaseException) -> str | None:
    """What is wrong with TLS, in words that follow "the broker …"; None if something else is."""
    told = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in told:
        why = re.search(r"certificate verify failed: (.*?) \(_ssl", told)
        return f"has a certificate that is not trusted ({why[1] if why else 'it is not valid'})"
    if "CERTIFICATE_REQUIRED" in told:
        return "asks for a certificate of ours"
    if "WRONG_VERSION_NUMBER" in told or "RECORD_LAYER_FAILURE" in told:
        return "does not speak TLS at this port"
    return None


def producer_options() -> dict[str, Any]:
    """The same for producers, who have no part in what workers note of messages that are not acknowledged yet.

    So a receipt that a producer has read and not acknowledged is lost with it, and it sends its release again.
    """
    return transport_options() | {"ack_emulation": False}


def transport_options(visibility_timeout: int = VISIBILITY_TIMEOUT) -> dict[str, Any]:
    """Options of kombu's Redis transport (reference: kombu.transport.redis). `visibility_timeout`: seconds."""
    return {
        # The process with the shortest timeout restores everybody's messages, so all must use this one.
        "visibility_timeout": visibility_timeout,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # Default 10; above it acknowledgements fail, and finished tasks run again.
        "max_connections": 128,
        "socket_connect_timeout": 5,
        "socket_timeout": 30,
        "socket_keepalive": True,
        "health_check_interval": 25,
        # Urgency is the priority: 1 and 2 share the first list, 3 to 5 the second, 6 to 8 the third, 9 the last.
        "priority_steps": [0, 3, 6, 9],
        "queue_order_strategy": "round_robin",
    }
