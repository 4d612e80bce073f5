"""Certificates of the farm: a CA made at start, and leaves for its loopback addresses.

A client connects to an address, so the address must stand in the certificate, and one leaf with 6,500 addresses would
be 39 KB in every handshake. Each leaf therefore covers a small group of addresses. The keys live in memory: OpenSSL
reads a leaf's key from a file, which is removed at once, and the CA's key is never written.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ADDRESSES_PER_LEAF = 32
_VALID = timedelta(days=7)


def contexts_for(addresses: list[str], ca_file: Path, scratch: Path) -> dict[str, ssl.SSLContext]:
    """A server context for each address, and the CA's certificate in `ca_file`."""
    ca_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("Fanwire farm CA", None, ca_key, ca_key, [])
    ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    contexts = {}
    for first in range(0, len(addresses), ADDRESSES_PER_LEAF):
        group = addresses[first : first + ADDRESSES_PER_LEAF]
        leaf = _certificate(f"farm {group[0]}", ca, leaf_key, ca_key, group)
        contexts.update(dict.fromkeys(group, _context(leaf, leaf_key, scratch)))
    return contexts


def _certificate(
    name: str,
    issuer: x509.Certificate | None,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    addresses: list[str],
) -> x509.Certificate:
    """A CA certificate when there is no issuer, else a leaf for the addresses."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_key_usage(ca=issuer is None), critical=True)
    )
    if issuer:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address)) for address in addresses])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(names, critical=False).add_extension(usage, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    others = [
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **dict.fromkeys(others, False))


def _context(leaf: x509.Certificate, key: ec.EllipticCurvePrivateKey, scratch: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.num_tickets = 0  # nobody comes back for a session, and two tickets cost a quarter of a handshake
    handle, path = tempfile.mkstemp(dir=scratch, prefix="leaf-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(leaf.public_bytes(serialization.Encoding.PEM))
            encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
            file.write(key.private_bytes(encoding, form, serialization.NoEncryption()))
        context.load_cert_chain(path)
    finally:
        Path(path).unlink()
    return context
