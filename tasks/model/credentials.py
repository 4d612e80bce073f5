"""Whether an outlet document itself holds a credential, in a header or in its URL, and so the ledger does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

_CREDENTIAL_WORDS = frozenset({
    "authorization", "authentication", "auth", "cookie", "credential", "credentials", "jwt", "password", "passwd",
    "pwd", "passphrase", "session", "sessionid",
})  # fmt: skip
_CREDENTIAL_ENDS = ("token", "secret", "password", "apikey", "accesskey")
_OTHER_KEYS = frozenset({"cache", "dedup", "idempotency", "partition", "routing", "sort", "surrogate"})
"""What a key belongs to that is no credential."""
_CREDENTIAL_VALUE = re.compile(
    r"(?i:basic|bearer|token|apikey|digest|negotiate)\s+[A-Za-z0-9+/=._~-]{12,}$"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\."  # a JSON Web Token
    r"|whsec_."
)


def for_credential(header: str) -> bool:
    """Whether a header of this name is for a credential: `Authorization`, `X-Api-Key`, `X-Auth-Token` …"""
    words = header.lower().split("-")
    if any(word in _CREDENTIAL_WORDS or word.endswith(_CREDENTIAL_ENDS) for word in words):
        return True
    return len(words) > 1 and words[-1] == "key" and words[-2] not in _OTHER_KEYS


def credentials_in_query(url: str) -> list[str]:
    """The values of parameters that are for credentials, such as `?api_key=…`. Raises ValueError for what is no URL."""
    return [
        value
        for name, value in parse_qsl(urlsplit(url).query)
        if name.lower() == "key" or for_credential(name.replace("_", "-"))
    ]


def literal_credential(headers: Mapping[str, str]) -> str | None:
    """What is wrong with headers of which one holds a credential; None if none does. The text never holds a value."""
    for name, value in headers.items():
        if value and for_credential(name):
            return (
                f"{name!r} is for a credential: name it under 'auth', such as "
                f"{{type: header, header: {name}, secret: env:FANWIRE_SECRET_…}}"
            )
        if _CREDENTIAL_VALUE.match(value):
            return f"{name!r} holds a credential: name it under 'auth', where its value does not stand in the document"
    return None
