"""Client certificates: how an outlet that asks for one (mutual TLS) learns from the TLS handshake who we are.

They go to libcurl as bytes and never lie in a file of ours. libcurl gives a connection to another transfer only if that
has the same certificate, so outlets never share one with another certificate's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import pycurl

from tasks.runtime.secrets import Noting, SecretMissing, resolve

_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)

Options = tuple[tuple[int, Any], ...]


def certificate_options(reference: str) -> tuple[Options, tuple[str, ...]]:
    """libcurl's options for the certificate and key in PEM behind a reference, and what of them is secret; raises
    SecretMissing."""
    with Noting():  # the certificate in it is public: an answer may name what stands in it
        pem = resolve(reference)
    options, key_lines, why = _read(pem)
    if why:
        raise SecretMissing(reference, why)
    return options, key_lines


@lru_cache(maxsize=4096)
def _read(pem: str) -> tuple[Options, tuple[str, ...], str | None]:
    """Options, the lines of the key, and what is wrong with it."""
    blocks = [(match[1], match[0], match[2]) for match in _BLOCK.finditer(pem)]
    certificates = [whole for kind, whole, _ in blocks if kind == "CERTIFICATE"]
    keys = [(kind, whole, inner) for kind, whole, inner in blocks if kind.endswith("PRIVATE KEY")]
    if not certificates:
        return (), (), "holds no certificate: it must be the certificate and its private key, both in PEM"
    if len(keys) != 1:
        return (), (), f"holds {len(keys) or 'no'} private keys, and must hold the one of its certificate, in PEM"
    kind, key, inner = keys[0]
    if kind.startswith("ENCRYPTED") or "Proc-Type: 4,ENCRYPTED" in inner:
        return (), (), "holds a private key with a passphrase; store it without one"
    options = (
        (pycurl.SSLCERTTYPE, "PEM"),
        (pycurl.SSLCERT_BLOB, "\n".join([*certificates, ""]).encode()),
        (pycurl.SSLKEYTYPE, "PEM"),
        (pycurl.SSLKEY_BLOB, f"{key}\n".encode()),
    )
    return options, tuple(inner.split()), None
