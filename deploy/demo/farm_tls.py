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


class Certificates:
    """The CA of a farm, and what it certifies: addresses of outlets, and the sender if they ask for that."""

    def __init__(self, ca_file: Path, scratch: Path) -> None:
        """`ca_file`: where the CA's certificate goes. `scratch`: a folder for files that are gone at once."""
        self.ca_file, self.scratch = ca_file, scratch
        self.ca_key, self.leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.ca = _certificate("Fanwire farm CA", None, self.ca_key, self.ca_key, [])
        ca_file.write_bytes(self.ca.public_bytes(serialization.Encoding.PEM))

    def contexts(self, addresses: list[str], *, of_sender: bool = False) -> dict[str, ssl.SSLContext]:
        """A server context for each address; `of_sender`: one that wants a certificate of who connects."""
        found: dict[str, ssl.SSLContext] = {}
        for first in range(0, len(addresses), ADDRESSES_PER_LEAF):
            group = addresses[first : first + ADDRESSES_PER_LEAF]
            leaf = _certificate(f"farm {group[0]}", self.ca, self.leaf_key, self.ca_key, group)
            context = _context(leaf, self.leaf_key, self.scratch)
            if of_sender:
                context.load_verify_locations(self.ca_file)
                context.verify_mode = ssl.CERT_REQUIRED
            found.update(dict.fromkeys(group, context))
        return found

    def files(self, addresses: list[str]) -> dict[str, Path]:
        """A file with key and certificate for each address, for servers that read them themselves."""
        if not addresses:
            return {}
        leaf = _certificate(f"farm {addresses[0]}", self.ca, self.leaf_key, self.ca_key, addresses)
        path = self.scratch / "files.pem"
        _write_private(path, _pem(leaf, self.leaf_key))
        return dict.fromkeys(addresses, path)

    def write_client(self, path: Path) -> None:
        """Write the certificate of the sender, with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_private(path, _pem(_certificate("the wire", self.ca, key, self.ca_key, []), key))


def _pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(encoding, form, serialization.NoEncryption())
    return certificate.public_bytes(encoding) + private


def _write_private(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)


def _certificate(
    name: str,
    issuer: x509.Certificate | None,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    addresses: list[str],
) -> x509.Certificate:
    """A CA certificate when there is no issuer, else a leaf for the addresses; without any, one of a client."""
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
        usage = ExtendedKeyUsageOID.SERVER_AUTH if addresses else ExtendedKeyUsageOID.CLIENT_AUTH
        if addresses:
            builder = builder.add_extension(names, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
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
            file.write(_pem(leaf, key))
        context.load_cert_chain(path)
    finally:
        Path(path).unlink()
    return context
