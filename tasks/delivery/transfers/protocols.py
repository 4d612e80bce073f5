"""The protocols of the transfer loop: which URL schemes each serves, and libcurl's options for its transfers."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import pycurl

_EVERY: Final = {
    pycurl.NOSIGNAL: 1,
    pycurl.PROXY: "",  # not None: empty means none, whatever http_proxy in the environment says
    pycurl.NOPROXY: "*",
    pycurl.NETRC: pycurl.NETRC_IGNORED,
    278: 1,  # CURLOPT_DISALLOW_USERNAME_IN_URL, which pycurl has no name for: credentials come as options or headers
    pycurl.SSL_VERIFYPEER: 1,
    pycurl.SSL_VERIFYHOST: 2,
    pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,
    # No post-quantum key share: it costs a seventh of the handshake, its larger first message is what old servers and
    # boxes before them choke on, and an embargo is over in days.
    pycurl.SSL_EC_CURVES: "X25519:P-256:P-384:P-521",
    pycurl.NOPROGRESS: 1,
    pycurl.DNS_CACHE_TIMEOUT: 0,  # resolver.py remembers; the store of libcurl costs a fifth of a transfer
}
_FILES: Final = {pycurl.UPLOAD: 1}


@dataclass(frozen=True, eq=False)
class Protocol:
    """A protocol that libcurl speaks for us."""

    ports: MappingProxyType[str, int]
    """Its URL schemes, each with its usual port."""
    options: MappingProxyType[int, Any]
    """What is the same for all its transfers."""
    http: bool = False
    """Whether it has methods, headers, and a status before the body of an answer."""
    mail: bool = False
    """Whether headers come before the body, as those of an e-mail do."""


def _protocol(ports: dict[str, int], *options: dict[int, Any], **what: bool) -> Protocol:
    merged = {option: value for some in (_EVERY, *options) for option, value in some.items()}
    return Protocol(MappingProxyType(ports), MappingProxyType(merged), **what)


HTTP: Final = _protocol(
    {"http": 80, "https": 443},
    {
        pycurl.POST: 1,
        pycurl.FOLLOWLOCATION: 0,  # a followed redirect turns POST into GET and looks delivered
        pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
        pycurl.HTTP09_ALLOWED: 0,
        pycurl.HTTP_CONTENT_DECODING: 0,  # bytes are counted as they come: nothing unpacks to gigabytes
    },
    http=True,
)
FTP: Final = _protocol(
    {"ftp": 21, "ftps": 990},
    _FILES,
    # The server says where its data connection is; only the host that we dialled is believed (bounce attack, CWE-918).
    {pycurl.PROTOCOLS: pycurl.PROTO_FTP | pycurl.PROTO_FTPS, pycurl.FTP_SKIP_PASV_IP: 1},
)
SFTP: Final = _protocol({"sftp": 22}, _FILES, {pycurl.PROTOCOLS: pycurl.PROTO_SFTP})
SMTP: Final = _protocol(
    {"smtp": 25, "smtps": 465}, {pycurl.UPLOAD: 1, pycurl.PROTOCOLS: pycurl.PROTO_SMTP | pycurl.PROTO_SMTPS}, mail=True
)

PORTS: Final = MappingProxyType({
    scheme: port for protocol in (HTTP, FTP, SFTP, SMTP) for scheme, port in protocol.ports.items()
})  # fmt: skip
"""The usual port of each scheme."""
_BY_SCHEME: Final = {scheme: protocol for protocol in (HTTP, FTP, SFTP, SMTP) for scheme in protocol.ports}


def protocol_of(url: str) -> Protocol:
    """The protocol of a URL; HTTP, which then refuses it, for a scheme that none has."""
    return _BY_SCHEME.get(url.partition(":")[0].lower(), HTTP)
