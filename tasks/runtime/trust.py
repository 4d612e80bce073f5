"""The certificate authorities that we believe: those of certifi, and the operator's own (`FANWIRE_CA_FILE`)."""

from __future__ import annotations

from pathlib import Path

import certifi

from tasks.runtime.errors import ConfigurationRefused, Problem
from tasks.runtime.private_files import write_private
from tasks.runtime.settings import settings


def bundle() -> Path:
    """Path of the CA bundle: certifi's, plus FANWIRE_CA_FILE if set. Raises ConfigurationRefused."""
    public = Path(certifi.where())
    own = settings().ca_file
    if own is None:
        return public
    try:
        pem = public.read_bytes() + b"\n" + own.read_bytes()
    except OSError as error:
        raise ConfigurationRefused([Problem("FANWIRE_CA_FILE", f"cannot be read: {error}")]) from None
    joined = settings().home / "trust.pem"
    if not joined.exists() or joined.read_bytes() != pem:
        write_private(joined, pem)
    return joined
