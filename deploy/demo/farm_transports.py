"""The transports of the farm: what the document of an outlet says for each, and which server serves it.

| transport | its server |
|---|---|
| `http`, `put`, `multipart`, `oauth2`, `mtls`, `s3`, `wordpress` | that for HTTP: farm_loop.py, farm_sites.py |
| `ftp`, `ftps`, `sftp` | farm_files.py |
| `mail` | farm_mail.py |
| `folder`, `pull` | nobody connects: farm_pickup.py |
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from farm_manners import SimulatedOutlet, basic
from farm_receipts import FILE_NAME

HTTP = ("http", "put", "multipart", "oauth2", "mtls", "s3", "wordpress")
SPECIAL = ("oauth2", "s3", "wordpress")
"""Those of them that are more than a URL that is posted to (farm_sites.py)."""
FILES = ("ftp", "ftps", "sftp")
PICKED_UP = ("folder", "pull")
TRANSPORTS = (*HTTP, *FILES, "mail", *PICKED_UP)
USER = "wire"
SECRET = "FANWIRE_SECRET_DEMO_BEARER"  # noqa: S105, the name of a variable
"""The variable of secrets.env that has the password, token or key of all that are not plain HTTP."""
CERTIFICATE = "demo-client.pem"
"""The secret of outlets that want a certificate of their sender."""
BUCKET = "wire"
MAIL_DOMAIN = "outlets.example"
_AUTH = {"type": "password", "secret": f"env:{SECRET}"}
_FILES = {"name": FILE_NAME}


@dataclass(frozen=True)
class Place:
    """Where an outlet is."""

    address: str
    port: int

    @property
    def netloc(self) -> str:
        """As it stands in a URL."""
        return f"{self.address}:{self.port}"


def documented(outlet: SimulatedOutlet, place: Place | None, folders: Path, servers: Servers) -> None:
    """Write into the document of an outlet where and how it is delivered to, and what it wants to see of a sender."""
    document = outlet.document
    scheme = "https" if outlet.tls else "http"
    path = f"/o/{outlet.id}"
    netloc = place.netloc if place else ""  # where nobody connects
    web = f"{scheme}://{netloc}"
    match outlet.transport:
        case "put":
            document |= {"url": web + path, "transport": {"method": "PUT"}}
        case "multipart":
            document |= {"url": web + path, "transport": {"body": "multipart"}}
        case "oauth2":
            asked = {"token_url": f"{web}/token/{outlet.id}", "client_id": outlet.id, "secret": f"env:{SECRET}"}
            document |= {"url": web + path, "auth": {"type": "oauth2", **asked}}
            outlet.credential = "authorization", f"Bearer {token_of(outlet.id)}"
        case "mtls":
            document |= {"url": web + path, "auth": {"certificate": f"file:{CERTIFICATE}"}}
        case "s3":
            document["url"] = f"s3://{BUCKET}{path}"
            document["transport"] = {"endpoint": web, **_FILES}
            document["auth"] = {"type": "basic", "user": "AKIDFARM", "secret": f"env:{SECRET}"}
        case "wordpress":
            document["url"] = f"wordpress+{web}{path}"
            document["auth"] = {"type": "basic", "user": USER, "secret": f"env:{SECRET}"}
            outlet.credential = basic(USER, servers.password)
        case "ftp" | "ftps":
            tls = "required" if outlet.transport == "ftps" else "none"
            document |= {"url": f"ftp://{USER}@{netloc}/", "auth": _AUTH, "transport": {"tls": tls, **_FILES}}
        case "sftp":
            document |= {"url": f"sftp://{USER}@{netloc}/", "auth": _AUTH | {"host_key": servers.fingerprint}}
            document["transport"] = _FILES
        case "mail":
            document["url"] = f"mailto:{outlet.id}@{MAIL_DOMAIN}"
        case "folder":
            document |= {"url": f"file://{folders / outlet.id}/", "transport": _FILES}
        case "pull":
            document["url"] = "pull:"
        case _:
            document["url"] = web + path


def token_of(outlet: str) -> str:
    """The token that an outlet gives to its sender, and wants to see."""
    return sha256(f"token of {outlet}".encode()).hexdigest()


Start = Callable[..., None]
"""Starts a process of the farm: the function that it runs, and what that gets after its pipe."""
Listen = Callable[[list[str], int], tuple[int, dict[str, socket.socket]]]


class Servers:
    """The servers of files and mail, each a process of the farm."""

    def __init__(self, outlets: list[SimulatedOutlet], directory: Path, password: str) -> None:
        self.by_transport = {
            name: [outlet for outlet in outlets if outlet.transport == name] for name in (*FILES, "mail")
        }  # fmt: skip
        self.files = directory / "files"
        self.password = password
        self.key = ed25519.Ed25519PrivateKey.generate()
        self.places: dict[str, Place] = {}
        self.listeners: dict[str, socket.socket] = {}
        self.relay = ""

    def listen(self, listen: Listen, addresses: list[str]) -> None:
        """Take an address for each outlet that files are sent to, and one for the relay of all mail."""
        for name in FILES:
            here = [addresses.pop() for _ in self.by_transport[name]]
            port, sockets = listen(here, 0)
            for outlet, address in zip(self.by_transport[name], here, strict=True):
                self.places[outlet.id] = Place(address, port)
                self.listeners[outlet.id] = sockets[address]
        if self.by_transport["mail"]:
            port, sockets = listen(["127.0.0.1"], 0)
            self.listeners["relay"] = sockets["127.0.0.1"]
            self.relay = f"127.0.0.1:{port}"

    def start(self, start: Start, certificates: dict[str, Path]) -> None:
        """Start a process for each kind that there is. `certificates`: of the FTPS outlets, by address."""
        if not any(self.by_transport.values()):
            return
        import farm_files  # these libraries take half a second to import, and most farms need none of them
        import farm_mail

        ftp, sftp = self.by_transport["ftp"] + self.by_transport["ftps"], self.by_transport["sftp"]
        if ftp:
            places = {
                outlet.id: (self.listeners[outlet.id], certificates.get(self.places[outlet.id].address))
                for outlet in ftp
            }
            start(farm_files.serve_ftp, ftp, places, self.files, self.password)
        if sftp:
            sockets = {outlet.id: self.listeners[outlet.id] for outlet in sftp}
            start(farm_files.serve_sftp, sftp, sockets, self.files, self.password, self._host_key())
        if self.by_transport["mail"]:
            start(farm_mail.serve_mail, self.by_transport["mail"], self.listeners["relay"])
        for listener in self.listeners.values():
            listener.close()

    def _host_key(self) -> bytes:
        form = serialization.PrivateFormat.OpenSSH
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    @cached_property
    def fingerprint(self) -> str:
        """Of the key of all SFTP hosts, as `ssh-keygen -lf` prints it."""
        import asyncssh

        found: str = asyncssh.import_private_key(self._host_key()).get_fingerprint()
        return found


def shares(count: int, portions: dict[str, float]) -> list[str]:
    """A transport for each of `count` outlets, in the portions given, at least one of each; the rest is plain HTTP."""
    names: list[str] = [name for name, share in portions.items() for _ in range(max(1, round(count * share)))]
    return names[:count] + ["http"] * (count - len(names))


def fitting(transport: str, document: dict[str, Any]) -> dict[str, Any]:
    """The document with the format that makes sense over a transport."""
    only = {"mail": "email", "wordpress": "wordpress", "pull": "jsonfeed"}
    return document | {"format": only[transport]} if transport in only else document
