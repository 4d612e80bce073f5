"""What producers and intake say to each other: the release in, the receipt back (docs/producers.md, "The receipt").

A release travels as the body of an ordinary kombu message on the queue `releases`, content type `application/json`.
With `reply_to` and `correlation_id` set, a receipt comes back on that queue.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from kombu.transport import redis
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import loads

from workers.releases_queue import RELEASES


@dataclass(frozen=True)
class Receipt:
    """What intake says of a release, after the ledger has it or refused it."""

    status: Literal["accepted", "known", "refused"]
    """`accepted`: taken now. `known`: was taken before with the same content. `refused`: see `problems`."""
    uri: str | None = None
    version: int | None = None
    problems: list[dict[str, str | None]] = field(default_factory=list)
    """Each with `field`, `problem` and, where one helps, `example`."""
    warnings: list[dict[str, str | None]] = field(default_factory=list)
    """What is probably not meant in a release that was taken all the same; each like a problem."""
    headline: str | None = None
    dateline: dict[str, str] | None = None
    """`place` and `date`."""
    received_at: str | None = None
    """When this version was taken; this moment and the following ones are ISO 8601 with their zone."""
    first_received_at: str | None = None
    """When the first version of the release was taken."""
    embargo_until: str | None = None
    """The moment that this version is held until, as it stands now: operators can move it."""

    @property
    def taken(self) -> bool:
        """Whether the ledger has the release."""
        return self.status in ("accepted", "known")

    def to_dict(self) -> dict[str, Any]:
        """The receipt as it is sent."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Receipt:
        """The receipt in a message; fields of a later version are ignored."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})


def guarded_transport(on_broken: Any) -> type[redis.Transport]:
    """kombu's Redis transport, but an item that is no message goes to `on_broken(raw, reason)`.

    kombu decodes an item after it has taken it off the list, and what it cannot decode ends the process, with the item
    gone. There is no hook before that, so we look at the reply of the pop itself.
    """

    class GuardedChannel(redis.Channel):
        def _create_client(self, asynchronous: bool = False) -> Any:
            client = super()._create_client(asynchronous)  # type: ignore[misc]  # missing in the stubs
            client.set_response_callback("BRPOP", self._look_at)
            return client

        def _look_at(self, reply: Any, **_: Any) -> Any:
            if reply is None:
                return None
            _, item = reply
            try:
                payload = loads(bytes_to_str(item))  # as kombu will: its JSON knows more types than ours
                fault = _fault(payload)
                if fault is None:
                    self.Message(payload, channel=self)
            except Exception as error:  # the item is a stranger's: whatever is wrong with it, we go on
                fault = f"{type(error).__name__}: {error}"
            if fault is None:
                return reply
            on_broken(item, f"is not a kombu message: {fault}")
            return None  # to kombu it looks as if the queue had been empty

    class GuardedTransport(redis.Transport):
        Channel = GuardedChannel

    return GuardedTransport


def _fault(payload: Any) -> str | None:
    """What kombu would trip over once it has noted the message as taken; None if there is nothing."""
    if not isinstance(payload, dict):
        return f"must be an object, not {type(payload).__name__}"
    properties, headers = payload.get("properties"), payload.get("headers")
    if not isinstance(properties, dict):
        return "'properties' must be an object"
    if not isinstance(headers, dict):
        return "'headers' must be an object; it may be empty"
    if "compression" in headers:
        return "it is compressed; send it plain"  # some kilobytes can unpack to gigabytes
    if not isinstance(payload.get("body"), str):
        return "'body' must be text"
    if properties.get("body_encoding") not in (None, "base64", "utf-8"):
        return "'properties.body_encoding' must be 'base64'"
    if not isinstance(properties.get("delivery_tag"), str) or not properties["delivery_tag"]:
        return "'properties.delivery_tag' must be a text of its own, such as a UUID"
    where = properties.get("delivery_info")
    if not isinstance(where, dict) or not all(isinstance(where.get(k), str) for k in ("exchange", "routing_key")):
        return f'\'properties.delivery_info\' must be {{"exchange": "", "routing_key": "{RELEASES}"}}'
    return None
