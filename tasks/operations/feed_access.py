"""The secret addresses of feeds: made, changed with an overlap, and ended; what is done is recorded.

An address has a token in its path, of which the ledger keeps the SHA-256 only. The token is made of a seed with a key
of the web server (FANWIRE_WEB_KEY), so that the wire can name the address to the hub; who has the ledger alone cannot.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import Connection

from tasks import ledger
from tasks.formatting.feed_documents import FEED_FORMS
from tasks.ledger import audit, feed_addresses
from tasks.ledger.feed_addresses import AddressRow, hashed
from tasks.model.acts import Act
from tasks.runtime import moments
from tasks.runtime.signed_urls import keys

_PURPOSE = b"fanwire feed token 1"


@dataclass(frozen=True, slots=True)
class NewAddress:
    """A new address of a feed."""

    number: int
    path: str
    """Under the address of the web server. It is secret, and shown once."""
    ended: int
    """How many older addresses end, at once or when the overlap is over."""


def rotate(connection: Connection, outlet_id: str, format: str, *, overlap: float) -> NewAddress:
    """Make a new address of a feed; its older ones end after `overlap` seconds."""
    now = ledger.now(connection)
    seed = secrets.token_hex(16)
    token = _token(keys()[0], outlet_id, seed)
    number = feed_addresses.add(connection, outlet_id, seed, token, now)
    ended = feed_addresses.end(connection, outlet_id, now + overlap, but=number)
    new = {"address": number} | ({"older_end": moments.utc(now + overlap)} if ended else {})
    audit.record(connection, audit.of_outlet(Act.ROTATE_FEED, outlet_id, new=new))
    return NewAddress(number, _path(outlet_id, token, format), ended)


def revoke(connection: Connection, outlet_id: str, number: int | None = None) -> int:
    """End the addresses of a feed now, or the one with this number; returns how many."""
    ended = feed_addresses.end(connection, outlet_id, ledger.now(connection), only=number)
    if ended:
        new = {"addresses_ended": ended} if number is None else {"address": number}
        audit.record(connection, audit.of_outlet(Act.REVOKE_FEED, outlet_id, new=new))
    return ended


def path_of(address: AddressRow, format: str) -> str | None:
    """The path of an address; None if the key with which its token was made is none of ours any more."""
    for key in keys():
        token = _token(key, address.outlet_id, address.seed)
        if hmac.compare_digest(hashed(token), address.sha256):
            return _path(address.outlet_id, token, format)
    return None


def _token(key: str, outlet_id: str, seed: str) -> str:
    made = hmac.digest(key.encode(), b"\n".join((_PURPOSE, outlet_id.encode(), seed.encode())), hashlib.sha256)
    return urlsafe_b64encode(made[:24]).decode()


def _path(outlet_id: str, token: str, format: str) -> str:
    return f"/feeds/outlets/{quote(outlet_id, safe='')}/{token}.{FEED_FORMS[format].ending}"
