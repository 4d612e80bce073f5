"""A PgBouncer of the tests' own, from Debian's package, in transaction mode before a PostgreSQL of the tests."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.support.processes import end, free_port, start, until

PROGRAM = Path("/usr/sbin/pgbouncer")
USER, PASSWORD = "wire", "Geheimnis-des-Buches"
SESSIONS = 5
"""At PostgreSQL, for as many clients as there are."""


class PgBouncer:
    """One pooler, for one database."""

    def __init__(self, folder: Path, database: str, *, certificate: Path | None = None) -> None:
        """`database`: its address at PostgreSQL. `certificate`: a file with certificate and key; then clients must use
        TLS."""
        self.port = free_port()
        behind = make_url(database)
        host = behind.host or behind.query.get("host")
        self._user = Path(str(host)).owner() if str(host).startswith("/") else "nobody"  # who may use the socket
        password = f" password={behind.password}" if behind.password else ""
        port = behind.port or behind.query.get("port") or 5432
        tls = [
            "client_tls_sslmode = require",
            f"client_tls_cert_file = {certificate}",
            f"client_tls_key_file = {certificate}",
        ]
        self._file = folder / "pgbouncer.ini"
        lines = [
            "[databases]",
            f"wire = host={host} port={port} dbname={behind.database} user={behind.username}{password}",
            "[pgbouncer]",
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =",
            f"pool_mode = transaction\ndefault_pool_size = {SESSIONS}\nmax_client_conn = 500",
            "idle_transaction_timeout = 30\nserver_check_delay = 0\nserver_login_retry = 1",
            f"auth_type = plain\nauth_file = {folder / 'users'}",
            *(tls if certificate else ()),
        ]
        self._file.write_text("\n".join(lines) + "\n")
        (folder / "users").write_text(f'"{USER}" "{PASSWORD}"\n')
        self._log = folder / "pgbouncer.log"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, host: str = "127.0.0.1", **options: str) -> str:
        """The ledger's address through the pooler; `options` go into its query."""
        address = make_url(f"postgresql+psycopg://{USER}:{PASSWORD}@{host}:{self.port}/wire")
        return address.update_query_dict(options).render_as_string(hide_password=False)

    def start(self) -> None:
        """Start the pooler, and wait until it listens."""
        user = ["--user", self._user] if os.geteuid() == 0 else []
        self._process = start([str(PROGRAM), *user, str(self._file)], dict(os.environ), self._log)
        until(self._listens, self._log.read_text)

    def kill(self) -> None:
        """As by a power cut."""
        if self._process is not None:
            end(self._process, patience=0)
        self._process = None

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


@contextmanager
def own_pgbouncer(folder: Path, database: str, *, certificate: Path | None = None) -> Iterator[PgBouncer]:
    """A pooler that ends with its test; skips where Debian's pgbouncer is not installed."""
    if not PROGRAM.exists():
        pytest.skip("Debian's pgbouncer is not installed")
    pooler = PgBouncer(folder, database, certificate=certificate)
    try:
        pooler.start()
        yield pooler
    finally:
        pooler.kill()
