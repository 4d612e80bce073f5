"""Real servers of files, on ephemeral ports of this machine: FTP, FTP over TLS, two of SFTP, and S3.

Each has a folder, or a bucket, in which a test finds what arrived, and some can be told to behave badly.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import asyncssh
import boto3
from moto.core.authorization import enable_iam_authentication
from moto.server import ThreadedMotoServer

from tests.support.processes import free_port, until
from tests.support.threads import PATIENCE

with warnings.catch_warnings():  # it stands on asyncore, which Python 3.12 has no more
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

Fault = Literal["full", "cut", "slow", "keeps", "elsewhere"]
"""The disk is full · the connection breaks while a file comes · the server says nothing · no file is renamed to the
name of another · the address for the data is another host."""
USER, PASSWORD = "desk", "geheim"
REGION = "eu-central-1"


@dataclass(kw_only=True)
class Server:
    """Where a server is, how one logs in, and what it is to do wrong."""

    url: str
    """Of the place in which each test has a folder of its own."""
    root: Path
    """The same place on the disk; of S3 an unused folder."""
    auth: dict[str, str]
    secret: str
    fault: Fault | None = None
    connections: int = 0
    stored: Callable[[str], dict[str, bytes]] | None = None
    """Of S3: the objects with a prefix."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What an outlet has to say about it under `transport`."""

    def files(self, folder: str) -> dict[str, bytes]:
        """What stands in a folder and its subfolders, by name, what has not its name yet too."""
        if self.stored is not None:
            return {name.removeprefix(f"{folder}/"): body for name, body in self.stored(f"{folder}/").items()}
        top = self.root / folder
        return {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}


# --- FTP


@contextlib.contextmanager
def ftp_server(root: Path, certificate: Path | None = None) -> Iterator[Server]:
    """An FTP server, with explicit TLS if it has a certificate, which can be told to behave badly."""
    settings = {} if certificate else {"tls": "none"}
    server = Server(url="", root=root, auth={"type": "password"}, secret=PASSWORD, settings=settings)
    data: Any = TLS_DTPHandler if certificate else DTPHandler
    control: Any = TLS_FTPHandler if certificate else FTPHandler

    class Data(data):  # type: ignore[misc]
        def handle_read(self) -> None:
            if server.fault != "cut":
                return super().handle_read()
            channel = self.cmd_channel
            self.close()
            return channel.close()

        handle_read_event = handle_read  # which is what its loop calls

    class Control(control):  # type: ignore[misc]
        authorizer = DummyAuthorizer()
        certfile = certificate
        tls_control_required = tls_data_required = certificate is not None
        auth_failed_timeout = 0
        dtp_handler = Data

        @property
        def masquerade_address(self) -> str | None:
            return "10.1.2.3" if server.fault == "elsewhere" else None

        def on_connect(self) -> None:
            server.connections += 1

        def ftp_EPSV(self, line: str) -> Any:
            if server.fault == "elsewhere":  # so that PASV is asked, whose answer has an address
                return self.respond("502 not implemented")
            return super().ftp_EPSV(line)

        def ftp_STOR(self, file: str, mode: str = "w") -> Any:
            if server.fault == "full":
                return self.respond("452 No space left on device.")
            return super().ftp_STOR(file, mode) if server.fault != "slow" else None

        def ftp_RNTO(self, path: str) -> Any:
            if server.fault == "keeps" and os.path.exists(path):  # noqa: PTH110
                return self.respond("550 File exists.")
            return super().ftp_RNTO(path)

    Control.authorizer.add_user(USER, PASSWORD, str(root), perm="elradfmwMT")
    Control.authorizer.add_user("reader", PASSWORD, str(root), perm="elr")
    listening = FTPServer(("127.0.0.1", 0), Control, ioloop=IOLoop())
    server.url = f"ftp://{USER}@127.0.0.1:{listening.address[1]}/"
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            listening.serve_forever(timeout=0.05, blocking=False)
        listening.close_all()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        over.set()
        thread.join(PATIENCE)


@contextlib.contextmanager
def ftps_server(root: Path, certificate: Path, *, implicit: bool, clients: Path | None = None) -> Iterator[Server]:
    """vsftpd over TLS, which wants the TLS session of a connection for its data too. Its user is `anonymous`.
    `clients`: whose certificates it wants to see; it asks for none unless given."""
    port, folder = free_port(), root.parent / f"{root.name}-vsftpd"
    folder.mkdir()
    (folder / "passwords").write_text(f"{PASSWORD}\n")
    (folder / "empty").mkdir()
    (root / "in").mkdir()
    root.chmod(0o555)  # vsftpd does not let anonymous users begin in a folder that they may write to
    lines = {
        "listen": "YES", "listen_address": "127.0.0.1", "listen_port": port, "background": "NO",
        "run_as_launching_user": "YES", "anonymous_enable": "YES", "anon_root": root, "anon_upload_enable": "YES",
        "anon_mkdir_write_enable": "YES", "anon_other_write_enable": "YES", "write_enable": "YES",
        "anon_world_readable_only": "NO", "secure_email_list_enable": "YES",
        "email_password_file": folder / "passwords", "secure_chroot_dir": folder / "empty", "ssl_enable": "YES",
        "implicit_ssl": "YES" if implicit else "NO", "allow_anon_ssl": "YES", "rsa_cert_file": certificate,
        "rsa_private_key_file": certificate, "force_anon_data_ssl": "YES", "force_anon_logins_ssl": "YES",
        "require_ssl_reuse": "YES", "ssl_ciphers": "HIGH", "seccomp_sandbox": "NO", "xferlog_enable": "NO",
        "delay_failed_login": 0,
    }  # fmt: skip
    if clients:
        lines |= {"require_cert": "YES", "validate_cert": "YES", "ca_certs_file": clients}
    (folder / "conf").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    scheme = "ftps" if implicit else "ftp"
    with _process(["/usr/sbin/vsftpd", str(folder / "conf")], port):
        yield Server(
            url=f"{scheme}://anonymous@127.0.0.1:{port}/in/",
            root=root / "in",
            auth={"type": "password"},
            secret=PASSWORD,
        )


