"""The farm's file servers: FTP, FTPS and SFTP, with an address of its own for each outlet.

A receipt is noted when a file gets its name: what is still called otherwise, nobody at the outlet would take. The first
attempts of an `unavailable` outlet find its disk full.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import asyncssh
from farm_manners import SimulatedOutlet
from farm_receipts import Receipts, of_file
from OpenSSL import SSL
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

FULL = "unavailable"


def serve_ftp(pipe: Pipe, outlets: list[SimulatedOutlet], places: dict[str, Any], root: Path, password: str) -> None:
    """Serve FTP and FTPS until the parent says stop. `places`: the socket of each outlet, and its TLS file or None."""
    logging.getLogger("pyftpdlib").addHandler(logging.NullHandler())  # else it prints each command
    receipts = Receipts(outlets)
    loop = IOLoop()
    for outlet in outlets:
        listener, pem = places[outlet.id]
        FTPServer(listener, _ftp_handler(outlet, receipts, root, password, pem), ioloop=loop)
    ended = receipts.obey_in_thread(pipe)
    while not ended.is_set():
        loop.loop(timeout=0.1, blocking=False)


def _ftp_handler(
    outlet: SimulatedOutlet, receipts: Receipts, root: Path, password: str, pem: Path | None
) -> type[FTPHandler]:
    home = root / outlet.id
    home.mkdir(parents=True, exist_ok=True)
    authorizer = DummyAuthorizer()
    authorizer.add_user("wire", password, str(home), perm="elradfmwMT")

    class Outlet(TLS_FTPHandler if pem else FTPHandler):  # type: ignore[misc]
        """The conversation with this outlet."""

        auth_failed_timeout = 0

        def ftp_STOR(self, file: str, mode: str = "w") -> Any:
            """Take a file, unless the disk is full."""
            name = Path(file).name
            if receipts.attempt(outlet, name) == FULL:
                receipts.add(of_file(outlet, final_name(name), b"") | {"manner": FULL, "format": None}, answered=452)
                return self.respond("452 The disk is full.")
            return super().ftp_STOR(file, mode)

        def ftp_RNTO(self, path: str) -> Any:
            """Give a file its name, and note the receipt."""
            answer = super().ftp_RNTO(path)
            if answer is not None:
                note(receipts, outlet, Path(path))
            return answer

    Outlet.authorizer = authorizer
    if pem:
        Outlet.certfile = str(pem)
        Outlet.tls_control_required = Outlet.tls_data_required = True
        Outlet.ssl_protocol = SSL.TLS_SERVER_METHOD
    return Outlet


def final_name(name: str) -> str:
    """The name that a file gets when it is whole; senders write `.name.part` or the like before."""
    return name.removeprefix(".").removesuffix(".part")


def note(receipts: Receipts, outlet: SimulatedOutlet, path: Path) -> None:
    """Note that an outlet got a file."""
    receipts.add(of_file(outlet, path.name, path.read_bytes()) | {"manner": "fast"}, answered=200)


def serve_sftp(
    pipe: Pipe, outlets: list[SimulatedOutlet], places: dict[str, Any], root: Path, password: str, key: bytes
) -> None:
    """Serve SFTP until the parent says stop. `places`: the socket of each outlet; `key`: of all their hosts, PEM."""
    receipts = Receipts(outlets)
    asyncio.run(_sftp(receipts, places, root, password, key, receipts.obey_in_thread(pipe)))


async def _sftp(
    receipts: Receipts, places: dict[str, Any], root: Path, password: str, key: bytes, ended: threading.Event
) -> None:
    servers = []
    for outlet in receipts.outlets.values():
        home = root / outlet.id
        home.mkdir(parents=True, exist_ok=True)
        servers.append(
            await asyncssh.listen(
                sock=places[outlet.id],
                server_factory=lambda: _Login(password),
                server_host_keys=[asyncssh.import_private_key(key)],
                sftp_factory=_sftp_factory(outlet, receipts, home),
            )
        )
    while not ended.is_set():
        await asyncio.sleep(0.1)
    for server in servers:
        server.close()


class _Login(asyncssh.SSHServer):
    """Takes one user with one password."""

    def __init__(self, password: str) -> None:
        self.password = password

    def password_auth_supported(self) -> bool:
        """Yes."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Whether they are the right ones."""
        return (username, password) == ("wire", self.password)


def _sftp_factory(outlet: SimulatedOutlet, receipts: Receipts, home: Path) -> Any:
    class Outlet(asyncssh.SFTPServer):
        """The files of this outlet."""

        def __init__(self, channel: Any) -> None:
            super().__init__(channel, chroot=os.fsencode(home))

        def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
            """Open a file, unless the disk is full."""
            name = os.fsdecode(path).rpartition("/")[2]
            if pflags & asyncssh.FXF_CREAT and receipts.attempt(outlet, name) == FULL:
                receipts.add(of_file(outlet, final_name(name), b"") | {"manner": FULL, "format": None}, answered=452)
                raise asyncssh.SFTPFailure("the disk is full")
            return super().open(path, pflags, attrs)

        def rename(self, oldpath: bytes, newpath: bytes) -> Any:
            """Give a file its name, and note the receipt."""
            super().rename(oldpath, newpath)
            self._named(newpath)

        def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
            """The same, over a file that is there."""
            super().posix_rename(oldpath, newpath)
            self._named(newpath)

        def _named(self, path: bytes) -> None:
            note(receipts, outlet, home / os.fsdecode(path).lstrip("/"))

    return Outlet
