"""The queue on which releases come in, and how every process speaks to the broker.

Only kombu and what comes with it may be imported here, and nothing that reads settings: producers use it on machines
without the rest.
"""

from __future__ import annotations

import os
import re
import ssl
from typing import Any

from amqp.exceptions import AMQPError
from kombu import Connection, Exchange, Queue
from kombu.exceptions import KombuError
from kombu.transport import TRANSPORT_ALIASES, pyamqp
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from workers.broker_address import BrokerAddress, Kind, read_address

RELEASES = "releases"
"""Where producers put releases. Read by intake only, never by a Celery worker's own consumer."""
RECEIPTS = ("fanwire.receipts.", "replies.")
"""How the name of a queue begins on which a producer may have its receipts. Intake writes to no other."""
VISIBILITY_TIMEOUT = 600
"""Seconds, as `FANWIRE_VISIBILITY_TIMEOUT` by default."""


BROKER_ERRORS = (KombuError, RedisError, AMQPError, OSError)
"""What libraries raise for a broker that is away or refuses."""
ANSWER_WITHIN = 30.0
"""Seconds that a broker has to answer, or to take what is sent."""
SENTINEL_WITHIN = 1.0
"""Seconds that a sentinel has for each answer, before the next one is asked."""
RECEIPT_EXPIRES = 600.0
"""Seconds after which a receipt that its producer never fetched is dropped."""


class PatientTransport(pyamqp.Transport):
    """kombu's transport for RabbitMQ: no wait for a node that is frozen lasts for ever, and the certificate of each
    node is verified for its own name, also when it is the second that is asked."""

    def establish_connection(self) -> Any:
        """Connect to the node that is next."""
        client: Any = self.client
        if isinstance(client.ssl, dict):
            client.ssl = client.ssl | {"server_hostname": None}  # kombu puts the name of the node there
        connection = super().establish_connection()
        connection.transport.sock.settimeout(client.transport_options.get("write_timeout", ANSWER_WITHIN))
        return connection


TRANSPORT_ALIASES |= dict.fromkeys(("amqp", "amqps"), "workers.releases_queue:PatientTransport")


def tls_options(
    url: str,
    *,
    ca_file: str | os.PathLike[str] | None = None,
    certificate: str | os.PathLike[str] | None = None,
    certificate_key: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Options of TLS for a broker's address: kombu takes them as `ssl`, Celery as `broker_use_ssl`, redis as they are.

    Empty for an address without TLS. With it the certificate of the broker must be good: by the authorities that this
    machine trusts or by `ca_file` (PEM), and for the host of the address. kombu by itself would not look at it.
    `certificate` and `certificate_key` are our own, for a broker that asks for one. Raises ValueError for what is no
    address of a broker.
    """
    address = read_address(url)
    if not address.tls:
        return {}
    given = {"ca_certs": ca_file, "certfile": certificate, "keyfile": certificate_key}
    files = {name: os.fspath(file) for name, file in given.items() if file is not None}
    if address.kind is Kind.RABBITMQ:
        return {"cert_reqs": ssl.CERT_REQUIRED, **files}
    redis = {f"ssl_{name}": file for name, file in files.items()}
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, **redis}


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


def producer_connection(url: str, tls: dict[str, Any], answer_within: float = ANSWER_WITHIN) -> Connection:
    """The connection of a producer, who has no part in what workers note of messages that are not acknowledged yet.

    So a receipt that a producer has read and not acknowledged is lost with it, and it sends its release again.
    `answer_within`: seconds that the broker has for each answer.
    """
    address = read_address(url)
    options = transport_options(url, tls=tls)
    if address.kind is Kind.RABBITMQ:
        options["write_timeout"] = answer_within
    else:
        options |= {"ack_emulation": False, "socket_timeout": answer_within}
    return Connection(address.kombu_url, ssl=tls or False, transport_options=options)


def releases_exchange(address: BrokerAddress) -> Exchange:
    """Where producers publish releases, under the key `releases`: RabbitMQ has an exchange for them, so that they need
    write nowhere else."""
    if address.kind is Kind.RABBITMQ:
        return Exchange(RELEASES, type="direct", durable=True)
    return Exchange("")


def releases_queue(address: BrokerAddress) -> Queue:
    """The queue that intake reads."""
    if address.kind is Kind.RABBITMQ:
        return Queue(RELEASES, releases_exchange(address), routing_key=RELEASES, **queue_options(address))
    return Queue(RELEASES, durable=True)


def receipts_queue(address: BrokerAddress, name: str) -> Queue:
    """A queue for receipts, as their producer declares it; it expires by itself.

    At Redis intake lets it expire: kombu would run scripts for that, which producers may not.
    """
    if address.kind is Kind.RABBITMQ:
        return Queue(name, durable=True, expires=RECEIPT_EXPIRES)
    return Queue(name, durable=False)


def queue_options(address: BrokerAddress) -> dict[str, Any]:
    """What a queue of releases or tasks is declared with: at RabbitMQ each is a quorum queue, which survives the loss
    of a node."""
    return {"durable": True, "queue_arguments": {"x-queue-type": "quorum"}} if address.kind is Kind.RABBITMQ else {}


def transport_options(
    url: str, visibility_timeout: int = VISIBILITY_TIMEOUT, *, tls: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Options of kombu's transport for a broker's address. `visibility_timeout`: seconds. `tls`: as `tls_options`."""
    address = read_address(url)
    if address.kind is Kind.RABBITMQ:
        return {"write_timeout": ANSWER_WITHIN}
    of_sentinels: dict[str, Any] = {}
    if address.kind is Kind.SENTINEL:
        of_sentinels = {"master_name": address.master, "sentinel_kwargs": sentinel_options(address, tls or {})}
    return of_sentinels | {
        # The process with the shortest timeout restores everybody's messages, so all must use this one.
        "visibility_timeout": visibility_timeout,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # Default 10; above it acknowledgements fail, and finished tasks run again.
        "max_connections": 128,
        "socket_connect_timeout": 5,
        "socket_timeout": ANSWER_WITHIN,
        "socket_keepalive": True,
        "health_check_interval": 25,
        # Urgency is the priority: 1 and 2 share the first list, 3 to 5 the second, 6 to 8 the third, 9 the last.
        "priority_steps": [0, 3, 6, 9],
        "queue_order_strategy": "round_robin",
    }


def sentinel_options(address: BrokerAddress, tls: dict[str, Any]) -> dict[str, Any]:
    """What a client of redis needs to speak to the sentinels themselves: one that is away is passed over at once, and
    one that is frozen soon."""
    return {
        "retry": Retry(NoBackoff(), 0),
        "socket_connect_timeout": SENTINEL_WITHIN,
        "socket_timeout": SENTINEL_WITHIN,
        "username": address.sentinel_user,
        "password": address.sentinel_password,
        **({"ssl": True, **tls} if address.tls else {}),
    }