# --- SFTP


@contextlib.contextmanager
def sftp_server(root: Path) -> Iterator[Server]:
    """An SFTP server that takes passwords, and can be told to behave badly."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    auth = {"type": "password", "host_key": key.get_fingerprint()}
    server = Server(url="", root=root, auth=auth, secret=PASSWORD)
    opened: list[Any] = []

    class Login(asyncssh.SSHServer):
        def connection_made(self, _connection: Any) -> None:
            server.connections += 1

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (USER, PASSWORD)

    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: Any) -> None:
            super().__init__(channel, chroot=str(root).encode())

        def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
            opened.append(super().open(path, pflags, attrs))
            return opened[-1]

        async def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
            match server.fault:
                case "cut":
                    file_obj.close()
                    self.channel.get_connection().abort()
                case "slow":
                    await asyncio.sleep(1000)  # a wait that nothing refers to would be collected
                case "full":
                    raise asyncssh.SFTPNoSpaceOnFilesystem("the disk is full")
            return super().write(file_obj, offset, data)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Login, server_host_keys=[key], sftp_factory=Files, line_editor=False
        )

    async def stop(listening: Any) -> None:
        listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    listening = asyncio.run_coroutine_threadsafe(listen(), loop).result(PATIENCE)
    server.url = f"sftp://{USER}@127.0.0.1:{listening.get_port()}/"
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stop(listening), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()
        for file in opened:  # those of connections that broke
            file.close()


@contextlib.contextmanager
def openssh_server(root: Path) -> Iterator[Server]:
    """sshd of OpenSSH, which takes our private key."""
    port, folder = free_port(), root.parent / f"{root.name}-sshd"
    folder.mkdir()
    host, ours = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    (folder / "host").touch(0o600)
    (folder / "host").write_bytes(host.export_private_key())
    (folder / "authorized").write_bytes(ours.export_public_key())
    lines = {
        "Port": port, "ListenAddress": "127.0.0.1", "HostKey": folder / "host", "PidFile": "none",
        "AuthorizedKeysFile": folder / "authorized", "StrictModes": "no", "UsePAM": "no",
        "PasswordAuthentication": "no", "Subsystem": "sftp internal-sftp",
    }  # fmt: skip
    (folder / "conf").write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # which it wants when root starts it
    user = os.environ.get("USER") or subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout
    with _process(["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "conf")], port):
        yield Server(
            url=f"sftp://{user.strip()}@127.0.0.1:{port}{root}/",
            root=root,
            auth={"type": "key", "host_key": host.get_fingerprint()},
            secret=ours.export_private_key().decode(),
        )


# --- S3


@contextlib.contextmanager
def s3_server(root: Path) -> Iterator[Server]:
    """A server of S3 that checks signatures, with a bucket."""
    bucket = f"wire-{uuid.uuid4().hex[:8]}"  # what moto keeps is the process's, not the server's
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        root_keys = _client_options(endpoint, "root", "root")
        iam = boto3.client("iam", **root_keys)
        iam.create_user(UserName=bucket)
        allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_user_policy(UserName=bucket, PolicyName="all", PolicyDocument=document)
        key = iam.create_access_key(UserName=bucket)["AccessKey"]
        client = boto3.client("s3", **_client_options(endpoint, key["AccessKeyId"], key["SecretAccessKey"]))
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

        def stored(prefix: str) -> dict[str, bytes]:
            found = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
            return {one["Key"]: client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found}

        with enable_iam_authentication():
            yield Server(
                url=f"s3://{bucket}/",
                root=root,
                auth={"type": "basic", "user": key["AccessKeyId"]},
                secret=key["SecretAccessKey"],
                stored=stored,
                settings={"endpoint": endpoint, "region": REGION},
            )
    finally:
        server.stop()


def _client_options(endpoint: str, user: str, secret: str) -> dict[str, str]:
    return {
        "endpoint_url": endpoint, "region_name": REGION, "aws_access_key_id": user, "aws_secret_access_key": secret
    }  # fmt: skip


# --- processes


def missing(program: str) -> str | None:
    """Why a server cannot be started here; None if it can."""
    return None if shutil.which(program, path="/usr/sbin:/usr/bin") else f"{program} is not installed"


@contextlib.contextmanager
def _process(command: list[str], port: int) -> Iterator[None]:
    """A server of its own group that listens at a port."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until(lambda: _listens(port), told=lambda: f"{command[0]}: {process.poll()}")
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
